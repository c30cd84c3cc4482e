#include "signing/trust.hpp"

#include "signing/detail/crl.hpp"
#include "signing/detail/openssl.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace signing {
namespace {

namespace fs = std::filesystem;
using detail::KeyFamily;

constexpr int path_length_max = 8;
// How long a bad verdict is believed: long enough to make a flood of bad certificates cheap.
constexpr std::chrono::minutes bad_verdict_life{10};
constexpr Instant for_ever = Instant::max();

struct Authority {
    detail::X509Ptr  certificate;
    CertificateFacts facts;
};

std::string read_file(fs::path const& path)
{
    std::ifstream in{path, std::ios::binary};
    if (!in) throw std::runtime_error("cannot be read");
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<fs::path> files_in(fs::path const& directory)
{
    std::vector<fs::path> files;
    if (!fs::is_directory(directory)) return files;
    for (auto const& entry : fs::directory_iterator{directory}) {
        auto const extension = entry.path().extension();
        if (entry.is_regular_file() && (extension == ".pem" || extension == ".der" || extension == ".crt" || extension == ".cer" ||
                                        extension == ".crl")) {
            files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    return files;
}

Failure no(Refusal why, std::string detail) { return {.why = why, .form = {}, .path = {}, .detail = std::move(detail)}; }

// OpenSSL's error about a path, in our words. `depth` 0 is the signer's own certificate.
Refusal refusal_of(int error, int depth)
{
    switch (error) {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_UNTRUSTED:
        case X509_V_ERR_CERT_REJECTED:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
        case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
        case X509_V_ERR_CERT_CHAIN_TOO_LONG: return Refusal::chain_untrusted;
        case X509_V_ERR_CERT_HAS_EXPIRED: return depth == 0 ? Refusal::certificate_expired : Refusal::chain_broken;
        case X509_V_ERR_CERT_NOT_YET_VALID: return depth == 0 ? Refusal::certificate_not_yet_valid : Refusal::chain_broken;
        case X509_V_ERR_EE_KEY_TOO_SMALL: return Refusal::key_too_small;
        case X509_V_ERR_INVALID_PURPOSE:
        case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION: return depth == 0 ? Refusal::certificate_usage : Refusal::chain_broken;
        case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
        case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
        case X509_V_ERR_INVALID_EXTENSION: return depth == 0 ? Refusal::certificate_malformed : Refusal::chain_broken;
        default: return Refusal::chain_broken;  // not a CA, path length, name constraints, weak CA keys and digests
    }
}

// Purposes that are something else than signing documents. No source says which extended key usage Vietnamese CAs
// put into signing certificates, so only certificates whose every purpose is one of these are refused.
bool for_another_purpose(X509* certificate)
{
    if ((X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) == 0) return false;
    detail::Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> const usages{
        static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr))};
    if (!usages) return true;
    constexpr std::array others{NID_server_auth, NID_code_sign, NID_OCSP_sign, NID_time_stamp};
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
        int const nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), i));
        if (std::ranges::find(others, nid) == others.end()) return false;
    }
    return true;
}

std::optional<Failure> check_leaf(X509* certificate, EVP_PKEY* key, Policy const& policy)
{
    auto const flags = X509_get_extension_flags(certificate);
    if ((flags & EXFLAG_INVALID) != 0) return no(Refusal::certificate_malformed, "an extension cannot be read");
    if (key == nullptr) return no(Refusal::certificate_malformed, "the public key cannot be read");
    auto const strength = detail::strength_of(key);
    switch (strength.family) {
        case KeyFamily::rsa:
            if (strength.bits < static_cast<int>(policy.rsa_bits_min)) {
                return no(Refusal::key_too_small, fmt::format("RSA of {} bits", strength.bits));
            }
            break;
        case KeyFamily::ec:
            if (strength.curve != "P-256" && strength.curve != "P-384") return no(Refusal::key_too_small, "curve " + strength.curve);
            break;
        case KeyFamily::other: return no(Refusal::algorithm_forbidden, "the key is neither RSA nor EC");
    }
    return std::nullopt;
}

