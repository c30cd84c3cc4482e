// Can any bytes crash the verifier, or be accepted under a name that is not on the one certificate it could trust?
// The corpus holds forms signed by other people's software (tests/vectors/foreign), which do verify: the fuzzer starts
// from there, so that what it mutates reaches the cryptography.

#include "tests/fuzz/foreign_verifier.hpp"
#include "tests/fuzz/must.hpp"

#include <string>
#include <string_view>

using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static schemas::XmlLimits const limits{.bytes_max = 1u << 16, .nodes_max = 2000};
    static signing::Instant const at = signing::read_instant("2026-12-01T09:00:00+07:00").value();
    auto const document = schemas::Document::parse({reinterpret_cast<char const*>(data), size}, limits);
    if (!document) return 0;
    auto const root = document->root_name();
    auto const place = root == "Hoso" ? *signing::signature_place("") : signing::Place{.form = root, .root = root, .holder = "Cky"};
    auto const signer = fuzz::foreign_verifier().verify_document(*document, place, "0101300842", at);
    if (signer) {
        must(signer->certificate.tax_code == "0101300842");
        must(signer->signature_algorithm == "rsa-sha256" || signer->signature_algorithm == "ecdsa-sha256");
        must(signer->digest_algorithm == "sha256");
    } else {
        must(!name_of(signer.error().why).empty() && !signer.error().path.empty());
        must(signer.error().detail.size() < 5000);
    }
    return 0;
}
