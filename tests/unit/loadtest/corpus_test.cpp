#include "loadtest/corpus.hpp"

#include "loadtest/bad_cases.hpp"
#include "schemas/envelope.hpp"
#include "signing/verifier.hpp"
#include "tests/support/forms.hpp"
#include "tests/support/pki.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>

using namespace std::chrono_literals;
using namespace test_support;
using testing::Contains;
using testing::HasSubstr;

namespace {

std::shared_ptr<signing::KeyPair const> a_key()
{
    static auto const key = [] {
        signing::dev::Request request;
        request.common_name = "Đơn vị thử nghiệm";
        request.tax_code = "0101300842";
        request.use = signing::dev::Request::Use::root;
        auto const root = signing::dev::make_root(request);
        request.use = signing::dev::Request::Use::sign;
        auto const made = signing::dev::issue(root, request);
        return signing::KeyPair::from_pem(made.key_pem, made.certificate_pem);
    }();
    return key;
}

std::size_t count_of(std::string const& text, std::string const& what)
{
    std::size_t count = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
    return count;
}

}  // namespace

TEST(Corpus, IsTheSameForTheSameSeed)
{
    auto one = corpus_on(filing_day, 7), same = corpus_on(filing_day, 7), other = corpus_on(filing_day, 8);
    for (auto const& code : {"D02-TS", "TK1-TS", "D03-TS"}) {
        auto const xml = one.form(code, 3).xml_or_bytes;
        EXPECT_EQ(xml, same.form(code, 3).xml_or_bytes) << code;
        EXPECT_NE(xml, other.form(code, 3).xml_or_bytes) << code;
    }
    EXPECT_EQ(one.attachment().xml_or_bytes, same.attachment().xml_or_bytes);
}

TEST(Corpus, MakesDifferentPeopleOneAfterAnother)
{
    auto corpus = corpus_on(filing_day);
    EXPECT_NE(corpus.form("D02-TS", 3).xml_or_bytes, corpus.form("D02-TS", 3).xml_or_bytes);
}

TEST(Corpus, MakesAsManyRowsAsAsked)
{
    auto corpus = corpus_on(filing_day);
    for (auto const& [code, row] : std::map<std::string, std::string>{{"D02-TS", "<LaoDong>"}, {"TK1-TS", "<LaoDong>"}, {"D01-TS", "<ThongTin>"},
                                                                      {"D03-TS", "<LaoDong>"}, {"D05-TS", "<LaoDong>"}, {"M01B-HSB", "<LaoDong>"}})
        for (unsigned people : {1u, 2u, 37u}) EXPECT_EQ(count_of(corpus.form(code, people).xml_or_bytes, row), people) << code;
    EXPECT_EQ(count_of(corpus.form("D02-TS", 0).xml_or_bytes, "<LaoDong>"), 1u) << "a form without rows is no form";
}

TEST(Corpus, MakesListsOfTheSizesWeMeasureWith)
{
    auto corpus = corpus_on(filing_day);
    auto const bytes = [&](unsigned people) {
        return static_cast<double>(loadtest::Corpus::signed_form(corpus.form("D02-TS", people), *a_key(), {}).xml_or_bytes.size());
    };
    EXPECT_NEAR(bytes(10), 11'900, 2'000);
    EXPECT_NEAR(bytes(100), 85'000, 5'000);
    EXPECT_NEAR(bytes(1000), 819'000, 40'000);
}

TEST(Corpus, RefusesAFormItCannotMake)
{
    auto corpus = corpus_on(filing_day);
    EXPECT_THROW((void)corpus.form("D99-TS", 1), std::invalid_argument);
    EXPECT_THROW((void)loadtest::Corpus::procedure_for(""), std::invalid_argument);
}

TEST(Corpus, EscapesWhatWouldBreakTheMarkup)
{
    loadtest::CorpusConfig config;
    config.day = filing_day;
    config.unit_name = "Công ty <A> & \"B\" ]]>";
    loadtest::Corpus corpus{config};
    auto const read = schemas::read_envelope(corpus.unsigned_envelope("604", {corpus.form("TK3-TS", 1)}), {});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->unit().name, config.unit_name);
}

