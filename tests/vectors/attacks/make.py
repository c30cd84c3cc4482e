#!/usr/bin/env python3
"""Makes the attack files beside it out of one genuine signed form of ../foreign. No key is needed: an attacker has none.

Each file is one class of peers' failures (V1-V18, ../README.md) done to the form; the table there says which refusal is due.
"""
import base64
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
DOSSIER = (HERE / "../foreign/xmlsec1-ecdsa-inclusive-pretty.xml").read_text(encoding="utf-8")
FORM = base64.b64decode(re.search(r"<NoiDungFile>(.*?)</NoiDungFile>", DOSSIER, re.S)[1]).decode("utf-8")
DSIG = "http://www.w3.org/2000/09/xmldsig#"


def cut(begin, end, text=FORM):
    start = text.index(begin)
    return text[start:text.index(end, start) + len(end)]


def swap(old, new, text=FORM):
    if old not in text:
        sys.exit(f"the form does not hold {old}")
    return text.replace(old, new, 1)


SIGNATURE = cut("<ds:Signature ", "</ds:Signature>")
SIGNED_INFO = cut("<ds:SignedInfo>", "</ds:SignedInfo>")
REFERENCE = cut("<ds:Reference ", "</ds:Reference>")
TRANSFORMS = cut("<ds:Transforms>", "</ds:Transforms>")
KEY_INFO = cut("<ds:KeyInfo>", "</ds:KeyInfo>")
CERTIFICATE = cut("<ds:X509Certificate>", "</ds:X509Certificate>")
METHOD = re.search(r"<ds:SignatureMethod [^>]*/>", FORM)[0]
C14N = re.search(r"<ds:CanonicalizationMethod [^>]*/>", FORM)[0]
URI = re.search(r'URI="[^"]*"', FORM)[0]
BODY = FORM[FORM.index("<D02-TS"):]
BARE = swap(SIGNATURE, "", BODY)  # what was signed, without its signature
FORGED = "<NoiDung><LaoDong><HoTen>Người khác</HoTen></LaoDong></NoiDung>"

