// Certificate paths of other people's suites: NIST PKITS, x509-limbo, OpenSSL's verify tests ($IVAN_VECTORS/x509; its README
// names sources and licences). Each case is judged as `ivanctl trust explain` would: TrustStore::make() and explain().

#include "signing/trust.hpp"
#include "tests/vectors/tally.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using signing::Purpose;
using vectors::Difference;
using vectors::Tally;

std::string read(fs::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

json::value parse(fs::path const& file) { return json::parse(read(file)); }

std::string text(json::object const& object, std::string_view key)
{
    auto const* const value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{};
}

std::vector<std::string> list(json::object const& object, std::string_view key)
{
    std::vector<std::string> values;
    if (auto const* const array = object.if_contains(key)) {
        for (auto const& one : array->as_array()) values.emplace_back(one.as_string());
    }
    return values;
}

bool flag(json::object const& object, std::string_view key)
{
    auto const* const value = object.if_contains(key);
    return value != nullptr && value->is_bool() && value->as_bool();
}

// What a case gives to judge by, and the answer in words.
struct Case {
    signing::TrustStore::Material material;
    std::string certificate;  // PEM or DER
    signing::Instant at = std::chrono::system_clock::now();
    signing::PathOptions options;
};

std::string verdict_on(Case given)
{
    given.material.check_revocation = !given.material.crls.empty() || !given.material.ocsp.empty();
    signing::Policy policy;
    policy.require_crl = given.material.check_revocation;
    auto const store = signing::TrustStore::make(given.material, policy);
    auto const der = signing::certificate_der(given.certificate);
    if (!der) return "certificate_malformed: not one certificate";
    auto const verdict = store->explain(*der, given.at, {}, given.options);
    std::ranges::reverse(given.material.intermediates);
    auto const backwards = signing::TrustStore::make(given.material, policy)->explain(*der, given.at, {}, given.options);
    EXPECT_EQ(verdict.has_value(), backwards.has_value()) << "the verdict depends on the order of the intermediates";
    if (verdict) return "valid";
    std::string said{name_of(verdict.error().why)};
    said += ": " + verdict.error().detail;
    for (auto const& refused : store->refused()) said += "; " + refused.name + ": " + refused.why;
    return said;
}

// --- PKITS ---

constexpr std::array pkits_differences{
    Difference{"pkits/4.1.5", "DSA: the hub takes RSA and ECDSA alone, and nobody should sign with DSA any more (FIPS 186-5)"},
};

TEST(X509Paths, AgreesWithPkits)
{
    Tally tally{"x509 pkits", pkits_differences};
    auto const folder = tally.vectors("x509/pkits/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    auto const files = [&](std::vector<std::string> const& names) {
        std::vector<signing::Revocations::Piece> pieces;
        for (auto const& name : names) pieces.push_back({name, read(*folder / name)});
        return pieces;
    };
    auto const manifest = parse(*folder / "manifest.json");
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        Case given;
        given.material.anchors = files({text(one, "trust_anchor")});
        given.material.intermediates = files(list(one, "intermediates"));
        given.material.crls = files(list(one, "crls"));
        given.certificate = read(*folder / text(one, "ee"));
        given.at = signing::read_instant(text(one, "time")).value();
        given.options.purpose = Purpose::any;
        if (auto const* const policy = one.if_contains("policy")) {
            auto const& inputs = policy->as_object();
            given.options.policies = list(inputs, "initial_policy_set");
            if (given.options.policies == std::vector<std::string>{"anyPolicy"}) given.options.policies.clear();
            given.options.require_explicit_policy = flag(inputs, "require_explicit");
            given.options.inhibit_policy_mapping = flag(inputs, "inhibit_mapping");
            given.options.inhibit_any_policy = flag(inputs, "inhibit_any");
        }
        auto const said = verdict_on(std::move(given));
        tally.judge(text(one, "id"), (said == "valid") == (text(one, "expected") == "valid"), "we say " + said);
    }
}

// --- x509-limbo ---

constexpr std::string_view browsers = "a rule of the CA/Browser Forum for public web servers, which no authority of ours issues under";
constexpr std::array limbo_differences{
    Difference{"limbo/webpki::aki::root-with-aki-missing-keyidentifier", browsers},
    Difference{"limbo/webpki::cn::ipv4-hex-mismatch", browsers},
    Difference{"limbo/webpki::cn::ipv4-leading-zeros-mismatch", browsers},
    Difference{"limbo/webpki::cn::ipv6-uppercase-mismatch", browsers},
    Difference{"limbo/webpki::cn::punycode-not-in-san", browsers},
    Difference{"limbo/webpki::eku::ee-anyeku", browsers},
    Difference{"limbo/webpki::eku::ee-critical-eku", browsers},
    Difference{"limbo/webpki::eku::root-has-eku", browsers},
    Difference{"limbo/webpki::san::public-suffix-multi-label-wildcard-san", "asks for the public suffix list, which is a browser's business"},
    Difference{"limbo/webpki::san::san-critical-with-nonempty-subject", browsers},
};

