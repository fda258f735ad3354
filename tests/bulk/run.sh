#!/usr/bin/env bash
# As an EfA service and a Fachverfahren would: `osci send` hands over a file of SIZE octets by chunks, `osci fetch` gets it;
# the daemon is killed (SIGKILL) KILLS times on either way, and osci once. The file must arrive identical. Prints what
# happened, both hashes and the peak memory (VmHWM) of all three programs. Fails when the file changed, a kill came too late,
# or the daemon took 200 MiB (MAX_MIB). Builds nothing.
# usage: run.sh [SIZE [KILLS [CHUNK]]]      default: 1073741824 2 1MiB      PRESET=dev run.sh 25165824 2 512KiB
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
size=${1:-1073741824} kills=${2:-2} chunk=${3:-1MiB}
bin=${BIN:-$root/build/${PRESET:-release}/bin}
[ -x "$bin/osci" ] && [ -x "$bin/dataclearingd" ] || { echo "run.sh: no programs in $bin" >&2; exit 2; }
limit_mib=${MAX_MIB:-200} # sanitizers multiply what is taken

work=$(mktemp -d "${TMPDIR:-/tmp}/bulk.XXXXXX")
daemon=""
cleanup() {
  status=$?
  [ -z "$daemon" ] || kill -9 "$daemon" 2>/dev/null || true
  [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
  if [ "$status" -eq 0 ]; then rm -rf "$work"; else echo "run.sh: kept $work" >&2; fi
}
trap cleanup EXIT
keys=$root/tests/captures/keys
port=$((20000 + RANDOM % 20000))
printf '123456\n' > "$work/pin.txt"
for party in sender recipient; do
  cat > "$work/$party.toml" <<TOML
url = "http://127.0.0.1:$port/osci"
intermediary-cipher-cert = "$keys/intermed_cipher.cer"
intermediary-signature-cert = "$keys/intermed_sign.cer"
cipher-key = "$keys/${party}_cipher.p12"
signature-key = "$keys/${party}_sign.p12"
pin-file = "$work/pin.txt"
TOML
done
cat > "$work/extra.toml" <<TOML
[directory]
create_mailboxes = true
[chunks]
max_message = "4 GiB"
spool_total = "16 GiB"
spool_per_party = "8 GiB"
TOML

peak=0 # of the daemon, over all its lives, in KiB
peak_of() { awk '/^VmHWM/ { print $2 }' "/proc/$1/status" 2>/dev/null || echo 0; }
note_peak() { local now; now=$(peak_of "$daemon"); now=${now:-0}; [ "$now" -le "$peak" ] || peak=$now; }
start() {
  : > "$work/serve.log"
  "$bin/../../../tests/interop/serve.sh" --keys "$keys" --port "$port" --state "$work/daemon" \
    --config-extra "$work/extra.toml" --build "$(basename "$(dirname "$bin")")" > "$work/serve.log" 2>> "$work/daemon.log" &
  daemon=$!
  for _ in $(seq 600); do
    grep -q ready "$work/serve.log" && return
    kill -0 "$daemon" 2>/dev/null || { tail -5 "$work/daemon.log" >&2; exit 1; }
    sleep 0.1
  done
  echo "run.sh: the daemon does not start" >&2
  exit 1
}
# Octets under a folder.
octets() { { du -sb "$1" 2>/dev/null || echo 0; } | cut -f1; }

client_peak=0
# run WHAT FOLDER COMMAND...: the command, with the daemon killed each time FOLDER holds the next share of SIZE. The first time
# the client is killed as well, and `again` (a command that goes on) is run; later it has to get over it by itself.
run() {
  local what=$1 folder=$2 kill=1 status=0 now client
  shift 2
  "$@" >> "$work/$what.out" 2>> "$work/$what.err" &
  client=$!
  while kill -0 "$client" 2>/dev/null; do
    now=$(peak_of "$client"); now=${now:-0}
    [ "$now" -le "$client_peak" ] || client_peak=$now
    note_peak
    if [ "$kill" -le "$kills" ] && [ "$(octets "$folder")" -ge $((size / (kills + 1) * kill)) ]; then
      kill -9 "$daemon"
      wait "$daemon" 2>/dev/null || true
      if [ "$kill" -eq 1 ]; then
        kill -9 "$client"
        wait "$client" 2>/dev/null || true
        echo "$what: daemon and osci killed with $(octets "$folder") octets over"
        start
        "${again[@]}" >> "$work/$what.out" 2>> "$work/$what.err" &
        client=$!
      else
        echo "$what: daemon killed with $(octets "$folder") octets over"
        start
      fi
      kill=$((kill + 1))
    fi
    sleep 0.05
  done
  wait "$client" && status=0 || status=$?
  if [ "$status" -ne 0 ]; then tail -5 "$work/$what.err" >&2; echo "run.sh: $what: exit status $status" >&2; exit 1; fi
  [ "$kill" -gt "$kills" ] || { echo "run.sh: $what ended after $((kill - 1)) kills" >&2; exit 1; }
}

head -c "$size" /dev/urandom > "$work/gross.bin"
start
echo "daemon and osci: $bin, $size octets, chunks of $chunk, $kills kills each way"

again=("$bin/osci" send --resume --profile "$work/sender.toml" --spool "$work/outgoing")
run send "$work/daemon/store/spool" "$bin/osci" send --profile "$work/sender.toml" --spool "$work/outgoing" \
  --to-cert "$keys/recipient_cipher.cer" --attach "$work/gross.bin" --chunk-size "$chunk" --chunk-above 64KiB
send_peak=$client_peak client_peak=0
cat "$work/send.out"
again=("$bin/osci" fetch --profile "$work/recipient.toml" --out "$work/incoming")
run fetch "$work/incoming/.osci-partial" "${again[@]}"
fetched=$(find "$work/incoming" -name 'gross.bin' -type f)
sent_hash=$(sha256sum < "$work/gross.bin" | cut -d' ' -f1)
fetched_hash=$(sha256sum < "$fetched" | cut -d' ' -f1)
echo "sent    $sent_hash"
echo "fetched $fetched_hash"
echo "peak memory: daemon $((peak / 1024)) MiB, osci send $((send_peak / 1024)) MiB, osci fetch $((client_peak / 1024)) MiB"
[ "$sent_hash" = "$fetched_hash" ] || { echo "run.sh: the file has changed" >&2; exit 1; }
[ "$peak" -lt $((limit_mib * 1024)) ] || { echo "run.sh: the daemon took more than $limit_mib MiB" >&2; exit 1; }
