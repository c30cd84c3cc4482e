#include "signing/revocation.hpp"

#include "signing/detail/authority.hpp"
#include "signing/detail/revocations.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace signing {
namespace {

using Data = Revocations::Data;
using detail::Crl;
using detail::Ocsp;

bool among(X509* signer, std::vector<detail::X509Ptr> const& authorities)
{
    return std::ranges::any_of(authorities, [&](detail::X509Ptr const& one) {
        return detail::same_issuer(one.get(), signer) && (X509_get_key_usage(one.get()) & KU_CRL_SIGN) != 0;
    });
}

bool issuers_among(std::vector<Ocsp> const& responses, std::vector<detail::X509Ptr> const& authorities)
{
    return std::ranges::all_of(responses, [&](Ocsp const& response) {
        return std::ranges::any_of(authorities, [&](auto const& one) { return detail::same_issuer(one.get(), response.issuer.get()); });
    });
}

// Does `held` say something newer of a certificate that `response` speaks of?
bool outdone(std::vector<Ocsp> const& held, Ocsp const& response)
{
    for (auto const& other : held) {
        if (!detail::same_issuer(other.issuer.get(), response.issuer.get())) continue;
        for (auto const& answer : response.answers) {
            auto const known = std::ranges::lower_bound(other.answers, answer.serial, {}, &detail::OcspAnswer::serial);
            if (known != other.answers.end() && known->serial == answer.serial && known->this_update > answer.this_update) return true;
        }
    }
    return false;
}

std::string hex_of_number(std::string const& number) { return number.empty() ? std::string{} : hex(number); }

// Builds one snapshot, piece by piece, out of the pieces and the snapshot before.
class Maker {
public:
    Maker(Data& data, Data const* former, std::vector<Revocations::Refused>& refused) : data_{data}, former_{former}, refused_{refused} {}

    void crl(Revocations::Piece const& piece)
    {
        attempt(piece, [&](Sha256 const& hash) {
            if (holds(data_.crls, hash)) return;
            if (auto const* const same = former_of(&Data::crls, hash); same != nullptr && among(same->crl->signer.get(), data_.authorities)) {
                data_.crls.push_back({piece.name, hash, same->crl});
                return;
            }
            auto made = std::make_shared<Crl const>(detail::load_crl(piece.bytes, data_.authorities, data_.rules));
            if (auto const* const held = newer_held(*made)) {
                if (!holds(data_.crls, held->hash)) data_.crls.push_back(*held);
                throw std::runtime_error("older than the one held, which stays");
            }
            data_.crls.push_back({piece.name, hash, std::move(made)});
        });
    }

    void ocsp(Revocations::Piece const& piece)
    {
        attempt(piece, [&](Sha256 const& hash) {
            if (holds(data_.ocsp, hash)) return;
            if (auto const* const same = former_of(&Data::ocsp, hash); same != nullptr && issuers_among(*same->responses, data_.authorities)) {
                data_.ocsp.push_back({piece.name, hash, same->responses});
                return;
            }
            auto made = std::make_shared<std::vector<Ocsp> const>(detail::load_ocsp(piece.bytes, data_.authorities, data_.rules));
            if (auto const* const held = newer_held(*made)) {
                if (!holds(data_.ocsp, held->hash)) data_.ocsp.push_back(*held);
                throw std::runtime_error("older than the one held, which stays");
            }
            data_.ocsp.push_back({piece.name, hash, std::move(made)});
        });
    }

private:
    template <class Held>
    [[nodiscard]] static bool holds(std::vector<Held> const& pieces, Sha256 const& hash)
    {
        return std::ranges::find(pieces, hash, &Held::hash) != pieces.end();
    }
    template <class Held>
    [[nodiscard]] Held const* former_of(std::vector<Held> Data::*pieces, Sha256 const& hash) const
    {
        if (former_ == nullptr) return nullptr;
        auto const found = std::ranges::find(former_->*pieces, hash, &Held::hash);
        return found == (former_->*pieces).end() ? nullptr : &*found;
    }
    [[nodiscard]] Data::HeldCrl const* newer_held(Crl const& made) const
    {
        if (former_ == nullptr) return nullptr;
        auto const found = std::ranges::find_if(former_->crls, [&](Data::HeldCrl const& held) {
            return held.crl->base.has_value() == made.base.has_value() && detail::same_scope(*held.crl, made) &&
                   detail::newer(*held.crl, made) && among(held.crl->signer.get(), data_.authorities);
        });
        return found == former_->crls.end() ? nullptr : &*found;
    }
    [[nodiscard]] Data::HeldOcsp const* newer_held(std::vector<Ocsp> const& made) const
    {
        if (former_ == nullptr) return nullptr;
        auto const found = std::ranges::find_if(former_->ocsp, [&](Data::HeldOcsp const& held) {
            return issuers_among(*held.responses, data_.authorities) &&
                   std::ranges::any_of(made, [&](Ocsp const& one) { return outdone(*held.responses, one); });
        });
        return found == former_->ocsp.end() ? nullptr : &*found;
    }