// Inputs that a signer's path has no use for and our tools do not take.
constexpr std::string_view other_name = "fails for the server name that is asked for; a path is judged without one";
std::map<std::string, std::string_view, std::less<>> const limbo_inputs_we_lack{
    {"limbo/pathlen::max-chain-depth-1-exhausted", "needs a bound of the caller's on the length of the path; ours is fixed"},
    {"limbo/webpki::san::mismatch-subdomain-apex-san", other_name},
    {"limbo/webpki::san::public-suffix-wildcard-san", other_name},
};

TEST(X509Paths, AgreesWithLimbo)
{
    Tally tally{"x509 limbo", limbo_differences};
    auto const folder = tally.vectors("x509/limbo/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    auto const limbo = parse(*folder / "limbo.json");
    std::map<std::string, json::object const*, std::less<>> cases;
    for (auto const& value : limbo.at("testcases").as_array()) cases[text(value.as_object(), "id")] = &value.as_object();

    auto const manifest = parse(*folder / "manifest.json");
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        auto const id = text(one, "id");
        if (auto const lacking = limbo_inputs_we_lack.find(id); lacking != limbo_inputs_we_lack.end()) {
            tally.not_applicable(id, lacking->second);
            continue;
        }
        auto const& given_as = *cases.at(text(one, "case"));
        auto const pieces = [&](std::string_view key) {
            std::vector<signing::Revocations::Piece> made;
            for (auto& pem : list(given_as, key)) made.push_back({std::string{key} + " " + std::to_string(made.size()), std::move(pem)});
            return made;
        };
        Case given;
        given.material.anchors = pieces("trusted_certs");
        given.material.intermediates = pieces("untrusted_intermediates");
        given.material.crls = pieces("crls");
        given.certificate = text(given_as, "peer_certificate");
        if (auto const time = text(given_as, "validation_time"); !time.empty()) given.at = signing::read_instant(time).value();
        given.options.purpose = text(given_as, "validation_kind") == "CLIENT" ? Purpose::tls_client : Purpose::tls_server;
        auto const said = verdict_on(std::move(given));
        tally.judge(id, (said == "valid") == (text(one, "expected") == "SUCCESS"), "we say " + said);
    }
}

// --- OpenSSL's verify tests ---

constexpr std::string_view level = "asks for OpenSSL's security level 0; ours is 112 bits, whoever asks";
constexpr std::array openssl_differences{
    Difference{"openssl-verify/033", "the same certificate as 034, which is refused with -x509_strict: we are strict (RFC 5280 §4.2.1.9)"},
    Difference{"openssl-verify/047", level},
    Difference{"openssl-verify/050", level},
    Difference{"openssl-verify/052", level},
    Difference{"openssl-verify/100", "what the operator made an anchor is believed, self-signed or not, as in 101 (-partial_chain)"},
    Difference{"openssl-verify/103", "SM2: the hub takes RSA and ECDSA"},
};

Purpose purpose_of(std::string const& name)
{
    if (name == "sslserver") return Purpose::tls_server;
    if (name == "sslclient") return Purpose::tls_client;
    return Purpose::any;
}

TEST(X509Paths, AgreesWithOpensslVerify)
{
    Tally tally{"x509 openssl-verify", openssl_differences};
    auto const folder = tally.vectors("x509/openssl-verify/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    auto const files = [&](std::vector<std::string> const& names) {
        std::vector<signing::Revocations::Piece> pieces;
        for (auto const& name : names) pieces.push_back({name, read(*folder / name)});
        return pieces;
    };
    auto const manifest = parse(*folder / "manifest.json");
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        auto const options = list(one, "openssl_options");
        Case given;
        given.material.anchors = files(list(one, "trusted"));
        given.material.intermediates = files(list(one, "untrusted"));
        given.certificate = read(*folder / text(one, "cert"));
        given.options.purpose = purpose_of(text(one, "purpose"));
        for (std::size_t i = 0; i + 1 < options.size(); ++i) {
            auto const& next = options[i + 1];
            if (options[i] == "-attime") given.at = std::chrono::system_clock::from_time_t(std::stol(next));
            if (options[i] == "-policy") given.options.policies.push_back(next);
        }
        given.options.require_explicit_policy = std::ranges::find(options, "-explicit_policy") != options.end();
        if (std::ranges::find(options, "-verify_depth") != options.end()) {
            tally.not_applicable(text(one, "id"), "needs a bound of the caller's on the length of the path; ours is fixed");
            continue;
        }
        auto const said = verdict_on(std::move(given));
        tally.judge(text(one, "id"), (said == "valid") == (text(one, "expected") == "valid"), "we say " + said);
    }
}

}  // namespace
