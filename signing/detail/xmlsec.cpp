#include "signing/detail/xmlsec.hpp"

#include "signing/detail/canonical.hpp"

#include "schemas/base64.hpp"
#include "signing/detail/keypair.hpp"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/templates.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <mutex>
#include <stdexcept>
#include <utility>

namespace signing::detail {
namespace {

// xmlsec1 reports through a process-wide callback; each thread collects its own, bounded.
thread_local std::string reported;

void collect(char const*, int, char const* function, char const*, char const* subject, int reason, char const* message)
{
    if (reported.size() > 600) return;
    if (!reported.empty()) reported += "; ";
    reported += fmt::format("{}({}): {} {}", function == nullptr ? "" : function, subject == nullptr ? "" : subject, reason,
                            message == nullptr ? "" : message);
}

void ignore_generic(void*, char const*, ...) {}
void ignore_structured(void*, xmlError*) {}

std::string take_reports() { return std::exchange(reported, {}); }

xmlChar const* xml_text(std::string const& text) { return reinterpret_cast<xmlChar const*>(text.c_str()); }
xmlChar const* xml_text(char const* text) { return reinterpret_cast<xmlChar const*>(text); }

// xmlsec's own context, put in order for one signature.
class Context {
public:
    Context()
    {
        if (xmlSecDSigCtxInitialize(&context_, nullptr) < 0) throw std::runtime_error("xmlSecDSigCtxInitialize");
        context_.flags = XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS;
    }
    ~Context() { xmlSecDSigCtxFinalize(&context_); }
    Context(Context const&) = delete;
    Context& operator=(Context const&) = delete;

    void use_key(EVP_PKEY* key)
    {
        // The context owns an xmlSecKey, which owns its data, which owns a counted reference to the key.
        if (EVP_PKEY_up_ref(key) != 1) throw std::runtime_error("EVP_PKEY_up_ref");
        xmlSecKeyData* data = xmlSecOpenSSLEvpKeyAdopt(key);
        if (data == nullptr) {
            EVP_PKEY_free(key);
            throw std::runtime_error("xmlSecOpenSSLEvpKeyAdopt: " + take_reports());
        }
        context_.signKey = xmlSecKeyCreate();
        if (context_.signKey == nullptr || xmlSecKeySetValue(context_.signKey, data) < 0) {
            xmlSecKeyDataDestroy(data);
            throw std::runtime_error("xmlSecKeySetValue");
        }
    }

    // xmlsec's defaults take every reference and every transform it knows (peers' lessons V8, V12): ours are few.
    void restrict_to_policy(bool sha1)
    {
        context_.enabledReferenceUris = xmlSecTransformUriTypeEmpty | xmlSecTransformUriTypeSameDocument;
        auto const for_reference = [&](xmlSecTransformId id) { need(xmlSecDSigCtxEnableReferenceTransform(&context_, id)); };
        auto const for_signature = [&](xmlSecTransformId id) { need(xmlSecDSigCtxEnableSignatureTransform(&context_, id)); };
        for (auto id : {xmlSecTransformInclC14NId, xmlSecTransformInclC14N11Id, xmlSecTransformExclC14NId}) {
            for_reference(id);
            for_signature(id);
        }
        for_reference(xmlSecTransformEnvelopedId);
        for (auto id : {xmlSecTransformSha256Id, xmlSecTransformSha384Id, xmlSecTransformSha512Id}) for_reference(id);
        for (auto id : {xmlSecTransformRsaSha256Id, xmlSecTransformRsaSha384Id, xmlSecTransformRsaSha512Id,
                        xmlSecTransformEcdsaSha256Id, xmlSecTransformEcdsaSha384Id, xmlSecTransformEcdsaSha512Id}) {
            for_signature(id);
        }
        if (sha1) {
            for_reference(xmlSecTransformSha1Id);
            for_signature(xmlSecTransformRsaSha1Id);
            for_signature(xmlSecTransformEcdsaSha1Id);
        }
        // With the key set, KeyInfo is not read at all; were it read, only X509Data could speak, without a store.
        need(xmlSecPtrListAdd(&context_.keyInfoReadCtx.enabledKeyData, const_cast<void*>(static_cast<void const*>(xmlSecKeyDataX509Id))));
        context_.flags |= XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
    }

