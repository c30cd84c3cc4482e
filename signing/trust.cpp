#include "signing/trust.hpp"

#include "signing/detail/anchors.hpp"
#include "signing/detail/path.hpp"
#include "signing/detail/revocations.hpp"
#include "signing/detail/timed_cache.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace signing {
namespace {

namespace fs = std::filesystem;
using detail::Node;
using detail::Path;
using detail::Standing;

constexpr std::size_t tails_remembered_max = 1'000;  // as many paths to share; real hierarchies have some tens

// How long a bad verdict is believed: long enough to make a flood of bad certificates cheap.
constexpr std::chrono::minutes bad_verdict_life{10};
// How long a verdict under grace is: what it lacks may be there any moment.
constexpr std::chrono::minutes grace_verdict_life{1};
constexpr detail::SearchBounds search_bounds{};

Failure no(Refusal why, std::string text) { return {.why = why, .form = {}, .path = {}, .detail = std::move(text)}; }

// One answer, with the times it holds for.
struct Verdict {
    Result<std::shared_ptr<Chained const>> result = no(Refusal::chain_untrusted, "no path was looked for");
    Instant from{}, until{};
    bool needed_hints = false;
};

// The calling thread's last good verdicts: no lock and no text for a signer seen a moment ago. A place belongs to one store, so
// that a store swapped in starts anew. Some 256 × 4 KB a thread at most stay alive with it.
class Front {
public:
    static Front& mine()
    {
        thread_local Front front;
        return front;
    }
    [[nodiscard]] std::shared_ptr<Chained const> find(std::uint64_t store, Sha256 const& id, Instant at) const
    {
        auto const& place = place_of(id);
        bool const holds = place.store == store && place.id == id && place.from <= at && at <= place.until;
        return holds ? place.chained : nullptr;
    }
    void put(std::uint64_t store, Sha256 const& id, std::shared_ptr<Chained const> chained, Instant from, Instant until)
    {
        place_of(id) = {store, id, from, until, std::move(chained)};
    }

private:
    struct Place {
        std::uint64_t store = 0;  // 0 is nobody's
        Sha256 id{};
        Instant from{}, until{};
        std::shared_ptr<Chained const> chained;
    };
    [[nodiscard]] Place& place_of(Sha256 const& id) { return places_[id[0]]; }
    [[nodiscard]] Place const& place_of(Sha256 const& id) const { return places_[id[0]]; }
    std::array<Place, 256> places_;
};

std::uint64_t next_store()
{
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

// Of several reasons the one that says most about the certificate asked about: the earlier in this list.
constexpr std::array telling{Refusal::certificate_revoked,  Refusal::certificate_malformed,  Refusal::certificate_expired,
                             Refusal::certificate_not_yet_valid, Refusal::certificate_usage, Refusal::test_certificate_ended,
                             Refusal::revocation_unknown,   Refusal::chain_broken};

bool says_more(Refusal why, Refusal than)
{
    return std::ranges::find(telling, why) < std::ranges::find(telling, than);
}

std::string text_of(Sha256 const& id) { return {reinterpret_cast<char const*>(id.data()), id.size()}; }

// What answers about one certificate are remembered by: alone, and together with hints.
struct Keys {
    Sha256 alone, hinted;
};

// What stands behind the certificate in a path that held, and what verdicts show of it.
struct Tail : Issuers {
    Path nodes;
};

// One object for all paths that go on alike.
class Tails {
public:
    [[nodiscard]] std::shared_ptr<Tail const> of(Path const& path) const
    {
        std::string key;
        for (auto at = path.begin() + 1; at != path.end(); ++at) key += text_of((*at)->id);
        {
            std::lock_guard const lock{mutex_};
            auto const found = known_.find(key);
            if (auto held = found == known_.end() ? nullptr : found->second.lock()) return held;
        }
        auto made = std::make_shared<Tail>();
        made->nodes.assign(path.begin() + 1, path.end());
        for (auto const& node : made->nodes) {
            made->subjects.push_back(detail::text_of(X509_get_subject_name(node->certificate.get())));
            made->der.push_back(detail::der_of(node->certificate.get()));
        }
        std::lock_guard const lock{mutex_};
        if (known_.size() >= tails_remembered_max) std::erase_if(known_, [](auto const& one) { return one.second.expired(); });
        if (known_.size() < tails_remembered_max) known_.insert_or_assign(std::move(key), made);
        return made;
    }

private:
    mutable std::mutex mutex_;
    mutable std::unordered_map<std::string, std::weak_ptr<Tail const>> known_;
};

// Stands for the hints, in whatever order they came.
Sha256 key_of(Sha256 const& leaf, ChainHints const& hints)
{
    std::vector<std::string> parts;
    for (auto const& certificate : hints.certificates) parts.push_back(text_of(sha256(certificate)));
    for (auto const& response : hints.ocsp) parts.push_back(text_of(sha256(response)));
    std::ranges::sort(parts);
    std::string all = text_of(leaf);
    for (auto const& part : parts) all += part;
    return sha256(all);
}

}  // namespace

std::vector<std::string> Chained::path() const
{
    std::vector<std::string> subjects{facts.subject};
    if (issuers) subjects.insert(subjects.end(), issuers->subjects.begin(), issuers->subjects.end());
    return subjects;
}

CertificatePath Chained::path_of(std::string der) const
{
    if (!issuers) return {std::move(der), nullptr};
    return {std::move(der), std::shared_ptr<std::vector<std::string> const>{issuers, &issuers->der}};
}

struct TrustStore::Data {
    // What stays when evidence is swapped: anchors, intermediates, the signatures among them, and paths that held.
    struct Ground {
        Ground(detail::TrustFiles files, std::size_t paths_max)
            : graph{std::move(files)}, authorities{graph.authorities()}, paths{paths_max}
        {
        }
        detail::Graph graph;
        std::vector<std::string> authorities;
        Tails tails;
        detail::TimedCache<std::shared_ptr<Tail const>> paths;
    };