TEST(Corpus, MakesAnAttachmentThatIsAPdfWithTrueOffsets)
{
    auto corpus = corpus_on(filing_day);
    auto const pdf = corpus.attachment().xml_or_bytes;
    ASSERT_TRUE(pdf.starts_with("%PDF-1.4\n"));
    auto const start = std::stoul(pdf.substr(pdf.find("startxref\n") + 10));
    EXPECT_EQ(pdf.compare(start, 5, "xref\n"), 0);
    auto const first = std::stoul(pdf.substr(pdf.find("65535 f \n") + 9, 10));
    EXPECT_EQ(pdf.compare(first, 7, "1 0 obj"), 0);
}

TEST(Corpus, SignsEveryFormInItsPlaceAndTheEnvelopeLast)
{
    auto corpus = corpus_on(filing_day);
    for (auto const& code : loadtest::Corpus::form_codes()) {
        auto const dossier = corpus.dossier(loadtest::Corpus::procedure_for(code), {corpus.form(code, 2)}, *a_key());
        auto const read = schemas::read_envelope(dossier, {});
        ASSERT_TRUE(read) << code;
        auto const holder = loadtest::Corpus::signature_holder(code);
        EXPECT_THAT(read->forms().at(0).bytes(), HasSubstr("<" + holder + ">"));
        EXPECT_EQ(count_of(read->forms().at(0).bytes(), "</Signature>"), 1u) << code;
        EXPECT_EQ(count_of(dossier, "</Signature>"), 1u) << code;
        EXPECT_THAT(dossier, HasSubstr("<CKy_Dvi>"));
        EXPECT_TRUE(validated(dossier)) << code << ": a signed dossier is as valid as an unsigned one";
    }
}

TEST(Corpus, LeavesAttachmentsUnsigned)
{
    auto corpus = corpus_on(filing_day);
    auto const attachment = corpus.attachment();
    auto const dossier = corpus.dossier("600", {corpus.form("D02-TS", 1), attachment}, *a_key());
    auto const read = schemas::read_envelope(dossier, {});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->forms().at(1).bytes(), attachment.xml_or_bytes);
    EXPECT_TRUE(validated(dossier));
}

TEST(BadCases, EachHasANameOfItsOwnAndACodeOfTheCatalogue)
{
    std::ifstream file{IVAN_SOURCE_DIR "/gateway/fault/faults.def"};
    std::stringstream catalogue_text;
    catalogue_text << file.rdbuf();
    auto corpus = corpus_on(filing_day);
    std::set<std::string> names;
    for (auto const& one : loadtest::bad_cases(corpus, {a_key(), a_key(), a_key(), a_key(), a_key()})) {
        EXPECT_TRUE(names.insert(one.name).second) << one.name;
        EXPECT_FALSE(one.description.empty()) << one.name;
        EXPECT_THAT(catalogue_text.str(), HasSubstr("\"" + one.expected_code + "\"")) << one.name;
    }
    for (auto const* const name : {"malformed", "too_deep", "doctype", "entity_bomb", "wrong_root", "unknown_form", "version_not_in_force", "broken_base64", "wrong_count",
                                   "wrong_length", "duplicate_file_name", "kind_mismatch", "form_missing", "form_foreign", "unsigned", "twice_signed", "altered",
                                   "expired", "revoked", "unknown_ca", "wrong_owner", "sha1", "wrong_provider_alias", "unknown_agency", "schema_violation", "rule_violations"})
        EXPECT_THAT(names, Contains(name));
}

TEST(BadCases, LeaveOutWhatNoKeyIsGivenFor)
{
    auto corpus = corpus_on(filing_day);
    for (auto const& one : loadtest::bad_cases(corpus, {.good = a_key(), .expired = nullptr, .revoked = nullptr, .unknown_ca = nullptr, .other_owner = nullptr}))
        EXPECT_NE(one.name, "expired");
    EXPECT_THROW((void)loadtest::bad_cases(corpus, {}), std::invalid_argument);
}

