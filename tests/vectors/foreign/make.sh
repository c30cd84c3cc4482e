#!/usr/bin/env bash
# Makes the signed envelopes of this folder again, with software that is not ours: the xmlsec1 command, Java's
# javax.xml.crypto and Node's xml-crypto. Only the keys and certificates come from us (ivanctl keys pki).
#   tests/vectors/foreign/make.sh [IVANCTL]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
ivanctl=${1:-$here/../../../build/release/bin/ivanctl}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$ivanctl" keys pki --out "$work/pki" >/dev/null
rm -rf "$here/trust" "$here"/*.xml
mkdir -p "$here/trust/crls" "$here/trust/intermediates" "$here/trust/anchors"
cp -r "$work/pki/trust/anchors/production" "$here/trust/anchors/"
cp "$work/pki/trust/intermediates/issuing-ca.pem" "$here/trust/intermediates/"
cp "$work/pki/trust/crls/root.pem" "$work/pki/trust/crls/issuing-ca.pem" "$here/trust/crls/"

(cd "$work" && npm install --silent --no-save --no-package-lock xml-crypto@6 >/dev/null)
cp "$here/sign-xml-crypto.js" "$work/"

# The template is what a user of the xmlsec1 command writes by hand; the command fills in the values.
sign_xmlsec1() { # IN OUT KEY CERT HOLDER FORM
  local c14n=http://www.w3.org/TR/2001/REC-xml-c14n-20010315 method=rsa
  [[ $6 == exclusive ]] && c14n=http://www.w3.org/2001/10/xml-exc-c14n#
  openssl pkey -in "$3" -noout -text 2>/dev/null | grep -q 'ASN1 OID' && method=ecdsa
  local template="<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"sigid\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"$c14n\"/><ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#$method-sha256\"/><ds:Reference URI=\"\"><ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/><ds:Transform Algorithm=\"$c14n\"/></ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>"
  sed "s|<$5></$5>|<$5>$template</$5>|" "$1" >"$work/template.xml"
  xmlsec1 --sign --privkey-pem "$3,$4" --output "$2" "$work/template.xml"
}
sign_java() { java "$here/SignJava.java" "$@"; }
sign_xml-crypto() { (cd "$work" && node sign-xml-crypto.js "$@"); }

compact() { tr -d '\n' <"$1" | sed -E 's/> +</></g; s/\?></?>\n</' >"$2"; }

for layout in pretty compact; do
  for file in form envelope; do
    if [[ $layout == pretty ]]; then cp "$here/input/$file.xml" "$work/$file.xml"; else compact "$here/input/$file.xml" "$work/$file.xml"; fi
  done
  for key in rsa ecdsa; do
    unit=$work/pki/units/unit
    [[ $key == ecdsa ]] && unit=$work/pki/units/unit-ec
    for form in inclusive exclusive; do
      for tool in xmlsec1 java xml-crypto; do
        "sign_$tool" "$work/form.xml" "$work/form.signed.xml" "$unit.key" "$unit.pem" Cky "$form"
        base64 -w0 "$work/form.signed.xml" >"$work/form.base64"
        awk -v length_="$(wc -c <"$work/form.base64")" -v base64_="$(cat "$work/form.base64")" \
          '{ gsub("@LENGTH@", length_); gsub("@BASE64@", base64_); print }' "$work/envelope.xml" >"$work/unsigned.xml"
        "sign_$tool" "$work/unsigned.xml" "$here/$tool-$key-$form-$layout.xml" "$unit.key" "$unit.pem" CKy_Dvi "$form"
        echo "$tool-$key-$form-$layout.xml"
      done
    done
  done
done
