// The strict profile on any XML document (ivanctl verify --profile xmldsig): can any bytes crash it, or be accepted
// without a signer under the one anchor it trusts?

#include "tests/fuzz/foreign_verifier.hpp"
#include "tests/fuzz/must.hpp"

using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static schemas::XmlLimits const limits{.bytes_max = 1u << 16, .nodes_max = 2000};
    static signing::Instant const at = signing::read_instant("2026-12-01T09:00:00+07:00").value();
    auto const document = schemas::Document::parse(fuzz::text_of(data, size), limits);
    if (!document) return 0;
    auto const signer = fuzz::foreign_verifier().verify_xml(*document, {}, at);
    if (signer) {
        must(signer->certificate.tax_code == "0101300842" && !signer->path_der.empty());
        must(signer->reference.empty() || signer->reference.starts_with('#'));
        must(!signer->signature_algorithm.empty() && !signer->digest_algorithm.empty() && !signer->canonicalisation.empty());
    } else {
        must(!name_of(signer.error().why).empty() && signer.error().detail.size() < 5000);
    }
    return 0;
}
