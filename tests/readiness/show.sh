#!/usr/bin/env bash
# A municipality that is ready, one that is half-way, one whose service is suspended, and the matrix of all: on the
# terminal and as pages. Checks what each must say.
# usage: tests/readiness/show.sh BIN_FOLDER OUT_FOLDER [PKI_FOLDER]
set -euo pipefail

[ $# -ge 2 ] || { echo "usage: tests/readiness/show.sh BIN_FOLDER OUT_FOLDER [PKI_FOLDER]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
ctl=$(cd "$1" && pwd)/dataclearingctl
mkdir -p "$2"
out=$(cd "$2" && pwd)
mkdir -p "${3:-$out/pki}"
pki=$(cd "${3:-$out/pki}" && pwd)
"$here/../../certs/make-pki.sh" "$pki" >/dev/null
cd "$out"

# @-3@ and @+3@: a day; @-3h@: a moment.
write_out() {
  local text mark
  text=$(<"$here/$1")
  while [[ $text =~ @([-+][0-9]+)(h?)@ ]]; do
    mark=${BASH_REMATCH[0]}
    if [ -n "${BASH_REMATCH[2]}" ]; then
      text=${text//"$mark"/$(date -u -d "${BASH_REMATCH[1]} hours" +%Y-%m-%dT%H:%M:00Z)}
    else
      text=${text//"$mark"/$(TZ=Europe/Berlin date -d "${BASH_REMATCH[1]} days" +%Y-%m-%d)}
    fi
  done
  printf '%s\n' "$text" >"$1"
}
write_out agreements.toml
write_out directory.toml

# The test PKI's certificates begin today; these began half a year ago, as those of a running office have.
mkdir -p ca
: >ca/index.txt
{
  printf '%s\n' "[ca]" "default_ca=own" "[own]" "database=ca/index.txt" "new_certs_dir=ca" "rand_serial=yes" \
    "default_md=sha256" "policy=any" "unique_subject=no" "default_crl_days=30" "[any]" \
    "countryName=optional" "organizationName=optional" "commonName=supplied" "[ext]" \
    "basicConstraints=critical,CA:FALSE" "keyUsage=critical,keyEncipherment,dataEncipherment"
} >ca/ca.cnf
day() { date -u -d "$1 days" +%Y%m%d%H%M%SZ; }
issue() { # name common-name days-left
  openssl req -new -utf8 -key "$pki/dortmund-cipher.key.pem" -subj "/C=DE/O=Dataclearing Test PKI/CN=$2" -out ca/csr.pem
  openssl ca -batch -notext -utf8 -config ca/ca.cnf -in ca/csr.pem -cert "$pki/sub-ca.cert.pem" \
    -keyfile "$pki/sub-ca.key.pem" -startdate "$(day -180)" -enddate "$(day "$3")" -extensions ext \
    -out "$1.cert.pem" 2>/dev/null
}
issue dortmund "GRP: Wohngeld Stadt Dortmund 2026-OSCI" 700
issue ahaus "GRP: Wohngeld Stadt Ahaus 2023-OSCI" 24
issue muenster "GRP: Einbürgerung Stadt Münster 2026-OSCI" 800
for issuer in root-ca sub-ca; do
  openssl ca -gencrl -config ca/ca.cnf -cert "$pki/$issuer.cert.pem" -keyfile "$pki/$issuer.key.pem" -out "$issuer.crl" 2>/dev/null
done

now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
earlier() { date -u -d "$1 ago" +%Y-%m-%dT%H:%M:%SZ; }
cat >mailboxes.json <<JSON
{"seen_at": "$now", "mailboxes": [
  {"mailbox": "wgb:059130000000", "last_fetch": "$(earlier '4 minutes')", "unfetched": 0, "octets": 0, "quota": 1073741824},
  {"mailbox": "wgb:055540040000", "never_fetched": true, "unfetched": 1, "oldest_unfetched": "$(earlier '5 days')"},
  {"mailbox": "stb:055150000000", "last_fetch": "$(earlier '2 hours')", "unfetched": 0}]}
JSON

facts=(--agreements agreements.toml --directory directory.toml --mailbox-report mailboxes.json
  --anchors "$pki/root-ca.cert.pem" --intermediates "$pki/sub-ca.cert.pem" --crl root-ca.crl --crl sub-ca.crl)
failed=0
show() { # expected-exit expected-words arguments...
  local wanted=$1 words=$2 code=0
  shift 2
  echo "\$ dataclearingctl readiness $*"
  "$ctl" readiness "$@" "${facts[@]}" | tee last.txt || code=${PIPESTATUS[0]}
  echo
  if [ "$code" != "$wanted" ] || ! grep -qF "$words" last.txt; then
    echo "FAILED: exit code $code instead of $wanted, or without \"$words\"" >&2
    failed=1
  fi
}
show 0 "✔ BEREIT" dortmund wohngeld --html bereit.html
show 10 "✘ NICHT BEREIT" ahaus wohngeld --html halb.html
show 10 "‖ AUSGESETZT" muenster einbuergerung --html ausgesetzt.html
show 10 "nicht begonnen" --all --html alle.html
# Nothing but the agreements: what nobody has looked at is not ready.
code=0
"$ctl" readiness dortmund wohngeld --agreements agreements.toml >last.txt || code=$?
if [ "$code" != 10 ] || ! grep -qF "? NICHT VOLLSTÄNDIG GEPRÜFT" last.txt; then
  echo "FAILED: without directory and mailbox report it must be unchecked" >&2
  failed=1
fi
# A key pair that is handed in by mistake.
code=0
"$ctl" certificate check dortmund.cert.pem "$pki/dortmund-cipher.p12" --directory directory.toml "${facts[@]:6}" | tee last.txt || code=${PIPESTATUS[0]}
if [ "$code" != 10 ] || ! grep -qF "privaten Schlüssel und wird nicht angenommen" last.txt; then
  echo "FAILED: the key store was not refused" >&2
  failed=1
fi
rm -f last.txt
echo "pages: $out/{bereit,halb,ausgesetzt,alle}.html"
exit "$failed"