    [[nodiscard]] xmlSecDSigCtx& get() noexcept { return context_; }

private:
    static void need(int status)
    {
        if (status < 0) throw std::runtime_error("xmlsec1 refuses its own transforms: " + take_reports());
    }
    xmlSecDSigCtx context_{};
};

xmlSecTransformId digest_id(std::string const& name)
{
    if (name == "sha1") return xmlSecTransformSha1Id;
    if (name == "sha256") return xmlSecTransformSha256Id;
    if (name == "sha384") return xmlSecTransformSha384Id;
    if (name == "sha512") return xmlSecTransformSha512Id;
    throw std::runtime_error("unknown digest: " + name);
}

xmlSecTransformId method_id(std::string const& digest, KeyFamily family)
{
    bool const rsa = family == KeyFamily::rsa;
    if (digest == "sha1") return rsa ? xmlSecTransformRsaSha1Id : xmlSecTransformEcdsaSha1Id;
    if (digest == "sha256") return rsa ? xmlSecTransformRsaSha256Id : xmlSecTransformEcdsaSha256Id;
    if (digest == "sha384") return rsa ? xmlSecTransformRsaSha384Id : xmlSecTransformEcdsaSha384Id;
    if (digest == "sha512") return rsa ? xmlSecTransformRsaSha512Id : xmlSecTransformEcdsaSha512Id;
    throw std::runtime_error("unknown digest: " + digest);
}

xmlNode* add(xmlNode* parent, char const* name, std::string const& text = {}, xmlNs* ns = nullptr)
{
    xmlNode* child = xmlNewTextChild(parent, ns == nullptr ? parent->ns : ns, xml_text(name), text.empty() ? nullptr : xml_text(text));
    if (child == nullptr) throw std::bad_alloc{};
    return child;
}

std::string big_number(EVP_PKEY* key, char const* parameter)
{
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1) throw_openssl("EVP_PKEY_get_bn_param");
    BigNumPtr const owned{number};
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
    BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
    return schemas::base64_encode(bytes);
}

void add_key_value(xmlNode* key_info, EVP_PKEY* key)
{
    xmlNode* value = add(key_info, "KeyValue");
    auto const strength = strength_of(key);
    if (strength.family == KeyFamily::rsa) {
        xmlNode* rsa = add(value, "RSAKeyValue");
        add(rsa, "Modulus", big_number(key, OSSL_PKEY_PARAM_RSA_N));
        add(rsa, "Exponent", big_number(key, OSSL_PKEY_PARAM_RSA_E));
        return;
    }
    // XMLDSig 1.1 §4.5.2.3.
    xmlNode* ec = add(value, "ECKeyValue");
    xmlNs* dsig11 = xmlNewNs(ec, xml_text("http://www.w3.org/2009/xmldsig11#"), nullptr);
    xmlSetNs(ec, dsig11);
    xmlNode* curve = add(ec, "NamedCurve");
    char const* oid = strength.curve == "P-256" ? "urn:oid:1.2.840.10045.3.1.7" : "urn:oid:1.3.132.0.34";
    xmlNewProp(curve, xml_text("URI"), xml_text(oid));
    std::size_t size = 0;
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0, &size) != 1) throw_openssl("public key");
    std::string point(size, '\0');
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, reinterpret_cast<unsigned char*>(point.data()), size, &size) != 1) {
        throw_openssl("public key");
    }
    add(ec, "PublicKey", schemas::base64_encode(point));
}

