// Dossiers signed by the xmlsec1 command, Java's javax.xml.crypto and Node's xml-crypto: foreign/README.md says how
// they were made.

#include "schemas/base64.hpp"
#include "signing/verifier.hpp"
#include "tests/vectors/tally.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace {

namespace fs = std::filesystem;
using signing::Refusal;

fs::path const directory = fs::path{IVAN_SOURCE_DIR} / "tests/vectors/foreign";

std::string read(fs::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    auto const at = text.find(from);
    if (at == std::string::npos) throw std::logic_error("the file does not hold: " + std::string{from});
    return text.replace(at, from.size(), to);
}

std::vector<std::string> dossiers()
{
    std::vector<std::string> names;
    for (auto const& entry : fs::directory_iterator{directory}) {
        if (entry.path().extension() == ".xml") names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
}

// The base64 of the one form, and where it stands.
struct Form {
    std::size_t begin, size;
    std::string xml;
};
Form form_of(std::string const& envelope)
{
    constexpr std::string_view open = "<NoiDungFile>";
    auto const begin = envelope.find(open) + open.size();
    auto const size = envelope.find("</NoiDungFile>") - begin;
    return {begin, size, schemas::base64_decode(std::string_view{envelope}.substr(begin, size)).value()};
}

class Foreign : public ::testing::TestWithParam<std::string> {
protected:
    [[nodiscard]] signing::Result<signing::Verified> verify(std::string text) const
    {
        auto envelope = schemas::read_envelope(std::move(text), schemas::EnvelopeLimits{});
        if (!envelope) throw std::logic_error("the envelope cannot be read: " + envelope.error().detail);
        return signing::Verifier{trust, {}}.verify(std::move(*envelope), at);
    }
    void expect_refused(std::string text, Refusal why, std::string_view form) const
    {
        auto const verified = verify(std::move(text));
        ASSERT_FALSE(verified.has_value());
        EXPECT_EQ(name_of(verified.error().why), name_of(why)) << verified.error().detail;
        EXPECT_EQ(verified.error().form, form);
    }

    signing::Instant const at = signing::read_instant("2026-12-01T09:00:00+07:00").value();
    std::shared_ptr<signing::TrustStore const> trust = signing::TrustStore::load(directory / "trust", {});
    std::string const bytes = read(directory / GetParam());
};

TEST_P(Foreign, IsAccepted)
{
    vectors::Tally tally{"foreign"};
    auto const verified = verify(bytes);
    tally.judge(GetParam(), verified.has_value(), verified ? "" : std::string{name_of(verified.error().why)} + ": " + verified.error().detail);
    ASSERT_TRUE(verified.has_value());
    ASSERT_EQ(verified->signers().size(), 2u);
    bool const exclusive = GetParam().find("-exclusive-") != std::string::npos;
    bool const rsa = GetParam().find("-rsa-") != std::string::npos;
    for (auto const& signer : verified->signers()) {
        EXPECT_EQ(signer.canonicalisation, exclusive ? "exc-c14n" : "c14n");
        EXPECT_EQ(signer.signature_algorithm, rsa ? "rsa-sha256" : "ecdsa-sha256");
        EXPECT_EQ(signer.certificate.tax_code, "0101300842");
    }
}

TEST_P(Foreign, IsRefusedWithOneCharacterAltered)
{
    expect_refused(replaced(bytes, "<MaThuTuc>600", "<MaThuTuc>601"), Refusal::digest_mismatch, "");

    auto const form = form_of(bytes);
    auto altered = bytes;
    altered.replace(form.begin, form.size, schemas::base64_encode(replaced(form.xml, "<GioiTinh>0", "<GioiTinh>1")));
    expect_refused(altered, Refusal::digest_mismatch, "D02-TS");

    auto const digest = bytes.find("DigestValue>", form.begin + form.size) + 12;
    altered = bytes;
    altered[digest] = altered[digest] == 'A' ? 'B' : 'A';
    expect_refused(altered, Refusal::digest_mismatch, "");

    auto const value = bytes.find("SignatureValue", digest);
    auto const first = bytes.find('>', value) + 3;
    altered = bytes;
    altered[first] = altered[first] == 'A' ? 'B' : 'A';
    expect_refused(altered, Refusal::value_mismatch, "");
}

INSTANTIATE_TEST_SUITE_P(Dossiers, Foreign, ::testing::ValuesIn(dossiers()), [](auto const& one) {
    auto name = one.param.substr(0, one.param.size() - 4);
    std::ranges::replace(name, '-', '_');
    return name;
});

TEST(ForeignFixtures, AreAllThere) { EXPECT_EQ(dossiers().size(), 24u); }

}  // namespace
