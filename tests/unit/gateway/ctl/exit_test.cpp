// The contract of ivanctl's exit, of the commands that judge what others sent: 0 yes, 1 no, 2 wrong usage or trouble. Whatever
// bytes a sender chose are judged (0 or 1, one JSON object); only who runs the command can cause a 2. The real program is run.

#include "signing/digest.hpp"
#include "tests/support/ivanctl.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <fstream>
#include <sstream>

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;
using support::ivanctl;

class IvanctlExit : public testing::Test {
protected:
    std::string file(std::string const& name, std::string const& bytes) const
    {
        auto const path = directory.path() / name;
        std::ofstream{path, std::ios::binary} << bytes;
        return path.string();
    }
    // One JSON object, and nothing on standard error.
    static boost::json::object answer(support::Ran const& ran, int status)
    {
        EXPECT_EQ(ran.status, status) << ran.text;
        boost::system::error_code error;
        auto const value = boost::json::parse(ran.text, error);
        EXPECT_TRUE(!error && value.is_object()) << ran.text;
        return !error && value.is_object() ? value.as_object() : boost::json::object{};
    }
    static std::string text(boost::json::object const& answer, char const* name)
    {
        auto const* const found = answer.if_contains(name);
        return found && found->is_string() ? std::string{found->as_string()} : "(none)";
    }
    static void expect_trouble(std::vector<Words> const& all)
    {
        for (auto const& words : all) {
            auto const ran = ivanctl(words);
            boost::system::error_code not_json;
            (void)boost::json::parse(ran.text, not_json);
            EXPECT_EQ(ran.status, 2) << words.back() << ": " << ran.text;
            EXPECT_TRUE(not_json) << "an answer is not trouble: " << ran.text;
        }
    }

    support::TemporaryDirectory directory;
};

// --- parse ---

TEST_F(IvanctlExit, OfParseIsZeroForWhatTheParserTakes)
{
    auto const taken = answer(ivanctl({"parse", "--json", file("good.xml", "<a xmlns='urn:x'><b/></a>")}), 0);
    EXPECT_EQ(text(taken, "verdict"), "parsed");
    EXPECT_EQ(text(taken, "root"), "a");
    EXPECT_EQ(text(taken, "namespace"), "urn:x");
}

TEST_F(IvanctlExit, OfParseIsOneForWhateverBytesItRefuses)
{
    for (auto const& bytes : {std::string{}, std::string{"<a>"}, std::string{"\0\0\0", 3}, std::string{"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"},
                              std::string{"-----BEGIN CERTIFICATE-----"}}) {
        auto const refused = answer(ivanctl({"parse", "--json", file("bad.xml", bytes)}), 1);
        EXPECT_EQ(text(refused, "verdict"), "refused") << bytes;
        EXPECT_TRUE(text(refused, "code").starts_with("GW-")) << bytes;
        EXPECT_NE(text(refused, "message_vi"), "") << bytes;
        EXPECT_NE(text(refused, "message_en"), "") << bytes;
    }
}

TEST_F(IvanctlExit, OfParseIsOneForADocumentLargerThanItsBound)
{
    auto const name = file("large.xml", "<a>");
    fs::resize_file(name, (32u << 20) + 1);  // XmlLimits::bytes_max
    EXPECT_EQ(text(answer(ivanctl({"parse", "--json", name}), 1), "verdict"), "refused");
}

TEST_F(IvanctlExit, OfParseIsTwoForWrongUsageAndMissingFiles)
{
    auto const good = file("good.xml", "<a/>");
    expect_trouble({{"parse", "--json"},
                    {"parse", "--json", "/nowhere.xml"},
                    {"parse", "--json", directory.path().string()},
                    {"parse", "--json", good, good},
                    {"parse", "--json", "--strict", good}});
}

// --- otp check: RFC 4226, appendix D, the count 0 ---

Words const rfc_4226{"otp", "check", "--json", "--type", "hotp", "--secret-ascii", "12345678901234567890", "--counter", "0"};

