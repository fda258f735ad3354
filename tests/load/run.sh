#!/usr/bin/env bash
# `osci source` and `osci sink` against the built daemon on loopback, with a test PKI and several mailboxes. Without
# arguments the short form: everything has to come, through a path that loses answers too, and what is falsified has to be
# found. With --rate or --duration the long form: one run, whose tables count.
# usage: run.sh [--rate R] [--duration T] [--sizes MIX] [--connections N] [--pollers N] [--poll T] [--mailboxes N] [--dialog]
#        [--prepare N] [--out FOLDER]      e.g. run.sh --rate 50 --duration 600s; BIN=folder of the programs
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
usage() { sed -n '5,6p' "${BASH_SOURCE[0]}" >&2; exit 2; }

short=yes rate=6/s duration=60s sizes=10k:80,100k:15,2m:5 connections=4 pollers=4 poll=2s mailboxes=4 out="" more=()
while [ $# -gt 0 ]; do
  case "$1" in
    --rate) rate=${2:?} short=no; shift 2 ;;
    --duration) duration=${2:?} short=no; shift 2 ;;
    --sizes) sizes=${2:?}; shift 2 ;;
    --connections) connections=${2:?}; shift 2 ;;
    --pollers) pollers=${2:?}; shift 2 ;;
    --poll) poll=${2:?}; shift 2 ;;
    --mailboxes) mailboxes=${2:?}; shift 2 ;;
    --dialog) more+=(--dialog); shift ;;
    --prepare) more+=(--prepare "${2:?}"); shift 2 ;;
    --out) out=${2:?}; shift 2 ;;
    *) usage ;;
  esac
done
[[ $duration =~ [a-z]$ ]] || duration+=s
bin=${BIN:-}
for name in release dev asan clang; do
  [ -n "$bin" ] || [ ! -x "$root/build/$name/bin/osci" ] || [ ! -x "$root/build/$name/bin/dataclearingd" ] || bin=$root/build/$name/bin
