#include "signing/detail/revocations.hpp"

#include "signing/detail/authority.hpp"
#include "signing/detail/scope.hpp"

#include <openssl/err.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace signing::detail {
namespace {

using Data = Revocations::Data;
using State = Standing::State;

bool less_number(std::string const& a, std::string const& b) { return std::tuple{a.size(), std::string_view{a}} < std::tuple{b.size(), std::string_view{b}}; }

// Whoever says "revoked" first; else what says "good", with the reasons it speaks of.
class Weighing {
public:
    explicit Weighing(Instant at) : at_{at} {}

    void revoked(Instant when, RevocationEvidence const& by)
    {
        if (standing_.state == State::revoked && standing_.revoked_at <= when) return;
        standing_.state = State::revoked;
        standing_.revoked_at = when;
        standing_.evidence = by;
    }
    void good(RevocationEvidence const& by, Reasons reasons) { good_.push_back({by, reasons}); }
    void note(std::string text) { standing_.detail = std::move(text); }
    // Evidence that comes into force later than the time asked about.
    void from(Instant later) { standing_.holds_until = std::min(standing_.holds_until, later - std::chrono::seconds{1}); }

    Standing verdict() &&
    {
        if (standing_.state == State::revoked) {
            standing_.holds_until = Instant::max();
            standing_.detail = fmt::format("revoked at {:%FT%TZ}, {}", std::chrono::floor<std::chrono::seconds>(*standing_.revoked_at),
                                           standing_.evidence.source);
        } else if (auto fresh = best([this](RevocationEvidence const& one) { return one.next_update >= at_; }, issued_later)) {
            standing_.state = State::good;
            standing_.evidence = std::move(*fresh);
            standing_.holds_until = std::min(standing_.holds_until, standing_.evidence.next_update);
        } else if (auto ended = best([](RevocationEvidence const&) { return true; }, ended_later)) {
            standing_.state = State::stale;
            standing_.evidence = std::move(*ended);
            standing_.detail = fmt::format("{} ended at {:%FT%TZ}", standing_.evidence.source,
                                           std::chrono::floor<std::chrono::seconds>(standing_.evidence.next_update));
        } else {
            standing_.evidence.source = "none";
        }
        return std::move(standing_);
    }

private:
    struct Good {
        RevocationEvidence evidence;
        Reasons reasons;
    };
    using Better = bool (*)(RevocationEvidence const&, RevocationEvidence const&);
    static bool issued_later(RevocationEvidence const& a, RevocationEvidence const& b) { return a.this_update > b.this_update; }
    static bool ended_later(RevocationEvidence const& a, RevocationEvidence const& b) { return a.next_update > b.next_update; }

    // The best one that speaks of all reasons; or, where they do so only together, the one of these that ends first.
    template <class Usable>
    [[nodiscard]] std::optional<RevocationEvidence> best(Usable usable, Better better) const
    {
        std::optional<RevocationEvidence> whole, first_to_end;
        Reasons together = 0;
        for (auto const& one : good_) {
            if (!usable(one.evidence)) continue;
            together |= one.reasons;
            if (one.reasons == all_reasons && (!whole || better(one.evidence, *whole))) whole = one.evidence;
            if (!first_to_end || one.evidence.next_update < first_to_end->next_update) first_to_end = one.evidence;
        }
        if (whole) return whole;
        return together == all_reasons ? first_to_end : std::nullopt;
    }

    Instant at_;
    Standing standing_;
    std::vector<Good> good_;
};

// One certificate, asked of everything the snapshot holds. `depth` > 0: the certificate of somebody who signed evidence;
// then only lists count that the certificate's issuer signed itself, so that nobody vouches for himself in a circle.
class Question {
public:
    Question(Data const& data, X509* certificate, X509* issuer, Instant at, int depth)
        : data_{data}, certificate_{certificate}, issuer_{issuer}, at_{at}, usable_until_{at + data.rules.ahead_max}, depth_{depth},
          scope_{certificate, issuer}, weighing_{at}
    {
        auto const serial = serial_of(X509_get0_serialNumber(certificate));
        if (!serial) weighing_.note("a serial number of more than 20 octets is in no list");
        has_serial_ = serial.has_value();
        if (serial) serial_ = *serial;
    }

