#!/usr/bin/env bash
# What an operator does with the event journal and the state folder of a running intermediary: reconstruct, export,
# verify, scrub, back up, restore; then the same where somebody has altered something.
# usage: tests/journal/show.sh BIN_FOLDER [PKI_FOLDER]
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: tests/journal/show.sh BIN_FOLDER [PKI_FOLDER]" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/dataclearing-journal.XXXXXX")
mkdir -p "${2:-$work/pki}"
pki=$(cd "${2:-$work/pki}" && pwd)
"$root/certs/make-pki.sh" "$pki" >/dev/null
daemon=""
cleanup() {
  [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; }
  rm -rf "$work"
}
trap cleanup EXIT
port=${JOURNAL_SHOW_PORT:-18497}
sed "s|\.\./certs/pki/|$pki/|" "$root/config/directory.toml" >"$work/directory.toml"

start() { # state folder
  cat >"$work/dataclearing.toml" <<TOML
[intermediary]
name = "Journal"
cipher_key = "$pki/intermediary-cipher.p12"
signature_key = "$pki/intermediary-signature.p12"
pin_file = "$pki/pin.txt"
[listen]
port = $port
admin_address = ""
[state]
directory = "$1"
reserve = "16 MiB"
body_file_threshold = "4 KiB"
[trust]
anchors = ["$pki/root-ca.cert.pem"]
intermediates = ["$pki/sub-ca.cert.pem"]
[directory]
file = "$work/directory.toml"
TOML
  "$bin/dataclearingd" --config "$work/dataclearing.toml" 2>>"$work/daemon.log" &
  daemon=$!
  for _ in $(seq 200); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
    kill -0 "$daemon" 2>/dev/null || { cat "$work/daemon.log" >&2; exit 1; }
    sleep 0.1
  done
}
stop() {
  kill -TERM "$daemon"
  wait "$daemon" || true
  daemon=""
}
for party in efa-wohngeld dortmund ahaus; do
  cat >"$work/$party.toml" <<TOML
url = "http://127.0.0.1:$port/osci"
intermediary-cipher-cert = "$pki/intermediary-cipher.cert.pem"
intermediary-signature-cert = "$pki/intermediary-signature.cert.pem"
cipher-key = "$pki/$party-cipher.p12"
signature-key = "$pki/$party-signature.p12"
pin-file = "$pki/pin.txt"
TOML
done
samples=$root/xoev-schemas/xantrag/1_0/samples
head -c 200000 /dev/zero | tr '\0' 'x' >"$work/plan.txt"
send() { # key, sample, more options
  "$bin/osci" send --profile "$work/efa-wohngeld.toml" --directory "$work/directory.toml" --to "$1" "${@:3}" \
    "$samples/$2" >/dev/null
}
ctl() { echo "\$ dataclearingctl $*" | sed "s|$work|.|g"; "$bin/dataclearingctl" "$@" | sed "s|$work|.|g"; }
expect() { # exit code, command
  local code=0
  "${@:2}" || code=$?
  echo "exit $code"
  [ "$code" = "$1" ] || { echo "FAILED: expected exit $1" >&2; exit 1; }
}

state=$work/state
start "$state"
from=$(date -u +%Y-%m-%dT%H:%M:%SZ)
send wgb:059130000000 wohngeld-dortmund.xml --attach "$work/plan.txt"
send wgb:059130000000 wohngeld-dortmund.xml
send wgb:055540040000 wohngeld-ahaus.xml
head=$("$bin/dataclearingctl" journal head --state "$state")
"$bin/osci" fetch --profile "$work/dortmund.toml" --out "$work/dortmund" >/dev/null
to=$(date -u -d '+1 second' +%Y-%m-%dT%H:%M:%SZ)

echo "== What happened in this stretch of time"
expect 0 ctl reconstruct --state "$state" --from "$from" --to "$to" | tee "$work/told.txt"
grep -q "2 mailboxes: 3 accepted (.*2 offered, 2 acknowledged, 0 purged; 1 accepted and still open" "$work/told.txt"
"$bin/dataclearingctl" reconstruct --json --state "$state" --from "$from" --to "$to" | python3 -m json.tool >/dev/null

echo "== Exported, and verified against a head noted before"
expect 0 ctl journal export --state "$state" -o "$work/journal.ndjson"
expect 0 ctl journal verify "$work/journal.ndjson" --head "$head"

echo "== Altered, reordered, cut off"
sed '4s/offered/purged/' "$work/journal.ndjson" >"$work/altered.ndjson"
expect 10 ctl journal verify "$work/altered.ndjson"
awk 'NR == 2 { held = $0; next } { print } NR == 3 { print held }' "$work/journal.ndjson" >"$work/reordered.ndjson"
expect 10 ctl journal verify "$work/reordered.ndjson"
head -n 2 "$work/journal.ndjson" >"$work/cut.ndjson"
expect 10 ctl journal verify "$work/cut.ndjson" --head "$head"

echo "== Somebody verifies it without this program"
python3 "$root/tests/journal/verify.py" "$work/journal.ndjson"

echo "== The witness in the log"
grep -o 'journal.*event=journal.head.*' "$work/daemon.log" | head -1 || grep 'journal.head' "$work/daemon.log" | head -1
grep -q 'journal.head' "$work/daemon.log"

echo "== Everything against its hashes, while it runs"
expect 0 ctl scrub --state "$state" --rate 0

echo "== A backup while deliveries come in, and a new state folder from it"
(for _ in 1 2 3; do send wgb:055540040000 wohngeld-ahaus.xml --attach "$work/plan.txt"; done) &
sending=$!
expect 0 ctl backup --state "$state" --to "$work/copy"
wait "$sending"
(cd "$work/copy" && sha256sum --quiet -c MANIFEST && echo "sha256sum -c MANIFEST: ok")
expect 0 ctl restore --from "$work/copy" --to "$work/restored"
expect 7 ctl restore --from "$work/copy" --to "$work/restored" 2>&1
expect 0 ctl scrub --state "$work/restored" --rate 0

echo "== Damage"
file=$(find "$state/bodies" -type f | head -1)
printf '!' | dd of="$file" bs=1 seek=1000 conv=notrunc status=none
expect 10 ctl scrub --state "$state" --rate 0 | tee "$work/damage.txt"
grep -Eq 'DAMAGE  part  [A-Za-z0-9_-]{40}  part [0-9]+  content does not have its hash' "$work/damage.txt"

echo "== The restored folder goes on"
stop
start "$work/restored"
"$bin/osci" fetch --profile "$work/ahaus.toml" --out "$work/ahaus" | tail -1
expect 0 ctl journal export --state "$work/restored" -o "$work/restored.ndjson"
expect 0 ctl journal verify "$work/restored.ndjson" --head "$head"
stop
echo "all as expected"
