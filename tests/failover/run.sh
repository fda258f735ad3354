#!/usr/bin/env bash
# Two daemons behind a load balancer, on a PostgreSQL primary with a synchronous standby. Under load the primary is killed
# and the standby promoted; later one of the daemons is killed. Everything that was acknowledged has to be there, and
# nothing may come twice. The numbers of the long form: run.sh --rate R --duration T [--out FOLDER]; BIN=folder of the
# programs. The servers' data lies on the disk: every commit is synced there twice.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
rate=4/s duration=16s out=""
while [ $# -gt 0 ]; do
  case "$1" in
    --rate) rate=${2:?}; shift 2 ;;
    --duration) duration=${2:?}; shift 2 ;;
    --out) out=${2:?}; shift 2 ;;
    *) sed -n '4,5p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
done
bin=${BIN:-}
for name in release dev asan clang; do
  [ -n "$bin" ] || [ ! -x "$root/build/$name/bin/osci" ] || [ ! -x "$root/build/$name/bin/dataclearingctl" ] || bin=$root/build/$name/bin
done
for name in osci dataclearingd dataclearingctl; do
  [ -x "$bin/$name" ] || { echo "run.sh: $name is not built" >&2; exit 2; }
done
pg=/usr/lib/postgresql/15/bin
[ -x $pg/postgres ] || { echo "no PostgreSQL 15 server here: scripts/install-packages.sh test" >&2; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/dc-failover-XXXXXX")
chmod 711 "$work"
as=()
[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid postgres --regid postgres --init-groups) # the server refuses root
started=()
end_server() { # folder; at once, with all its sessions
  local first
  first=$(head -1 "$1/data/postmaster.pid" 2>/dev/null) || return 0
  kill -9 "$first" $(pgrep -P "$first") 2>/dev/null || true
}
cleanup() {
  status=$?
  for id in "${started[@]}"; do kill -9 "$id" 2>/dev/null || true; done
  end_server "$work/a"; end_server "$work/b"
  if [ "$status" -eq 0 ]; then rm -rf "$work"; else echo "run.sh: kept $work" >&2; fi
}
trap cleanup EXIT

serve() { # name, options; the socket is in the folder
  "${as[@]}" $pg/pg_ctl start -D "$work/$1/data" -w -s -l "$work/$1/server.log" </dev/null \
    -o "-c listen_addresses='' -c unix_socket_directories='$work/$1' $2" || { cat "$work/$1/server.log" >&2; exit 1; }
}
sql() { (cd / && "${as[@]}" $pg/psql -h "$work/$1" -U postgres -Atc "$2"); }

echo "== a primary and a synchronous standby"
mkdir "$work/a" "$work/b"
[ ${#as[@]} -eq 0 ] || chown postgres "$work/a" "$work/b"
(cd "$work/a" && "${as[@]}" $pg/initdb -D "$work/a/data" -U postgres --auth=trust --encoding=UTF8 --locale=C >initdb.log)
serve a "-c synchronous_standby_names='*'"
(cd "$work/b" && "${as[@]}" $pg/pg_basebackup -h "$work/a" -U postgres -D "$work/b/data" -R -X stream -c fast)
serve b ""
for _ in $(seq 100); do [ "$(sql a 'SELECT sync_state FROM pg_stat_replication')" != sync ] || break; sleep 0.1; done
[ "$(sql a 'SELECT sync_state FROM pg_stat_replication')" = sync ]
database="postgresql:///postgres?user=postgres&host=$work/a,$work/b"

echo "== two daemons behind a load balancer"
pki=${LOAD_PKI:-$work/pki}
mkdir -p "$pki"
pki=$(cd "$pki" && pwd)
"$root/certs/make-pki.sh" "$pki" >/dev/null
sed "s|\.\./certs/pki/|$pki/|" "$root/config/directory.toml" >"$work/directory.toml"
base=$((20000 + RANDOM % 12000))
daemon() { # number
  cat >"$work/$1.toml" <<TOML
[intermediary]
name = "Failover $1"
cipher_key = "$pki/intermediary-cipher.p12"
signature_key = "$pki/intermediary-signature.p12"
pin_file = "$pki/pin.txt"
[listen]
port = $((base + $1))
admin_address = ""
[state]
directory = "$work/state$1"
database = "$database"
body_file_threshold = "16 KiB"
[trust]
anchors = ["$pki/root-ca.cert.pem"]
intermediates = ["$pki/sub-ca.cert.pem"]
[directory]
file = "$work/directory.toml"
TOML
  "$bin/dataclearingd" --config "$work/$1.toml" 2>>"$work/daemon$1.log" &
  started+=("$!")
  for _ in $(seq 300); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$((base + $1))") 2>/dev/null; then return; fi
    kill -0 "$!" 2>/dev/null || break
    sleep 0.1
  done
  tail -5 "$work/daemon$1.log" >&2
  exit 1
}
daemon 1
victim=${started[-1]}
daemon 2
python3 -u "$here/balance.py" $((base + 1)) $((base + 2)) >"$work/port" &
started+=("$!")
for _ in $(seq 100); do [ ! -s "$work/port" ] || break; sleep 0.1; done
url=http://127.0.0.1:$(cat "$work/port")/osci
mkdir "$work/mailboxes"
for party in efa-wohngeld mailboxes/dortmund mailboxes/ahaus; do
  cat >"$work/$party.toml" <<TOML
url = "$url"
intermediary-cipher-cert = "$pki/intermediary-cipher.cert.pem"
intermediary-signature-cert = "$pki/intermediary-signature.cert.pem"
cipher-key = "$pki/$(basename $party)-cipher.p12"
signature-key = "$pki/$(basename $party)-signature.p12"
pin-file = "$pki/pin.txt"
TOML
done
printf 'wgb:059130000000\nwgb:055540040000\n' >"$work/recipients.txt"

failed=0
"$bin/osci" sink --profiles "$work/mailboxes" --pollers 2 --json "$work/sink.json" --poll 700ms --until-idle 10s \
  --expect "$work/sent.ndjson" >"$work/sink.txt" 2>"$work/sink.err" &
sink=$!
started+=("$sink")
"$bin/osci" source --profile "$work/efa-wohngeld.toml" --directory "$work/directory.toml" --record "$work/sent.ndjson" \
  --json "$work/source.json" --recipients "$work/recipients.txt" --rate "$rate" --duration "$duration" --sizes 2k:6,60k:2,600k:1 \
  --connections 3 >"$work/source.txt" 2>"$work/source.err" &
source=$!
started+=("$source")

seconds=${duration%s}
sleep $((seconds / 3))
echo "== the primary is killed, $(wc -l <"$work/sent.ndjson") deliveries into the load"
end_server "$work/a"
sleep 1
"${as[@]}" $pg/pg_ctl promote -D "$work/b/data" -w -s
echo "== the standby is primary"
sleep $((seconds / 3))
echo "== a daemon is killed"
kill -9 "$victim"
wait "$source" || { echo "FAILED: the source" >&2; failed=1; }
wait "$sink" || { echo "FAILED: the sink" >&2; failed=1; }
cat "$work/source.txt" "$work/sink.txt"

echo "== what the database says"
accepted=$(sql b "SELECT count(*) FROM deliveries")
received=$(sql b "SELECT count(*) FROM deliveries WHERE reception IS NOT NULL")
recorded=$(wc -l <"$work/sent.ndjson")
echo "recorded $recorded, in the database $accepted, received $received"
[ "$recorded" -ge 10 ] && [ "$accepted" = "$recorded" ] && [ "$received" = "$accepted" ] || { echo "FAILED: numbers" >&2; failed=1; }
"$bin/dataclearingctl" journal export --state "$database" -o "$work/journal.ndjson" && "$bin/dataclearingctl" journal verify "$work/journal.ndjson" || { echo "FAILED: the journal" >&2; failed=1; }
grep -hoE 'storage\.(database_lost|database_found|commit_in_doubt|commit_settled)' "$work"/daemon?.log | sort | uniq -c
[ -z "$out" ] || { mkdir -p "$out"; cp "$work"/*.json "$work"/*.ndjson "$work"/*.txt "$work"/*.log "$out/"; }
exit "$failed"