std::optional<Failure> check_usage(X509* certificate)
{
    auto const flags = X509_get_extension_flags(certificate);
    if ((flags & EXFLAG_CA) != 0) return no(Refusal::certificate_usage, "the certificate of a CA");
    if ((flags & EXFLAG_KUSAGE) != 0 && (X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0) {
        return no(Refusal::certificate_usage, "key usage has neither digitalSignature nor nonRepudiation");
    }
    if (for_another_purpose(certificate)) return no(Refusal::certificate_usage, "extended key usage names other purposes only");
    return std::nullopt;
}

}  // namespace

// One answer, with the times it holds for.
struct TrustStore::Verdict {
    Result<std::shared_ptr<Chained const>> result = no(Refusal::chain_untrusted, {});
    Instant from{}, until{};
};

struct TrustStore::Data {
    Policy policy;
    std::vector<Authority> anchors, test_anchors, intermediates;
    std::optional<std::chrono::sys_days> test_until;
    detail::StorePtr production, test;
    std::map<detail::IssuerId, std::vector<detail::Crl>> crls;

    // Good verdicts and bad ones are bounded apart: a flood of bad certificates must not push out the good.
    struct Shard {
        std::mutex mutex;
        std::unordered_map<std::string, Verdict> good, bad;
    };
    mutable std::array<Shard, 16> shards;
    mutable std::atomic<std::uint64_t> hits{0}, misses{0};

    Shard& shard(Sha256 const& id) const { return shards[id[0] % shards.size()]; }

    struct Path {
        std::vector<X509*> certificates;  // owned by `chain`
        detail::StackPtr chain;
    };
    Result<Path> build(X509* leaf, STACK_OF(X509) * untrusted, Instant at, X509_STORE* store) const;
    Result<RevocationEvidence> check_revocation(Path const& path, Instant at, Instant& until) const;
    void remember(Sha256 const& id, Verdict const& verdict) const;
    std::optional<Verdict> recall(Sha256 const& id, Instant at, bool good_only) const;
};

namespace {

std::string key_of(Sha256 const& id) { return {reinterpret_cast<char const*>(id.data()), id.size()}; }

}  // namespace

std::optional<TrustStore::Verdict> TrustStore::Data::recall(Sha256 const& id, Instant at, bool good_only) const
{
    auto& part = shard(id);
    auto const key = key_of(id);
    std::lock_guard const lock{part.mutex};
    auto const look = [&](auto const& verdicts) -> std::optional<Verdict> {
        auto const found = verdicts.find(key);
        if (found == verdicts.end() || at < found->second.from || at > found->second.until) return std::nullopt;
        return found->second;
    };
    if (auto good = look(part.good)) return good;
    if (good_only) return std::nullopt;
    return look(part.bad);
}

void TrustStore::Data::remember(Sha256 const& id, Verdict const& verdict) const
{
    bool const good = verdict.result.has_value();
    auto const bound = std::max<std::size_t>(1, (good ? policy.verdicts_max : policy.verdicts_max / 10) / shards.size());
    auto& part = shard(id);
    std::lock_guard const lock{part.mutex};
    auto& verdicts = good ? part.good : part.bad;
    if (verdicts.size() >= bound) verdicts.erase(verdicts.begin());
    verdicts.insert_or_assign(key_of(id), verdict);
}

Result<TrustStore::Data::Path> TrustStore::Data::build(X509* leaf, STACK_OF(X509) * untrusted, Instant at, X509_STORE* store) const
{
    detail::StoreCtxPtr const context{X509_STORE_CTX_new()};
    if (!context || X509_STORE_CTX_init(context.get(), store, leaf, untrusted) != 1) detail::throw_openssl("X509_STORE_CTX_init");
    auto* const parameters = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(parameters, std::chrono::system_clock::to_time_t(at));
    X509_VERIFY_PARAM_set_depth(parameters, path_length_max);
    // Level 2 is 112 bits of security: RSA from 2048 bits, no SHA-1 and no MD5 in any signature of the path.
    X509_VERIFY_PARAM_set_auth_level(parameters, 2);
    // An anchor need not be self-signed: what the operator put there is where a path may end.
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
    int const ok = X509_verify_cert(context.get());
    detail::drain_errors();
    if (ok != 1) {
        int const error = X509_STORE_CTX_get_error(context.get());
        int const depth = X509_STORE_CTX_get_error_depth(context.get());
        return no(refusal_of(error, depth), fmt::format("{} at depth {}", X509_verify_cert_error_string(error), depth));
    }
    Path path;
    path.chain.reset(X509_STORE_CTX_get1_chain(context.get()));
    for (int i = 0; i < sk_X509_num(path.chain.get()); ++i) path.certificates.push_back(sk_X509_value(path.chain.get(), i));
    return path;
}

