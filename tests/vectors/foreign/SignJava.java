// Signs an XML file in place of a unit's software: javax.xml.crypto of the JDK, nothing else.
//   java SignJava.java IN OUT KEY.pem CERT.pem HOLDER inclusive|exclusive

import java.io.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.*;
import javax.xml.crypto.dsig.*;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.keyinfo.*;
import javax.xml.crypto.dsig.spec.*;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.*;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.*;

public class SignJava {
    public static void main(String[] a) throws Exception {
        var certificate = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new FileInputStream(a[3]));
        var algorithm = certificate.getPublicKey().getAlgorithm();
        var pem = Files.readString(Path.of(a[2])).replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
        var key = KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));

        var documents = DocumentBuilderFactory.newInstance();
        documents.setNamespaceAware(true);
        Document document = documents.newDocumentBuilder().parse(new File(a[0]));
        Node holder = document.getElementsByTagName(a[4]).item(0);

        var signatures = XMLSignatureFactory.getInstance("DOM");
        var c14n = a[5].equals("exclusive") ? CanonicalizationMethod.EXCLUSIVE : CanonicalizationMethod.INCLUSIVE;
        var method = "http://www.w3.org/2001/04/xmldsig-more#" + (algorithm.equals("RSA") ? "rsa" : "ecdsa") + "-sha256";
        var reference = signatures.newReference("", signatures.newDigestMethod(DigestMethod.SHA256, null),
            List.of(signatures.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null),
                    signatures.newTransform(c14n, (TransformParameterSpec) null)), null, null);
        var signedInfo = signatures.newSignedInfo(signatures.newCanonicalizationMethod(c14n, (C14NMethodParameterSpec) null),
            signatures.newSignatureMethod(method, null), List.of(reference));
        KeyInfoFactory keys = signatures.getKeyInfoFactory();
        var keyInfo = keys.newKeyInfo(List.of(keys.newKeyValue(certificate.getPublicKey()),
            keys.newX509Data(List.of(certificate.getSubjectX500Principal().getName(), certificate))));
        signatures.newXMLSignature(signedInfo, keyInfo, null, "sigid", null).sign(new DOMSignContext(key, holder));

        Transformer writer = TransformerFactory.newInstance().newTransformer();
        try (var out = new FileOutputStream(a[1])) {
            writer.transform(new DOMSource(document), new StreamResult(out));
        }
    }
}
