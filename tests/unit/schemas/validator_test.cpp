#include "tests/support/forms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace test_support;
using schemas::Refusal;
using std::chrono::sys_days;
using testing::Contains;
using testing::ElementsAre;

TEST(Validator, AcceptsTheWholeCorpusOnManyDays)
{
    for (auto const day : {sys_days{2019y / 12 / 31}, sys_days{2020y / 8 / 17}, sys_days{2020y / 8 / 18}, sys_days{2023y / 7 / 1}, sys_days{2024y / 2 / 29},
                           sys_days{2024y / 8 / 30}, sys_days{2025y / 7 / 1}, filing_day}) {
        auto corpus = corpus_on(day);
        for (auto const& code : loadtest::Corpus::form_codes()) {
            auto const outcome = validated(corpus.unsigned_envelope(loadtest::Corpus::procedure_for(code), {corpus.form(code, 5)}), day);
            ASSERT_TRUE(outcome) << code << " on " << day.time_since_epoch().count() << ": " << outcome.error().findings.at(0).message_en << " at "
                                 << outcome.error().findings.at(0).path;
            EXPECT_EQ(outcome->forms().at(0).form, code);
            EXPECT_FALSE(outcome->forms().at(0).version.empty());
            EXPECT_EQ(outcome->day(), day);
        }
    }
}

TEST(Validator, SaysWhichVersionHeldForEachForm)
{
    auto corpus = corpus_on(filing_day);
    auto const outcome = validated(corpus.unsigned_envelope("600", {corpus.form("D02-TS", 1), corpus.attachment(), corpus.form("TK1-TS", 1)}));
    ASSERT_TRUE(outcome);
    std::vector<std::string> versions;
    for (auto const& form : outcome->forms()) versions.push_back(form.form + " " + form.version);
    EXPECT_THAT(versions, ElementsAre("D02-TS 1040", "CT-DK ", "TK1-TS 595"));
}

TEST(Validator, TakesTheVersionTheSenderNames)
{
    auto corpus = corpus_on(filing_day);
    auto form = corpus.form("D02-TS", 1);
    form.code = "D02-TS-1040";
    EXPECT_TRUE(validated(corpus.unsigned_envelope("600", {form})));
    form.code = "D02-TS-595";
    auto const refused = validated(corpus.unsigned_envelope("600", {form}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().why, Refusal::form_version_unknown);
    EXPECT_EQ(refused.error().findings.at(0).code, "S-1002");
    EXPECT_EQ(refused.error().findings.at(0).path, "/Hoso/NoiDung/ThongTinHoSo/ToKhais/FileToKhai[1]/MaToKhai");
}

TEST(Validator, ReportsTheSchemaOfEveryFormAndTheRulesOfTheSoundOnesAtOnce)
{
    auto corpus = corpus_on(filing_day);
    auto list = corpus.form("D02-TS", 2), person = corpus.form("TK1-TS", 1), papers = corpus.form("D01-TS", 1), again = corpus.form("D02-TS", 1);
    list.xml_or_bytes = without(list.xml_or_bytes, "chucVu");
    papers.xml_or_bytes = without(papers.xml_or_bytes, "TenBangKe");
    person.xml_or_bytes = with_value(person.xml_or_bytes, "GioiTinh", "7");
    again.file_name = "D02-TS-2.xml";
    again.xml_or_bytes = with_value(again.xml_or_bytes, "pa", "XX");
    auto envelope = corpus.unsigned_envelope("600", {list, person, papers, again, corpus.form("TK3-TS", 1)});
    envelope = with_value(envelope, "MaSoThue", "0101300843");
    auto const refused = validated(envelope);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().why, Refusal::schema_violation);
    std::vector<std::string> said;
    for (auto const& finding : refused.error().findings) said.push_back(finding.form + " " + finding.code);
    EXPECT_THAT(said, testing::UnorderedElementsAre("D02-TS S-1005", "D01-TS S-1005", "TK1-TS R-1026", "D02-TS#2 R-1021", "TK3-TS R-1003", " R-1011"));
}

TEST(Validator, AsksNoRuleAboutFieldsOfABrokenForm)
{
    auto corpus = corpus_on(filing_day);
    auto list = corpus.form("D02-TS", 2);
    list.xml_or_bytes = with_value(without(list.xml_or_bytes, "chucVu"), "pa", "XX");
    EXPECT_THAT(codes_of(findings_of(corpus.unsigned_envelope("600", {list}))), ElementsAre("S-1005"));
}

TEST(Validator, NamesTheEarliestCheckThatSaidNo)
{
    auto corpus = corpus_on(filing_day);
    auto unknown = corpus.form("TK1-TS", 1), old = corpus.form("D02-TS", 1), broken = corpus.form("D01-TS", 1);
    unknown.code = "TK9-TS";
    old.code = "D02-TS-595";
    broken.xml_or_bytes = "<D01-TS/>";
    auto const why = [&](std::vector<loadtest::PlainForm> const& forms) { return validated(corpus.unsigned_envelope("600", forms)).error().why; };
    EXPECT_EQ(why({broken, old, unknown}), Refusal::form_unknown);
    EXPECT_EQ(why({broken, old}), Refusal::form_version_unknown);
    EXPECT_EQ(why({broken}), Refusal::schema_violation);
    EXPECT_EQ(why({corpus.form("D01-TS", 1)}), Refusal::rule_violation);
}

TEST(Validator, DoesNotCallAnUnknownFormForeignBesides)
{
    auto corpus = corpus_on(filing_day);
    auto unknown = corpus.form("TK1-TS", 1);
    unknown.code = "TK9-TS";
    EXPECT_THAT(codes_of(findings_of(corpus.unsigned_envelope("600", {corpus.form("D02-TS", 1), unknown}))), ElementsAre("S-1001"));
}

TEST(Validator, RefusesARootThatIsNotTheFormsOwn)
{
    auto corpus = corpus_on(filing_day);
    auto form = corpus.form("TK3-TS", 1);
    form.code = "D02-TS";
    auto const findings = findings_of(corpus.unsigned_envelope("600", {form}));
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].code, "S-1003");
}

TEST(Validator, BoundsTheFindingsOfManyForms)
{
    auto corpus = corpus_on(filing_day);
    std::vector<loadtest::PlainForm> forms;
    for (int i = 0; i < 50; ++i) {
        auto form = corpus.form("D02-TS", 10);
        form.file_name = "D02-TS-" + std::to_string(i) + ".xml";
        for (std::size_t at = 0; (at = form.xml_or_bytes.find("<tinhLai>0", at)) != std::string::npos; ++at) form.xml_or_bytes[at + 9] = '7';
        forms.push_back(form);
    }
    auto const findings = findings_of(corpus.unsigned_envelope("600", forms));
    ASSERT_EQ(findings.size(), schemas::Validator::findings_max);
    EXPECT_EQ(findings.back().code, "E-1999");
    EXPECT_NE(findings.back().message_en.find("301 more"), std::string::npos) << findings.back().message_en;
}