done
[ -n "$bin" ] && [ -x "$bin/osci" ] && [ -x "$bin/dataclearingd" ] || { echo "run.sh: osci and dataclearingd are not built" >&2; exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/dataclearing-load.XXXXXX")
pki=${LOAD_PKI:-$work/pki}
mkdir -p "$pki"
pki=$(cd "$pki" && pwd)
"$root/certs/make-pki.sh" "$pki" >/dev/null
started=()
cleanup() {
  status=$?
  for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done
  for id in "${started[@]}"; do wait "$id" 2>/dev/null || true; done
  if [ "$status" -eq 0 ]; then rm -rf "$work"; else echo "run.sh: kept $work" >&2; fi
}
trap cleanup EXIT

port=$((20000 + RANDOM % 12000))
service=http://www.example.org/illustrativ/xantrag/1/0/wohngeld.wsdl
profile() { # name, url, cipher key, signature key, further line
  cat >"$1" <<TOML
url = "$2"
intermediary-cipher-cert = "$pki/intermediary-cipher.cert.pem"
intermediary-signature-cert = "$pki/intermediary-signature.cert.pem"
cipher-key = "$3"
signature-key = "$4"
pin-file = "$pki/pin.txt"
${5:-}
TOML
}
url=http://127.0.0.1:$port/osci
mkdir "$work/mailboxes"
profile "$work/efa.toml" "$url" "$pki/efa-wohngeld-cipher.p12" "$pki/efa-wohngeld-signature.p12"
sed "s|\.\./certs/pki/|$pki/|" "$root/config/directory.toml" >"$work/directory.toml"
printf 'wgb:059130000000\nwgb:055540040000  # Ahaus\n' >"$work/recipients.txt"
for party in dortmund ahaus; do
  profile "$work/mailboxes/$party.toml" "$url" "$pki/$party-cipher.p12" "$pki/$party-signature.p12"
done
# Further mailboxes: certificates of their own for the keys of Dortmund, as making keys is what takes time.
printf '[cipher]\nkeyUsage=critical,keyEncipherment,dataEncipherment\n[signature]\nkeyUsage=critical,digitalSignature,nonRepudiation\n' >"$work/ext.cnf"
for ((i = 3; i <= mailboxes; ++i)); do
  key=$(printf 'wgb:07%010d' "$i")
  for use in cipher signature; do
    openssl req -new -key "$pki/dortmund-$use.key.pem" -subj "/O=Dataclearing Test PKI/CN=Laststelle $i" |
      openssl x509 -req -CA "$pki/sub-ca.cert.pem" -CAkey "$pki/sub-ca.key.pem" -days 30 -extfile "$work/ext.cnf" \
        -extensions "$use" -out "$work/$i-$use.pem" 2>/dev/null
  done
  cat >>"$work/directory.toml" <<TOML

[[organisation]]
key = "$key"
name = "Laststelle $i (test)"
certificate = [{ file = "$work/$i-cipher.pem", use = "cipher" }, { file = "$work/$i-signature.pem", use = "signature" }]
[[organisation.service]]
uri = "$service"
name = "XAntrag Wohngeld 1.0 (illustrative)"
TOML
  echo "$key" >>"$work/recipients.txt"
  profile "$work/mailboxes/$i.toml" "$url" "$pki/dortmund-cipher.key.pem" "$pki/dortmund-signature.key.pem" \
    "cipher-cert = \"$work/$i-cipher.pem\"
signature-cert = \"$work/$i-signature.pem\""
done
cat >"$work/dataclearing.toml" <<TOML
[intermediary]
name = "Load"
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
wait_for() { # port, process
  for _ in $(seq 300); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  tail -5 "$work/daemon.log" >&2
  exit 1
}
"$bin/dataclearingd" --config "$work/dataclearing.toml" 2>"$work/daemon.log" &
started+=("$!")
wait_for "$port" "$!"

failed=0
expect() { # exit code, what for, command...
  local wanted=$1 what=$2 code=0
  shift 2
  "$@" || code=$?
  [ "$code" = "$wanted" ] || { echo "FAILED: $what: exit code $code instead of $wanted" >&2; failed=1; }
}
says() { # file, text
  grep -qF -- "$2" "$1" || { echo "FAILED: no \"$2\" in $(basename "$1")" >&2; failed=1; }
}
source_to() { # name, options
  local name=$1
  shift
  "$bin/osci" source --profile "$work/efa.toml" --directory "$work/directory.toml" --record "$work/$name.ndjson" \
    --json "$work/$name.source.json" "$@"
}
sink_of() { # options
  "$bin/osci" sink --profiles "$work/mailboxes" --pollers "$pollers" --json "$work/sink.json" "$@"
}

if [ "$short" = no ]; then
  code=0
  sink_of --poll "$poll" --until-idle 30s --expect "$work/sent.ndjson" >"$work/sink.txt" &
  sink=$!
  expect 0 "the source" source_to sent --recipients "$work/recipients.txt" --rate "$rate" --duration "$duration" \
    --sizes "$sizes" --connections "$connections" "${more[@]}"
  wait "$sink" || code=$?
  cat "$work/sink.txt"
  [ -z "$out" ] || { mkdir -p "$out"; cp "$work"/*.json "$work"/*.ndjson "$work/daemon.log" "$out/"; }
  [ "$code" = 0 ] || failed=1
  exit "$failed"
fi

echo "== both at once, $mailboxes mailboxes"
sink_of --poll 500ms --until-idle 4s --expect "$work/sent.ndjson" >"$work/sink.txt" &
sink=$!
expect 0 "the source" source_to sent --recipients "$work/recipients.txt" --rate "$rate" --count 16 --sizes 2k:6,20k:2,300k:1
expect 0 "the sink" wait "$sink"
cat "$work/sink.txt"
says "$work/sink.json" '"received":16'
says "$work/sink.json" '"missing":0'
says "$work/sink.json" '"in no record":0'

echo "== the same record once more: nothing comes, all is missing"
expect 6 "what does not come" sink_of --poll 200ms --until-idle 1s --expect "$work/sent.ndjson" >"$work/missing.txt"
says "$work/missing.txt" "missing 16"

echo "== answers get lost, and the intermediary wants to be left alone now and then"
python3 -u "$(dirname "${BASH_SOURCE[0]}")/flaky.py" "$port" >"$work/flaky-port" &
started+=("$!")
for _ in $(seq 100); do [ ! -s "$work/flaky-port" ] || break; sleep 0.1; done
expect 0 "the source" source_to flaky --recipients "$work/recipients.txt" --rate max --count 4 --sizes 2k --dialog --prepare 2 \
  --connections 2 --url "http://127.0.0.1:$(cat "$work/flaky-port")/osci"
says "$work/flaky.source.json" '"accepted":4'
says "$work/flaky.source.json" '"waited for Retry-After"'
says "$work/flaky.source.json" '"network: receive"'
expect 0 "the sink" sink_of --poll 300ms --until-idle 2s --expect "$work/flaky.ndjson" >"$work/sink.txt"
says "$work/sink.txt" "expected 4, came 4, missing 0"

echo "== a record that says another digest"
expect 0 "the source" source_to falsified --to wgb:059130000000 --rate max --count 2 --sizes 1k
python3 - "$work/falsified.ndjson" <<'PY'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
lines[0]["sha256"] = lines[0]["sha256"][::-1]
open(sys.argv[1], "w").writelines(json.dumps(line) + "\n" for line in lines)
PY
expect 5 "what was altered" sink_of --poll 200ms --until-idle 1s --expect "$work/falsified.ndjson" >"$work/altered.txt"
says "$work/altered.txt" "altered 1"

echo "== somebody's application in the mailbox: it stays there"
printf '<antrag/>' >"$work/antrag.xml"
"$bin/osci" send --profile "$work/efa.toml" --directory "$work/directory.toml" --to wgb:059130000000 "$work/antrag.xml" >"$work/send.txt"
expect 5 "what is foreign" "$bin/osci" sink --profile "$work/mailboxes/dortmund.toml" --poll 200ms --until-idle 1s >"$work/foreign.txt"
says "$work/foreign.txt" "foreign 1"
"$bin/osci" fetch --profile "$work/mailboxes/dortmund.toml" --out "$work/in" >"$work/fetch.txt"
grep -rqF "<antrag/>" "$work/in" || { echo "FAILED: the application is gone" >&2; failed=1; }

echo "== Ctrl-C ends a run with its table"
"$bin/osci" source --profile "$work/efa.toml" --directory "$work/directory.toml" --record "$work/stopped.ndjson" \
  --to wgb:059130000000 --rate 2/s --duration 2m --sizes 1k >"$work/stopped.txt" & # no function: its shell would get the signal
source=$!
started+=("$source")
for _ in $(seq 300); do [ ! -s "$work/stopped.ndjson" ] || break; sleep 0.1; done
kill -INT "$source"
expect 0 "what was stopped" wait "$source"
says "$work/stopped.txt" "stopped by a signal"
says "$work/stopped.txt" "RIGHT"

echo "== another machine is not touched without --yes"
expect 1 "without --yes" source_to elsewhere --to wgb:059130000000 --count 1 --url http://192.0.2.1/osci 2>"$work/elsewhere.txt"
says "$work/elsewhere.txt" "say --yes"
exit "$failed"