    Data(Policy const& the_policy, std::shared_ptr<Ground const> the_ground, std::shared_ptr<Revocations const> the_revocations)
        : policy{the_policy}, ground{std::move(the_ground)}, revocations{std::move(the_revocations)}, good{policy.verdicts_max},
          bad{policy.verdicts_max / 10}
    {
    }
    static std::shared_ptr<Ground const> ground_of(detail::TrustFiles files, Policy const& policy)
    {
        return std::make_shared<Ground const>(std::move(files), policy.verdicts_max);
    }

    Policy policy;
    std::shared_ptr<Ground const> ground;  // shared with every store made by with()
    std::shared_ptr<Revocations const> revocations;
    std::vector<Revocations::Refused> refused;
    WantedSink sink;
    // Good verdicts and bad ones are bounded apart: a flood of bad certificates must not push out the good.
    detail::TimedCache<std::shared_ptr<Chained const>> good;
    detail::TimedCache<Failure> bad;
    mutable std::atomic<std::uint64_t> hits{0}, misses{0}, paths_found{0};
    std::uint64_t const number = next_store();  // never another store's

    class Decision;
    [[nodiscard]] Verdict decide(std::string_view der, Sha256 const& id, Instant at, ChainHints const& hints, PathOptions const& options,
                                 Keys const* keys) const;
};

// One certificate, one time: looks for a path that holds in full, and remembers the best reason why others did not.
class TrustStore::Data::Decision {
public:
    Decision(Data const& data, Instant at, ChainHints const& hints, PathOptions const& options)
        : data_{data}, at_{at}, hints_{hints}, options_{options}
    {
    }

    // `id` is the SHA-256 of `der`.
    Verdict run(std::string_view der, Sha256 const& id, Keys const* keys)
    {
        if (der.size() > detail::certificate_bytes_max) {
            return refuse(no(Refusal::certificate_malformed, fmt::format("more than {} bytes", detail::certificate_bytes_max)));
        }
        auto certificate = detail::parse_certificate_der(der);
        if (!certificate) return refuse(no(Refusal::certificate_malformed, "not one DER certificate"));
        if (auto failure = detail::check_subject(certificate.get(), data_.policy.rsa_bits_min, options_.purpose)) return refuse(*failure);
        facts_ = detail::facts_of(certificate.get(), id);

        auto leaf = data_.ground->graph.find(id);
        if (!leaf) leaf = detail::make_node(std::move(certificate), false, id);
        if (keys != nullptr && (try_known_path(leaf, keys->alone) || try_known_path(leaf, keys->hinted))) return std::move(accepted_);
        look(leaf);
        if (!path_.empty()) {
            if (keys != nullptr) keep_path(path_needs_hints() ? keys->hinted : keys->alone);
            return std::move(accepted_);
        }
        return refuse(failure_.value_or(no(Refusal::chain_untrusted, dead_end_)));
    }

private:
    [[nodiscard]] bool path_needs_hints() const
    {
        return std::any_of(path_.begin() + 1, path_.end(), [](auto const& node) { return !node->ours; });
    }

