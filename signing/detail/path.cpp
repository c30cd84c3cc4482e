#include "signing/detail/path.hpp"

#include "signing/detail/conformance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace signing::detail {
namespace {

constexpr std::size_t signatures_remembered_max = 10'000;

Failure no(Refusal why, std::string detail) { return {.why = why, .form = {}, .path = {}, .detail = std::move(detail)}; }

X509Ptr share(X509* certificate)
{
    if (X509_up_ref(certificate) != 1) throw_openssl("X509_up_ref");
    return X509Ptr{certificate};
}

std::string key_of(Sha256 const& id) { return {reinterpret_cast<char const*>(id.data()), id.size()}; }

bool verifies(X509* certificate, X509* issuer)
{
    EVP_PKEY* const key = X509_get0_pubkey(issuer);
    bool const good = key != nullptr && X509_verify(certificate, key) == 1;
    drain_errors();
    return good;
}

// Whose key signed it, by its own word (authorityKeyIdentifier): a help in finding, never a proof.
bool names_key_of(X509* certificate, X509* issuer)
{
    auto const* const wanted = X509_get0_authority_key_id(certificate);
    auto const* const key = X509_get0_subject_key_id(issuer);
    return wanted != nullptr && key != nullptr && ASN1_OCTET_STRING_cmp(wanted, key) == 0;
}

Node::Judged judge_authority(X509* certificate);

}  // namespace

std::shared_ptr<Node const> make_node(X509Ptr certificate, bool ours)
{
    auto const id = sha256(der_of(certificate.get()));
    return make_node(std::move(certificate), ours, id);
}

std::shared_ptr<Node const> make_node(X509Ptr certificate, bool ours, Sha256 const& id)
{
    auto node = std::make_shared<Node>();
    X509* const raw = certificate.get();
    static_cast<void>(X509_check_purpose(raw, -1, 0));  // reads the extensions now, before the node is shared by threads
    node->id = id;
    node->identity = sha256(der_of_name(X509_get_subject_name(raw)) + der_of_public_key(raw));
    node->not_before = instant_of(X509_get0_notBefore(raw));
    node->not_after = instant_of(X509_get0_notAfter(raw));
    node->ours = ours;
    if (ours) node->judged = judge_authority(raw);
    node->certificate = std::move(certificate);
    drain_errors();
    return node;
}

Graph::Graph(TrustFiles files) : anchors_{std::move(files.anchors)}, intermediates_{std::move(files.intermediates)}
{
    for (auto const& anchor : anchors_) {
        auto node = std::make_shared<Node>(Node{share(anchor.certificate.get())});
        auto const read = make_node(share(anchor.certificate.get()), true);
        node->id = read->id;
        node->identity = read->identity;
        node->not_before = read->not_before;
        node->not_after = read->not_after;
        node->judged = read->judged;
        node->anchor = &anchor;
        add(std::move(node));
    }
    for (auto const& intermediate : intermediates_) add(make_node(share(intermediate.certificate.get()), true));
}

void Graph::add(std::shared_ptr<Node const> node)
{
    // The same certificate again is the same; where it is an anchor too, the anchor came first.
    if (!by_id_.emplace(key_of(node->id), node).second) return;
    auto const hash = X509_subject_name_hash(node->certificate.get());
    by_name_.emplace(hash, std::move(node));
}