    void ask_lists()
    {
        if (!has_serial_) return;
        for (auto const& scope : data_.scopes) {
            auto const reasons = scope_.covered_by(scope.any());
            if (reasons != 0 && vouched(scope.any().signer.get())) ask(scope, reasons);
        }
    }

    void ask_answers()
    {
        if (!has_serial_) return;
        std::vector<Data::Answer> answers;
        if (auto const found = data_.answers.find(serial_); found != data_.answers.end()) answers = found->second;
        ask(answers);
    }

    void ask_stapled(std::span<std::string const> stapled)
    {
        std::vector<X509Ptr> issuer;
        issuer.push_back(share(issuer_));
        std::vector<Ocsp> kept;
        for (auto const& der : stapled.first(std::min(stapled.size(), stapled_max))) {
            try {
                for (auto& response : load_ocsp(der, issuer, data_.rules)) kept.push_back(std::move(response));
            } catch (std::runtime_error const& error) {
                weighing_.note(fmt::format("a stapled OCSP response was passed over: {}", error.what()));
            }
        }
        std::vector<Data::Answer> answers;
        for (auto const& response : kept) {
            for (auto const& answer : response.answers) {
                if (has_serial_ && answer.serial == serial_) answers.push_back({&response, &answer, 0});
            }
        }
        ask(answers);
    }

    Standing verdict() && { return std::move(weighing_).verdict(); }

private:
    // RFC 5280 §6.3.3 (f): the issuer's own key, or one that a signature ties to it, unless that one was revoked.
    [[nodiscard]] bool vouched(X509* signer) const
    {
        if (same_key(signer, issuer_)) return true;
        if (depth_ > 0) return false;
        return std::ranges::any_of(data_.authorities, [&](X509Ptr const& one) {
            return same_issuer(one.get(), signer) && valid_at(one.get(), at_) && related(one.get(), issuer_, data_.authorities) &&
                   !known_revoked(one.get());
        });
    }

    [[nodiscard]] bool known_revoked(X509* certificate, X509* issuer) const
    {
        Question question{data_, certificate, issuer, at_, depth_ + 1};
        question.ask_lists();
        return std::move(question).verdict().state == State::revoked;
    }
    [[nodiscard]] bool known_revoked(X509* certificate) const
    {
        return std::ranges::any_of(data_.authorities, [&](X509Ptr const& parent) {
            return same_name(X509_get_subject_name(parent.get()), X509_get_issuer_name(certificate)) && known_revoked(certificate, parent.get());
        });
    }

    void ask(Data::Scope const& scope, Reasons reasons)
    {
        Crl const* base = nullptr;
        for (auto const* const list : scope.complete) {
            if (in_force(*list)) {
                base = list;
                break;
            }
            ask_later(*list);
        }
        Crl const* delta = nullptr;
        for (auto const* const list : scope.deltas) {
            if (!in_force(*list)) {
                ask_later(*list);
            } else if (delta == nullptr && (base == nullptr || less_number(base->number, list->number))) {
                delta = list;
            }
        }
        // RFC 5280 §5.2.4: the base may be newer than the one that the delta was made for, never older.
        bool const fits = base != nullptr && delta != nullptr && !less_number(base->number, *delta->base);
        auto const combined = fits ? combination(*delta) : RevocationEvidence{};
        auto const* const change = delta == nullptr ? nullptr : entry(*delta);
        if (change != nullptr && change->reason != Crl::remove_from_crl) {
            return weighing_.revoked(instant_of(*change), fits ? combined : delta->evidence);
        }
        if (base == nullptr) return;
        bool const removed = fits && change != nullptr;
        if (auto const* const listed = entry(*base); listed != nullptr && !removed) return weighing_.revoked(instant_of(*listed), base->evidence);
        weighing_.good(base->evidence, reasons);
        if (fits) weighing_.good(combined, reasons);
    }

    [[nodiscard]] static RevocationEvidence combination(Crl const& delta)
    {
        auto evidence = delta.evidence;
        evidence.source.insert(3, "+delta");  // crl:… is crl+delta:…
        return evidence;
    }

    [[nodiscard]] bool in_force(Crl const& list) const { return list.evidence.this_update <= usable_until_; }
    [[nodiscard]] Crl::Entry const* entry(Crl const& list) const { return list.find(X509_get_issuer_name(certificate_), serial_); }

