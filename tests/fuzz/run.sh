#!/usr/bin/env bash
# Builds the fuzz preset (clang, ASan, UBSan) and runs each target for SECONDS on its corpus. New inputs go
# to build/fuzz/corpus/NAME, findings to build/fuzz/artifacts; fails when there is one.
# usage: tests/fuzz/run.sh SECONDS [NAME...]
set -euo pipefail

case "${1:-}" in "" | *[!0-9]*) echo "usage: tests/fuzz/run.sh SECONDS [NAME...]" >&2; exit 2 ;; esac
seconds=$1
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/fuzz
artifacts=$build/artifacts
cd "$root"

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target fuzz_targets ${JOBS:+-j "$JOBS"}
mkdir -p "$artifacts"

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for program in "$build"/bin/*_fuzz; do
    [ -x "$program" ] || { echo "no fuzz target was built" >&2; exit 1; }
    name=$(basename "$program")
    names+=("${name%_fuzz}")
  done
fi

rows=()
failed=0
for name in "${names[@]}"; do
  program=$build/bin/${name}_fuzz
  [ -x "$program" ] || { echo "no fuzz target $name" >&2; exit 2; }
  seeds=$root/tests/fuzz/corpus/$name
  found=$build/corpus/$name
  mkdir -p "$found"
  options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1
    -artifact_prefix="$artifacts/$name-")
  [ ! -e "$root/tests/fuzz/$name.dict" ] || options+=(-dict="$root/tests/fuzz/$name.dict")
  log=$artifacts/$name.log
  echo "== $name, $seconds s"
  # Only what this run finds counts; older findings stay for whoever looks into them.
  touch "$artifacts/.start"
  status=0
  "$program" "${options[@]}" "$found" "$seeds" >"$log" 2>&1 || status=$?
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  findings=$(find "$artifacts" -name "$name-*" -newer "$artifacts/.start" | wc -l)
  # A crash outside an input, at start or exit, leaves no artifact but a status.
  if [ "$status" -ne 0 ] && [ "$findings" -eq 0 ]; then findings=1; fi
  if [ "$findings" -ne 0 ]; then
    failed=1
    tail -n 40 "$log"
  fi
  rows+=("$(printf '%-14s %14s %9s' "$name" "${executed:-?}" "$findings")")
done

printf '\n%-14s %14s %9s\n' target executions findings
printf '%s\n' "${rows[@]}"
[ "$failed" -eq 0 ] || echo "findings: $artifacts"
exit "$failed"
