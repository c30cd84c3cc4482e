#!/usr/bin/env bash
# Makes the kept inputs of the fuzz targets crl and ocsp anew, with the openssl command: an authority, a leaf, CRLs of it and
# OCSP responses. What a fuzzer found since is not made here; keep it.
#
#   tests/fuzz/make_evidence.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >ca.conf <<'CONF'
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[leaf]
crlDistributionPoints = URI:http://crl.example/1.crl
[responder]
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
[ca]
default_ca = database
[database]
database = index.txt
crlnumber = number
default_md = sha256
default_crl_days = 3650
unique_subject = no
crl_extensions = crl
[crl]
authorityKeyIdentifier = keyid:always
[partition]
issuingDistributionPoint = critical,@point
[delta]
2.5.29.27 = critical,DER:020101
[point]
fullname = URI:http://crl.example/1.crl
onlyuser = TRUE
onlysomereasons = keyCompromise,CACompromise
[indirect]
issuingDistributionPoint = critical,@indirectpoint
[indirectpoint]
indirectCRL = TRUE
CONF
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
certificate() {  # name serial
    key "$1"
    openssl req -new -config ca.conf -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    openssl x509 -req -in "$1.csr" -CA root.pem -CAkey root.key -set_serial "$2" -days 3650 -extfile ca.conf -extensions "$1" -out "$1.pem" 2>/dev/null
}
key root
openssl req -x509 -new -config ca.conf -extensions root -key root.key -subj "/CN=Fuzz root" -days 3650 -out root.pem
certificate leaf 5
certificate responder 6

: >index.txt
echo 01 >number
mkdir -p "$here/corpus/crl" "$here/corpus/ocsp" "$here/evidence"
crl() {  # name extensions
    openssl ca -gencrl -config ca.conf -crlexts "$2" -cert root.pem -keyfile root.key -out crl.pem 2>/dev/null
    openssl crl -in crl.pem -outform DER -out "$here/corpus/crl/$1"
}
crl empty crl
printf 'R\t350101000000Z\t240101000000Z,keyCompromise\t05\tunknown\t/CN=leaf\nR\t350101000000Z\t240101000000Z\t7fffffffffffffffffff\tunknown\t/CN=a\nR\t350101000000Z\t240101000000Z,certificateHold\t00ff\tunknown\t/CN=b\n' >index.txt
crl three crl
crl partition partition
crl indirect indirect
crl delta delta
cp crl.pem "$here/corpus/crl/pem"

: >index.txt
answer() {  # name arguments…
    local name=$1
    shift
    openssl ocsp -issuer root.pem -cert leaf.pem -no_nonce -reqout request.der 2>/dev/null
    openssl ocsp -index index.txt -CA root.pem -reqin request.der -respout "$here/corpus/ocsp/$name" "$@" >/dev/null 2>&1
}
answer unknown -rsigner root.pem -rkey root.key -ndays 9 -resp_no_certs
printf 'V\t350101000000Z\t\t05\tunknown\t/CN=leaf\n' >index.txt
answer good -rsigner root.pem -rkey root.key -ndays 9 -resp_no_certs
answer delegated -rsigner responder.pem -rkey responder.key -ndays 9
answer no_end -rsigner responder.pem -rkey responder.key -resp_key_id
printf 'R\t350101000000Z\t240101000000Z,keyCompromise\t05\tunknown\t/CN=leaf\n' >index.txt
answer revoked -rsigner root.pem -rkey root.key -ndays 9 -resp_no_certs
printf '\x30\x03\x0a\x01\x06' >"$here/corpus/ocsp/unauthorized"
openssl x509 -in root.pem -outform DER -out "$here/evidence/root.der"
openssl x509 -in leaf.pem -outform DER -out "$here/evidence/leaf.der"