Result<RevocationEvidence> TrustStore::Data::check_revocation(Path const& path, Instant at, Instant& until) const
{
    RevocationEvidence evidence{.source = "none", .this_update = {}, .next_update = {}};
    for (std::size_t i = 0; i + 1 < path.certificates.size(); ++i) {
        X509* const certificate = path.certificates[i];
        bool const authority = i > 0;
        auto const serial = detail::serial_of(X509_get0_serialNumber(certificate));
        if (!serial) return no(Refusal::certificate_malformed, "a serial number of more than 20 octets");
        detail::Crl const* fresh = nullptr;
        if (auto const found = crls.find(detail::issuer_id(path.certificates[i + 1])); found != crls.end()) {
            for (auto const& crl : found->second) {
                if (!(authority ? crl.covers_authorities : crl.covers_leaves)) continue;
                // A stale list still knows what was revoked before; it only cannot say that nothing was since.
                if (auto const revoked = crl.revoked_at(*serial)) {
                    if (*revoked <= at) {
                        auto const why = authority ? Refusal::chain_broken : Refusal::certificate_revoked;
                        return no(why, fmt::format("revoked at {:%FT%TZ}, {}", std::chrono::floor<std::chrono::seconds>(*revoked),
                                                   crl.evidence.source));
                    }
                    until = std::min(until, *revoked - std::chrono::seconds{1});
                }
                bool const newer = fresh == nullptr || crl.evidence.next_update > fresh->evidence.next_update;
                if (crl.evidence.next_update >= at && newer) fresh = &crl;
            }
        }
        if (fresh == nullptr) {
            if (policy.require_crl) {
                return no(Refusal::revocation_unknown,
                          "no fresh CRL of " + detail::text_of(X509_get_subject_name(path.certificates[i + 1])));
            }
            continue;
        }
        until = std::min(until, fresh->evidence.next_update);
        if (i == 0) evidence = fresh->evidence;
    }
    return evidence;
}

