#!/usr/bin/env bash
# A whole delivery on your own machine, over the real protocol: builds the programs, makes a test PKI, starts the
# intermediary on loopback, lets an EfA service deposit a Wohngeld application for Dortmund and one for Ahaus, lets both
# municipalities fetch, and shows the process card. Leaves nothing running. For Debian 12; running it again is quick.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

step "1. Packages and build"
scripts/install-packages.sh build
# With ccache a second clone compiles only what differs.
command -v ccache >/dev/null && export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
cmake --preset release >/dev/null
cmake --build --preset release -- --quiet
bin=$PWD/build/release/bin
"$bin/dataclearingd" --version

step "2. Test PKI: root, sub CA, intermediary, EfA service, two municipalities"
pki=$PWD/certs/pki
certs/make-pki.sh "$pki"

work=$(mktemp -d "${TMPDIR:-/tmp}/dataclearing-quickstart.XXXXXX")
daemon=""
cleanup() {
  [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
  [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

step "3. The intermediary, on loopback with a temporary state folder"
port=${QUICKSTART_PORT:-18480}
cat > "$work/dataclearing.toml" <<TOML
[intermediary]
name = "Dataclearing Quickstart"
cipher_key = "$pki/intermediary-cipher.p12"
signature_key = "$pki/intermediary-signature.p12"
pin_file = "$pki/pin.txt"
[listen]
address = "127.0.0.1"
port = $port
admin_address = "127.0.0.1"
admin_port = $((port + 1))
[state]
directory = "$work/state"
reserve = "16 MiB"
[trust]
anchors = ["$pki/root-ca.cert.pem"]
intermediates = ["$pki/sub-ca.cert.pem"]
[directory]
file = "$PWD/config/directory.toml"
TOML
"$bin/dataclearingd" --config "$work/dataclearing.toml" --check-config
"$bin/dataclearingd" --config "$work/dataclearing.toml" 2> "$work/daemon.log" &
daemon=$!
for _ in $(seq 100); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  kill -0 "$daemon" 2>/dev/null || { cat "$work/daemon.log" >&2; exit 1; }
  sleep 0.1
done
echo "listening on http://127.0.0.1:$port/osci, health on http://127.0.0.1:$((port + 1))/health/ready"

# One profile per party: a vendor would keep such a file beside the Fachverfahren.
profile() {
  cat > "$work/$1.toml" <<TOML
url = "http://127.0.0.1:$port/osci"
intermediary-cipher-cert = "$pki/intermediary-cipher.cert.pem"
intermediary-signature-cert = "$pki/intermediary-signature.cert.pem"
cipher-key = "$pki/$1-cipher.p12"
signature-key = "$pki/$1-signature.p12"
pin-file = "$pki/pin.txt"
TOML
}
profile efa-wohngeld; profile dortmund; profile ahaus
osci() { "$bin/osci" "$@"; }

step "4. The EfA service seals two applications and deposits them"
samples=$PWD/xoev-schemas/xantrag/1_0/samples
osci send --profile "$work/efa-wohngeld.toml" --directory config/directory.toml --to wgb:059130000000 \
  --subject "Antrag Wohngeld" "$samples/wohngeld-dortmund.xml" | tee "$work/sent.txt"
osci send --profile "$work/efa-wohngeld.toml" --directory config/directory.toml --to wgb:055540040000 \
  --subject "Antrag Wohngeld" "$samples/wohngeld-ahaus.xml" | tee "$work/sent-ahaus.txt"
id=$(grep -oE '[A-Za-z0-9_-]{40}' "$work/sent.txt" | head -1)
id_ahaus=$(grep -oE '[A-Za-z0-9_-]{40}' "$work/sent-ahaus.txt" | head -1)

step "5. Dortmund asks for the mail of Ahaus by its message id, and is told that there is none"
if osci fetch --profile "$work/dortmund.toml" --id "$id_ahaus" --out "$work/stolen"; then
  echo "Dortmund got mail of Ahaus" >&2
  exit 1
fi

step "6. Each municipality fetches its own, verifies, decrypts and only then acknowledges"
osci fetch --profile "$work/dortmund.toml" --out "$work/dortmund"
osci fetch --profile "$work/ahaus.toml" --out "$work/ahaus"
fetched=$(find "$work/dortmund" -type f -name '*.xml' | head -1)
[ -n "$fetched" ] || fetched=$(find "$work/dortmund" -type f ! -name '*.json' | head -1)
sha256sum "$samples/wohngeld-dortmund.xml" "$fetched"
cmp "$samples/wohngeld-dortmund.xml" "$fetched"
echo "byte-identical"

step "7. The process card (Laufzettel), as the EfA service sees it"
osci card --profile "$work/efa-wohngeld.toml" --id "$id"

step "8. Stop"
kill -TERM "$daemon"
wait "$daemon"
daemon=""
echo "stopped cleanly"
cat <<'TXT'

What to try next
  build/release/bin/osci --help                          every command; --profile keeps the options in a file
  config/dataclearing.toml, config/directory.toml        a commented configuration for an installation of your own
  tests/interop/serve.sh --help                          an intermediary for your own OSCI client or your CI
  ./run-tests.sh                                         everything, with sanitizers and both compilers
TXT