std::shared_ptr<Node const> Graph::find(Sha256 const& id) const
{
    auto const found = by_id_.find(key_of(id));
    return found == by_id_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Node const>> Graph::named(X509_NAME const* subject) const
{
    std::vector<std::shared_ptr<Node const>> found;
    auto const [begin, end] = by_name_.equal_range(X509_NAME_hash_ex(subject, nullptr, nullptr, nullptr));
    for (auto at = begin; at != end; ++at) {
        // X509_NAME_cmp folds case and spaces (RFC 5280 §7.1).
        if (X509_NAME_cmp(X509_get_subject_name(at->second->certificate.get()), subject) == 0) found.push_back(at->second);
    }
    return found;
}

bool Graph::signed_by(Node const& certificate, Node const& issuer, std::size_t& checked) const
{
    bool const remembered = certificate.ours && issuer.ours;
    auto const key = remembered ? key_of(certificate.id) + key_of(issuer.id) : std::string{};
    if (remembered) {
        std::lock_guard const lock{mutex_};
        if (auto const found = signatures_.find(key); found != signatures_.end()) return found->second;
    }
    ++checked;
    bool const good = verifies(certificate.certificate.get(), issuer.certificate.get());
    if (remembered) {
        std::lock_guard const lock{mutex_};
        if (signatures_.size() < signatures_remembered_max) signatures_.emplace(key, good);
    }
    return good;
}

std::vector<std::string> Graph::authorities() const
{
    std::vector<std::string> der;
    std::vector<std::shared_ptr<Node const>> vouched, rest;
    for (auto const& anchor : anchors_) {
        der.push_back(der_of(anchor.certificate.get()));
        vouched.push_back(find(sha256(der.back())));
    }
    for (auto const& intermediate : intermediates_) {
        auto node = find(sha256(der_of(intermediate.certificate.get())));
        if (node->anchor == nullptr) rest.push_back(std::move(node));
    }
    // Level by level away from the anchors; only a CA vouches for others.
    std::size_t checked = 0;
    for (std::size_t i = 0; i < vouched.size(); ++i) {
        X509* const issuer = vouched[i]->certificate.get();
        if (X509_check_ca(issuer) == 0) continue;
        auto const below = [&](std::shared_ptr<Node const> const& node) {
            return X509_NAME_cmp(X509_get_issuer_name(node->certificate.get()), X509_get_subject_name(issuer)) == 0 &&
                   signed_by(*node, *vouched[i], checked);
        };
        // Not std::ranges::stable_partition: clang 14 cannot instantiate libstdc++ 12's subrange.
        auto const split = std::stable_partition(rest.begin(), rest.end(), [&](auto const& node) { return !below(node); });
        std::vector<std::shared_ptr<Node const>> const found{split, rest.end()};
        rest.erase(split, rest.end());
        for (auto const& node : found) {
            der.push_back(der_of(node->certificate.get()));
            vouched.push_back(node);
        }
    }
    drain_errors();
    return der;
}

namespace {

// Depth first. Every name is asked for with the likeliest issuer first, so that the ordinary case is one try.
class Search {
public:
    Search(Graph const& graph, std::vector<std::shared_ptr<Node const>> const& hints, bool test_anchors, Instant at,
           SearchBounds const& bounds, std::function<bool(Path const&)> const& visit)
        : graph_{graph}, hints_{hints}, test_anchors_{test_anchors}, at_{at}, bounds_{bounds}, visit_{visit}
    {
    }

    SearchReport run(std::shared_ptr<Node const> const& leaf)
    {
        path_.push_back(leaf);
        extend();
        return std::move(report_);
    }

private:
    [[nodiscard]] bool ends_here(Node const& node) const { return node.anchor != nullptr && node.anchor->test == test_anchors_; }

    [[nodiscard]] bool spent()
    {
        if (signatures_ >= bounds_.signatures_max || report_.paths >= bounds_.paths_max) report_.ended_early = true;
        return report_.accepted || report_.ended_early;
    }

    void extend()
    {
        auto const last = path_.back();  // by value: path_ grows below
        if (ends_here(*last)) {
            ++report_.paths;
            report_.accepted = visit_(path_);
            if (spent()) return;
        }
        // An anchor may be an intermediate on the way to another one (a cross-certificate that was made an anchor).
        if (path_.size() > bounds_.authorities_max) {
            report_.dead_end = fmt::format("more than {} authorities", bounds_.authorities_max);
            return;
        }
        auto const issuers = issuers_of(*last);
        bool any = false;
        for (auto const& issuer : issuers) {
            if (passed(*issuer)) continue;
            if (spent()) return;
            if (!graph_.signed_by(*last, *issuer, signatures_)) continue;
            any = true;
            path_.push_back(issuer);
            extend();
            path_.pop_back();
            if (spent()) return;
        }
        if (!any && report_.paths == 0 && report_.dead_end.empty()) note_dead_end(*last, !issuers.empty());
    }

    [[nodiscard]] std::vector<std::shared_ptr<Node const>> issuers_of(Node const& node) const
    {
        X509* const certificate = node.certificate.get();
        auto found = graph_.named(X509_get_issuer_name(certificate));
        for (auto const& hint : hints_) {
            if (X509_NAME_cmp(X509_get_subject_name(hint->certificate.get()), X509_get_issuer_name(certificate)) == 0) found.push_back(hint);
        }
        auto const rank = [&](std::shared_ptr<Node const> const& issuer) {
            bool const valid = at_ >= issuer->not_before && at_ <= issuer->not_after;
            return std::tuple{!names_key_of(certificate, issuer->certificate.get()), !ends_here(*issuer), !issuer->ours, !valid,
                              Instant::max() - issuer->not_after};
        };
        std::ranges::stable_sort(found, {}, rank);
        return found;
    }

    // The same name and key again, under whatever certificate, leads nowhere new.
    [[nodiscard]] bool passed(Node const& node) const
    {
        return std::ranges::any_of(path_, [&](auto const& known) { return known->identity == node.identity; });
    }

    void note_dead_end(Node const& last, bool named)
    {
        auto const issuer = text_of(X509_get_issuer_name(last.certificate.get()));
        report_.dead_end = named ? fmt::format("no certificate of {} holds the key that signed {}", issuer,
                                               text_of(X509_get_subject_name(last.certificate.get())))
                                 : fmt::format("no certificate of {}", issuer);
    }

    Graph const& graph_;
    std::vector<std::shared_ptr<Node const>> const& hints_;
    bool test_anchors_;
    Instant at_;
    SearchBounds const& bounds_;
    std::function<bool(Path const&)> const& visit_;
    Path path_;
    std::size_t signatures_ = 0;
    SearchReport report_;
};

// OpenSSL's error about a path, in our words. `depth` 0 is the certificate asked about.
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
        case X509_V_ERR_CERT_CHAIN_TOO_LONG: return Refusal::chain_untrusted;
        case X509_V_ERR_EE_KEY_TOO_SMALL: return Refusal::key_too_small;
        case X509_V_ERR_EC_KEY_EXPLICIT_PARAMS: return depth == 0 ? Refusal::algorithm_forbidden : Refusal::chain_broken;
        case X509_V_ERR_INVALID_PURPOSE:
        case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION: return depth == 0 ? Refusal::certificate_usage : Refusal::chain_broken;
        case X509_V_ERR_INVALID_EXTENSION:
        case X509_V_ERR_INVALID_POLICY_EXTENSION: return depth == 0 ? Refusal::certificate_malformed : Refusal::chain_broken;
        default: return Refusal::chain_broken;  // not a CA, path length, name constraints, weak CA keys and digests
    }
}

