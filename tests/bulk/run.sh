#!/usr/bin/env bash
# Moves a file of SIZE octets by chunks through the best daemon that is built, with KILLS times kill -9 on the
# way in and as many on the way out; prints both hashes and the daemon's peak memory (VmHWM). Fails when
# the file changed or the daemon took 200 MiB. Builds nothing.
# usage: run.sh [SIZE [KILLS [CHUNK_KIB]]]      default: 1 GiB, 2, 1024
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
size=${1:-1073741824}
kills=${2:-2}
chunk=${3:-1024}

find_built() { # program preset...
  local program=$1 name
  shift
  for name in "$@"; do
    if [ -x "$root/build/$name/bin/$program" ]; then echo "$root/build/$name/bin/$program"; return; fi
  done
  echo "run.sh: no $program built in: $*; run e.g.: cmake --preset $1 && cmake --build --preset $1" >&2
  exit 2
}
daemon=$(find_built dataclearingd release dev clang)
transfer=$(find_built bulk_transfer release dev clang)
state=$(mktemp -d)
trap 'status=$?; if [ $status -eq 0 ]; then rm -rf "$state"; else echo "run.sh: state kept in $state" >&2; fi' EXIT
echo "daemon: ${daemon#"$root"/}"
"$transfer" --daemon "$daemon" --state "$state" --size "$size" --kills "$kills" --chunk-kb "$chunk"