    // A path that held before holds as long as its dates do; only the evidence has to be asked again.
    bool try_known_path(std::shared_ptr<Node const> const& leaf, Sha256 const& key)
    {
        auto const known = data_.ground->paths.find(key, at_);
        if (!known) return false;
        Path path{leaf};
        path.insert(path.end(), known->value->nodes.begin(), known->value->nodes.end());
        return weigh(path) && !path_.empty();
    }

    void keep_path(Sha256 const& key) const
    {
        auto const window = window_of(path_);
        data_.ground->paths.put(key, tail_, window.from, window.until);
    }

    void look(std::shared_ptr<Node const> const& leaf)
    {
        std::vector<std::shared_ptr<Node const>> hints;
        for (auto const& der : hints_.certificates) {
            if (hints.size() == search_bounds.hints_max) break;
            if (der.size() > detail::certificate_bytes_max) continue;
            if (auto certificate = detail::parse_certificate_der(der)) hints.push_back(detail::make_node(std::move(certificate), false));
        }
        auto const& graph = data_.ground->graph;
        // What we hold ourselves is no hint.
        std::erase_if(hints, [&](auto const& hint) { return graph.find(hint->id) != nullptr; });
        for (bool const test : {false, true}) {
            auto const visit = [this](Path const& path) { return consider(path); };
            auto report = detail::search(graph, leaf, hints, test, at_, search_bounds, visit);
            if (report.ended_early) report.dead_end = "no path among the first that were tried";
            if (!report.dead_end.empty() && dead_end_.empty()) dead_end_ = std::move(report.dead_end);
            if (report.paths > 0) return;
        }
    }

    // True ends the search: the path holds, or no other one can be better.
    bool consider(Path const& path)
    {
        if (std::ranges::any_of(path, [&](auto const& node) { return std::ranges::find(barred_, node->identity) != barred_.end(); })) return false;
        data_.paths_found.fetch_add(1, std::memory_order_relaxed);
        if (auto const fault = detail::check_path(path, at_, options_)) {
            note(fault->failure, fault->until.value_or(Instant::max()));
            // What the operator made an anchor for another purpose is not taken through another certificate of the same CA.
            if (fault->anchor_usage) barred_.push_back(path.back()->identity);
            return false;
        }
        auto const& anchor = *path.back()->anchor;
        if (anchor.accepted_until && day_in_vietnam(at_) > *anchor.accepted_until) {
            note(no(Refusal::test_certificate_ended, "test certificates ended before this day"), Instant::max());
            return false;
        }
        return weigh(path);
    }

    // The revocation of every certificate of the path but the anchor. True: decided, one way or the other.
    bool weigh(Path const& path)
    {
        auto const window = detail::window_of(path);
        Verdict verdict{.result = no(Refusal::chain_untrusted, {}), .from = window.from, .until = window.until, .needed_hints = false};
        auto chained = std::make_shared<Chained>();
        for (std::size_t i = 0; i + 1 < path.size(); ++i) {
            auto evidence = evidence_of(path, i, verdict);
            if (!evidence) {
                note(evidence.error(), Instant::max());
                return evidence.error().why == Refusal::certificate_revoked;  // no other path makes it good
            }
            chained->grace = chained->grace || evidence->grace;
            chained->path_evidence.push_back(std::move(*evidence));
        }
        path_ = path;
        accept(std::move(chained), std::move(verdict));
        return true;
    }

