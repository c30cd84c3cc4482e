#include "signing/hindsight.hpp"

#include "signing/detail/revocations.hpp"

#include <algorithm>
#include <utility>

namespace signing {

Hindsight look_back(Revocations const& revocations, std::vector<std::string> const& path, Instant at, Instant now)
{
    using State = detail::Standing::State;
    std::vector<detail::X509Ptr> certificates;
    for (auto const& der : path) certificates.push_back(detail::parse_certificate_der(der));
    bool const readable = std::ranges::all_of(certificates, [](auto const& one) { return one != nullptr; });
    if (certificates.size() < 2 || !readable) return {.detail = "the path cannot be read"};

    Hindsight found{.word = Hindsight::Word::good};
    for (std::size_t i = 0; i + 1 < certificates.size(); ++i) {
        auto standing = detail::standing_of(revocations, certificates[i].get(), certificates[i + 1].get(), now);
        bool const revoked = standing.state == State::revoked && standing.revoked_at && *standing.revoked_at <= at;
        bool const known = revoked || standing.state == State::good || standing.state == State::revoked;
        // Once a certificate has expired its CA may leave it off the list (RFC 5280 §3.3): silence then proves nothing.
        bool const silent = standing.state == State::good && standing.evidence.this_update > detail::instant_of(X509_get0_notAfter(certificates[i].get()));
        if (i == 0) found.evidence = standing.evidence;
        if (revoked)
            return {.word = Hindsight::Word::revoked, .depth = i, .evidence = standing.evidence, .revoked_at = standing.revoked_at, .detail = std::move(standing.detail)};
        // A revocation further up the path outweighs what is unknown here.
        if ((!known || silent) && found.word == Hindsight::Word::good) {
            found.word = Hindsight::Word::unknown;
            found.depth = i;
            found.detail = silent ? "the evidence is younger than the certificate's end" : std::move(standing.detail);
        }
    }
    return found;
}

}  // namespace signing
