#include "gateway/store/grace.hpp"

#include "gateway/store/detail/path_bytes.hpp"

#include <algorithm>

namespace store {

std::vector<GraceSigner> grace_signers(std::vector<signing::Signer> const& signers)
{
    std::vector<GraceSigner> found;
    for (auto const& signer : signers) {
        if (!signer.revocation.grace) continue;
        bool const seen = std::any_of(found.begin(), found.end(), [&](auto const& one) { return one.path == signer.path_der; });
        if (!seen) found.push_back({signer.path_der, signer.revocation});
    }
    return found;
}

namespace detail {

std::string join_path(std::vector<std::string> const& parts)
{
    std::string bytes;
    for (auto const& part : parts) {
        for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(part.size() >> shift & 0xff));
        bytes += part;
    }
    return bytes;
}

std::optional<std::vector<std::string>> split_path(std::string_view bytes)
{
    std::vector<std::string> parts;
    while (!bytes.empty()) {
        if (bytes.size() < 4) return std::nullopt;
        std::size_t length = 0;
        for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
        bytes.remove_prefix(4);
        if (length > bytes.size()) return std::nullopt;
        parts.emplace_back(bytes.substr(0, length));
        bytes.remove_prefix(length);
    }
    return parts;
}

}  // namespace detail
}  // namespace store