    // A time in the past is judged by what is known since: evidence issued later knows more, and by it a certificate was good
    // until the moment of its revocation. Evidence of the time asked about is believed as it stands: what it lists is revoked
    // (RFC 5280 §6.3.3).
    [[nodiscard]] Standing standing_at(X509* certificate, X509* issuer) const
    {
        auto standing = detail::standing_of(*data_.revocations, certificate, issuer, at_, hints_.ocsp);
        bool const lacking = standing.state == Standing::State::stale || standing.state == Standing::State::unknown;
        if (lacking && standing.holds_until < Instant::max()) {
            auto later = detail::standing_of(*data_.revocations, certificate, issuer, standing.holds_until + std::chrono::seconds{1}, hints_.ocsp);
            if (later.state == Standing::State::good || later.state == Standing::State::revoked) standing = std::move(later);
        }
        bool const issued_later = standing.evidence.this_update > at_;
        if (standing.state == Standing::State::revoked && issued_later && standing.revoked_at && *standing.revoked_at > at_) {
            standing.state = standing.evidence.next_update >= at_ ? Standing::State::good : Standing::State::stale;
            standing.holds_until = std::min(standing.holds_until, *standing.revoked_at - std::chrono::seconds{1});
        }
        return standing;
    }

    Result<RevocationEvidence> evidence_of(Path const& path, std::size_t index, Verdict& verdict)
    {
        X509* const certificate = path[index]->certificate.get();
        X509* const issuer = path[index + 1]->certificate.get();
        auto const& terms = path.back()->anchor->policy;
        bool const needed = data_.policy.require_crl && terms.revocation != AnchorPolicy::Revocation::none;
        auto standing = standing_at(certificate, issuer);
        auto const subject = [&] { return detail::text_of(X509_get_subject_name(certificate)); };
        verdict.until = std::min(verdict.until, standing.holds_until);
        switch (standing.state) {
            case Standing::State::good: return std::move(standing.evidence);
            case Standing::State::revoked: {
                auto const since = std::chrono::floor<std::chrono::seconds>(standing.revoked_at.value_or(at_));
                auto const why = index > 0 ? Refusal::chain_broken : Refusal::certificate_revoked;
                return no(why, fmt::format("revoked at {:%FT%TZ}, {}: {}", since, standing.evidence.source, subject()));
            }
            case Standing::State::stale:
            case Standing::State::unknown: break;
        }
        if (!needed) return RevocationEvidence{.source = "none"};
        ask_for_evidence(*path[index], *path[index + 1], terms);
        bool const stale = standing.state == Standing::State::stale;
        if (stale && terms.revocation == AnchorPolicy::Revocation::soft && at_ <= standing.evidence.next_update + terms.grace) {
            verdict.from = at_;
            verdict.until = std::min<Instant>({verdict.until, at_ + grace_verdict_life, standing.evidence.next_update + terms.grace});
            standing.evidence.grace = true;
            return std::move(standing.evidence);
        }
        auto const what = stale ? fmt::format("{} ended at {:%FT%TZ}", standing.evidence.source,
                                              std::chrono::floor<std::chrono::seconds>(standing.evidence.next_update))
                                : "no evidence" + (standing.detail.empty() ? "" : " (" + standing.detail + ")");
        return no(Refusal::revocation_unknown, what + ": " + subject());
    }

    void ask_for_evidence(Node const& certificate, Node const& issuer, AnchorPolicy const& terms)
    {
        if (!data_.sink) return;
        auto wanted = evidence_sources(detail::der_of(certificate.certificate.get()), detail::der_of(issuer.certificate.get()));
        wanted.crl_urls.insert(wanted.crl_urls.end(), terms.crl_urls.begin(), terms.crl_urls.end());
        lacking_.push_back(wanted.id());
        data_.sink(std::move(wanted));
    }

