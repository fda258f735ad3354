#!/usr/bin/env bash
# Makes a test PKI: a root, a sub CA and two key pairs (signature, cipher) for each party of the examples,
# plus certificates that must be refused. For tests and trials only: the keys lie unencrypted beside the
# certificates. Needs bash and OpenSSL 3. Running it again keeps what is there and adds what is missing.
set -euo pipefail
umask 077

usage() {
  cat >&2 <<'TXT'
usage: certs/make-pki.sh [--force] OUTDIR
  --force   makes everything anew, keys and PIN included
  PKI_PIN   environment variable: PIN of the .p12 files (default: random); read only when the PIN is made
TXT
  exit 2
}

force=no
out=
for argument in "$@"; do
  case "$argument" in
    --force) force=yes ;;
    -*) usage ;;
    *) [ -z "$out" ] || usage; out=$argument ;;
  esac
done
[ -n "$out" ] || usage

fail() { echo "make-pki.sh: $*" >&2; exit 1; }

command -v openssl >/dev/null || fail "openssl is missing; install the package openssl"
mkdir -p "$out"
cd "$out"
# Parallel tests may ask for the same PKI; the second waits and then finds everything.
if command -v flock >/dev/null; then exec 9>.lock; flock 9; fi

if [ "$force" = yes ] || [ ! -s pin.txt ]; then
  printf '%s\n' "${PKI_PIN:-$(openssl rand -hex 12)}" >pin.txt.new
  mv pin.txt.new pin.txt
fi

# Everything is written under a second name and renamed, so that an interrupted run leaves no half file.
make_key() { # name algorithm
  local name=$1 algorithm=$2 options
  if [ "$force" = no ] && [ -s "$name.key.pem" ]; then return 0; fi
  rm -f "$name.cert.pem" "$name.p12"
  case "$algorithm" in
    rsa*) options=(-algorithm RSA -pkeyopt "rsa_keygen_bits:${algorithm#rsa}") ;;
    p256) options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve) ;;
    *) fail "unknown key algorithm $algorithm" ;;
  esac
  openssl genpkey "${options[@]}" -out "$name.key.new" 2>/dev/null || fail "openssl cannot make a key of kind $algorithm"
  chmod 600 "$name.key.new"
  mv "$name.key.new" "$name.key.pem"
}

extensions() { # profile
  echo "[ext]"
  echo "subjectKeyIdentifier=hash"
  [ "$1" = root ] || echo "authorityKeyIdentifier=keyid"
  case "$1" in
    root) printf '%s\n' "basicConstraints=critical,CA:TRUE" "keyUsage=critical,keyCertSign,cRLSign" ;;
    sub) printf '%s\n' "basicConstraints=critical,CA:TRUE,pathlen:0" "keyUsage=critical,keyCertSign,cRLSign" ;;
    cipher) printf '%s\n' "basicConstraints=critical,CA:FALSE" "keyUsage=critical,keyEncipherment,dataEncipherment" ;;
    signature) printf '%s\n' "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature,nonRepudiation" ;;
    agreement) printf '%s\n' "basicConstraints=critical,CA:FALSE" "keyUsage=critical,keyAgreement" ;;
    *) fail "unknown profile $1" ;;
  esac
}

serial() { echo "0x$(openssl rand -hex 15 | sed 's/^./4/')"; }

# A certificate is made again when it ends within a day, or when its issuer's is newer and it would no
# longer fit. The issuer `self` names no file.
make_certificate() { # name profile subject issuer days
  local name=$1 profile=$2 subject=$3 issuer=$4 days=$5
  if [ -s "$name.cert.pem" ] && [ ! "$issuer.cert.pem" -nt "$name.cert.pem" ] &&
    openssl x509 -in "$name.cert.pem" -noout -checkend 86400 >/dev/null; then return 0; fi
  rm -f "$name.p12"
  openssl req -new -utf8 -sha256 -key "$name.key.pem" -subj "$subject" -out "$name.csr.new"
  extensions "$profile" >"$name.ext.new"
  if [ "$issuer" = self ]; then
    openssl x509 -req -sha256 -in "$name.csr.new" -signkey "$name.key.pem" -set_serial "$(serial)" \
      -days "$days" -extfile "$name.ext.new" -extensions ext -out "$name.cert.new" 2>/dev/null
  else
    openssl x509 -req -sha256 -in "$name.csr.new" -CA "$issuer.cert.pem" -CAkey "$issuer.key.pem" \
      -set_serial "$(serial)" -days "$days" -extfile "$name.ext.new" -extensions ext \
      -out "$name.cert.new" 2>/dev/null
  fi
  rm -f "$name.csr.new" "$name.ext.new"
  chmod 644 "$name.cert.new"
  mv "$name.cert.new" "$name.cert.pem"
}