    template <class Work>
    void attempt(Revocations::Piece const& piece, Work work)
    {
        try {
            work(sha256(piece.bytes));
        } catch (std::runtime_error const& error) {
            refused_.push_back({piece.name, error.what()});
        }
    }

    Data& data_;
    Data const* former_;
    std::vector<Revocations::Refused>& refused_;
};

}  // namespace

Revocations::Revocations() : data_{std::make_unique<Data>()} {}
Revocations::~Revocations() = default;

Revocations::Made Revocations::make(std::vector<std::string> const& authorities, std::vector<Piece> const& crls,
                                    std::vector<Piece> const& ocsp, std::shared_ptr<Revocations const> const& former,
                                    EvidenceRules const& rules)
{
    std::shared_ptr<Revocations> made{new Revocations};
    Made answer;
    auto& data = *made->data_;
    data.rules = rules;
    for (auto const& der : authorities) {
        auto certificate = detail::parse_certificate_der(der);
        if (!certificate) continue;
        X509_check_purpose(certificate.get(), -1, 0);  // reads the extensions now, not under many threads later
        data.authorities.push_back(std::move(certificate));
    }
    // What was read under other rules is not what these rules would read.
    bool const usable = former && former->data().rules == rules;
    Maker maker{data, usable ? &former->data() : nullptr, answer.refused};
    for (auto const& piece : crls) maker.crl(piece);
    for (auto const& piece : ocsp) maker.ocsp(piece);
    data.index();
    ERR_clear_error();
    answer.revocations = std::move(made);
    return answer;
}

std::vector<Revocations::Facts> Revocations::facts() const
{
    std::vector<Facts> all;
    for (auto const& [name, hash, crl] : data_->crls) {
        Facts facts;
        facts.name = name;
        facts.evidence = crl->evidence;
        facts.issuer = crl->issuer_name;
        facts.delta = crl->base.has_value();
        facts.revoked = crl->revoked.size();
        facts.number = hex_of_number(crl->number);
        all.push_back(std::move(facts));
    }
    for (auto const& [name, hash, responses] : data_->ocsp) {
        for (auto const& response : *responses) {
            // Of several answers the one that ends first says when the response does.
            auto const first = std::ranges::min_element(response.answers, {}, &detail::OcspAnswer::next_update);
            Facts facts;
            facts.name = name;
            facts.evidence = {.source = response.source, .this_update = first->this_update, .next_update = first->next_update};
            facts.issuer = response.issuer_name;
            facts.ocsp = true;
            facts.revoked = static_cast<std::size_t>(std::ranges::count(response.answers, detail::OcspAnswer::Status::revoked, &detail::OcspAnswer::status));
            all.push_back(std::move(facts));
        }
    }
    return all;
}

std::size_t Revocations::revoked() const
{
    std::size_t entries = 0;
    for (auto const& held : data_->crls) entries += held.crl->revoked.size();
    return entries;
}

std::optional<Instant> Revocations::listed(std::string_view issuer, std::string_view serial_hex) const
{
    auto octets = bytes_of_hex(serial_hex);
    if (octets.empty()) return std::nullopt;
    if (static_cast<unsigned char>(octets.front()) >= 0x80) octets.insert(octets.begin(), '\0');  // hex as written has no sign
    auto const serial = detail::serial_of_content(octets);
    std::optional<Instant> first;
    for (auto const& held : data_->crls) {
        auto const& crl = *held.crl;
        if (!serial || crl.issuer_name != issuer) continue;
        auto const* const entry = crl.find(X509_get_subject_name(crl.signer.get()), *serial);
        if (entry == nullptr || entry->reason == Crl::remove_from_crl) continue;
        auto const at = detail::instant_of(*entry);
        if (!first || at < *first) first = at;
    }
    return first;
}

std::size_t Revocations::memory_bytes() const
{
    std::size_t bytes = sizeof(Data);
    for (auto const& held : data_->crls) bytes += held.crl->memory_bytes();
    for (auto const& held : data_->ocsp) {
        for (auto const& response : *held.responses) bytes += sizeof(Ocsp) + response.answers.capacity() * sizeof(detail::OcspAnswer);
    }
    return bytes;
}

}  // namespace signing