// xmlsec1 1.2.37 does not know RSA-PSS: it made the digest and a PKCS#1 value; the method and the value are replaced.
// RFC 9231 §2.3.10: salt as long as the digest, MGF1 with the same digest.
void sign_again_with_pss(xmlNode* signature, EVP_PKEY* key, SignOptions const& options)
{
    xmlNode* const signed_info = xmlSecFindChild(signature, xmlSecNodeSignedInfo, xmlSecDSigNs);
    xmlNode* const method = xmlSecFindChild(signed_info, xmlSecNodeSignatureMethod, xmlSecDSigNs);
    xmlNode* const value = xmlSecFindChild(signature, xmlSecNodeSignatureValue, xmlSecDSigNs);
    if (method == nullptr || value == nullptr) throw std::runtime_error("the signature template is not whole");
    xmlSetProp(method, xml_text("Algorithm"), xml_text("http://www.w3.org/2007/05/xmldsig-more#" + options.digest + "-rsa-MGF1"));

    std::string canonical;
    auto const kind = options.exclusive ? C14n::exclusive : options.c14n11 ? C14n::inclusive11 : C14n::inclusive;
    auto const take = [&](std::string_view bytes) { canonical += bytes; };
    if (!canonicalise(signature->doc, {.top = signed_info, .without = nullptr}, {.kind = kind, .prefixes = {}}, take)) {
        throw std::runtime_error("SignedInfo has no canonical form");
    }
    MdCtxPtr const context{EVP_MD_CTX_new()};
    EVP_PKEY_CTX* parameters = nullptr;
    std::size_t size = 0;
    auto const* const data = reinterpret_cast<unsigned char const*>(canonical.data());
    if (!context || EVP_DigestSignInit_ex(context.get(), &parameters, options.digest.c_str(), nullptr, nullptr, key, nullptr) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, data, canonical.size()) != 1) {
        throw_openssl("RSA-PSS");
    }
    std::string made(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(made.data()), &size, data, canonical.size()) != 1) throw_openssl("RSA-PSS");
    xmlNodeSetContent(value, xml_text(schemas::base64_encode(made)));
}

// KeyInfo and Object stand inside Signature, which the enveloped transform removes: they are not signed, so they
// may be added after the value is made.
void add_key_info(xmlNode* signature, KeyPair const& key, SignOptions const& options)
{
    xmlNode* info = add(signature, "KeyInfo");
    if (options.key_value) add_key_value(info, key.data().key.get());
    xmlNode* x509 = add(info, "X509Data");
    add(x509, "X509SubjectName", key.certificate().subject);
    add(x509, "X509Certificate", key.data().certificate_base64);
    for (auto const& pem : options.more_certificates_pem) {
        auto const certificate = parse_certificate(pem);
        if (!certificate) throw std::runtime_error("a further certificate cannot be read");
        add(x509, "X509Certificate", schemas::base64_encode(der_of(certificate.get())));
    }
    for (auto const& der : options.ocsp_der) {
        xmlNode* const response = add(x509, "OCSPResponse", schemas::base64_encode(der));
        xmlSetNs(response, xmlNewNs(response, xml_text("http://www.w3.org/2009/xmldsig11#"), nullptr));
    }
}

// The vendors' place and namespace of the signing time (vendors' public code).
void add_signing_time(xmlNode* signature, Instant time, std::string const& signature_id)
{
    auto const local = std::chrono::floor<std::chrono::seconds>(time) + std::chrono::hours{7};
    xmlNode* object = add(signature, "Object");
    xmlNode* property = add(add(object, "SignatureProperties"), "SignatureProperty");
    xmlNewProp(property, xml_text("Target"), xml_text("#" + signature_id));
    xmlNs* ns = xmlNewNs(property, xml_text("http://example.org/#signatureProperties"), xml_text("sp"));
    add(property, "SigningTime", fmt::format("{:%Y-%m-%dT%H:%M:%S}+07:00", local), ns);
}

}  // namespace

