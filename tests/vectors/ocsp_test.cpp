// OCSP responses that other people made: OpenSSL's verification cases (a wrong signature, responder, issuer hash, key,
// delegated signer) and pyca/cryptography's parsing cases ($IVAN_VECTORS/x509/ocsp; the README above it names sources
// and licences). All verification cases are signed with SHA-1: they run with the rule that allows it, and again with our
// own rules, which must refuse every one of them.

#include "signing/detail/authority.hpp"
#include "signing/detail/revocations.hpp"
#include "tests/vectors/tally.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace {

using signing::EvidenceRules;
using signing::Revocations;
using signing::detail::X509Ptr;
using Status = signing::detail::OcspAnswer::Status;
using State = signing::detail::Standing::State;

std::string read(std::filesystem::path const& path)
{
    std::ifstream file{path, std::ios::binary};
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::string_view text(boost::json::object const& one, std::string_view key)
{
    auto const* const value = one.if_contains(key);
    return value == nullptr ? std::string_view{} : std::string_view{value->as_string()};
}

// What a path would be built from: the trusted certificate, and others as far as a chain of keys reaches them.
std::vector<X509Ptr> issuers(std::filesystem::path const& folder, boost::json::object const& one)
{
    std::vector<X509Ptr> trusted = signing::detail::parse_certificates(read(folder / text(one, "trusted_partial_chain")));
    std::vector<X509Ptr> others;
    for (auto const& name : one.at("other_certs").as_array()) {
        for (auto& other : signing::detail::parse_certificates(read(folder / std::string_view{name.as_string()}))) others.push_back(std::move(other));
    }
    for (bool more = true; more;) {
        more = false;
        for (auto& other : others) {
            auto const signs = [&](X509Ptr const& issuer) { return signing::detail::signed_by(other.get(), issuer.get()); };
            if (!other || std::ranges::none_of(trusted, signs)) continue;
            trusted.push_back(std::move(other));
            more = true;
        }
    }
    return trusted;
}

std::string verdict(std::string const& response, std::vector<X509Ptr> const& trusted, EvidenceRules const& rules)
{
    std::vector<std::string> authorities;
    for (auto const& one : trusted) authorities.push_back(signing::detail::der_of(one.get()));
    auto const made = Revocations::make(authorities, {}, {{"response", response}}, nullptr, rules);
    return made.refused.empty() ? "response-verifies" : made.refused.front().why;
}

// The status that a believed response gives, of any certificate it names.
bool says_of_all(std::string const& response, std::vector<X509Ptr> const& trusted, EvidenceRules const& rules)
{
    auto const responses = signing::detail::load_ocsp(response, trusted, rules);
    return !responses.empty() && std::ranges::all_of(responses, [](auto const& one) { return !one.answers.empty(); });
}

TEST(Ocsp, ResponsesOfOthersAreBelievedAndRefusedAsExpected)
{
    vectors::Tally tally{"ocsp"};
    auto const folder = tally.vectors("x509/ocsp/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    auto const manifest = boost::json::parse(read(*folder / "manifest.json"));
    EvidenceRules const old{.sha1 = true};
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        auto const expected = text(one, "expected");
        auto const id = text(one, "id");
        auto const response = read(*folder / text(one, "response"));
        if (!expected.starts_with("response-")) {
            std::string what = "parses";
            try {
                auto const basic = signing::detail::read_response(response, {});
                auto const answers = signing::detail::answers_of(basic.get(), nullptr, {});
                auto const status = text(one, "certificate_status");
                bool const same = !answers.empty() && (status.empty() || (status == "GOOD" && answers.front().status == Status::good) ||
                                                       (status == "REVOKED" && answers.front().status == Status::revoked) ||
                                                       (status == "UNKNOWN" && answers.front().status == Status::unknown));
                auto const dated = [&](std::string_view key, signing::Instant at) { return text(one, key).empty() || signing::read_instant(text(one, key)) == at; };
                if (!same) what = "another status";
                else if (!dated("this_update", answers.front().this_update) || !dated("next_update", answers.front().next_update)) what = "other dates";
            } catch (std::runtime_error const& error) {
                // A responder's refusal is no evidence; that it was one, and which, we say.
                bool const said = text(one, "response_status") == "UNAUTHORIZED" && error.what() == std::string_view{"the responder answered: unauthorized"};
                what = expected == "parse-error" ? "parse-error" : said ? "parses" : error.what();
            }
            tally.judge(id, what == expected, "we say: " + what);
            continue;
        }
        auto const trusted = issuers(*folder, one);
        auto const what = verdict(response, trusted, old);
        bool const verifies = what == "response-verifies";
        tally.judge(id, verifies == (expected == "response-verifies"), "we say: " + what);
        if (verifies) {
            EXPECT_TRUE(says_of_all(response, trusted, old)) << id;
            EXPECT_NE(verdict(response, trusted, {}).find("signed with SHA1, which is not allowed"), std::string::npos) << id;
        }
        EXPECT_NE(verdict(response, trusted, {}), "response-verifies") << id;
    }
}

}  // namespace
