#!/usr/bin/env bash
# An office gets a new cipher certificate while its mail comes in (domain 4.6). Two senders deposit
# applications all the time: one looks the office up in the directory as it is, one never hears of the change. Meanwhile the office
# fetches, the operator lists the new certificate (SIGHUP), the office's software takes the new key, and the operator lets the
# old certificate end (SIGHUP). Nothing may be refused, nothing may stay unfetched, nothing may come in twice; what was
# deposited for the old certificate must be fetchable by whoever holds either. Prints a table and what the daemon says of the
# second sender. Builds nothing.
# usage: run.sh [COUNT]       deliveries in each of the four phases, default 25; BIN: folder of the programs, PKI: folder for certs/make-pki.sh
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
count=${1:-25}
bin=${BIN:-$root/build/release/bin}
[ -x "$bin/osci" ] && [ -x "$bin/dataclearingd" ] || { echo "run.sh: no programs in $bin" >&2; exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/rollover.XXXXXX")
daemon=""
cleanup() {
  status=$?
  jobs -p | xargs -r kill 2>/dev/null || true
  [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
  if [ "$status" -eq 0 ]; then rm -rf "$work"; else echo "run.sh: kept $work" >&2; fi
}
trap cleanup EXIT
fail() { echo "run.sh: $*" >&2; exit 1; }

mkdir -p "${PKI:-$work/pki}"
pki=$(cd "${PKI:-$work/pki}" && pwd)
"$root/certs/make-pki.sh" "$pki" > /dev/null
new=$work/dortmund-cipher-new
openssl req -new -newkey rsa:3072 -nodes -keyout "$new.key.pem" -subj "/C=DE/O=Dataclearing Test PKI/CN=Dortmund 2" \
  -out "$work/new.csr" 2>/dev/null
printf '%s\n' "keyUsage=critical,keyEncipherment,dataEncipherment" > "$work/new.ext"
openssl x509 -req -sha256 -in "$work/new.csr" -CA "$pki/sub-ca.cert.pem" -CAkey "$pki/sub-ca.key.pem" -days 365 \
  -set_serial "0x$(openssl rand -hex 15 | sed 's/^./4/')" -extfile "$work/new.ext" -out "$new.cert.pem" 2>/dev/null
openssl pkcs12 -export -inkey "$new.key.pem" -in "$new.cert.pem" -certfile "$pki/sub-ca.cert.pem" \
  -passout "file:$pki/pin.txt" -out "$new.p12"

# directory OLD_KEYS NEW: what the office's certificates are; windows as TOML lines, NEW empty: not listed yet.
directory() {
  cat <<TOML
[[organisation]]
key = "wgb:059130000000"
name = "Dortmund (test)"
[[organisation.certificate]]
file = "$pki/dortmund-cipher.cert.pem"
use = "cipher"
$1
TOML
  [ -z "$2" ] || printf '[[organisation.certificate]]\nfile = "%s"\nuse = "cipher"\n%s\n' "$new.cert.pem" "$2"
  cat <<TOML
[[organisation.certificate]]
file = "$pki/dortmund-signature.cert.pem"
use = "signature"
[[organisation]]
key = "efa:010000000001"
name = "EfA (test)"
mailbox = false
[[organisation.certificate]]
file = "$pki/efa-wohngeld-cipher.cert.pem"
use = "cipher"
[[organisation.certificate]]
file = "$pki/efa-wohngeld-signature.cert.pem"
use = "signature"
TOML
}
now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
directory "" "" > "$work/directory.toml"
cp "$work/directory.toml" "$work/stale.toml"
cp "$work/directory.toml" "$work/published.toml"

port=$((20000 + RANDOM % 20000))
cat > "$work/dataclearing.toml" <<TOML
[intermediary]
name = "Rollover"
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
file = "$work/directory.toml"
TOML
"$bin/dataclearingd" --config "$work/dataclearing.toml" 2> "$work/daemon.log" &
daemon=$!
for _ in $(seq 600); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  kill -0 "$daemon" 2>/dev/null || { cat "$work/daemon.log" >&2; exit 1; }
  sleep 0.1
done

profile() { # NAME CIPHER_KEY SIGNATURE_PARTY [LINE]
  cat > "$work/$1.toml" <<TOML
url = "http://127.0.0.1:$port/osci"
intermediary-cipher-cert = "$pki/intermediary-cipher.cert.pem"
intermediary-signature-cert = "$pki/intermediary-signature.cert.pem"
cipher-key = "$2"
signature-key = "$pki/$3-signature.p12"
pin-file = "$pki/pin.txt"
${4:-}
TOML
}
profile efa "$pki/efa-wohngeld-cipher.p12" efa-wohngeld
profile old "$pki/dortmund-cipher.p12" dortmund
profile new "$new.p12" dortmund "old-cipher-key = \"$pki/dortmund-cipher.p12\""

# One file for each attempt, so that a sender's outcomes are counted without a lock.
mkdir "$work/sent" "$work/refused" "$work/in"
sender() { # NAME DIRECTORY
  local i=0
  while [ ! -e "$work/stop" ]; do
    i=$((i + 1))
    echo "<antrag>$1-$i</antrag>" > "$work/$1-$i.xml"
    sleep 0.3 # so that an office that fetches until nothing is left comes to an end
    if "$bin/osci" send --profile "$work/efa.toml" --directory "$2" --to wgb:059130000000 "$work/$1-$i.xml" \
      > "$work/$1-$i.out" 2>&1; then mv "$work/$1-$i.out" "$work/sent/$1-$i"; else mv "$work/$1-$i.out" "$work/refused/$1-$i"; fi
  done
}
done_with() { find "$work/sent" "$work/refused" -type f | wc -l; }
await() { # so many more
  local until=$(($(done_with) + $1))
  while [ "$(done_with)" -lt "$until" ]; do kill -0 "$daemon" || fail "the daemon is gone"; sleep 0.05; done
}
reload() { # DIRECTORY_TEXT: put in place as a whole, then SIGHUP; senders see it when the daemon has it
  local before
  before=$(grep -c 'daemon.reloaded' "$work/daemon.log" || true)
  directory "$1" "$2" > "$work/directory.new"
  mv "$work/directory.new" "$work/directory.toml"
  kill -HUP "$daemon"
  for _ in $(seq 300); do
    if [ "$(grep -c 'daemon.reloaded' "$work/daemon.log" || true)" -gt "$before" ]; then
      cp "$work/directory.toml" "$work/published.new"
      mv "$work/published.new" "$work/published.toml" # senders learn of it after the intermediary
      return
    fi
    sleep 0.1
  done
  fail "no reload"
}
fetch() { timeout 300 "$bin/osci" fetch --profile "$work/$1.toml" --out "$work/in/$1" "${@:2}" > "$work/fetch-$1.out" 2>&1 ||
  { cat "$work/fetch-$1.out" >&2; fail "the office cannot fetch with the $1 key"; }; }

sender aware "$work/published.toml" & senders=($!)
sender stale "$work/stale.toml" & senders+=($!)

await "$count"
fetch old
old_alone=$(find "$work/in/old" -name '*.xml' | wc -l)
began=$(now)
reload "" "valid_from = $began"
await "$count"
# Mail of a sender that knows only the old certificate, by whoever holds either key.
stale=$(find "$work/sent" -name 'stale*' -newer "$work/fetch-old.out" | sort | tail -2)
[ "$(wc -l <<< "$stale")" -eq 2 ] || fail "the senders are too slow"
id_of() { grep -oE '[A-Za-z0-9_-]{40}' "$1" | head -1; }
fetch old --id "$(id_of "$(head -1 <<< "$stale")")"
fetch new --id "$(id_of "$(tail -1 <<< "$stale")")"
fetch new
await "$count"
reload "valid_until = $(now)" "valid_from = $began"
await "$count"
touch "$work/stop"
for pid in "${senders[@]}"; do wait "$pid"; done
fetch new

grep -rhoE '(aware|stale)-[0-9]+' "$work/in" --include='*.xml' | sort > "$work/fetched"
find "$work/sent" -type f -printf '%f\n' | sort > "$work/expected"
refused=$(find "$work/refused" -type f | wc -l)
missing=$(comm -23 "$work/expected" <(uniq "$work/fetched") | wc -l)
twice=$(uniq -d "$work/fetched" | wc -l)
superseded=$(grep -c 'certificate_superseded' "$work/daemon.log" || true)
notice=$(curl -s "http://127.0.0.1:$((port + 1))/health/ready")
cat <<TXT
deposited by 2 senders        $(wc -l < "$work/expected")
refused                       $refused
fetched before the change     $old_alone
fetched in all                $(wc -l < "$work/fetched")
left unfetched                $missing
fetched twice                 $twice
reported as superseded        $superseded
health                        $(grep -o '"name":"rollover"[^}]*' <<< "$notice")
TXT
[ "$refused" -eq 0 ] && [ "$missing" -eq 0 ] && [ "$twice" -eq 0 ] || fail "the rollover lost something"
[ "$superseded" -gt 0 ] || fail "nobody was told of the senders that missed it"
grep -q 'encipher for a replaced certificate' <<< "$notice" || fail "no notice in the health report"
echo "violations 0"
