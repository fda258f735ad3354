#!/usr/bin/env bash
# Makes a test PKI whose certificates name a responder and a list on this machine: good, revoked, expired and
# untrusted ones for every role, certificates of a revoked CA, a time stamping authority. For tests/revocation/run.sh;
# for tests only, the keys lie unencrypted beside the certificates. Needs bash and OpenSSL 3.
set -euo pipefail
umask 077

[ $# -eq 4 ] || { echo "usage: certs/make-test-pki-revocation.sh OUTDIR OCSP_URL CRL_BASE_URL DEAD_URL" >&2; exit 2; }
out=$1 ocsp=$2 crl=$3 dead=$4
mkdir -p "$out"
cd "$out"

# Few keys, many certificates: making keys is what takes time.
key() { [ -s "$1.key.pem" ] || openssl genpkey "${@:2}" -out "$1.key.pem" 2>/dev/null; }
rsa=(-algorithm RSA -pkeyopt rsa_keygen_bits:2048)
ec=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)
key root "${ec[@]}"; key sub "${ec[@]}"; key fallen "${ec[@]}"
key cipher "${rsa[@]}"; key signature "${rsa[@]}"; key responder "${ec[@]}"; key tsa "${rsa[@]}"

# One configuration for every CA; what a certificate says stands in a section of its own.
for ca in root sub fallen; do
  mkdir -p "$ca.db"
  [ -e "$ca.db/index.txt" ] || : >"$ca.db/index.txt"
  [ -e "$ca.db/crlnumber" ] || echo 01 >"$ca.db/crlnumber"
  {
    printf '%s\n' "[ca]" "default_ca=it" "[it]" "database=$ca.db/index.txt" "new_certs_dir=$ca.db" "rand_serial=yes" \
      "crlnumber=$ca.db/crlnumber" "default_md=sha256" "default_crl_days=2" "policy=any" "unique_subject=no" \
      "[any]" "organizationName=optional" "commonName=supplied"
    printf '%s\n' "[ca_ext]" "basicConstraints=critical,CA:TRUE" "keyUsage=critical,keyCertSign,cRLSign" \
      "subjectKeyIdentifier=hash"
    printf '%s\n' "[subca_ext]" "basicConstraints=critical,CA:TRUE,pathlen:0" "keyUsage=critical,keyCertSign,cRLSign" \
      "subjectKeyIdentifier=hash" "crlDistributionPoints=URI:$crl/root.crl"
    for use in cipher:keyEncipherment,dataEncipherment signature:digitalSignature,nonRepudiation; do
      for where in both crl dead none; do
        printf '%s\n' "[${use%%:*}_$where]" "basicConstraints=critical,CA:FALSE" "keyUsage=critical,${use#*:}"
        case $where in
          both) printf '%s\n' "authorityInfoAccess=OCSP;URI:$ocsp" "crlDistributionPoints=URI:$crl/$ca.crl" ;;
          crl) printf '%s\n' "crlDistributionPoints=URI:$crl/$ca.crl" ;;
          dead) printf '%s\n' "authorityInfoAccess=OCSP;URI:$dead" "crlDistributionPoints=URI:$dead/$ca.crl" ;;
        esac
      done
    done
    printf '%s\n' "[responder_ext]" "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" \
      "extendedKeyUsage=OCSPSigning" "noCheck=ignored"
    printf '%s\n' "[tsa_ext]" "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" \
      "extendedKeyUsage=critical,timeStamping"
  } >"$ca.cnf"
done

issue() { # ca name key section [extra arguments of openssl ca]
  local ca=$1 name=$2 key=$3 section=$4
  shift 4
  [ ! -s "$name.cert.pem" ] || return 0
  openssl req -new -utf8 -sha256 -key "$key.key.pem" -subj "/O=Revocation Test PKI/CN=$name" -out "$name.csr"
  local dates=(-startdate "$(date -u -d '1 day ago' +%Y%m%d%H%M%SZ)" -days 365)
  [ $# -eq 0 ] || dates=("$@")
  openssl ca -batch -notext -config "$ca.cnf" -in "$name.csr" -cert "$ca.cert.pem" -keyfile "$ca.key.pem" \
    "${dates[@]}" -extensions "$section" -out "$name.cert.pem" 2>ca.log || { cat ca.log >&2; exit 1; }
  rm -f "$name.csr"
}
revoke() { # ca name
  openssl ca -config "$1.cnf" -cert "$1.cert.pem" -keyfile "$1.key.pem" -revoke "$2.cert.pem" \
    -crl_reason keyCompromise 2>/dev/null || true # again: already revoked
}
selfsigned() { # name key section
  [ ! -s "$1.cert.pem" ] || return 0
  openssl req -new -x509 -sha256 -key "$2.key.pem" -subj "/O=Stranger/CN=$1" -days 365 -config root.cnf \
    -extensions "$3" -out "$1.cert.pem"
}
printf '%s\n' "[req]" "distinguished_name=dn" "[dn]" >>root.cnf

selfsigned root root ca_ext
issue root sub sub subca_ext
issue root fallen fallen subca_ext
issue root tsa tsa tsa_ext
issue sub responder responder responder_ext
expired=(-startdate 20200101000000Z -enddate 20230101000000Z)
for use in cipher signature; do
  issue sub "intermediary-$use" "$use" "${use}_both"
  for who in sender recipient author reader; do issue sub "$who-good-$use" "$use" "${use}_both"; done
  issue sub "good-crl-$use" "$use" "${use}_crl"
  issue sub "silent-$use" "$use" "${use}_none"
  issue sub "revoked-$use" "$use" "${use}_both"
  issue sub "revoked-crl-$use" "$use" "${use}_crl"
  issue sub "expired-$use" "$use" "${use}_both" "${expired[@]}"
  issue sub "unreachable-$use" "$use" "${use}_dead"
  issue fallen "fallen-$use" "$use" "${use}_none"
  selfsigned "stranger-$use" "$use" "${use}_none"
  revoke sub "revoked-$use"
  revoke sub "revoked-crl-$use"
done
revoke root fallen

mkdir -p crl
for ca in root sub fallen; do
  openssl ca -config "$ca.cnf" -gencrl -cert "$ca.cert.pem" -keyfile "$ca.key.pem" -out "$ca.crl.pem" 2>/dev/null
  openssl crl -in "$ca.crl.pem" -outform DER -out "crl/$ca.crl"
done
cat >tsa.cnf <<TXT
[tsa]
default_tsa=it
[it]
serial=$PWD/tsa.serial
signer_cert=$PWD/tsa.cert.pem
signer_key=$PWD/tsa.key.pem
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256
accuracy=secs:1
clock_precision_digits=3
ess_cert_id_alg=sha256
TXT
made=(*.cert.pem)
echo "revocation test PKI in $PWD: ${#made[@]} certificates"
