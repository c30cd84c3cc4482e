// Signs an XML file in place of a unit's software: npm's xml-crypto.
//   node sign-xml-crypto.js IN OUT KEY.pem CERT.pem HOLDER inclusive|exclusive
const fs = require("fs");
const crypto = require("crypto");
const { SignedXml } = require("xml-crypto");

const [input, output, keyFile, certificateFile, holder, form] = process.argv.slice(2);
const certificate = fs.readFileSync(certificateFile);
const key = fs.readFileSync(keyFile);
const rsa = crypto.createPrivateKey(key).asymmetricKeyType === "rsa";
const c14n = form === "exclusive" ? "http://www.w3.org/2001/10/xml-exc-c14n#" : "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const method = `http://www.w3.org/2001/04/xmldsig-more#${rsa ? "rsa" : "ecdsa"}-sha256`;

// xml-crypto has no ECDSA of its own; XMLDSig wants r||s, which Node calls ieee-p1363.
class EcdsaSha256 {
  getSignature(signedInfo, privateKey) {
    return crypto.createSign("SHA256").update(signedInfo).sign({ key: privateKey, dsaEncoding: "ieee-p1363" }, "base64");
  }
  verifySignature() {
    throw new Error("not needed here");
  }
  getAlgorithmName() {
    return method;
  }
}

const signer = new SignedXml({ privateKey: key, publicCert: certificate, signatureAlgorithm: method, canonicalizationAlgorithm: c14n });
signer.SignatureAlgorithms["http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"] = EcdsaSha256;
signer.addReference({
  xpath: "/*",
  uri: "",
  isEmptyUri: true,
  transforms: ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", c14n],
  digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha256",
});
signer.computeSignature(fs.readFileSync(input, "utf8"), {
  location: { reference: `/*/*[local-name(.)='${holder}']`, action: "append" },
});
fs.writeFileSync(output, signer.getSignedXml());