FILES = {
    # V1: what is verified is not what is read
    "v01-original-under-a-forged-root.xml": f"<D02-TS>{FORGED}{BODY}</D02-TS>",
    "v01-original-in-the-signature-place.xml": f"<D02-TS>{FORGED}<Cky>{BODY}</Cky></D02-TS>",
    "v01-original-in-an-object.xml":
        f"<D02-TS>{FORGED}<Cky>" + swap("</ds:KeyInfo>", f"</ds:KeyInfo><ds:Object>{BARE}</ds:Object>", SIGNATURE) + "</Cky></D02-TS>",
    "v01-original-in-a-key-value.xml":
        f"<D02-TS>{FORGED}<Cky>" + swap("<ds:KeyInfo>", f"<ds:KeyInfo><ds:KeyValue>{BARE}</ds:KeyValue>", SIGNATURE) + "</Cky></D02-TS>",
    "v01-reference-to-a-part.xml": swap("<NoiDung>", '<NoiDung Id="part">', swap(URI, 'URI="#part"')),
    "v01-signature-moved-into-the-content.xml": swap("</NoiDung>", f"{SIGNATURE}</NoiDung>", swap(SIGNATURE, "")),
    # V2: one id, two elements
    "v02-two-elements-one-id.xml": swap("<LaoDong>", '<LaoDong Id="twice">', swap("<NoiDung>", '<NoiDung ID="twice">')),
    # V3: several of what must be one
    "v03-two-signed-infos.xml": swap("</ds:SignedInfo>", "</ds:SignedInfo>" + SIGNED_INFO),
    "v03-two-signatures.xml": swap("</Cky>", SIGNATURE + "</Cky>"),
    "v03-signed-info-outside.xml": swap("</NoiDung>", f'<ds:SignedInfo xmlns:ds="{DSIG}"/></NoiDung>'),
    # V4: a value in pieces
    "v04-comment-in-the-digest.xml": swap("<ds:DigestValue>", "<ds:DigestValue>AAAA<!-- -->"),
    "v04-cdata-in-the-value.xml": swap("<ds:SignatureValue>", "<ds:SignatureValue><![CDATA[AAAA]]>"),
    # V5: nothing was verified
    "v05-no-signature.xml": swap(SIGNATURE, ""),
    "v05-no-reference.xml": swap(REFERENCE, ""),
    "v05-signature-of-another-namespace.xml": swap(DSIG, "http://example.org/not-xmldsig#"),
    # V6: the loop over references
    "v06-two-references.xml": swap("</ds:SignedInfo>", REFERENCE + "</ds:SignedInfo>"),
    # V7: two parsers, two trees
    "v07-another-encoding-than-said.xml": '<?xml version="1.0" encoding="UTF-7"?>' + BODY,
    "v07-a-second-root.xml": BODY + BODY,
    # V8: canonicalisation of nothing, or the attacker's
    "v08-relative-namespace.xml": swap("<LaoDong>", '<LaoDong xmlns:a="../b">'),
    "v08-relative-namespace-on-the-root.xml": swap("<D02-TS>", '<D02-TS xmlns:ns="1">'),
    "v08-unknown-method.xml": swap(C14N, '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2010/xml-c14n2"/>'),
    "v08-method-with-comments.xml":
        swap(C14N, '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"/>'),
    # V9: names that look alike
    "v09-signed-info-of-another-namespace.xml": swap(SIGNED_INFO, '<SignedInfo xmlns="urn:x"/>' + SIGNED_INFO),
    "v09-unknown-child.xml": swap("<ds:KeyInfo>", "<ds:Trusted/><ds:KeyInfo>"),
    "v09-unknown-attribute.xml": swap("<ds:SignedInfo>", f'<ds:SignedInfo xmlns:e="urn:e" e:Id="x">'),
    # V10: the key is the document's own
    "v10-key-value-alone.xml":
        swap(KEY_INFO, "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
                       "</ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"),
    "v10-no-key-info.xml": swap(KEY_INFO, ""),
    "v10-certificate-of-nobody.xml":
        swap(CERTIFICATE, "<ds:X509Certificate>" + "".join((HERE / "nobody.pem").read_text().splitlines()[1:-1]) + "</ds:X509Certificate>"),
    # V11: a MAC with the public key as its secret
    "v11-hmac.xml": swap(METHOD, '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"/>'),
    "v11-hmac-cut-short.xml":
        swap(METHOD, f'<ds:SignatureMethod Algorithm="{DSIG}hmac-sha1"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>'),
    "v11-sha1.xml": swap(METHOD, f'<ds:SignatureMethod Algorithm="{DSIG}rsa-sha1"/>'),
    "v11-another-key-family.xml":
        swap(METHOD, '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'),
    "v11-pss-with-a-short-salt.xml":
        swap(METHOD, '<ds:SignatureMethod Algorithm="http://www.w3.org/2007/05/xmldsig-more#rsa-pss">'
                     '<p:RSAPSSParams xmlns:p="http://www.w3.org/2007/05/xmldsig-more#"><p:SaltLength>1</p:SaltLength></p:RSAPSSParams>'
                     "</ds:SignatureMethod>"),
    # V12: reaching out
    "v12-reference-to-a-host.xml": swap(URI, 'URI="http://169.254.169.254/latest"'),
    "v12-reference-to-a-file.xml": swap(URI, 'URI="file:///etc/passwd"'),
    "v12-xpointer.xml": swap(URI, 'URI="#xpointer(/)"'),
    "v12-retrieval-method.xml": swap("<ds:KeyInfo>", '<ds:KeyInfo><ds:RetrievalMethod URI="http://example.org/key"/>'),
    "v12-xpath.xml":
        swap(TRANSFORMS, '<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>true()</ds:XPath>'
                         "</ds:Transform></ds:Transforms>"),
    "v12-xslt.xml":
        swap("</ds:Transforms>", '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/></ds:Transforms>'),
    # V13: DTD and entities
    "v13-external-entity.xml": '<!DOCTYPE D02-TS [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + swap("<HoTen>", "<HoTen>&e;", BODY),
    "v13-entity-bomb.xml":
        '<!DOCTYPE D02-TS [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
        + swap("<HoTen>", "<HoTen>&c;", BODY),
    "v13-dtd-makes-ids.xml": '<!DOCTYPE D02-TS [<!ATTLIST NoiDung x ID #IMPLIED>]>' + BODY,
    # V14: what nobody vouches for never reaches the schema engine
    "v14-unsigned-identity-constraints.xml": "<D02-TS><NoiDung>" + "<LaoDong/>" * 100 + "</NoiDung><Cky/></D02-TS>",
    # V15: rules that hold on the outermost level alone
    "v15-manifest-in-an-object.xml":
        swap("</ds:KeyInfo>", f"</ds:KeyInfo><ds:Object><ds:Manifest>{REFERENCE}</ds:Manifest></ds:Object>"),
    "v15-key-info-in-x509-data.xml": swap("<ds:X509Data>", '<ds:X509Data><ds:RetrievalMethod URI="#x"/>'),
    "v15-key-info-reference.xml":
        swap("<ds:KeyInfo>", '<ds:KeyInfo><d:KeyInfoReference xmlns:d="http://www.w3.org/2009/xmldsig11#" URI="#x"/>'),
    # V16: little on the wire, much in memory
    "v16-depth.xml": "<D02-TS>" + "<a>" * 400 + "</a>" * 400 + "<Cky/></D02-TS>",
    "v16-attributes.xml": "<D02-TS " + " ".join(f'a{i}="{i}"' for i in range(500)) + "><Cky/></D02-TS>",
    # V18: one message's verdict for another
    "v18-altered-by-one-character.xml": swap("<HoTen>", "<HoTen>X"),
    "v18-signature-of-another-document.xml": swap("<D02-TS>", "<D02-TS><!-- --><Them/>"),
}

for name, text in FILES.items():
    (HERE / name).write_text(text, encoding="utf-8")
print(f"{len(FILES)} files")