// What bytes alone decide is decided here; signatures and parties are the gateway's tests.
TEST(BadCases, AreRefusedForTheReasonTheySay)
{
    using schemas::Refusal;
    std::map<std::string, std::set<Refusal>> const by_code{
        {"GW-3001", {Refusal::xml_malformed, Refusal::xml_encoding}}, {"GW-3002", {Refusal::xml_doctype}}, {"GW-3003", {Refusal::xml_too_large}},
        {"GW-3004", {Refusal::envelope_wrong_root, Refusal::envelope_field}}, {"GW-3005", {Refusal::form_count_mismatch}},
        {"GW-3006", {Refusal::form_length_mismatch}}, {"GW-3007", {Refusal::form_base64}}, {"GW-3008", {Refusal::form_duplicate_name}},
        {"GW-3009", {Refusal::form_kind_mismatch}}, {"GW-3010", {Refusal::form_unknown}}, {"GW-3011", {Refusal::form_version_unknown}},
        {"GW-3012", {Refusal::schema_violation}}, {"GW-3013", {Refusal::rule_violation}}};
    auto corpus = corpus_on(filing_day);
    unsigned decided = 0;
    for (auto const& one : loadtest::bad_cases(corpus, {a_key(), nullptr, nullptr, nullptr, nullptr})) {
        auto const expected = by_code.find(one.expected_code);
        if (expected == by_code.end()) continue;
        auto const outcome = validated(one.bytes);
        ASSERT_FALSE(outcome) << one.name;
        EXPECT_THAT(expected->second, Contains(outcome.error().why)) << one.name << " was refused as " << schemas::name_of(outcome.error().why);
        ++decided;
    }
    EXPECT_GE(decided, 20u);
}

// The reference engine over every case whose code is a signature's, and over the good dossier they are made from.
TEST(BadCases, AreRefusedByTheVerifierForTheReasonTheySay)
{
    using signing::Refusal;
    std::map<std::string, std::set<Refusal>> const by_code{
        {"GW-2001", {Refusal::signature_missing}}, {"GW-2002", {Refusal::signature_repeated}}, {"GW-2003", {Refusal::signature_misplaced}},
        {"GW-2007", {Refusal::algorithm_sha1}}, {"GW-2009", {Refusal::digest_mismatch}}, {"GW-2010", {Refusal::value_mismatch}},
        {"GW-2012", {Refusal::certificate_expired}}, {"GW-2013", {Refusal::certificate_revoked}},
        {"GW-2015", {Refusal::chain_untrusted, Refusal::chain_broken}}, {"GW-2017", {Refusal::owner_mismatch}}};
    signing::initialise();
    auto const& pki = support::Pki::shared();
    auto const good = pki.unit("0101300842"), revoked = pki.unit("0101300842"), other = pki.unit("0100109106");
    auto old = pki.request("0101300842");
    old.not_before = pki.now - 24h * 30;
    old.not_after = pki.now - 24h;
    auto stranger = pki.request("0101300842");
    loadtest::BadCaseKeys const keys{pki.key(good), pki.key(signing::dev::issue(pki.issuing_ca, old)), pki.key(revoked),
                                     pki.key(signing::dev::issue(pki.unknown_root, stranger)), pki.key(other)};
    support::TemporaryDirectory const directory;
    signing::dev::TrustOptions options;
    options.revoked = {{revoked.certificate_pem, pki.now - 1h}};
    auto const trust = signing::TrustStore::load(pki.write_trust_directory(directory.path(), options), {});
    signing::Verifier const verifier{trust, {}};

    auto corpus = corpus_on(filing_day);
    auto const verified = [&](std::string const& bytes) {
        auto envelope = schemas::read_envelope(bytes, {});
        return verifier.verify(std::move(*envelope), pki.now);
    };
    EXPECT_TRUE(verified(corpus.dossier("600", {corpus.form("D02-TS", 2), corpus.attachment()}, *keys.good)));
    unsigned decided = 0;
    for (auto const& one : loadtest::bad_cases(corpus, keys)) {
        if (!schemas::read_envelope(one.bytes, {})) continue;
        auto const outcome = verified(one.bytes);
        auto const expected = by_code.find(one.expected_code);
        EXPECT_EQ(outcome.has_value(), expected == by_code.end()) << one.name << ": a case of content must be well signed";
        if (outcome || expected == by_code.end()) continue;
        EXPECT_THAT(expected->second, Contains(outcome.error().why)) << one.name << " was refused as " << signing::name_of(outcome.error().why);
        ++decided;
    }
    EXPECT_EQ(decided, 13u);
}

TEST(BadCases, BreakSeveralRulesAtOnce)
{
    auto corpus = corpus_on(filing_day);
    for (auto const& one : loadtest::bad_cases(corpus, {a_key(), nullptr, nullptr, nullptr, nullptr})) {
        if (one.name == "rule_violations") {
            EXPECT_THAT(codes_of(findings_of(one.bytes)), testing::UnorderedElementsAre("R-1021", "R-1022", "R-1043", "R-1044"));
        }
    }
}