    // A list issued after the time asked about cannot say "good" then, but it knows who was revoked before.
    void ask_later(Crl const& list)
    {
        auto const* const listed = entry(list);
        if (listed != nullptr && listed->reason != Crl::remove_from_crl && instant_of(*listed) <= at_) {
            weighing_.revoked(instant_of(*listed), list.evidence);
        }
        weighing_.from(list.evidence.this_update - data_.rules.ahead_max);
    }

    void ask(std::vector<Data::Answer>& answers)
    {
        std::ranges::stable_sort(answers, [](Data::Answer const& a, Data::Answer const& b) {
            auto const revoked = [](Data::Answer const& one) { return one.answer->status == OcspAnswer::Status::revoked; };
            return std::tuple{a.answer->this_update, revoked(a)} > std::tuple{b.answer->this_update, revoked(b)};
        });
        for (auto const& [response, answer, held] : answers) {
            if (!same_issuer(response->issuer.get(), issuer_)) continue;
            bool const asked = response->delegated && !response->nocheck;
            if (asked && known_revoked(response->responder.get(), issuer_)) {
                weighing_.note("an OCSP responder's certificate was revoked");
                continue;
            }
            RevocationEvidence const evidence{.source = response->source, .this_update = answer->this_update, .next_update = answer->next_update};
            bool const later = answer->this_update > usable_until_;
            bool const revoked = answer->status == OcspAnswer::Status::revoked;
            if (revoked && (!later || answer->revoked_at <= at_)) weighing_.revoked(answer->revoked_at, evidence);
            if (later) {
                weighing_.from(answer->this_update - data_.rules.ahead_max);
                continue;
            }
            if (answer->status == OcspAnswer::Status::good) weighing_.good(evidence, all_reasons);
            if (answer->status == OcspAnswer::Status::unknown) weighing_.note("the OCSP responder does not know the certificate");
            return;  // what it said before no longer counts
        }
    }

    Data const& data_;
    X509* certificate_;
    X509* issuer_;
    Instant at_, usable_until_;
    int depth_;
    ScopeQuestion scope_;
    Weighing weighing_;
    Serial serial_;
    bool has_serial_ = false;
};

}  // namespace

bool same_issuer(X509* a, X509* b) { return a == b || (same_name(X509_get_subject_name(a), X509_get_subject_name(b)) && same_key(a, b)); }

bool same_scope(Crl const& a, Crl const& b) { return a.point_der == b.point_der && same_issuer(a.signer.get(), b.signer.get()); }

bool newer(Crl const& a, Crl const& b)
{
    if (a.evidence.this_update != b.evidence.this_update) return a.evidence.this_update > b.evidence.this_update;
    return less_number(b.number, a.number);
}

Standing standing_of(Revocations const& revocations, X509* certificate, X509* issuer, Instant at, std::span<std::string const> stapled)
{
    Question question{revocations.data(), certificate, issuer, at, 0};
    question.ask_lists();
    question.ask_answers();
    if (!stapled.empty()) question.ask_stapled(stapled);
    auto standing = std::move(question).verdict();
    ERR_clear_error();
    return standing;
}

}  // namespace signing::detail

namespace signing {

void Revocations::Data::index()
{
    for (auto const& held : crls) {
        auto const& crl = *held.crl;
        auto found = std::ranges::find_if(scopes, [&](Scope const& scope) { return detail::same_scope(scope.any(), crl); });
        if (found == scopes.end()) found = scopes.emplace(scopes.end());
        (crl.base ? found->deltas : found->complete).push_back(&crl);
    }
    auto const newest_first = [](detail::Crl const* a, detail::Crl const* b) { return detail::newer(*a, *b); };
    for (auto& scope : scopes) {
        std::ranges::stable_sort(scope.complete, newest_first);
        std::ranges::stable_sort(scope.deltas, newest_first);
    }
    for (std::size_t i = 0; i < ocsp.size(); ++i) {
        for (auto const& response : *ocsp[i].responses) {
            for (auto const& answer : response.answers) answers[answer.serial].push_back({&response, &answer, i});
        }
    }
}

}  // namespace signing
