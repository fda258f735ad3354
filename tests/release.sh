#!/usr/bin/env bash
# The programs as shipped: quick start, crash campaign, conformance, benchmark and systemd unit. Short forms; the long ones
# stand in the READMEs of tests/crash, tests/bench and daemon/cli/conformance. Needs the release preset and, for the
# campaign, a preset with tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo "--- systemd unit"
unit=systemd/dataclearingd.service
# verify wants the program that the unit names.
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
sed "s|/usr/bin/dataclearingd|$PWD/build/release/bin/dataclearingd|" "$unit" > "$staged/dataclearingd.service"
systemd-analyze verify "$staged/dataclearingd.service"
security=$(systemd-analyze security --offline=true "$unit" | tail -1)
echo "$security"
exposure=$(grep -oE '[0-9]+\.[0-9]+' <<<"$security" | head -1)
awk -v e="$exposure" 'BEGIN { exit !(e <= 2.0) }' || { echo "exposure $exposure is above 2.0" >&2; exit 1; }

echo "--- quick start"
./quickstart.sh

echo "--- crash campaign (short)"
tests/crash/run.sh "${CRASH_ROUNDS:-6}"

echo "--- conformance: our daemon passes every case"
tests/conformance/run.sh --build release

echo "--- conformance (short): copies with seeded faults are found out"
cmake --preset faulty >/dev/null
cmake --build --preset faulty -- --quiet
tests/conformance/run.sh --faults --short

echo "--- benchmark (short)"
build/release/bin/store_benchmark --messages 200 --threads 4
