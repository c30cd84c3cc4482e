#pragma once

// Does a CRL speak of a certificate? Its issuing distribution point against the certificate's distribution points.
// Source: RFC 5280 §6.3.3 (b), (d). Private to signing/.
//
// Threads: one question is one thread's.

#include "signing/detail/crl.hpp"

#include <optional>

namespace signing::detail {

using PointsPtr = Owned<CRL_DIST_POINTS, CRL_DIST_POINTS_free>;

class ScopeQuestion {
public:
    ScopeQuestion(X509* certificate, X509* issuer);

    // For which reasons of revocation the list speaks of the certificate; 0: it does not.
    [[nodiscard]] Reasons covered_by(Crl const& crl);

private:
    [[nodiscard]] CRL_DIST_POINTS const* points();

    X509* certificate_;
    X509_NAME const* issuer_name_;
    bool authority_;
    std::optional<PointsPtr> points_;  // read when first needed
};

}  // namespace signing::detail
