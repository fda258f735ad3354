#!/usr/bin/env bash
# Installs the Debian 12 packages that are missing. "build": what the programs need; "test": everything for run-tests.sh.
set -euo pipefail
build=(g++ cmake ninja-build pkg-config openssl libboost1.81-dev libboost-url1.81-dev libboost-json1.81-dev libssl-dev
       libxml2-dev libxerces-c-dev xmltooling-schemas libspdlog-dev libsqlite3-dev libpq-dev libtomlplusplus-dev libcli11-dev libsystemd-dev
       libzip-dev libjemalloc-dev)
test=(clang libclang-rt-14-dev clang-format libgtest-dev libgmock-dev libbenchmark-dev libxml2-utils xmlsec1 python3
      sqlite3 postgresql-15 curl systemd git procps)
wanted=("${build[@]}")
[ "${1:-build}" = test ] && wanted+=("${test[@]}")
missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
root=""
if [ "$(id -u)" -ne 0 ]; then
  root=sudo
  command -v sudo >/dev/null || { echo "please install as root: apt-get install ${missing[*]}" >&2; exit 1; }
fi
echo "installing: ${missing[*]}"
$root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
