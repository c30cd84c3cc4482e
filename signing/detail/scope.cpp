#include "signing/detail/scope.hpp"

#include "signing/detail/authority.hpp"

#include <openssl/err.h>

namespace signing::detail {
namespace {

bool holds(GENERAL_NAMES const* names, X509_NAME const* name)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        auto const* const one = sk_GENERAL_NAME_value(names, i);
        if (one->type == GEN_DIRNAME && same_name(one->d.directoryName, name)) return true;
    }
    return false;
}

bool share_one(GENERAL_NAMES const* a, GENERAL_NAMES const* b)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(a); ++i) {
        for (int j = 0; j < sk_GENERAL_NAME_num(b); ++j) {
            if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, j)) == 0) return true;
        }
    }
    return false;
}

// A name relative to the CRL issuer was made whole by DIST_POINT_set_dpname; without that it matches nothing.
bool relative(DIST_POINT_NAME const* point) { return point->type == 1; }

bool matches(DIST_POINT_NAME const* point, GENERAL_NAMES const* names)
{
    if (relative(point)) return point->dpname != nullptr && holds(names, point->dpname);
    return share_one(point->name.fullname, names);
}

bool matches(DIST_POINT_NAME const* a, DIST_POINT_NAME const* b)
{
    if (!relative(b)) return matches(a, b->name.fullname);
    if (b->dpname == nullptr) return false;
    return relative(a) ? a->dpname != nullptr && same_name(a->dpname, b->dpname) : holds(a->name.fullname, b->dpname);
}

// RFC 5280 §6.3.3 (b)(1) and (b)(2)(i), for one distribution point of the certificate.
Reasons covered_through(DIST_POINT const* point, Crl const& crl, bool own)
{
    X509_NAME const* const issuer = crl.issuers.front().get();
    bool const issued = point->CRLissuer == nullptr ? own : crl.indirect && holds(point->CRLissuer, issuer);
    if (!issued) return 0;
    auto const* const scope = crl.point ? crl.point->distpoint : nullptr;
    if (scope != nullptr) {
        bool const named = point->distpoint != nullptr ? matches(scope, point->distpoint)
                                                       : point->CRLissuer != nullptr && matches(scope, point->CRLissuer);
        if (!named) return 0;
    }
    return reasons_of(point->reasons) & crl.reasons;
}

// §4.2.1.13: relative to the one cRLIssuer, or to the certificate's issuer.
void complete_name(DIST_POINT* point, X509_NAME const* certificate_issuer)
{
    if (point->distpoint == nullptr || !relative(point->distpoint)) return;
    X509_NAME const* base = certificate_issuer;
    if (point->CRLissuer != nullptr && sk_GENERAL_NAME_num(point->CRLissuer) > 0) {
        auto const* const first = sk_GENERAL_NAME_value(point->CRLissuer, 0);
        if (first->type == GEN_DIRNAME) base = first->d.directoryName;
    }
    // Where it cannot be done the name stays unset and matches nothing.
    if (DIST_POINT_set_dpname(point->distpoint, const_cast<X509_NAME*>(base)) != 1) ERR_clear_error();
}

}  // namespace

ScopeQuestion::ScopeQuestion(X509* certificate, X509* issuer)
    : certificate_{certificate}, issuer_name_{X509_get_subject_name(issuer)}
{
    X509_check_purpose(certificate, -1, 0);  // reads the extensions into flags
    authority_ = (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0;
}

CRL_DIST_POINTS const* ScopeQuestion::points()
{
    if (!points_) {
        points_.emplace(static_cast<CRL_DIST_POINTS*>(X509_get_ext_d2i(certificate_, NID_crl_distribution_points, nullptr, nullptr)));
        ERR_clear_error();
        for (int i = 0; i < sk_DIST_POINT_num(points_->get()); ++i) complete_name(sk_DIST_POINT_value(points_->get(), i), issuer_name_);
    }
    return points_->get();
}

Reasons ScopeQuestion::covered_by(Crl const& crl)
{
    if (!(authority_ ? crl.covers_authorities : crl.covers_leaves)) return 0;
    bool const own = same_name(crl.issuers.front().get(), issuer_name_);
    auto const* const scope = crl.point ? crl.point->distpoint : nullptr;
    // A list of everything by the certificate's own issuer: whatever the certificate says of distribution points.
    if (own && scope == nullptr && crl.reasons == all_reasons) return all_reasons;
    if (!own && !crl.indirect) return 0;
    Reasons covered = 0;
    auto const* const named = points();
    for (int i = 0; i < sk_DIST_POINT_num(named); ++i) covered |= covered_through(sk_DIST_POINT_value(named, i), crl, own);
    // The end of §6.3.3: a CRL that no distribution point names, but issued by the certificate's issuer.
    bool const issuer_is_point = scope == nullptr || (relative(scope) ? scope->dpname != nullptr && same_name(scope->dpname, issuer_name_)
                                                                      : holds(scope->name.fullname, issuer_name_));
    if (own && issuer_is_point) covered |= crl.reasons;
    return covered;
}

}  // namespace signing::detail
