#!/usr/bin/env bash
# Builds and tests everything on a Debian 12 machine: installs what is missing, then
#   asan     g++, ASan and UBSan, warnings are errors: the whole suite
#   clang    clang, warnings are errors: the whole suite, but for the tests that only read the sources, and tests/fault
#   tsan     g++, TSan: the tests of servers, storage and gateway
#   fuzz     libFuzzer, a short run of each target (long: tests/fuzz/run.sh 600)
#   release  the programs as shipped: quick start, crash campaign (short), conformance with seeded faults (short),
#            benchmark (short), systemd unit
# Usage: run-tests.sh [STAGE...]      no argument: all stages
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(asan clang tsan fuzz release)
scripts/install-packages.sh test
# With ccache a second clone compiles only what differs.
command -v ccache >/dev/null && export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
jobs=$(nproc)
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

stage() { printf '\n=== %s (%s s since start)\n' "$1" "$SECONDS"; }
build() { cmake --preset "$1" >/dev/null && cmake --build --preset "$1" -j "$jobs" "${@:2}" -- --quiet; }

# Runs a preset's tests; a skipped test is a failure, and says why. Only a bare clone, without ../shared beside it, may skip
# the tests that read its recordings and official lists and schemas; they are called so, and each prints its reason.
suite() {
  local log=build/$1/suite.log skipped
  ctest --preset "$1" -j "$jobs" --no-tests=error "${@:2}" | tee "$log"
  skipped=$(grep -F '***Skipped' "$log" || true)
  [ -d ../shared/captures ] || skipped=$(grep -vi 'captures\|recording\|official' <<<"$skipped" || true)
  # "FILE:LINE: Skipped", then the reason
  grep -A1 -E '^/.*: Skipped$' "build/$1/Testing/Temporary/LastTest.log" | grep -v '^--' || true
  [ -z "$skipped" ] || { printf 'skipped tests:\n%s\n' "$skipped" >&2; return 1; }
}

for one in "${stages[@]}"; do
  stage "$one"
  case "$one" in
    asan)
      build asan
      suite asan ;;
    clang)
      build clang
      suite clang -LE 'architecture|fault' ;; # asan has read the sources and judged the crash states already
    tsan)
      build tsan --target server_tests
      suite tsan -L server ;;
    fuzz)
      tests/fuzz/run.sh "${FUZZ_SECONDS:-8}" ;;
    release)
      build release
      tests/release.sh ;;
    *) echo "unknown stage $one" >&2; exit 2 ;;
  esac
done
stage "done"
echo "1 passed, 0 failed"