void start()
{
    static std::once_flag once;
    std::call_once(once, [] {
        xmlInitParser();
        if (xmlSecInit() < 0 || xmlSecCheckVersion() != 1 || xmlSecCryptoAppInit(nullptr) < 0 || xmlSecCryptoInit() < 0) {
            throw std::runtime_error("xmlsec1 does not start");
        }
        // No reference may reach a file or a network, whatever else goes wrong.
        xmlSecIOCleanupCallbacks();
        xmlSecErrorsSetCallback(collect);
        xmlThrDefSetGenericErrorFunc(nullptr, ignore_generic);
        xmlThrDefSetStructuredErrorFunc(nullptr, ignore_structured);
    });
    // libxml2 keeps its error handlers per thread; the defaults set above reach only threads made later.
    thread_local bool const silenced = [] {
        xmlSetGenericErrorFunc(nullptr, ignore_generic);
        xmlSetStructuredErrorFunc(nullptr, ignore_structured);
        return true;
    }();
    static_cast<void>(silenced);
}

Checked check(xmlNode* signature, EVP_PKEY* key, bool sha1)
{
    start();
    reported.clear();
    Context context;
    context.use_key(key);
    context.restrict_to_policy(sha1);
    auto& ctx = context.get();
    int const returned = xmlSecDSigCtxVerify(&ctx, signature);

    Checked checked;
    checked.detail = take_reports();
    drain_errors();
    // One Reference exactly, processed, and over something: a signature over nothing is not one (V5, V8).
    auto* const references = &ctx.signedInfoReferences;
    if (xmlSecPtrListGetSize(references) != 1) return checked;
    auto* const reference = static_cast<xmlSecDSigReferenceCtx*>(xmlSecPtrListGetItem(references, 0));
    if (xmlSecBuffer* digested = xmlSecDSigReferenceCtxGetPreDigestBuffer(reference)) {
        checked.digested_bytes = xmlSecBufferGetSize(digested);
    }
    if (reference->status == xmlSecDSigStatusInvalid) {
        checked.outcome = Outcome::digest_mismatch;
    } else if (reference->status == xmlSecDSigStatusSucceeded && checked.digested_bytes > 0) {
        // The return code says only whether xmlsec ran to its end; the status alone says yes.
        bool const verified = returned >= 0 && ctx.status == xmlSecDSigStatusSucceeded;
        checked.outcome = verified ? Outcome::valid : Outcome::value_mismatch;
    }
    return checked;
}

void sign(xmlNode* holder, KeyPair const& key, SignOptions const& options)
{
    start();
    reported.clear();
    EVP_PKEY* const private_key = key.data().key.get();
    auto const c14n = options.exclusive ? xmlSecTransformExclC14NId
                      : options.c14n11  ? xmlSecTransformInclC14N11Id
                                        : xmlSecTransformInclC14NId;
    auto const method = method_id(options.digest, strength_of(private_key).family);
    xmlNode* const signature = xmlSecTmplSignatureCreate(
        holder->doc, c14n, method, options.signature_id.empty() ? nullptr : xml_text(options.signature_id));
    if (signature == nullptr) throw std::runtime_error("xmlSecTmplSignatureCreate: " + take_reports());
    xmlAddChild(holder, signature);
    xmlNode* const reference = xmlSecTmplSignatureAddReference(signature, digest_id(options.digest), nullptr,
                                                               xml_text(options.reference_uri), nullptr);
    if (reference == nullptr || xmlSecTmplReferenceAddTransform(reference, xmlSecTransformEnvelopedId) == nullptr ||
        xmlSecTmplReferenceAddTransform(reference, c14n) == nullptr) {
        throw std::runtime_error("cannot make the signature template: " + take_reports());
    }
    if (options.reference_uri.starts_with('#')) {
        static xmlChar const* names[] = {xml_text("Id"), xml_text("ID"), xml_text("id"), nullptr};
        xmlSecAddIDs(holder->doc, xmlDocGetRootElement(holder->doc), names);
    }
    Context context;
    context.use_key(private_key);
    if (xmlSecDSigCtxSign(&context.get(), signature) < 0) {
        throw std::runtime_error("cannot sign: " + take_reports() + " " + drain_errors());
    }
    if (options.pss) sign_again_with_pss(signature, private_key, options);
    add_key_info(signature, key, options);
    if (options.signing_time) add_signing_time(signature, *options.signing_time, options.signature_id);
}

}  // namespace signing::detail
