#!/usr/bin/env bash
# Retention in small: a daemon that keeps what was fetched for 8 seconds and what nobody fetches for 40. Three deliveries: one is
# fetched, one is never fetched, one is held by the operator while the daemon runs. Prints previews, the daemon's own lines,
# readiness, what a fetch and a process card say afterwards, and checks all of it. Takes about 80 seconds. Builds nothing.
# usage: run.sh [BIN]       folder of the programs, default build/release/bin; OSCI: another osci
set -euo pipefail
umask 077
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${1:-$root/build/release/bin}
osci=${OSCI:-$bin/osci}
for program in "$bin/dataclearingd" "$bin/dataclearingctl" "$osci"; do
  [ -x "$program" ] || { echo "run.sh: no program $program" >&2; exit 2; }
done
keys=$root/tests/captures/keys
port=${PORT:-$((20000 + RANDOM % 8000))}
work=$(mktemp -d "${TMPDIR:-/tmp}/retention.XXXXXX")
daemon=""
cleanup() {
  status=$?
  [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; }
  if [ "$status" -eq 0 ]; then rm -rf "$work"; else echo "run.sh: kept $work" >&2; fi
}
trap cleanup EXIT
fail() { echo "run.sh: $*" >&2; exit 1; }
step() { printf '\n== %s\n' "$*"; }

echo 123456 > "$work/pin.txt"
cat > "$work/directory.toml" <<TOML
[[organisation]]
key = "wgb:059130000000"
name = "Empfaenger (Test)"
certificate = [
  { file = "$keys/recipient_cipher.cer", use = "cipher" },
  { file = "$keys/recipient_sign.cer", use = "signature" },
]
TOML
cat > "$work/daemon.toml" <<TOML
[intermediary]
cipher_key = "$keys/intermed_cipher.p12"
signature_key = "$keys/intermed_sign.p12"
pin_file = "$work/pin.txt"
[listen]
port = $port
admin_port = $((port + 1))
[state]
directory = "$work/state"
reserve = "16 MiB"
body_file_threshold = "16 KiB"
[trust]
anchors = ["$keys/test_ca.cert.pem"]
[directory]
file = "directory.toml"
[retention]
fetched = "8s"
unfetched = "40s"
notices = ["4s", "9s", "14s"]
notices_every = "7s"
interval = "1s"
[log]
target = "stderr"
TOML
profile() {
  cat > "$work/$1.toml" <<TOML
url = "http://127.0.0.1:$port/osci"
intermediary-cipher-cert = "$keys/intermed_cipher.cer"
intermediary-signature-cert = "$keys/intermed_sign.cer"
cipher-key = "$keys/$1_cipher.p12"
signature-key = "$keys/$1_sign.p12"
pin-file = "$work/pin.txt"
TOML
}
profile sender; profile recipient

step "1. Start, three deliveries, one is fetched, one is held while the daemon runs"
"$bin/dataclearingd" --config "$work/daemon.toml" 2> "$work/daemon.log" &
daemon=$!
for _ in $(seq 100); do grep -q daemon.ready "$work/daemon.log" && break; sleep 0.2; done
head -c 60000 /dev/urandom > "$work/plan.pdf"
echo "<antrag/>" > "$work/antrag.xml"
send() {
  "$osci" send --profile "$work/sender.toml" --to-cert "$keys/recipient_cipher.cer" --subject "$1" "$work/antrag.xml" \
    --attach "$work/plan.pdf" | grep -oE '[A-Za-z0-9_-]{40}' | head -1
}
never=$(send never); held=$(send held); quick=$(send quick)
printf 'never %s\nheld  %s\nquick %s\n' "$never" "$held" "$quick"
"$bin/dataclearingctl" hold "$held" --reason "12 K 34/26" --state "$work/state"
"$bin/dataclearingctl" holds --state "$work/state"
"$osci" fetch --profile "$work/recipient.toml" --id "$quick" --out "$work/in" > /dev/null
bodies() { find "$work/state/bodies" -type f | wc -l; }
echo "body files: $(bodies)"

step "2. What would happen now, in 20 seconds, and with the defaults in a hundred days; nothing changes"
ctl() { "$bin/dataclearingctl" retention --state "$work/state" "$@"; }
ctl --config "$work/daemon.toml"
ctl --config "$work/daemon.toml" --at "$(date -u -d '+20 seconds' +%Y-%m-%dT%H:%M:%SZ)"
ctl --at "$(date -u -d '+100 days' +%Y-%m-%dT%H:%M:%SZ)" --json

step "3. Half a minute later: what was fetched is purged, of the others it is told"
sleep 30
curl -s "http://127.0.0.1:$((port + 1))/health/ready"; echo
curl -s "http://127.0.0.1:$((port + 1))/health/ready" | grep -q 'mail that nobody fetches lies in 1 mailboxes' || fail "no notice in readiness"
grep -q "delivery.purged.*$quick" "$work/daemon.log" || fail "what was fetched was not purged"
echo "body files: $(bodies)"

step "4. After the period of the unfetched: a warning before, a record after"
for _ in $(seq 60); do grep -q "delivery.expired_unfetched.*$never" "$work/daemon.log" && break; sleep 1; done
grep -E "delivery\.(unfetched|purged|expired_unfetched)" "$work/daemon.log" | sed "s/$never/NEVER/; s/$held/HELD/; s/$quick/QUICK/"
grep -q "delivery.expired_unfetched.*$never" "$work/daemon.log" || fail "what nobody fetched was not purged"
! grep -qE "delivery.(purged|expired_unfetched).*$held" "$work/daemon.log" || fail "what is held was purged"
[ "$(bodies)" = 1 ] || fail "body files: $(bodies)"

step "5. A fetch of it finds nothing (9803), its process card is there, its id is spent"
"$osci" fetch --profile "$work/recipient.toml" --id "$never" --out "$work/in" && fail "purged, but fetched"
"$osci" card --profile "$work/sender.toml" --id "$never"

step "6. Released, it goes too"
"$bin/dataclearingctl" release "$held" --state "$work/state"
for _ in $(seq 20); do grep -q "delivery.expired_unfetched.*$held" "$work/daemon.log" && break; sleep 1; done
grep -q "delivery.expired_unfetched.*$held" "$work/daemon.log" || fail "what was released stays"
[ "$(bodies)" = 0 ] || fail "body files: $(bodies)"
ctl --config "$work/daemon.toml"
kill "$daemon"; wait "$daemon" || fail "the daemon did not end in order"
daemon=""
echo "all as promised"