# `openssl x509` can only count days from today; the expired one needs explicit dates, which `openssl ca` has.
make_expired_certificate() { # name profile subject issuer
  local name=$1 profile=$2 subject=$3 issuer=$4
  if [ -s "$name.cert.pem" ] && [ ! "$issuer.cert.pem" -nt "$name.cert.pem" ]; then return 0; fi
  rm -f "$name.p12"
  local work
  work=$(mktemp -d ./expired.XXXXXX)
  openssl req -new -utf8 -sha256 -key "$name.key.pem" -subj "$subject" -out "$work/csr.pem"
  : >"$work/index.txt"
  {
    printf '%s\n' "[ca]" "default_ca=own" "[own]" "database=$work/index.txt" "new_certs_dir=$work" \
      "rand_serial=yes" "default_md=sha256" "policy=any" "unique_subject=no" "[any]" \
      "countryName=optional" "organizationName=optional" "commonName=supplied"
    extensions "$profile"
  } >"$work/ca.cnf"
  openssl ca -batch -notext -utf8 -config "$work/ca.cnf" -in "$work/csr.pem" -cert "$issuer.cert.pem" \
    -keyfile "$issuer.key.pem" -startdate 20200101000000Z -enddate 20230101000000Z -extensions ext \
    -out "$name.cert.new" 2>/dev/null || { rm -rf "$work"; fail "cannot make the expired certificate"; }
  rm -rf "$work"
  chmod 644 "$name.cert.new"
  mv "$name.cert.new" "$name.cert.pem"
}

make_p12() { # name issuer-chain-file
  local name=$1 chain=$2
  # Under an older PIN it could not be opened with pin.txt any more.
  if [ -s "$name.p12" ] && [ ! pin.txt -nt "$name.p12" ]; then return 0; fi
  local with=()
  [ "$chain" = none ] || with=(-certfile "$chain")
  openssl pkcs12 -export -name "$name" -inkey "$name.key.pem" -in "$name.cert.pem" "${with[@]}" \
    -passout file:pin.txt -out "$name.p12.new"
  chmod 600 "$name.p12.new"
  mv "$name.p12.new" "$name.p12"
}

organisation="/C=DE/O=Dataclearing Test PKI"

make_key root-ca rsa4096
make_certificate root-ca root "$organisation/CN=Dataclearing Test Root CA" self 7300
make_key sub-ca rsa4096
make_certificate sub-ca sub "$organisation/CN=Dataclearing Test Sub CA" root-ca 5475
if [ ! -s chain.pem ] || [ sub-ca.cert.pem -nt chain.pem ] || [ root-ca.cert.pem -nt chain.pem ]; then
  cat sub-ca.cert.pem root-ca.cert.pem >chain.new
  chmod 644 chain.new
  mv chain.new chain.pem
fi

pair() { # name use algorithm common-name
  make_key "$1-$2" "$3"
  make_certificate "$1-$2" "$2" "$organisation/CN=$4" sub-ca 1095
  make_p12 "$1-$2" chain.pem
}

pair intermediary cipher rsa4096 "GRP: Dataclearing Test Intermediary OSCI"
pair intermediary signature rsa4096 "GRP: Dataclearing Test Intermediary OSCI"
pair efa-wohngeld cipher rsa3072 "GRP: EfA Wohngeld Test OSCI"
pair efa-wohngeld signature rsa3072 "GRP: EfA Wohngeld Test OSCI"
pair efa-einbuergerung cipher rsa3072 "GRP: EfA Einbürgerung Test OSCI"
pair efa-einbuergerung signature p256 "GRP: EfA Einbürgerung Test OSCI"
pair dortmund cipher rsa3072 "GRP: Wohngeldstelle Dortmund Test OSCI"
pair dortmund signature rsa3072 "GRP: Wohngeldstelle Dortmund Test OSCI"
pair ahaus cipher rsa4096 "GRP: Wohngeldstelle Ahaus Test OSCI"
pair ahaus signature rsa4096 "GRP: Wohngeldstelle Ahaus Test OSCI"

# Each of these must be refused somewhere.
for use in cipher signature; do
  make_key "bad-expired-$use" rsa3072
  make_expired_certificate "bad-expired-$use" "$use" "$organisation/CN=Expired Test OSCI" sub-ca
  make_p12 "bad-expired-$use" chain.pem
  make_key "bad-stranger-$use" rsa3072
  make_certificate "bad-stranger-$use" "$use" "/C=DE/O=Stranger/CN=Self-signed Stranger Test OSCI" self 1095
  make_p12 "bad-stranger-$use" none
  make_key "bad-short-$use" rsa1024
  make_certificate "bad-short-$use" "$use" "$organisation/CN=Short Key Test OSCI" sub-ca 1095
  make_p12 "bad-short-$use" chain.pem
  # Only keyAgreement: fit for neither use.
  make_key "bad-usage-$use" rsa3072
  make_certificate "bad-usage-$use" agreement "$organisation/CN=Wrong Key Usage Test OSCI" sub-ca 1095
  make_p12 "bad-usage-$use" chain.pem
done

made=(*.cert.pem)
echo "test PKI in $(pwd): ${#made[@]} certificates, PIN in pin.txt"
