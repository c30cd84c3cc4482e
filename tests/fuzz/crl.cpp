// Can any bytes crash the reader of CRLs, make it take what OpenSSL's own reader refuses, or make it read other entries?
// The signature is not asked for that: a CA of ours could be as hostile as its bytes. With the signature asked, only the
// kept lists of the kept authority may be believed.

#include "signing/detail/crl.hpp"

#include "signing/detail/revocations.hpp"
#include "tests/fuzz/kept.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>

using fuzz::kept;
using fuzz::must;

namespace {

void compare_with_openssl(std::string_view der)
{
    signing::EvidenceRules const rules{.crl_number_required = false, .crl_entries_max = 10'000};
    signing::detail::Crl crl;
    try {
        auto const frame = signing::detail::read_frame(der, rules);
        crl = signing::detail::read_list(frame, rules);
    } catch (std::runtime_error const& error) {
        must(std::string_view{error.what()}.size() < 1000);
        return;
    }
    must(crl.revoked.size() <= rules.crl_entries_max && crl.revoked.size() * 10 <= der.size());
    auto const* begin = reinterpret_cast<unsigned char const*>(der.data());
    auto const* at = begin;
    signing::detail::CrlPtr const theirs{d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size()))};
    must(theirs != nullptr && at == begin + der.size());
    auto* const entries = X509_CRL_get_REVOKED(theirs.get());
    std::size_t readable = 0;
    for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
        auto const serial = signing::detail::serial_of(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(entries, i)));
        if (!serial) continue;
        ++readable;
        if (!crl.indirect) must(crl.revoked_at(*serial).has_value());
    }
    must(readable == crl.revoked.size());
}

// What the kept authority did not sign is refused; what it did is asked about the kept leaf.
void ask(std::string_view bytes)
{
    static std::vector<signing::detail::X509Ptr> const authorities = [] {
        std::vector<signing::detail::X509Ptr> made;
        made.push_back(kept("root.der"));
        return made;
    }();
    static auto const leaf = kept("leaf.der");
    try {
        (void)signing::detail::load_crl(bytes, authorities, {});
    } catch (std::runtime_error const& error) {
        must(std::string_view{error.what()}.size() < 1000);
        return;
    }
    X509* const root = authorities.front().get();
    auto const made = signing::Revocations::make({signing::detail::der_of(root)}, {{"fuzz", std::string{bytes}}}, {});
    must(made.refused.empty() && made.revocations->facts().size() == 1);
    (void)signing::detail::standing_of(*made.revocations, leaf.get(), root, signing::Instant{std::chrono::hours{24 * 365 * 57}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const bytes{reinterpret_cast<char const*>(data), size};
    compare_with_openssl(bytes);
    ask(bytes);
    return 0;
}