PathFault fault(Refusal why, std::string detail) { return {.failure = no(why, std::move(detail)), .until = std::nullopt, .anchor_usage = false}; }

std::string subject_of(Node const& node) { return text_of(X509_get_subject_name(node.certificate.get())); }

// Inclusive at both ends (RFC 5280 §4.1.2.5). The signer's own dates are named before an authority's.
std::optional<PathFault> check_dates(Path const& path, Instant at)
{
    std::optional<PathFault> found;
    for (std::size_t i = 0; i < path.size() && !found; ++i) {
        auto const& node = *path[i];
        if (at > node.not_after) found = fault(i == 0 ? Refusal::certificate_expired : Refusal::chain_broken, "expired: " + subject_of(node));
        if (at < node.not_before) {
            found = fault(i == 0 ? Refusal::certificate_not_yet_valid : Refusal::chain_broken, "not yet valid: " + subject_of(node));
        }
    }
    auto const& anchor = *path.back();
    if (!found && !in_force(*anchor.anchor, at)) {
        found = fault(Refusal::chain_untrusted, "not an anchor on this day (dates in force): " + subject_of(anchor));
    }
    if (!found) return std::nullopt;
    auto const begins = window_of(path).from;
    if (at < begins) found->until = begins - std::chrono::seconds{1};
    return found;
}

