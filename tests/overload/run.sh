#!/usr/bin/env bash
# Overload: ten times what the built daemon can serve, for 60 seconds. It has to stay within its memory, refuse cleanly (503
# with Retry-After, never a reset), answer whom it admits within their bound, be back to normal at once, and lose nothing.
# First small messages flood the short lane, then large ones the long lane, while polls and small messages go on.
# usage: run.sh [--short] [--seconds N] [--times N] [--rss MiB] [--out FOLDER]; BIN=folder of the programs
# --short: 8 seconds each, and no verdict on times, for a machine that does other things too.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/overload
usage() { sed -n '5p' "${BASH_SOURCE[0]}" >&2; exit 2; }

short=no seconds=60 times=10 rss=768 out=""
while [ $# -gt 0 ]; do
  case "$1" in
    --short) short=yes seconds=8; shift ;;
    --seconds) seconds=${2:?}; shift 2 ;;
    --times) times=${2:?}; shift 2 ;;
    --rss) rss=${2:?}; shift 2 ;;
    --out) out=${2:?}; shift 2 ;;
    *) usage ;;
  esac
done
bin=${BIN:-}
for name in release clang dev asan; do
  [ -n "$bin" ] || [ ! -x "$root/build/$name/bin/osci" ] || [ ! -x "$root/build/$name/bin/dataclearingd" ] || bin=$root/build/$name/bin
done
[ -n "$bin" ] && [ -x "$bin/osci" ] && [ -x "$bin/dataclearingd" ] || { echo "run.sh: osci and dataclearingd are not built" >&2; exit 2; }
ulimit -n 8192 2>/dev/null || true

work=$(mktemp -d "${TMPDIR:-/tmp}/dataclearing-overload.XXXXXX")
pki=${LOAD_PKI:-$work/pki}
mkdir -p "$pki" "$work/bodies"
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
profile() { # name, url, party
  cat >"$work/$1.toml" <<TOML
url = "$2"
intermediary-cipher-cert = "$pki/intermediary-cipher.cert.pem"
intermediary-signature-cert = "$pki/intermediary-signature.cert.pem"
cipher-key = "$pki/$3-cipher.p12"
signature-key = "$pki/$3-signature.p12"
pin-file = "$pki/pin.txt"
TOML
}
profile efa "http://127.0.0.1:$port/osci" efa-wohngeld
profile dortmund "http://127.0.0.1:$port/osci" dortmund
sed "s|\.\./certs/pki/|$pki/|" "$root/config/directory.toml" >"$work/directory.toml"
# The flood comes from one sender: what is shown here are the lanes, so its rate is not limited.
cat >"$work/dataclearing.toml" <<TOML
[intermediary]
name = "Overload"
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
[admission]
sender_rate = 0
TOML
"$bin/dataclearingd" --config "$work/dataclearing.toml" 2>"$work/daemon.log" &
daemon=$!
started+=("$daemon")
for _ in $(seq 300); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  kill -0 "$daemon" 2>/dev/null || { tail -5 "$work/daemon.log" >&2; exit 1; }
  sleep 0.1
done

failed=0
source_to() { # name, options
  "$bin/osci" source --profile "$work/efa.toml" --directory "$work/directory.toml" --to wgb:059130000000 \
    --record "$work/$1.ndjson" --json "$work/$1.json" "${@:2}"
}
python3 "$here/drive.py" record "$port" "$work/bodies" >"$work/recorder-port" &
started+=("$!")
for _ in $(seq 100); do [ ! -s "$work/recorder-port" ] || break; sleep 0.1; done
recorder=http://127.0.0.1:$(cat "$work/recorder-port")/osci
source_to recorded-small --rate max --count 8 --sizes 10k --url "$recorder" >"$work/recorded.txt"
source_to recorded-large --rate max --count 3 --sizes 2m --url "$recorder" >>"$work/recorded.txt"

value() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
memory() { awk -v what="$1" '$1 == what ":" { printf "%d", $2 / 1024 }' "/proc/$daemon/status"; }
python3 "$here/drive.py" capacity "$port" "$work/bodies" --duration 5 >"$work/capacity-small.json"
python3 "$here/drive.py" capacity "$port" "$work/bodies" --duration 5 --large >"$work/capacity-large.json"
small=$(value "$work/capacity-small.json" admitted_per_second)
large=$(value "$work/capacity-large.json" admitted_per_second)
before=$(memory VmRSS)
echo "capacity: $small small (10k) or $large large (2m) requests a second; $before MiB resident"

