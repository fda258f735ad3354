#!/usr/bin/env bash
# A PostgreSQL 15 server of its own in a temporary folder, until standard input ends. Prints "ready FOLDER"; its UNIX
# socket is in FOLDER/a, user and database are called postgres. With --standby a second one in FOLDER/b is its synchronous
# standby; the line "failover" on standard input kills the first and promotes the second, then "done" is printed.
set -euo pipefail
bin=/usr/lib/postgresql/15/bin
[ -x $bin/postgres ] || { echo "no PostgreSQL 15 server here: scripts/install-packages.sh test" >&2; exit 1; }
# In memory where there is room: the tests end processes and sessions, not the machine, and fsync stays on.
parent=${TMPDIR:-/tmp}
if [ -w /dev/shm ] && [ "$(df --output=avail -k /dev/shm | tail -1)" -gt 1048576 ]; then parent=/dev/shm; fi
folder=$(mktemp -d "$parent/dc-postgres-XXXXXX")
chmod 711 "$folder"
mkdir "$folder/a" "$folder/b"
as=()
if [ "$(id -u)" -eq 0 ]; then # the server refuses to run as root
  chown postgres "$folder/a" "$folder/b"
  as=(setpriv --reuid postgres --regid postgres --init-groups)
fi
cd "$folder"
kill_server() { # at once, with all its sessions
  local first
  first=$(head -1 "$folder/$1/data/postmaster.pid" 2>/dev/null) || return 0
  # shellcheck disable=SC2046
  kill -9 "$first" $(pgrep -P "$first") 2>/dev/null || true
}
stop() {
  kill_server a
  kill_server b
  for _ in $(seq 50); do rm -rf "$folder" 2>/dev/null && break; sleep 0.1; done
}
trap stop EXIT
trap '' INT
serve() { # name, options
  "${as[@]}" $bin/pg_ctl start -D "$1/data" -w -s -l "$1/server.log" </dev/null >&2 \
    -o "-c listen_addresses='' -c unix_socket_directories='$folder/$1' -c fsync=on -c max_connections=200 ${2:-}" ||
    { cat "$1/server.log" >&2; exit 1; }
}
"${as[@]}" $bin/initdb -D a/data -U postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >initdb.log 2>&1 ||
  { cat initdb.log >&2; exit 1; }
if [ "${1:-}" = --standby ]; then
  serve a "-c synchronous_standby_names='*'"
  "${as[@]}" $bin/pg_basebackup -h "$folder/a" -U postgres -D b/data -R -X stream -c fast --no-sync >&2
  serve b
  for _ in $(seq 100); do
    state=$("${as[@]}" $bin/psql -h "$folder/a" -U postgres -Atc 'SELECT sync_state FROM pg_stat_replication')
    [ "$state" != sync ] || break
    sleep 0.1
  done
  [ "$state" = sync ] || { echo "the standby does not follow" >&2; exit 1; }
else
  serve a
fi
echo "ready $folder"
while read -r line; do
  [ "$line" = failover ] || continue
  kill_server a
  "${as[@]}" $bin/pg_ctl promote -D b/data -w -s </dev/null >&2
  echo "done"
done