std::optional<PathFault> check_conformance(Path const& path, Purpose purpose)
{
    for (std::size_t i = 0; i < path.size(); ++i) {
        auto const role = i + 1 == path.size() ? Role::anchor : i == 0 ? Role::subject : Role::authority;
        auto const& judged = path[i]->judged;
        bool const known = judged && purpose == Purpose::sign && role != Role::subject;
        auto const broken = !known ? nonconformity(path[i]->certificate.get(), role, purpose) : role == Role::anchor ? judged->anchor : judged->authority;
        if (broken) {
            return fault(i == 0 ? Refusal::certificate_malformed : Refusal::chain_broken, *broken + ": " + subject_of(*path[i]));
        }
    }
    return std::nullopt;
}

enum class KeyVerdict { good, unreadable, unsound, small, foreign };

KeyVerdict judge_key(EVP_PKEY* key, KeyStrength const& strength, std::size_t rsa_bits_min, Purpose purpose)
{
    if (key == nullptr) return KeyVerdict::unreadable;
    if (!is_sound(key, strength)) return KeyVerdict::unsound;
    switch (strength.family) {
        case KeyFamily::rsa: return strength.bits < static_cast<int>(rsa_bits_min) ? KeyVerdict::small : KeyVerdict::good;
        case KeyFamily::ec: return strength.bits < 256 ? KeyVerdict::small : KeyVerdict::good;
        case KeyFamily::other: break;
    }
    // What tools may ask about beside: EdDSA and its relatives. DSA is nobody's any more (FIPS 186-5).
    constexpr std::array known{"ED25519", "ED448", "X25519", "X448"};
    bool const modern = std::ranges::any_of(known, [&](char const* name) { return EVP_PKEY_is_a(key, name) == 1; });
    return modern && purpose != Purpose::sign ? KeyVerdict::good : KeyVerdict::foreign;
}

KeyStrength strength_or_none(EVP_PKEY* key) { return key == nullptr ? KeyStrength{} : strength_of(key); }

bool good_authority_key(X509* certificate, Purpose purpose)
{
    constexpr std::size_t rsa_bits_min = 2048;
    EVP_PKEY* const key = X509_get0_pubkey(certificate);
    return judge_key(key, strength_or_none(key), rsa_bits_min, purpose) == KeyVerdict::good;
}

std::optional<PathFault> check_keys(Path const& path, Purpose purpose)
{
    for (std::size_t i = 1; i < path.size(); ++i) {
        auto const& judged = path[i]->judged;
        bool const good = judged && purpose == Purpose::sign ? judged->key : good_authority_key(path[i]->certificate.get(), purpose);
        if (!good) return fault(Refusal::chain_broken, "the key of an authority is too small or of another kind: " + subject_of(*path[i]));
    }
    return std::nullopt;
}

// Purposes that are something else than signing documents. No source says which extended key usage Vietnamese CAs
// put into signing certificates, so only certificates whose every purpose is one of these are refused.
bool for_another_purpose(X509* certificate)
{
    if ((X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) == 0) return false;
    Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> const usages{
        static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr))};
    if (!usages) return true;
    constexpr std::array others{NID_server_auth, NID_code_sign, NID_OCSP_sign, NID_time_stamp};
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
        int const nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), i));
        if (std::ranges::find(others, nid) == others.end()) return false;
    }
    return true;
}

std::optional<PathFault> check_signing_usage(Path const& path)
{
    X509* const certificate = path.front()->certificate.get();
    auto const flags = X509_get_extension_flags(certificate);
    if ((flags & EXFLAG_CA) != 0) return fault(Refusal::certificate_usage, "the certificate of a CA");
    if ((flags & EXFLAG_KUSAGE) != 0 && (X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0) {
        return fault(Refusal::certificate_usage, "key usage has neither digitalSignature nor nonRepudiation");
    }
    if (for_another_purpose(certificate)) return fault(Refusal::certificate_usage, "extended key usage names other purposes only");
    for (std::size_t i = 1; i < path.size(); ++i) {
        auto const& authority = path[i];
        if (authority->judged ? authority->judged->other_purpose : for_another_purpose(authority->certificate.get())) {
            return fault(Refusal::chain_broken, "extended key usage of an authority names other purposes only: " + subject_of(*authority));
        }
    }
    return std::nullopt;
}

void set_purpose(X509_VERIFY_PARAM* parameters, Purpose purpose)
{
    switch (purpose) {
        case Purpose::tls_server: X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER); break;
        case Purpose::tls_client: X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT); break;
        case Purpose::any:
        case Purpose::sign: break;  // ours: check_signing_usage()
    }
}

