#!/usr/bin/env bash
# Crash campaign against the best daemon that is built: ROUNDS kills at a random moment, then one death at every
# named crash point, then the self-test of the judge. Builds nothing.
# usage: run.sh [ROUNDS [SEED]]      short: 6, long: 50
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rounds=${1:-6}
seed=${2:-$(date +%s)}

find_built() { # program preset...
  local program=$1 name
  shift
  for name in "$@"; do
    if [ -x "$root/build/$name/bin/$program" ]; then echo "$root/build/$name/bin/$program"; return; fi
  done
  echo "run.sh: no $program built in: $*; run e.g.: cmake --preset $1 && cmake --build --preset $1" >&2
  exit 2
}
daemon=$(find_built dataclearingd release asan clang dev)
campaign=$(find_built crash_campaign asan clang dev)

state=$(mktemp -d)
# What is left of a failed campaign is its evidence.
trap 'status=$?; if [ $status -eq 0 ]; then rm -rf "$state"; else echo "run.sh: state kept in $state" >&2; fi' EXIT
echo "daemon: ${daemon#"$root"/}, campaign: ${campaign#"$root"/}"
"$campaign" --daemon "$daemon" --state "$state" --rounds "$rounds" --seed "$seed" --points --self-test
