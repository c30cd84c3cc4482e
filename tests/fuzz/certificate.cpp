// Any bytes as a certificate, PEM or DER, and as one of a chain: what a form's KeyInfo carries is the sender's choice.

#include "signing/certificate.hpp"
#include "signing/trust.hpp"
#include "tests/fuzz/must.hpp"

using fuzz::must;

namespace {

signing::TrustStore const& trust()
{
    static auto const made = signing::TrustStore::load(IVAN_SOURCE_DIR "/tests/vectors/foreign/trust", {});
    return *made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static signing::Instant const at = signing::read_instant("2026-12-01T09:00:00+07:00").value();
    auto const bytes = fuzz::text_of(data, size);
    if (auto const facts = signing::read_certificate(bytes)) {
        must(fuzz::utf8(facts->subject) && fuzz::utf8(facts->issuer) && fuzz::utf8(facts->common_name) && fuzz::utf8(facts->tax_code));
        must(facts->serial.find_first_not_of("0123456789ABCDEF-") == std::string::npos);
        must(signing::certificate_der(bytes).has_value());
    }
    auto const der = signing::certificate_der(bytes).value_or(std::string{bytes});
    auto const chained = trust().chain(der, at, std::vector<std::string>{der});
    if (chained) {
        must((*chained)->facts.fingerprint == signing::sha256(der));
        must(!(*chained)->path().empty() && (*chained)->valid_until > signing::Instant{});
    } else {
        must(!name_of(chained.error().why).empty());
    }
    return 0;
}
