#!/usr/bin/env bash
# The test PKI is what certs/README.md says, and making it again changes nothing.
# usage: test_pki.sh ROOT OUTDIR
set -euo pipefail

root=${1:?usage: test_pki.sh ROOT OUTDIR}
out=${2:?usage: test_pki.sh ROOT OUTDIR}
failed=0
complain() { echo "$*"; failed=1; }

"$root/certs/make-pki.sh" "$out"
cd "$out"
before=$(sha256sum -- *.pem *.p12 pin.txt)
"$root/certs/make-pki.sh" . >/dev/null
[ "$before" = "$(sha256sum -- *.pem *.p12 pin.txt)" ] || complain "a second run changes files"

verified() { openssl verify -CAfile root-ca.cert.pem -untrusted sub-ca.cert.pem "$1" >/dev/null 2>&1; }
property() { openssl x509 -in "$1" -noout -text; }

for key in *.key.pem; do
  name=${key%.key.pem}
  [ "$(stat -c %a "$key")" = 600 ] || complain "$key can be read by others"
  [ "$(openssl pkey -in "$key" -pubout)" = "$(openssl x509 -in "$name.cert.pem" -noout -pubkey)" ] ||
    complain "$name: key and certificate do not match"
  case "$name" in
    *-ca) continue ;;
    *-signature) wanted="Digital Signature, Non Repudiation" ;;
    *-cipher) wanted="Key Encipherment, Data Encipherment" ;;
    *) complain "$name: neither signature nor cipher" ;;
  esac
  openssl pkcs12 -in "$name.p12" -passin file:pin.txt -noout 2>/dev/null ||
    complain "$name.p12 does not open with pin.txt"
  case "$name" in
    bad-usage-*) property "$name.cert.pem" | grep -q "$wanted" && complain "$name permits its use" ;;
    *) property "$name.cert.pem" | grep -q "$wanted" || complain "$name: wrong key usage" ;;
  esac
  case "$name" in
    bad-expired-* | bad-stranger-*) ! verified "$name.cert.pem" || complain "$name verifies" ;;
    *) verified "$name.cert.pem" || complain "$name does not verify" ;;
  esac
done
for name in efa-wohngeld efa-einbuergerung dortmund ahaus intermediary; do
  for use in cipher signature; do [ -s "$name-$use.p12" ] || complain "$name-$use is missing"; done
done
property bad-short-cipher.cert.pem | grep -q "(1024 bit)" || complain "bad-short-cipher is not short"
property efa-einbuergerung-signature.cert.pem | grep -q "prime256v1" || complain "no P-256 signature key"

git -C "$root" check-ignore -q certs/pki/x.key.pem 2>/dev/null || [ ! -e "$root/.git" ] ||
  complain "certs/pki is not ignored by git"
exit "$failed"