TrustStore::Verdict TrustStore::decide(std::string_view der, Instant at, std::vector<std::string> const& untrusted) const
{
    auto const& data = *data_;
    auto const refuse = [&](Failure failure, Instant until = for_ever) {
        Verdict verdict;
        verdict.result = std::move(failure);
        verdict.from = at;
        verdict.until = std::min<Instant>(until, at + bad_verdict_life);
        return verdict;
    };
    auto const certificate = detail::parse_certificate_der(der);
    if (!certificate) return refuse(no(Refusal::certificate_malformed, "not one DER certificate"));
    EVP_PKEY* const key = X509_get0_pubkey(certificate.get());
    if (auto failure = check_leaf(certificate.get(), key, data.policy)) return refuse(std::move(*failure));

    detail::StackPtr const helpers{sk_X509_new_null()};
    if (!helpers) throw std::bad_alloc{};
    for (auto const& authority : data.intermediates) X509_add_cert(helpers.get(), authority.certificate.get(), X509_ADD_FLAG_UP_REF);
    for (auto const& hint : untrusted) {
        if (auto more = detail::parse_certificate_der(hint)) X509_add_cert(helpers.get(), more.release(), X509_ADD_FLAG_DEFAULT);
    }

    auto facts = detail::facts_of(certificate.get(), der);
    bool test = false;
    auto path = data.build(certificate.get(), helpers.get(), at, data.production.get());
    if (!path && path.error().why == Refusal::chain_untrusted && !data.test_anchors.empty()) {
        auto under_test = data.build(certificate.get(), helpers.get(), at, data.test.get());
        test = under_test.has_value() || under_test.error().why != Refusal::chain_untrusted;
        if (test) path = std::move(under_test);
    }
    if (!path) {
        auto failure = path.error();
        // Where several dates are wrong the signer is told of the certificate that is theirs.
        if (failure.why == Refusal::chain_broken && at > facts.not_after) failure.why = Refusal::certificate_expired;
        if (failure.why == Refusal::chain_broken && at < facts.not_before) failure.why = Refusal::certificate_not_yet_valid;
        bool const early = failure.why == Refusal::certificate_not_yet_valid;
        return refuse(std::move(failure), early ? facts.not_before - std::chrono::seconds{1} : for_ever);
    }
    if (auto failure = check_usage(certificate.get())) return refuse(std::move(*failure));
    if (test && day_in_vietnam(at) > data.test_until.value()) {
        return refuse(no(Refusal::test_certificate_ended, "test certificates ended before this day"));
    }

    auto chained = std::make_shared<Chained>();
    Verdict verdict;
    verdict.until = for_ever;
    verdict.from = Instant::min();
    for (X509* one : path->certificates) {
        verdict.from = std::max(verdict.from, detail::instant_of(X509_get0_notBefore(one)));
        verdict.until = std::min(verdict.until, detail::instant_of(X509_get0_notAfter(one)));
        chained->path.push_back(detail::text_of(X509_get_subject_name(one)));
    }
    // Midnight in Vietnam after the last day.
    if (test) verdict.until = std::min<Instant>(verdict.until, *data.test_until + std::chrono::hours{24 - 7} - std::chrono::seconds{1});
    auto evidence = data.check_revocation(*path, at, verdict.until);
    if (!evidence) return refuse(evidence.error());

    chained->facts = std::move(facts);
    chained->test = test;
    chained->revocation = std::move(*evidence);
    chained->valid_until = verdict.until;
    if (EVP_PKEY_up_ref(key) != 1) detail::throw_openssl("EVP_PKEY_up_ref");
    chained->key = std::shared_ptr<void>{key, [](void* counted) { EVP_PKEY_free(static_cast<EVP_PKEY*>(counted)); }};
    verdict.result = std::shared_ptr<Chained const>{std::move(chained)};
    return verdict;
}

Result<std::shared_ptr<Chained const>> TrustStore::chain(std::string_view der, Instant at) const { return chain(der, at, std::vector<std::string>{}); }

Result<std::shared_ptr<Chained const>> TrustStore::chain(std::string_view der, Instant at,
                                                         std::vector<std::string> const& untrusted) const
{
    auto const id = sha256(der);
    // A good verdict holds however its path was found. A bad one holds only for the same hints, and only those
    // without hints are kept.
    if (auto known = data_->recall(id, at, !untrusted.empty())) {
        data_->hits.fetch_add(1, std::memory_order_relaxed);
        return std::move(known->result);
    }
    data_->misses.fetch_add(1, std::memory_order_relaxed);
    auto verdict = decide(der, at, untrusted);
    if (verdict.result.has_value() || untrusted.empty()) data_->remember(id, verdict);
    return std::move(verdict.result);
}

TrustStore::TrustStore() : data_{std::make_unique<Data>()} {}
TrustStore::~TrustStore() = default;

namespace {

// Collects what is wrong with each file, so that an operator sees all of it at once.
class Loader {
public:
    explicit Loader(fs::path directory) : directory_{std::move(directory)} {}

    std::vector<Authority> authorities(fs::path const& below)
    {
        std::vector<Authority> found;
        for (auto const& file : files_in(directory_ / below)) {
            attempt(file, [&] {
                auto certificates = detail::parse_certificates(read_file(file));
                if (certificates.empty()) throw std::runtime_error("holds no certificate that can be read");
                for (auto& certificate : certificates) {
                    if (X509_check_ca(certificate.get()) == 0) throw std::runtime_error("is not the certificate of a CA");
                    auto facts = detail::facts_of(certificate.get(), detail::der_of(certificate.get()));
                    found.push_back({std::move(certificate), std::move(facts)});
                }
            });
        }
        return found;
    }

    std::optional<std::chrono::sys_days> accepted_until()
    {
        std::optional<std::chrono::sys_days> until;
        auto const file = directory_ / "anchors/test/test.toml";
        attempt(file, [&] {
            auto const table = toml::parse(read_file(file), file.string());
            auto const date = table["accepted_until"].value<toml::date>();
            if (!date) throw std::runtime_error("accepted_until = YYYY-MM-DD is missing");
            until = std::chrono::sys_days{std::chrono::year{date->year} / date->month / date->day};
        });
        return until;
    }