flood() { # name, options: with a little honest traffic beside it
  source_to "$1" --rate 1/s --duration "${seconds}s" --sizes 10k --connections 8 --overtime 30s >"$work/$1.source.txt" 2>&1 &
  local honest=$!
  python3 "$here/drive.py" flood "$port" "$work/bodies" --duration "$seconds" "${@:2}" >"$work/$1.flood.json"
  wait "$honest" || true
}
times_of() { python3 -c 'import sys; print(round(float(sys.argv[1]) * float(sys.argv[2]), 1))' "$1" "$2"; }
echo "== $times times the capacity in small messages, ${seconds} s"
flood small --small-rate "$(times_of "$small" "$times")"
echo "== $times times the capacity in large messages, a fifth of it in small ones beside it, ${seconds} s"
flood large --large-rate "$(times_of "$large" "$times")" --small-rate "$(times_of "$small" 0.2)"
peak=$(memory VmHWM)

# Every accepted message is there, once and unaltered: after all of this.
cat "$work/recorded-small.ndjson" "$work/recorded-large.ndjson" "$work/small.ndjson" "$work/large.ndjson" >"$work/sent.ndjson"
"$bin/osci" sink --profile "$work/dortmund.toml" --poll 500ms --until-idle 3s --expect "$work/sent.ndjson" >"$work/sink.txt" ||
  { echo "FAILED: the sink" >&2; failed=1; }
kill -0 "$daemon" 2>/dev/null || { echo "FAILED: the daemon has died" >&2; failed=1; }

python3 - "$work" "$short" "$peak" "$rss" <<'PY' || failed=1
import json, sys
work, short, peak, rss = sys.argv[1], sys.argv[2] == "yes", int(sys.argv[3]), int(sys.argv[4])
bad = []
for name in ("small", "large"):
    flood = json.load(open(f"{work}/{name}.flood.json"))
    honest = json.load(open(f"{work}/{name}.json"))
    print(f"-- flood of {name} messages; usual answer {flood['usual_ms']} ms")
    for stream in ("small", "large"):
        if stream not in flood:
            continue
        s = flood[stream]
        print(f"{stream}: offered {s['offered_per_second']}/s, admitted {s['admitted_per_second']}/s, answers {s['answered']}")
        for what in ("admitted", "refused"):
            if what + "_ms" in s:
                print(f"  {what}: p50 {s[what + '_ms']['p50']} ms, p99 {s[what + '_ms']['p99']} ms, max {s[what + '_ms']['max']} ms")
        if s["wrong"]:
            bad.append(f"{name}/{stream}: {s['wrong']}")
        if not s["answered"].get("200"):
            bad.append(f"{name}/{stream}: nobody was admitted")
        # How long a large one takes is for the greater part its way through the flood of the others.
        if not short and stream == "small" and "admitted_ms" in s and s["admitted_ms"]["p99"] > 12000:
            bad.append(f"{name}/{stream}: p99 of admitted requests is beyond 12 s")
    print(f"back to normal after {flood['back_to_normal_s']} s; not sent by the generator {flood['not_sent']}, which was at worst "
          f"{flood['generator_behind_s']} s late")
    print(f"honest sender beside it: {honest['counts']}")
    if not short and (flood["back_to_normal_s"] is None or flood["back_to_normal_s"] > 5):
        bad.append(f"{name}: not back to normal within 5 s")
    if not flood[name]["answered"].get("503"):
        bad.append(f"{name}: no overload, nobody was refused")
    if name == "large" and not short and flood["small"]["answered"].get("503"):
        bad.append("large: small messages were refused although only the long lane was flooded")
print(f"resets: {sum(json.load(open(f'{work}/{n}.flood.json')).get(s, {}).get('wrong', {}).get('reset', 0) for n in ('small', 'large') for s in ('small', 'large'))}")
print(f"peak of resident memory: {peak} MiB")
if peak > rss:
    bad.append(f"more than {rss} MiB resident")
for line in bad:
    print("FAILED:", line)
sys.exit(1 if bad else 0)
PY
grep -E "^(expected|received|.*missing)" "$work/sink.txt" || tail -3 "$work/sink.txt"
grep -h "admission.refused\|request.busy\|refusals since" "$work/daemon.log" | tail -4 || true
[ -z "$out" ] || { mkdir -p "$out"; cp "$work"/*.json "$work"/*.txt "$work/daemon.log" "$out/"; }
exit "$failed"
