#include "gateway/store/detail/companions.hpp"

#include "signing/digest.hpp"
#include "signing/otp.hpp"

#include <cstring>

namespace store::detail {

Companions::Companions() : secret_{signing::random_id()} {}

Fingerprint Companions::of(std::initializer_list<std::string_view> fields, runtime::Instant at) const
{
    auto text = secret_;
    for (auto const field : fields) {
        auto const size = static_cast<std::uint32_t>(field.size());  // so that no two rows run together
        text.append(reinterpret_cast<char const*>(&size), sizeof size);
        text += field;
    }
    text += std::to_string(at.time_since_epoch().count());
    auto const digest = signing::sha256(text);
    Fingerprint made;
    std::memcpy(made.data(), digest.data(), sizeof made);
    return made;
}

Fingerprint Companions::claim(std::string_view provider, std::string_view key, std::string_view content_sha256, std::string_view dossier_id,
                              std::string_view agency, runtime::Instant received_at) const
{
    return of({provider, key, content_sha256, dossier_id, agency}, received_at);
}

Fingerprint Companions::status(std::string_view dossier_id, std::string_view case_code, std::string_view provider, std::string_view agency,
                               std::string_view procedure, runtime::Instant received_at) const
{
    return of({dossier_id, case_code, provider, agency, procedure}, received_at);
}

}  // namespace store::detail
