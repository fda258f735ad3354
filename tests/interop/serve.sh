#!/usr/bin/env bash
# Starts the built daemon in the foreground for outside OSCI clients, with keys laid out like tests/captures/keys:
# intermediary keys intermed_cipher and intermed_sign, trust in test_ca, mailboxes for recipient_cipher and
# other_cipher, PIN 123456. Prints one line when http://127.0.0.1:PORT/osci is ready. The script becomes the daemon:
# its process id is the daemon's. --config-extra merges a TOML file into the configuration, section by section.
# --receiver-uri, as often as needed: endpoints of recipient_cipher's organisation, for ForwardDelivery and
# MediateDelivery; without it http://127.0.0.1:18080/osci.
set -euo pipefail
usage() {
  echo "usage: serve.sh --keys DIR --port P --state DIR [--config-extra FILE] [--build NAME]" \
    "[--receiver-uri URI]..." >&2
  exit 2
}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
keys="" port="" state="" extra="" build="" receivers=()
while [ $# -gt 0 ]; do
  case "$1" in
    --keys) keys=${2:?}; shift 2 ;;
    --port) port=${2:?}; shift 2 ;;
    --state) state=${2:?}; shift 2 ;;
    --config-extra) extra=${2:?}; shift 2 ;;
    --build) build=${2:?}; shift 2 ;;
    --receiver-uri) receivers+=("${2:?}"); shift 2 ;;
    *) usage ;;
  esac
done
[ -n "$keys" ] && [ -n "$port" ] && [ -n "$state" ] || usage
[ -d "$keys" ] || { echo "serve.sh: no folder $keys" >&2; exit 2; }
keys=$(cd "$keys" && pwd)

daemon=""
for name in ${build:-release dev asan clang tsan}; do
  if [ -x "$root/build/$name/bin/dataclearingd" ]; then daemon=$root/build/$name/bin/dataclearingd; break; fi
done
[ -n "$daemon" ] || { echo "serve.sh: no daemon built; run: cmake --preset release && cmake --build --preset release" >&2; exit 2; }

[ ${#receivers[@]} -gt 0 ] || receivers=(http://127.0.0.1:18080/osci)
endpoints=$(printf '  { uri = "%s" },\n' "${receivers[@]}")

mkdir -p "$state"
state=$(cd "$state" && pwd)
umask 077
printf '123456\n' > "$state/serve-pin.txt"
cat > "$state/serve-directory.toml" <<TOML
[[organisation]]
key = "wgb:059130000000"
name = "Empfaenger (Test)"
certificate = [
  { file = "$keys/recipient_cipher.cer", use = "cipher" },
  { file = "$keys/recipient_sign.cer", use = "signature" },
]
endpoint = [
$endpoints
]

[[organisation]]
key = "wgb:055540004004"
name = "Andere Stelle (Test)"
certificate = [
  { file = "$keys/other_cipher.cer", use = "cipher" },
  { file = "$keys/other_sign.cer", use = "signature" },
]
TOML
cat > "$state/serve-base.toml" <<TOML
[intermediary]
name = "Dataclearing Test"
cipher_key = "$keys/intermed_cipher.p12"
signature_key = "$keys/intermed_sign.p12"
pin_file = "$state/serve-pin.txt"
[listen]
address = "127.0.0.1"
port = $port
path = "/osci"
admin_address = ""
[state]
directory = "$state/store"
reserve = "16 MiB"
[trust]
anchors = ["$keys/test_ca.cert.pem"]
[directory]
file = "$state/serve-directory.toml"
[push]
allow_clear = true
allow_private_addresses = true
TOML
# A section of the extra file goes into the section of that name; its keys replace ours.
awk '
  function section(line) { return line ~ /^[ \t]*\[[^[]/ }
  FNR == 1 { current = "" }
  section($0) { current = $0; gsub(/[ \t]/, "", current); if (!(current in seen)) { seen[current] = 1; order[++n] = current } next }
  {
    key = ""
    if ($0 ~ /^[ \t]*[A-Za-z0-9_-]+[ \t]*=/) { key = $0; sub(/[ \t]*=.*/, "", key); gsub(/[ \t]/, "", key) }
    if (key != "" && ((current, key) in at)) text[current, at[current, key]] = $0
    else { text[current, ++lines[current]] = $0; if (key != "") at[current, key] = lines[current] }
  }
  END {
    for (i = 1; i <= lines[""]; ++i) print text["", i]
    for (s = 1; s <= n; ++s) { print order[s]; for (i = 1; i <= lines[order[s]]; ++i) print text[order[s], i] }
  }' "$state/serve-base.toml" ${extra:+"$extra"} > "$state/serve.toml"

"$daemon" --config "$state/serve.toml" --check-config >/dev/null
(
  for _ in $(seq 300); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "ready: http://127.0.0.1:$port/osci"
      exit 0
    fi
    kill -0 $$ 2>/dev/null || exit 1
    sleep 0.1
  done
) &
exec "$daemon" --config "$state/serve.toml"