    void accept(std::shared_ptr<Chained> chained, Verdict verdict)
    {
        auto const& anchor = *path_.back()->anchor;
        // Midnight in Vietnam after the last day.
        if (anchor.accepted_until) {
            verdict.until = std::min<Instant>(verdict.until, *anchor.accepted_until + std::chrono::hours{24 - 7} - std::chrono::seconds{1});
        }
        tail_ = data_.ground->tails.of(path_);
        if (!tail_->nodes.empty()) chained->issuers = tail_;
        chained->facts = std::move(facts_);
        chained->test = anchor.test;
        chained->revocation = chained->path_evidence.empty() ? RevocationEvidence{.source = "none"} : chained->path_evidence.front();
        chained->revocation.grace = chained->grace;  // the whole path's: what a receipt says is checked again
        chained->valid_until = verdict.until;
        // The key alone: a parsed certificate is some ten times as large.
        EVP_PKEY* const key = X509_get0_pubkey(path_.front()->certificate.get());
        EVP_PKEY_up_ref(key);
        chained->key = std::shared_ptr<void>{key, [](void* owned) { EVP_PKEY_free(static_cast<EVP_PKEY*>(owned)); }};
        verdict.needed_hints = path_needs_hints() || !hints_.ocsp.empty();
        verdict.result = std::shared_ptr<Chained const>{std::move(chained)};
        accepted_ = std::move(verdict);
    }

    void note(Failure failure, Instant until)
    {
        until_ = std::min(until_, until);
        if (!failure_ || says_more(failure.why, failure_->why)) failure_ = std::move(failure);
    }

    Verdict refuse(Failure failure) const
    {
        // Of several paths any one may come to hold, so what any of them lacked is named.
        if (failure.why == Refusal::revocation_unknown) failure.wanted = lacking_;
        Verdict verdict;
        verdict.result = std::move(failure);
        verdict.from = at_;
        verdict.until = std::min<Instant>(until_, at_ + bad_verdict_life);
        return verdict;
    }

