#!/usr/bin/env bash
# A PostgreSQL 15 server of its own in a temporary folder, until standard input ends. Prints "ready FOLDER"; its
# UNIX socket is in that folder, user and database are called postgres.
set -euo pipefail
bin=/usr/lib/postgresql/15/bin
[ -x $bin/postgres ] || { echo "no PostgreSQL 15 server here: scripts/install-packages.sh test" >&2; exit 1; }
# In memory where there is such a folder: the tests end processes and sessions, not the machine, and fsync stays on.
parent=${TMPDIR:-/tmp}
[ -w /dev/shm ] && parent=/dev/shm
folder=$(mktemp -d "$parent/dc-postgres-XXXXXX")
as=()
if [ "$(id -u)" -eq 0 ]; then # the server refuses to run as root
  chown postgres "$folder"
  as=(setpriv --reuid postgres --regid postgres --init-groups)
fi
cd "$folder"
stop() {
  "${as[@]}" $bin/pg_ctl stop -D "$folder/data" -m immediate -W >/dev/null 2>&1 || true
  for _ in $(seq 50); do [ -e "$folder/data/postmaster.pid" ] || break; sleep 0.1; done
  rm -rf "$folder"
}
trap stop EXIT
trap '' INT
"${as[@]}" $bin/initdb -D data -U postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >initdb.log 2>&1 ||
  { cat initdb.log >&2; exit 1; }
"${as[@]}" $bin/pg_ctl start -D data -w -s -l server.log \
  -o "-c listen_addresses='' -c unix_socket_directories='$folder' -c fsync=on -c max_connections=200" </dev/null >&2 ||
  { cat server.log >&2; exit 1; }
echo "ready $folder"
cat >/dev/null