    std::vector<detail::Crl> crls(std::span<X509* const> authorities)
    {
        std::vector<detail::Crl> found;
        for (auto const& file : files_in(directory_ / "crls")) {
            attempt(file, [&] { found.push_back(detail::read_crl(read_file(file), authorities)); });
        }
        return found;
    }

    void attempt(fs::path const& file, auto&& work)
    {
        try {
            work();
        } catch (std::exception const& error) {
            complain(file, error.what());
        }
    }
    void complain(fs::path const& file, std::string_view what) { problems_ += fmt::format("\n  {}: {}", file.string(), what); }
    void finish() const
    {
        if (!problems_.empty()) throw std::runtime_error("the trust directory cannot be used:" + problems_);
    }

private:
    fs::path directory_;
    std::string problems_;
};

// Holds our anchors and nothing else: no default paths are ever set, so the system's CA bundle is not asked.
detail::StorePtr store_of(std::vector<Authority> const& anchors)
{
    detail::StorePtr store{X509_STORE_new()};
    if (!store) throw std::bad_alloc{};
    for (auto const& anchor : anchors) {
        if (X509_STORE_add_cert(store.get(), anchor.certificate.get()) != 1) detail::throw_openssl("X509_STORE_add_cert");
    }
    return store;
}

}  // namespace

std::shared_ptr<TrustStore const> TrustStore::load(fs::path const& directory, Policy const& policy)
{
    std::shared_ptr<TrustStore> trust{new TrustStore};
    auto& data = *trust->data_;
    data.policy = policy;
    Loader loader{directory};
    data.anchors = loader.authorities("anchors/production");
    data.test_anchors = loader.authorities("anchors/test");
    data.intermediates = loader.authorities("intermediates");
    if (data.anchors.empty() && data.test_anchors.empty()) loader.complain(directory / "anchors", "holds no anchor");
    if (!data.test_anchors.empty()) data.test_until = loader.accepted_until();
    std::vector<X509*> authorities;
    for (auto const* list : {&data.anchors, &data.test_anchors, &data.intermediates}) {
        for (auto const& one : *list) authorities.push_back(one.certificate.get());
    }
    for (auto& crl : loader.crls(authorities)) data.crls[crl.issuer].push_back(std::move(crl));
    loader.finish();
    data.production = store_of(data.anchors);
    data.test = store_of(data.test_anchors);
    return trust;
}

std::vector<AnchorFacts> TrustStore::anchors() const
{
    std::vector<AnchorFacts> facts;
    for (auto const& one : data_->anchors) facts.push_back({one.facts, false, std::nullopt});
    for (auto const& one : data_->test_anchors) facts.push_back({one.facts, true, data_->test_until});
    return facts;
}

std::vector<CertificateFacts> TrustStore::intermediates() const
{
    std::vector<CertificateFacts> facts;
    for (auto const& one : data_->intermediates) facts.push_back(one.facts);
    return facts;
}

std::vector<TrustStore::CrlFacts> TrustStore::crls() const
{
    std::vector<CrlFacts> facts;
    for (auto const& [issuer, list] : data_->crls) {
        for (auto const& crl : list) facts.push_back({crl.evidence, crl.issuer_name, crl.revoked.size()});
    }
    return facts;
}

TrustStore::Counts TrustStore::counts() const
{
    Counts counts{};
    counts.anchors = data_->anchors.size() + data_->test_anchors.size();
    counts.intermediates = data_->intermediates.size();
    for (auto const& [issuer, list] : data_->crls) {
        counts.crls += list.size();
        for (auto const& crl : list) counts.revoked += crl.revoked.size();
    }
    for (auto& part : data_->shards) {
        std::lock_guard const lock{part.mutex};
        counts.cached += part.good.size() + part.bad.size();
    }
    counts.hits = data_->hits.load(std::memory_order_relaxed);
    counts.misses = data_->misses.load(std::memory_order_relaxed);
    return counts;
}

}  // namespace signing
