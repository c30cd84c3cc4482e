// Where a certificate's evidence is, and how to ask for it: the questions of revocation.hpp that need no snapshot.

#include "signing/detail/authority.hpp"
#include "signing/detail/openssl.hpp"
#include "signing/digest.hpp"
#include "signing/revocation.hpp"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <algorithm>

namespace signing {
namespace {

using namespace detail;

using PointsPtr = Owned<CRL_DIST_POINTS, CRL_DIST_POINTS_free>;
using AccessPtr = Owned<AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free>;
using RequestPtr = Owned<OCSP_REQUEST, OCSP_REQUEST_free>;

// Bounds of our own choice: a certificate of a stranger must not make us ask half the world.
constexpr std::size_t urls_max = 8, url_bytes_max = 1024;

// RFC 5280 §4.2.1.13, §4.2.2.1: http:// alone. What is not printable ASCII would end up in a request line.
void add_url(std::vector<std::string>& urls, GENERAL_NAME const* name)
{
    if (name->type != GEN_URI || urls.size() == urls_max) return;
    auto const* const text = name->d.uniformResourceIdentifier;
    std::string url(reinterpret_cast<char const*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text)));
    constexpr std::string_view scheme = "http://";
    bool const http = url.size() > scheme.size() && url.size() <= url_bytes_max &&
                      std::ranges::equal(std::string_view{url}.substr(0, scheme.size()), scheme, {}, [](char c) {
                          return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
                      });
    bool const printable = std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f'; });
    if (http && printable && std::ranges::find(urls, url) == urls.end()) urls.push_back(std::move(url));
}

// Points of another CRL issuer (an indirect CRL) are fetched as well: whether the list holds is judged when it is read.
void add_points(std::vector<std::string>& urls, X509* certificate, int extension)
{
    PointsPtr const points{static_cast<CRL_DIST_POINTS*>(X509_get_ext_d2i(certificate, extension, nullptr, nullptr))};
    for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
        auto const* const point = sk_DIST_POINT_value(points.get(), i)->distpoint;
        if (point == nullptr || point->type != 0) continue;
        for (int j = 0; j < sk_GENERAL_NAME_num(point->name.fullname); ++j) add_url(urls, sk_GENERAL_NAME_value(point->name.fullname, j));
    }
}

}  // namespace

std::string EvidenceWanted::id() const { return hex(sha256(hex(sha256(certificate)) + hex(sha256(issuer)))); }

std::optional<std::string> ocsp_request(std::string_view certificate_der, std::string_view issuer_der)
{
    auto const certificate = parse_certificate_der(certificate_der);
    auto const issuer = parse_certificate_der(issuer_der);
    if (!certificate || !issuer) return std::nullopt;
    RequestPtr const request{OCSP_REQUEST_new()};
    Owned<OCSP_CERTID, OCSP_CERTID_free> id{OCSP_cert_to_id(EVP_sha1(), certificate.get(), issuer.get())};
    if (!request || !id || OCSP_request_add0_id(request.get(), id.get()) == nullptr) throw_openssl("cannot make an OCSP request");
    (void)id.release();  // the request owns it now
    unsigned char* out = nullptr;
    int const size = i2d_OCSP_REQUEST(request.get(), &out);
    if (size < 0) throw_openssl("cannot encode an OCSP request");
    Owned<unsigned char, free_openssl_memory> const owner{out};
    return std::string(reinterpret_cast<char const*>(out), static_cast<std::size_t>(size));
}

std::optional<std::string> issuer_among(std::vector<std::string> const& authorities, std::string_view certificate_der)
{
    auto const certificate = parse_certificate_der(certificate_der);
    if (!certificate) return std::nullopt;
    for (auto const& der : authorities) {
        auto const issuer = parse_certificate_der(der);
        bool const signed_it = issuer && signed_by(certificate.get(), issuer.get());
        ERR_clear_error();
        if (signed_it) return der;
    }
    return std::nullopt;
}

EvidenceWanted evidence_sources(std::string_view certificate_der, std::string_view issuer_der)
{
    EvidenceWanted wanted{.certificate = std::string{certificate_der}, .issuer = std::string{issuer_der}, .crl_urls = {}, .delta_urls = {}, .ocsp_urls = {}};
    auto const certificate = parse_certificate_der(certificate_der);
    if (!certificate) return wanted;
    add_points(wanted.crl_urls, certificate.get(), NID_crl_distribution_points);
    add_points(wanted.delta_urls, certificate.get(), NID_freshest_crl);
    AccessPtr const access{static_cast<AUTHORITY_INFO_ACCESS*>(X509_get_ext_d2i(certificate.get(), NID_info_access, nullptr, nullptr))};
    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
        auto const* const one = sk_ACCESS_DESCRIPTION_value(access.get(), i);
        if (OBJ_obj2nid(one->method) == NID_ad_OCSP) add_url(wanted.ocsp_urls, one->location);
    }
    ERR_clear_error();
    return wanted;
}

}  // namespace signing
