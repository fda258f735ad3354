#!/usr/bin/env bash
# Power cuts, failing system calls and damage against the store, with the programs that are built. Builds nothing.
# usage: run.sh                          short: 300 crash states, 20 failing calls and 20 damages of each kind
#        run.sh --long [--seed N]        before a release: 10000, 120 and 120
#        run.sh [--states N] [--runs N] [--flips N] [--seed N] [--strict]
#        run.sh --seeded                 copies of the store without one of its syncs; exits 0 when all are found out
# --strict also counts what damage to the write-ahead log or the database takes away in silence, see README.md.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
states="" runs="" flips="" seed=$(date +%s) seeded="" strict=()
while [ $# -gt 0 ]; do
  case "$1" in
    --states) states=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    --flips) flips=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    --long) states=10000 runs=120 flips=120; shift ;;
    --strict) strict=(--strict); shift ;;
    --seeded) seeded=yes; shift ;;
    *) sed -n '2,7s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
done
[ -n "$states$runs$flips" ] || { states=300 runs=20 flips=20; }

for name in clang dev asan; do
  bin=$root/build/$name/bin
  [ -x "$bin/fault_campaign" ] && [ -x "$bin/fault_workload" ] && [ -x "$bin/fault_workload_seeded" ] && break
  bin=""
done
[ -n "$bin" ] || { echo "run.sh: not built; run: cmake --preset dev && cmake --build --preset dev -j2 --target fault_campaign" \
                        "fault_workload fault_workload_seeded" >&2; exit 2; }
campaign() { "$bin/fault_campaign" --seed "$seed" "$@"; }

if [ -n "$seeded" ]; then
  missed=0
  for bug in unsynced-content unsynced-names unsynced-log; do
    echo "--- $bug"
    DC_SEEDED_FAULT=$bug campaign --program "$bin/fault_workload_seeded" --states "${states:-120}" --expect-violations \
      || { echo "not found: $bug"; missed=$((missed + 1)); }
  done
  echo "--- no bug awake"
  campaign --program "$bin/fault_workload_seeded" --states "${states:-120}" || missed=$((missed + 1))
  echo "3 seeded bugs, $missed missed or invented"
  exit $((missed > 0))
fi
campaign --program "$bin/fault_workload" --states "${states:-0}" --runs "${runs:-0}" --flips "${flips:-0}" "${strict[@]}"
