#pragma once

// What the tests of XML signature vectors share: reading a manifest's case, a verdict by the xmldsig profile, and the second
// opinion on every Signature whose shape passes.

#include "schemas/tree.hpp"
#include "signing/detail/own_check.hpp"
#include "signing/verifier.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace vectors {

inline std::string read(std::filesystem::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    EXPECT_TRUE(in) << file;
    return {std::istreambuf_iterator<char>{in}, {}};
}

inline std::string text(boost::json::object const& one, std::string_view name)
{
    auto const* const found = one.if_contains(name);
    return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
}

// The policy without its dates and sizes: what is left to refuse is structure.
inline signing::Policy relaxed()
{
    signing::Policy policy;
    policy.sha1_until = std::chrono::sys_days{std::chrono::year{9999} / 1 / 1};
    policy.rsa_bits_min = 512;
    return policy;
}

struct Verdict {
    bool        valid = false;
    std::string refusal;  // signing's or the parser's name; empty where valid
    std::string detail;
};

inline Verdict judge(signing::Verifier const& verifier, std::string const& bytes, signing::XmlOptions const& options, signing::Instant at)
{
    auto const document = schemas::Document::parse(bytes, schemas::XmlLimits{});
    if (!document) return {false, std::string{name_of(document.error().why)}, document.error().detail};
    auto const signer = verifier.verify_xml(*document, options, at);
    if (!signer) return {false, std::string{name_of(signer.error().why)}, signer.error().detail};
    return {true, {}, {}};
}

struct Opinions {
    signing::detail::Outcome xmlsec, own;
};

// What xmlsec1 and our own path say of the same Signature with the same key; nothing where the shape does not pass or
// xmlsec1 does not know the algorithm.
inline std::optional<Opinions> both(std::string const& bytes, std::string const& id_attribute, std::string const& certificate_der)
{
    namespace detail = signing::detail;
    auto const document = schemas::Document::parse(bytes, schemas::XmlLimits{});
    auto const certificate = detail::parse_certificate_der(certificate_der);
    if (!document || !certificate) return std::nullopt;
    auto const policy = relaxed();
    auto const shape = detail::read_xml_signature(tree_of(*document), {.id_attribute = id_attribute, .pinned = true}, policy, signing::Instant{});
    if (!shape || shape->pss) return std::nullopt;
    EVP_PKEY* const key = X509_get0_pubkey(certificate.get());
    if ((detail::strength_of(key).family == detail::KeyFamily::rsa) != shape->rsa) return std::nullopt;
    return Opinions{detail::check(shape->node, key, shape->sha1).outcome, detail::check_alone(*shape, key).outcome};
}

}  // namespace vectors