    Data const& data_;
    Instant at_;
    ChainHints const& hints_;
    PathOptions const& options_;
    CertificateFacts facts_;
    Path path_;        // the one that holds
    std::shared_ptr<Tail const> tail_;  // of it
    Verdict accepted_;
    std::optional<Failure> failure_;
    Instant until_ = Instant::max();
    std::string dead_end_;
    std::vector<Sha256> barred_;
    std::vector<std::string> lacking_;  // as Failure::wanted
};

Verdict TrustStore::Data::decide(std::string_view der, Sha256 const& id, Instant at, ChainHints const& hints, PathOptions const& options,
                                 Keys const* keys) const
{
    return Decision{*this, at, hints, options}.run(der, id, keys);
}

TrustStore::TrustStore(std::unique_ptr<Data> data) : data_{std::move(data)} {}
TrustStore::~TrustStore() = default;

Result<std::shared_ptr<Chained const>> TrustStore::chain(std::string_view der, Instant at) const { return chain(der, at, ChainHints{}); }

Result<std::shared_ptr<Chained const>> TrustStore::chain(std::string_view der, Instant at, std::vector<std::string> const& untrusted) const
{
    return chain(der, at, ChainHints{.certificates = untrusted, .ocsp = {}});
}

Result<std::shared_ptr<Chained const>> TrustStore::chain(std::string_view der, Instant at, ChainHints const& hints) const
{
    auto const& data = *data_;
    auto const id = sha256(der);
    if (hints.ocsp.empty()) {
        if (auto recent = Front::mine().find(data.number, id, at)) {
            data.hits.fetch_add(1, std::memory_order_relaxed);
            return recent;
        }
    }
    Keys keys{.alone = id, .hinted = id};
    bool const hinted = !hints.certificates.empty() || !hints.ocsp.empty();
    // A good verdict that needed no hints holds whatever hints come with it; but stapled evidence is looked at.
    auto known = hints.ocsp.empty() ? data.good.find(keys.alone, at) : std::nullopt;
    if (known) Front::mine().put(data.number, id, known->value, known->from, known->until);
    if (!known && hinted) {
        keys.hinted = key_of(id, hints);
        known = data.good.find(keys.hinted, at);
    }
    auto refused = known ? std::nullopt : data.bad.find(keys.hinted, at);
    if (known || refused) {
        data.hits.fetch_add(1, std::memory_order_relaxed);
        if (known) return std::move(known->value);
        return std::move(refused->value);
    }
    data.misses.fetch_add(1, std::memory_order_relaxed);
    static PathOptions const signing{};
    auto verdict = data.decide(der, id, at, hints, signing, &keys);
    if (verdict.result) data.good.put(verdict.needed_hints ? keys.hinted : keys.alone, *verdict.result, verdict.from, verdict.until);
    else data.bad.put(keys.hinted, verdict.result.error(), verdict.from, verdict.until);
    return std::move(verdict.result);
}

Result<std::shared_ptr<Chained const>> TrustStore::explain(std::string_view der, Instant at, ChainHints const& hints,
                                                           PathOptions const& options) const
{
    return std::move(data_->decide(der, sha256(der), at, hints, options, nullptr).result);
}

std::shared_ptr<TrustStore const> TrustStore::load(fs::path const& directory, Policy const& policy, WantedSink sink)
{
    auto files = detail::read_trust_directory(directory);
    auto const crls = std::move(files.crls), ocsp = std::move(files.ocsp);
    auto ground = Data::ground_of(std::move(files), policy);
    auto made = Revocations::make(ground->authorities, crls, ocsp);
    std::string problems;
    for (auto const& piece : made.refused) problems += fmt::format("\n  {}: {}", piece.name, piece.why);
    if (!problems.empty()) throw std::runtime_error("the trust directory cannot be used:" + problems);
    auto data = std::make_unique<Data>(policy, std::move(ground), std::move(made.revocations));
    data->sink = std::move(sink);
    return std::shared_ptr<TrustStore const>{new TrustStore{std::move(data)}};
}

std::shared_ptr<TrustStore const> TrustStore::make(Material const& material, Policy const& policy, WantedSink sink)
{
    auto files = detail::read_trust_material(material);
    auto const crls = std::move(files.crls), ocsp = std::move(files.ocsp);
    auto ground = Data::ground_of(std::move(files), policy);
    auto made = Revocations::make(ground->authorities, crls, ocsp);
    auto data = std::make_unique<Data>(policy, std::move(ground), std::move(made.revocations));
    data->refused = std::move(made.refused);
    data->sink = std::move(sink);
    return std::shared_ptr<TrustStore const>{new TrustStore{std::move(data)}};
}

std::shared_ptr<TrustStore const> TrustStore::with(std::shared_ptr<Revocations const> revocations) const
{
    auto data = std::make_unique<Data>(data_->policy, data_->ground, std::move(revocations));
    data->sink = data_->sink;
    return std::shared_ptr<TrustStore const>{new TrustStore{std::move(data)}};
}

std::string TrustStore::stamp_of(fs::path const& directory) { return detail::trust_directory_stamp(directory); }
std::vector<Revocations::Piece> TrustStore::crls_in(fs::path const& folder) { return detail::read_crls(folder); }

std::shared_ptr<Revocations const> TrustStore::revocations() const { return data_->revocations; }

std::vector<std::string> TrustStore::authorities() const { return data_->ground->authorities; }

std::vector<Revocations::Refused> const& TrustStore::refused() const noexcept { return data_->refused; }

std::vector<AnchorFacts> TrustStore::anchors() const
{
    std::vector<AnchorFacts> facts;
    for (auto const& one : data_->ground->graph.anchors()) facts.push_back({one.facts, one.test, one.accepted_until, one.policy});
    return facts;
}

std::vector<CertificateFacts> TrustStore::intermediates() const
{
    std::vector<CertificateFacts> facts;
    for (auto const& one : data_->ground->graph.intermediates()) facts.push_back(one.facts);
    return facts;
}

std::vector<TrustStore::CrlFacts> TrustStore::crls() const
{
    std::vector<CrlFacts> facts;
    for (auto const& one : data_->revocations->facts()) {
        if (!one.ocsp) facts.push_back({one.evidence, one.issuer, one.revoked});
    }
    return facts;
}

TrustStore::Counts TrustStore::counts() const
{
    auto const& data = *data_;
    auto const& graph = data.ground->graph;
    return {.anchors = graph.anchors().size(),
            .intermediates = graph.intermediates().size(),
            .crls = crls().size(),
            .revoked = data.revocations->revoked(),
            .cached = data.good.size() + data.bad.size(),
            .hits = data.hits.load(std::memory_order_relaxed),
            .misses = data.misses.load(std::memory_order_relaxed),
            .paths_found = data.paths_found.load(std::memory_order_relaxed)};
}

}  // namespace signing
