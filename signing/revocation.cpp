#include "signing/revocation.hpp"

#include "signing/detail/authority.hpp"
#include "signing/detail/revocations.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <map>
#include <set>
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

std::string hex_of_number(std::string const& number) { return number.empty() ? std::string{} : hex(number); }

// What a snapshot holds, by the hash of its bytes.
template <class Held>
std::map<Sha256, Held const*> by_hash(std::vector<Held> const& pieces)
{
    std::map<Sha256, Held const*> found;
    for (auto const& held : pieces) found.emplace(held.hash, &held);
    return found;
}

Sha256 id_of(X509* certificate) { return sha256(detail::der_of(certificate)); }

// Builds one snapshot, piece by piece, out of the pieces and the snapshot before. What many pieces have in common (a
// responder's certificate) is held once, so that ten thousand responses cost little more than their bytes.
class Maker {
public:
    Maker(Data& data, Data const* former, std::vector<Revocations::Refused>& refused) : data_{data}, former_{former}, refused_{refused}
    {
        if (former_ == nullptr) return;
        former_crls_ = by_hash(former_->crls);
        former_ocsp_ = by_hash(former_->ocsp);
        for (auto const& held : former_->ocsp)
            for (auto const& response : *held.responses) know_responder(response.responder.get());
    }

    void crl(Revocations::Piece const& piece)
    {
        attempt(piece, [&](Sha256 const& hash) {
            if (taken_crls_.contains(hash)) return;
            if (auto const same = former_crls_.find(hash); same != former_crls_.end() && among(same->second->crl->signer.get(), data_.authorities)) {
                return take(Data::HeldCrl{piece.name, hash, same->second->crl});
            }
            auto made = std::make_shared<Crl const>(detail::load_crl(piece.bytes, data_.authorities, data_.rules));
            if (auto const* const held = newer_held(*made)) {
                take(*held);
                throw std::runtime_error("older than the one held, which stays");
            }
            take(Data::HeldCrl{piece.name, hash, std::move(made)});
        });
    }

    void ocsp(Revocations::Piece const& piece)
    {
        attempt(piece, [&](Sha256 const& hash) {
            if (taken_ocsp_.contains(hash)) return;
            if (auto const same = former_ocsp_.find(hash); same != former_ocsp_.end() && issuers_among(*same->second->responses, data_.authorities)) {
                return take(Data::HeldOcsp{piece.name, hash, same->second->responses});
            }
            auto made = detail::load_ocsp(piece.bytes, data_.authorities, data_.rules);
            if (auto const* const held = newer_held(made)) {
                take(*held);
                throw std::runtime_error("older than the one held, which stays");
            }
            for (auto& response : made) response.responder = detail::share(know_responder(response.responder.get()));
            take(Data::HeldOcsp{piece.name, hash, std::make_shared<std::vector<Ocsp> const>(std::move(made))});
        });
    }

private:
    void take(Data::HeldCrl held)
    {
        if (taken_crls_.insert(held.hash).second) data_.crls.push_back(std::move(held));
    }
    void take(Data::HeldOcsp held)
    {
        if (taken_ocsp_.insert(held.hash).second) data_.ocsp.push_back(std::move(held));
    }

    // The one object that stands for this certificate.
    X509* know_responder(X509* certificate)
    {
        if (known_.contains(certificate)) return certificate;
        auto* const kept = responders_.emplace(id_of(certificate), detail::share(certificate)).first->second.get();
        known_.insert(kept);
        return kept;
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

    // A piece that says something newer of a certificate that `made` speaks of.
    [[nodiscard]] Data::HeldOcsp const* newer_held(std::vector<Ocsp> const& made) const
    {
        if (former_ == nullptr) return nullptr;
        for (auto const& one : made) {
            for (auto const& answer : one.answers) {
                auto const known = former_->answers.find(answer.serial);
                if (known == former_->answers.end()) continue;
                for (auto const& other : known->second) {
                    auto const& held = former_->ocsp[other.held];
                    bool const newer = other.answer->this_update > answer.this_update;
                    if (newer && detail::same_issuer(other.response->issuer.get(), one.issuer.get()) && issuers_among(*held.responses, data_.authorities)) return &held;
                }
            }
        }
        return nullptr;
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
    std::map<Sha256, Data::HeldCrl const*> former_crls_;
    std::map<Sha256, Data::HeldOcsp const*> former_ocsp_;
    std::set<Sha256> taken_crls_, taken_ocsp_;
    std::map<Sha256, detail::X509Ptr> responders_;
    std::set<X509*> known_;
};

// Parsed once as long as they stay: evidence of many snapshots then names the same objects.
void take_authorities(Data& data, std::vector<std::string> const& authorities, Data const* former)
{
    std::map<Sha256, X509*> known;
    for (std::size_t i = 0; former != nullptr && i < former->authorities.size(); ++i) known.emplace(former->authority_ids[i], former->authorities[i].get());
    for (auto const& der : authorities) {
        auto const id = sha256(der);
        auto const same = known.find(id);
        auto certificate = same == known.end() ? detail::parse_certificate_der(der) : detail::share(same->second);
        if (!certificate) continue;
        if (same == known.end()) X509_check_purpose(certificate.get(), -1, 0);  // reads the extensions now, not under many threads later
        data.authorities.push_back(std::move(certificate));
        data.authority_ids.push_back(id);
    }
}

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
    take_authorities(data, authorities, former ? &former->data() : nullptr);
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