void set_policies(X509_VERIFY_PARAM* parameters, PathOptions const& options)
{
    // RFC 5280 §6.1.1 (c), (e), (f), (g). Without a policy of the caller's the set is anyPolicy, which OpenSSL must be told.
    static std::vector<std::string> const any_policy{"2.5.29.32.0"};
    unsigned long flags = X509_V_FLAG_POLICY_CHECK;
    if (options.require_explicit_policy) flags |= X509_V_FLAG_EXPLICIT_POLICY;
    if (options.inhibit_policy_mapping) flags |= X509_V_FLAG_INHIBIT_MAP;
    if (options.inhibit_any_policy) flags |= X509_V_FLAG_INHIBIT_ANY;
    X509_VERIFY_PARAM_set_flags(parameters, flags);
    for (auto const& text : options.policies.empty() ? any_policy : options.policies) {
        Owned<ASN1_OBJECT, ASN1_OBJECT_free> policy{OBJ_txt2obj(text.c_str(), 1)};
        if (!policy) throw std::runtime_error("not a policy's object identifier: " + text);
        if (X509_VERIFY_PARAM_add0_policy(parameters, policy.get()) != 1) throw_openssl("X509_VERIFY_PARAM_add0_policy");
        policy.release();  // The parameters own it now.
    }
}

void set_parameters(X509_VERIFY_PARAM* parameters, Instant at, PathOptions const& options)
{
    X509_VERIFY_PARAM_set_time(parameters, std::chrono::system_clock::to_time_t(at));
    X509_VERIFY_PARAM_set_depth(parameters, 100);  // the search has its own bound
    // Level 2 is 112 bits of security: RSA from 2048 bits, no SHA-1 and no MD5 in any signature of the path.
    X509_VERIFY_PARAM_set_auth_level(parameters, 2);
    // An anchor need not be self-signed: what the operator put there is where a path may end.
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
    set_purpose(parameters, options.purpose);
    set_policies(parameters, options);
}

StackPtr stack_of(Path const& path, std::size_t begin, std::size_t end)
{
    StackPtr stack{sk_X509_new_null()};
    if (!stack) throw std::bad_alloc{};
    for (std::size_t i = begin; i < end; ++i) {
        if (X509_add_cert(stack.get(), path[i]->certificate.get(), X509_ADD_FLAG_UP_REF) != 1) throw_openssl("X509_add_cert");
    }
    return stack;
}

// OpenSSL must have judged the very path whose signatures we verified, and no other.
bool is_path(X509_STORE_CTX* context, Path const& path)
{
    auto* const chain = X509_STORE_CTX_get0_chain(context);
    if (sk_X509_num(chain) != static_cast<int>(path.size())) return false;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (X509_cmp(sk_X509_value(chain, static_cast<int>(i)), path[i]->certificate.get()) != 0) return false;
    }
    return true;
}

std::optional<PathFault> ask_openssl(Path const& path, Instant at, PathOptions const& options)
{
    auto const last = path.size() - 1;
    auto const trusted = stack_of(path, last, path.size());
    auto const between = stack_of(path, std::min<std::size_t>(1, last), last);
    StoreCtxPtr const context{X509_STORE_CTX_new()};
    // No X509_STORE at all: no default paths, so the system's CA bundle is never asked.
    if (!context || X509_STORE_CTX_init(context.get(), nullptr, path.front()->certificate.get(), between.get()) != 1) {
        throw_openssl("X509_STORE_CTX_init");
    }
    X509_STORE_CTX_set0_trusted_stack(context.get(), trusted.get());
    set_parameters(X509_STORE_CTX_get0_param(context.get()), at, options);
    X509_STORE_CTX_set_verify(context.get(), [](X509_STORE_CTX*) { return 1; });  // signatures: Graph::signed_by; dates: check_dates
    int const ok = X509_verify_cert(context.get());
    drain_errors();
    if (ok == 1) {
        if (!is_path(context.get(), path)) return fault(Refusal::chain_untrusted, "OpenSSL takes another path than the one found");
        return std::nullopt;
    }
    int const error = X509_STORE_CTX_get_error(context.get());
    int const depth = X509_STORE_CTX_get_error_depth(context.get());
    auto found = fault(refusal_of(error, depth), fmt::format("{} at depth {}", X509_verify_cert_error_string(error), depth));
    found.anchor_usage = error == X509_V_ERR_INVALID_PURPOSE && depth == static_cast<int>(last) && last > 0;
    return found;
}

