#!/usr/bin/env bash
# Proves the built daemon with `osci conformance`: starts it on loopback with a test PKI and a fresh state folder and
# runs every case. With --faults it does the same to copies of the daemon that are broken on purpose (preset `faulty`),
# one fault at a time, and demands that the cases named below find each of them.
#   run.sh [--build NAME] [-- OPTIONS OF OSCI...]                 the clean run; reports in build/conformance
#   run.sh --faults [--build NAME] [--short] [FAULT...]           seeded faults; --short: only the cases named below
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
usage() { sed -n '2,7p' "${BASH_SOURCE[0]}" >&2; exit 2; }

# fault, the cases that must find it
faults=(
  "accept-unsigned          signature.no-signature"
  "wrong-reception-time     fetch.reception-time"
  "reused-message-id        store.id-twice"
  "foreign-mailbox          fetch.foreign-mailbox"
  "acknowledge-on-fault     fetch.fault-does-not-acknowledge"
  "distinct-decryption      security.oracle-answers"
  "challenge-not-checked    dialog.wrong-response"
  "unreferenced-header      signature.unreferenced-header"
  "duplicate-id             structure.duplicate-id-content"
  "language-ignored         feedback.english"
  "reception-at-fetch       fetch.not-received-when-sent"
  "never-more-waiting       fetch.oldest-first"
  "sequence-not-checked     dialog.sequence-skipped"
  "digest-not-checked       signature.content-changed"
  "any-signer               signature.retrieval-of-other-role"
  "id-issued-twice          store.ids-never-repeat"
  "inspection-always-valid  certificates.client-cipher-forged"
  "dialog-stays-open        dialog.wrong-response"
  "card-for-anybody         cards.others-do-not"
  "pushed-twice             push.forward-repeat push.forward-repeat-refused"
  "reception-though-refused push.forward-refused"
  "dials-anything           push.forward-unlisted push.mediate-unlisted"
  "chunk-not-compared       chunks.other-totals chunks.other-addressee"
  "part-is-received         chunks.fetch-not-received-midway"
)

mode=clean build="" short=no names=() more=()
while [ $# -gt 0 ]; do
  case "$1" in
    --faults) mode=faults; shift ;;
    --short) short=yes; shift ;;
    --build) build=${2:?}; shift 2 ;;
    --) shift; more=("$@"); break ;;
    -*) usage ;;
    *) names+=("$1"); shift ;;
  esac
done

program() { # name, presets to look in
  local name=$1 one
  shift
  for one in "$@"; do
    if [ -x "$root/build/$one/bin/$name" ]; then echo "$root/build/$one/bin/$name"; return; fi
  done
  echo "run.sh: no $name built in: $*" >&2
  exit 2
}
osci=$(program osci ${build:-release dev asan clang})
if [ "$mode" = faults ]; then daemon=$(program dataclearingd faulty); else daemon=$(program dataclearingd ${build:-release dev asan clang}); fi

pki=${CONFORMANCE_PKI:-$root/build/conformance/pki}
"$root/certs/make-pki.sh" "$pki" >/dev/null
work=$(mktemp -d "${TMPDIR:-/tmp}/dataclearing-conformance.XXXXXX")
running="" server=""
stop() {
  [ -z "$running" ] || { kill "$running" 2>/dev/null || true; wait "$running" 2>/dev/null || true; }
  running=""
}
trap 'stop; [ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

# What --certificates wants: the bad ones as they are, and a party that signs with ECDSA.
mkdir "$work/certificates"
cp "$pki"/bad-*.p12 "$pki/pin.txt" "$work/certificates/"
for use in cipher signature; do cp "$pki/efa-einbuergerung-$use.p12" "$work/certificates/ecdsa-$use.p12"; done

# A revoked pair, and the list that says so, served on loopback.
mkdir -p "$work/list" "$work/ca"
python3 -u - "$work/list" > "$work/list-port" 2>/dev/null <<'PY' &
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_address[1])
server.serve_forever()
PY
server=$!
for _ in $(seq 200); do [ ! -s "$work/list-port" ] || break; sleep 0.05; done
: > "$work/ca/index.txt"
echo 01 > "$work/ca/crlnumber"
cat > "$work/ca/ca.cnf" <<CNF
[ca]
default_ca = it
[it]
database = $work/ca/index.txt
new_certs_dir = $work/ca
crlnumber = $work/ca/crlnumber
certificate = $pki/sub-ca.cert.pem
private_key = $pki/sub-ca.key.pem
rand_serial = yes
default_md = sha256
default_days = 30
default_crl_days = 2
policy = any
unique_subject = no
[any]
organizationName = optional
commonName = supplied
[cipher]
keyUsage = critical,keyEncipherment,dataEncipherment
crlDistributionPoints = URI:http://127.0.0.1:$(cat "$work/list-port")/sub.crl
[signature]
keyUsage = critical,digitalSignature,nonRepudiation
crlDistributionPoints = URI:http://127.0.0.1:$(cat "$work/list-port")/sub.crl
CNF
for use in cipher signature; do # the keys are those of the expired pair: making keys is what takes time
  key=$pki/bad-expired-$use.key.pem
  openssl req -new -key "$key" -subj "/O=Dataclearing Test PKI/CN=Revoked Test OSCI" -out "$work/ca/$use.csr"
  openssl ca -batch -notext -config "$work/ca/ca.cnf" -in "$work/ca/$use.csr" -extensions "$use" \
    -out "$work/ca/$use.pem" 2>/dev/null
  openssl ca -config "$work/ca/ca.cnf" -revoke "$work/ca/$use.pem" 2>/dev/null
  openssl pkcs12 -export -inkey "$key" -in "$work/ca/$use.pem" -passout "file:$pki/pin.txt" \
    -out "$work/certificates/bad-revoked-$use.p12"