Words with(Words words, Words const& more)
{
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

TEST_F(IvanctlExit, OfOtpCheckIsZeroForAnEqualCodeAndForACodeAskedFor)
{
    auto const equal = answer(ivanctl(with(rfc_4226, {"--code", "755224"})), 0);
    EXPECT_EQ(equal.at("equal"), true);
    auto const asked = answer(ivanctl(rfc_4226), 0);
    EXPECT_EQ(text(asked, "code"), "755224");
    EXPECT_FALSE(asked.contains("equal")) << "there was nothing to compare with";
}

TEST_F(IvanctlExit, OfOtpCheckIsOneForAnotherCodeHoweverItLooks)
{
    for (auto const* const code : {"755225", "75522", "7552240", "abc"}) {
        auto const other = answer(ivanctl(with(rfc_4226, {"--code", code})), 1);
        EXPECT_EQ(other.at("equal"), false) << code;
        EXPECT_EQ(text(other, "code"), "755224");
    }
}

TEST_F(IvanctlExit, OfOtpCheckOverManyCasesIsOneWhereAnyIsNotEqualOrCannotBeComputed)
{
    std::string const right = R"({"id":"r","type":"HOTP","secret_ascii":"12345678901234567890","counter":1,"digits":6,"expected":"287082"})";
    std::string const wrong = R"({"id":"w","type":"HOTP","secret_ascii":"12345678901234567890","counter":1,"digits":6,"expected":"000000"})";
    std::string const none = R"({"id":"n","type":"HOTP","counter":1,"digits":6,"expected":"287082"})";
    auto const run = [this](std::string const& cases) { return ivanctl({"otp", "check", "--json", "--manifest", file("cases.json", "{\"cases\":[" + cases + "]}")}); };
    EXPECT_EQ(answer(run(right), 0).at("equal"), 1);
    for (auto const& bad : {wrong, none}) {
        auto const mixed = answer(run(right + "," + bad), 1);
        EXPECT_EQ(mixed.at("equal"), 1);
        EXPECT_EQ(mixed.at("cases"), 2);
    }
}

TEST_F(IvanctlExit, OfOtpCheckIsTwoWhereThereIsNothingToComputeWith)
{
    expect_trouble({{"otp", "--json"},
                    {"otp", "check", "--json", "--type", "hotp", "--counter", "0"},
                    {"otp", "check", "--json", "--type", "hotp", "--secret-hex", "3g", "--counter", "0"},
                    {"otp", "check", "--json", "--type", "motp", "--secret-hex", "31"},
                    with(rfc_4226, {"--digits", "9"}),
                    with(rfc_4226, {"--algorithm", "MD5"}),
                    {"otp", "check", "--json", "--manifest", "/nowhere.json"},
                    {"otp", "check", "--json", "--case", file("torn.json", "{\"id\":")}});
}

// --- trust ---

class IvanctlTrust : public IvanctlExit {
protected:
    IvanctlTrust() { pki.write_trust_directory(trust); }
    [[nodiscard]] support::Ran explain(std::string const& leaf) const { return ivanctl({"trust", "explain", "--json", leaf, "--trust", trust.string()}); }

    support::Pki const& pki = support::Pki::shared();
    fs::path trust = directory.path() / "trust";
};

TEST_F(IvanctlTrust, ExplainIsZeroForACertificateWeTrustInPemAndInDer)
{
    auto const unit = pki.unit("0101300842");
    for (auto const& leaf : {file("unit.pem", unit.certificate_pem), file("unit.der", support::Pki::der(unit))}) {
        auto const valid = answer(explain(leaf), 0);
        EXPECT_EQ(text(valid, "verdict"), "valid");
        EXPECT_EQ(text(valid, "tax_code"), "0101300842");
        EXPECT_EQ(valid.at("path").as_array().size(), 3u) << "unit, issuing CA, root";
    }
}

TEST_F(IvanctlTrust, ExplainIsOneForACertificateOfNobodyAndForWhatIsNone)
{
    auto const stranger = signing::dev::issue(pki.unknown_root, pki.request("0101300842"));
    EXPECT_EQ(text(answer(explain(file("stranger.pem", stranger.certificate_pem)), 1), "refusal"), "chain_untrusted");
    for (auto const& bytes : {std::string{}, std::string{"no certificate"}, std::string{"-----BEGIN CERTIFICATE-----"},
                              std::string{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}}) {
        EXPECT_EQ(text(answer(explain(file("none.pem", bytes)), 1), "refusal"), "certificate_malformed") << bytes;
    }
}

TEST_F(IvanctlTrust, ExplainIsOneForAFileTooLargeToBeACertificateAndReadsNoFurther)
{
    auto const unit = pki.unit("0101300842").certificate_pem;
    auto const largest = file("largest.pem", unit + std::string((1u << 20) - unit.size(), '\n'));
    EXPECT_EQ(text(answer(explain(largest), 0), "verdict"), "valid");
    auto const large = file("large.pem", unit + std::string((1u << 20) + 1 - unit.size(), '\n'));
    for (std::uintmax_t const size : {fs::file_size(large), std::uintmax_t{1} << 34}) {  // sparse: it takes no room on the disk
        fs::resize_file(large, size);
        auto const refused = answer(explain(large), 1);
        EXPECT_EQ(text(refused, "verdict"), "refused") << size;
        EXPECT_EQ(text(refused, "refusal"), "certificate_malformed") << size;
        EXPECT_NE(text(refused, "reason").find("1048576"), std::string::npos) << "the reason names the bound";
    }
}

TEST_F(IvanctlTrust, ExplainIsTwoForWrongUsageAndMissingFiles)
{
    auto const leaf = file("unit.pem", pki.unit("0101300842").certificate_pem);
    expect_trouble({{"trust", "explain", "--json"},
                    {"trust", "explain", "--json", "/nowhere.pem"},
                    {"trust", "explain", "--json", trust.string()},
                    {"trust", "explain", "--json", leaf, "--trust", "/nowhere"},
                    {"trust", "explain", "--json", leaf, "--trust", file("empty.pem", "")},
                    {"trust", "explain", "--json", leaf, "--at", "yesterday"},
                    {"trust", "explain", "--json", leaf, "--purpose", "other"}});
}

// --- trust list ---

// The anchors of production under a policy of their own, the test anchors under none.
class IvanctlTrustList : public IvanctlTrust {
protected:
    IvanctlTrustList()
    {
        std::ofstream{trust / "anchors/production/root.toml"} << "revocation = \"soft\"\ngrace = \"48h\"\nfrom = 2020-01-01\nuntil = 2090-12-31\n"
                                                                 "crl_urls = [\"http://ca.example.vn/root.crl\"]\n";
    }
    [[nodiscard]] support::Ran list(Words const& more) const { return ivanctl(with({"trust", "list", "--trust", trust.string()}, more)); }
    static std::string subject(support::Pki::Identity const& of) { return signing::read_certificate(support::Pki::der(of))->subject; }
    [[nodiscard]] std::string now() const
    {
        auto const seconds = std::chrono::system_clock::to_time_t(pki.now);
        std::tm parts{};
        std::array<char, 32> made{};
        return {made.data(), std::strftime(made.data(), made.size(), "%FT%TZ", ::gmtime_r(&seconds, &parts))};
    }
    // The one member of that list about that subject.
    static boost::json::object about(boost::json::object const& listed, char const* what, char const* name, std::string const& wanted)
    {
        for (auto const& one : listed.at(what).as_array())
            if (text(one.as_object(), name) == wanted) return one.as_object();
        ADD_FAILURE() << "nothing about " << wanted << ": " << boost::json::serialize(listed);
        return {};
    }
};

TEST_F(IvanctlTrustList, NamesAnchorsWithTheirPoliciesToPrograms)
{
    auto const listed = answer(list({"--json"}), 0);
    EXPECT_EQ(listed.at("anchors").as_array().size(), 2u);
    auto const root = about(listed, "anchors", "subject", subject(pki.root));
    EXPECT_EQ(root.at("test"), false);
    EXPECT_EQ(text(root, "sha256"), signing::hex(signing::sha256(support::Pki::der(pki.root))));
    EXPECT_EQ(root.at("policy"), boost::json::parse(R"({"revocation":"soft","grace_seconds":172800,"from":"2020-01-01","until":"2090-12-31",
                                                        "crl_urls":["http://ca.example.vn/root.crl"]})"));
    EXPECT_FALSE(root.contains("accepted_until"));
    auto const test = about(listed, "anchors", "subject", subject(pki.test_root));
    EXPECT_EQ(test.at("test"), true);
    EXPECT_EQ(test.at("policy"), boost::json::parse(R"({"revocation":"hard","grace_seconds":0,"crl_urls":[]})"));
    EXPECT_EQ(text(test, "accepted_until"), "2035-12-31");
}

TEST_F(IvanctlTrustList, NamesIntermediatesAndEvidenceToPrograms)
{
    auto const listed = answer(list({"--json"}), 0);
    EXPECT_EQ(listed.at("intermediates").as_array().size(), 2u);
    EXPECT_EQ(text(about(listed, "intermediates", "subject", subject(pki.issuing_ca)), "issuer"), subject(pki.root));
    EXPECT_EQ(listed.at("crls").as_array().size(), 4u) << "each authority has one";
    auto const crl = about(listed, "crls", "issuer", subject(pki.issuing_ca));
    EXPECT_EQ(text(crl, "kind"), "crl");
    EXPECT_EQ(crl.at("revoked"), 0);
    EXPECT_EQ(crl.at("fresh"), true);
    EXPECT_NE(text(crl, "file").find("issuing-ca.pem"), std::string::npos);
    auto const later = answer(list({"--json", "--at", "2080-01-01T00:00:00Z"}), 0);
    EXPECT_EQ(about(later, "crls", "issuer", subject(pki.issuing_ca)).at("fresh"), false) << "ages are judged at the time given";
}

TEST_F(IvanctlTrustList, GivesPeopleOneRowForEach)
{
    auto const ran = list({"--at", now()});
    EXPECT_EQ(ran.status, 0) << ran.text;
    std::istringstream in{ran.text};
    std::vector<std::string> rows;
    for (std::string row; std::getline(in, row);) rows.push_back(row);
    ASSERT_EQ(rows.size(), 1u + 2 + 2 + 4) << ran.text;
    EXPECT_TRUE(rows.front().starts_with("what")) << ran.text;
    auto const count = [&](std::string const& what, std::string const& about, std::string const& note) {
        return std::ranges::count_if(rows, [&](std::string const& row) {
            return row.starts_with(what + "  ") && row.find(about) != std::string::npos && row.find(note) != std::string::npos;
        });
    };
    EXPECT_EQ(count("anchor", subject(pki.root), "revocation soft, 48 h of grace, from 2020-01-01, until 2090-12-31"), 1) << ran.text;
    EXPECT_EQ(count("test anchor", subject(pki.test_root), "revocation hard, accepted until 2035-12-31"), 1) << ran.text;
    EXPECT_EQ(count("intermediate", subject(pki.issuing_ca), ""), 1) << ran.text;
    EXPECT_EQ(count("CRL", subject(pki.issuing_ca), "0 revoked, 60 min old"), 1) << ran.text;
    EXPECT_EQ(ran.text.find("ENDED"), std::string::npos) << ran.text;
    auto const later = list({"--at", "2080-01-01T00:00:00Z"});
    EXPECT_NE(later.text.find("ENDED"), std::string::npos) << "a list that has ended says so: " << later.text;
}

TEST_F(IvanctlTrustList, IsTroubleWithoutADirectoryThatCanBeRead)
{
    expect_trouble({{"trust", "list", "--json"},
                    {"trust", "list", "--json", "--trust", "/nowhere"},
                    {"trust", "list", "--json", "--trust", trust.string(), "--trust", trust.string()}});
    std::ofstream{trust / "crls/torn.pem"} << "no list";
    expect_trouble({{"trust", "list", "--json", "--trust", trust.string()}});
}

}  // namespace