Node::Judged judge_authority(X509* certificate)
{
    Node::Judged judged;
    judged.key = good_authority_key(certificate, Purpose::sign);
    judged.other_purpose = for_another_purpose(certificate);
    judged.authority = nonconformity(certificate, Role::authority, Purpose::sign);
    judged.anchor = nonconformity(certificate, Role::anchor, Purpose::sign);
    drain_errors();
    return judged;
}

std::optional<PathFault> check_wildcards(Path const& path)
{
    for (std::size_t i = 1; i < path.size(); ++i) {
        if (wildcard_covers_excluded(path.front()->certificate.get(), path[i]->certificate.get())) {
            return fault(Refusal::chain_broken, "a wildcard name covers a name that an authority excludes (RFC 5280 §4.2.1.10)");
        }
    }
    return std::nullopt;
}

}  // namespace

SearchReport search(Graph const& graph, std::shared_ptr<Node const> const& leaf, std::vector<std::shared_ptr<Node const>> const& hints,
                    bool test_anchors, Instant at, SearchBounds const& bounds, std::function<bool(Path const&)> const& visit)
{
    return Search{graph, hints, test_anchors, at, bounds, visit}.run(leaf);
}

std::optional<Failure> check_subject(X509* certificate, std::size_t rsa_bits_min, Purpose purpose)
{
    if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0) {
        drain_errors();
        return no(Refusal::certificate_malformed, "an extension cannot be read");
    }
    EVP_PKEY* const key = X509_get0_pubkey(certificate);
    auto const strength = strength_or_none(key);
    auto const verdict = judge_key(key, strength, rsa_bits_min, purpose);
    drain_errors();
    switch (verdict) {
        case KeyVerdict::unreadable: return no(Refusal::certificate_malformed, "the public key cannot be read");
        case KeyVerdict::unsound: return no(Refusal::certificate_malformed, "the public key is no key: its exponent, modulus or point cannot be one");
        case KeyVerdict::small: return no(Refusal::key_too_small, fmt::format("a key of {} bits", strength.bits));
        case KeyVerdict::foreign: return no(Refusal::algorithm_forbidden, "the key is neither RSA nor EC");
        case KeyVerdict::good: break;
    }
    bool const other_curve = strength.family == KeyFamily::ec && strength.curve != "P-256" && strength.curve != "P-384";
    if (purpose == Purpose::sign && other_curve) return no(Refusal::key_too_small, "curve " + strength.curve);
    return std::nullopt;
}

std::optional<PathFault> check_path(Path const& path, Instant at, PathOptions const& options)
{
    auto const second = std::chrono::floor<std::chrono::seconds>(at);
    if (auto found = check_dates(path, second)) return found;
    if (auto found = check_keys(path, options.purpose)) return found;
    if (auto found = ask_openssl(path, second, options)) return found;
    if (auto found = check_conformance(path, options.purpose)) return found;
    if (auto found = check_wildcards(path)) return found;
    if (options.purpose == Purpose::sign) return check_signing_usage(path);
    return std::nullopt;
}

Window window_of(Path const& path)
{
    Window window{Instant::min(), Instant::max()};
    for (auto const& node : path) {
        window.from = std::max(window.from, node->not_before);
        window.until = std::min(window.until, node->not_after);
    }
    auto const& anchor = *path.back()->anchor;
    if (auto const begins = force_begins(anchor)) window.from = std::max(window.from, *begins);
    if (auto const ends = force_ends(anchor)) window.until = std::min(window.until, *ends);
    return window;
}

}  // namespace signing::detail