done
openssl ca -config "$work/ca/ca.cnf" -gencrl 2>/dev/null | openssl crl -outform DER -out "$work/list/sub.crl"

profile() { # name of the party
  cat > "$work/$1.toml" <<TOML
intermediary-cipher-cert = "$pki/intermediary-cipher.cert.pem"
intermediary-signature-cert = "$pki/intermediary-signature.cert.pem"
cipher-key = "$pki/$1-cipher.p12"
signature-key = "$pki/$1-signature.p12"
pin-file = "$pki/pin.txt"
TOML
}
profile efa-wohngeld; profile dortmund; profile ahaus
directory() { # where Dortmund listens
  sed -e "s|\.\./certs/pki/|$pki/|" -e '/^# --- A second authority/i\
[[organisation.endpoint]]\
uri = "http://127.0.0.1:'"$push"'/osci"\
' "$root/config/directory.toml"
  cat <<TOML

[[organisation]]
key = "wgb:999990000000"
name = "Stelle mit abgelaufenen Zertifikaten (test)"
certificate = [
  { file = "$pki/bad-expired-cipher.cert.pem", use = "cipher" },
  { file = "$pki/bad-expired-signature.cert.pem", use = "signature" },
]
TOML
}

port="" push="" # of the running daemon, and of the recipient that the suite plays
start() { # name of the fault, or nothing
  rm -rf "$work/state"
  # Not within the range that the kernel hands out by itself, so that nobody takes it meanwhile.
  local attempt
  for attempt in 1 2 3 4 5; do
    port=$((19500 + RANDOM % 99))
    push=$((19600 + RANDOM % 99))
    if (exec 3<>"/dev/tcp/127.0.0.1/$push") 2>/dev/null; then continue; fi
    directory > "$work/directory.toml"
    cat > "$work/dataclearing.toml" <<TOML
[intermediary]
name = "Dataclearing Conformance"
cipher_key = "$pki/intermediary-cipher.p12"
signature_key = "$pki/intermediary-signature.p12"
pin_file = "$pki/pin.txt"
[listen]
address = "127.0.0.1"
port = $port
admin_address = ""
[state]
directory = "$work/state"
reserve = "16 MiB"
[trust]
anchors = ["$pki/root-ca.cert.pem"]
intermediates = ["$pki/sub-ca.cert.pem"]
[policy]
refusal_step = "50ms"
[revocation]
private_addresses = true
[push]
allow_clear = true
allow_private_addresses = true
connect = "2s"
total = "4s"
[chunks]
max_chunk = "1 MiB"
max_message = "64 MiB"
[directory]
file = "$work/directory.toml"
TOML
    DC_SEEDED_FAULT="${1:-}" "$daemon" --config "$work/dataclearing.toml" 2> "$work/daemon.log" &
    running=$!
    for _ in $(seq 200); do
      if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && kill -0 "$running" 2>/dev/null; then return; fi
      kill -0 "$running" 2>/dev/null || break
      sleep 0.05
    done
    stop
  done
  cat "$work/daemon.log" >&2
  exit 1
}
suite() {
  "$osci" conformance "http://127.0.0.1:$port/osci" --profile "$work/efa-wohngeld.toml" \
    --recipient "$work/dortmund.toml" --second-recipient "$work/ahaus.toml" \
    --certificates "$work/certificates" --listen "$push" --quiet "$@"
}

out=$root/build/conformance
mkdir -p "$out"
if [ "$mode" = clean ]; then
  start
  status=0
  suite --junit "$out/junit.xml" --html "$out/report.html" "${more[@]}" || status=$?
  kill -0 "$running" || { echo "the daemon has ended" >&2; status=9; }
  echo "reports: build/conformance/junit.xml, build/conformance/report.html"
  exit "$status"
fi

missed=0
rows=()
for line in "${faults[@]}"; do
  read -r fault expected <<< "$line"
  if [ ${#names[@]} -gt 0 ] && [[ " ${names[*]} " != *" $fault "* ]]; then continue; fi
  start "$fault"
  only=()
  if [ "$short" = yes ]; then for one in $expected; do only+=(--only "$one"); done; fi
  status=0
  suite "${only[@]}" "${more[@]}" > "$work/table.txt" 2> "$work/progress.txt" || status=$?
  found=$(awk '$1 == "FAILED" { print $2 }' "$work/table.txt" | tr '\n' ' ')
  verdict=found
  for one in $expected; do [[ " $found" == *" $one "* ]] || verdict=MISSED; done
  [ "$status" -eq 8 ] || verdict=MISSED
  [ "$verdict" = found ] || { missed=$((missed + 1)); tail -5 "$work/progress.txt" >&2; }
  rows+=("$(printf '%-7s %-25s %s' "$verdict" "$fault" "$found")")
  stop
done
[ ${#rows[@]} -gt 0 ] || { echo "run.sh: no such fault" >&2; exit 2; }
printf '%-7s %-25s %s\n' "" fault "failed cases"
printf '%s\n' "${rows[@]}"
echo "${#rows[@]} seeded faults, $missed missed"
[ "$missed" -eq 0 ]
