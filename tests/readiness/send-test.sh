#!/usr/bin/env bash
# A test message over the real protocol: an intermediary on loopback, Dortmund that fetches, and
# `dataclearingctl readiness --send-test`, which watches it being fetched and acknowledged. Then once more with nobody
# fetching: that must not count as passed.
# usage: tests/readiness/send-test.sh BIN_FOLDER [PKI_FOLDER]
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: tests/readiness/send-test.sh BIN_FOLDER [PKI_FOLDER]" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/dataclearing-send-test.XXXXXX")
mkdir -p "${2:-$work/pki}"
pki=$(cd "${2:-$work/pki}" && pwd)
"$root/certs/make-pki.sh" "$pki" >/dev/null
started=()
cleanup() {
  for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done
  for id in "${started[@]}"; do wait "$id" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

port=${SEND_TEST_PORT:-18490}
sed "s|\.\./certs/pki/|$pki/|" "$root/config/directory.toml" >"$work/directory.toml"
cp "$root/config/agreements.toml" "$work/"
cat >"$work/dataclearing.toml" <<TOML
[intermediary]
name = "Test message"
cipher_key = "$pki/intermediary-cipher.p12"
signature_key = "$pki/intermediary-signature.p12"
pin_file = "$pki/pin.txt"
[listen]
port = $port
admin_address = ""
[state]
directory = "$work/state"
reserve = "16 MiB"
[trust]
anchors = ["$pki/root-ca.cert.pem"]
intermediates = ["$pki/sub-ca.cert.pem"]
[directory]
file = "$work/directory.toml"
TOML
"$bin/dataclearingd" --config "$work/dataclearing.toml" 2>"$work/daemon.log" &
daemon=$!
started+=("$daemon")
for _ in $(seq 100); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  kill -0 "$daemon" 2>/dev/null || { cat "$work/daemon.log" >&2; exit 1; }
  sleep 0.1
done
for party in efa-wohngeld dortmund; do
  cat >"$work/$party.toml" <<TOML
url = "http://127.0.0.1:$port/osci"
intermediary-cipher-cert = "$pki/intermediary-cipher.cert.pem"
intermediary-signature-cert = "$pki/intermediary-signature.cert.pem"
cipher-key = "$pki/$party-cipher.p12"
signature-key = "$pki/$party-signature.p12"
pin-file = "$pki/pin.txt"
TOML
done

failed=0
report() { "$root/scripts/mailbox-report.py" "$work/state" >"$work/mailboxes.json"; }
try() { # words that check 13 must show, seconds to watch
  local code=0
  "$bin/dataclearingctl" readiness dortmund wohngeld --agreements "$work/agreements.toml" \
    --directory "$work/directory.toml" --mailbox-report "$work/mailboxes.json" --send-test --wait "$2" --profile "$work/efa-wohngeld.toml" >"$work/out.txt" || code=$?
  sed -n '/^  9 /,/^ 10 /p' "$work/out.txt" | sed '$d'
  sed -n '/^ 13 /,/^ 14 /p' "$work/out.txt" | sed '$d'
  if [ "$code" != 10 ] || ! grep -qF "$1" "$work/out.txt"; then
    echo "FAILED: exit code $code, or without \"$1\"" >&2
    failed=1
  fi
}
report
echo "== nobody fetches: it is not passed"
try "? ungeprüft     Testnachricht hinterlegt" 3
echo "== Dortmund fetches"
"$bin/osci" fetch --profile "$work/dortmund.toml" --out "$work/in" --watch 1 >"$work/fetch.txt" 2>&1 &
started+=("$!")
try "✔ erfüllt       Testnachricht hinterlegt" 60
grep -rqF "TESTNACHRICHT. Dies ist kein Antrag." "$work/in" || { echo "FAILED: its content is not there" >&2; failed=1; }
grep -rqF '"test":true' "$work/in" || { echo "FAILED: it is not marked as a test" >&2; failed=1; }
echo "== and its mailbox is seen to be fetched"
report
try "✔ erfüllt       Das Postfach wird abgeholt" 60
exit "$failed"
