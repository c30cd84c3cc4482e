#include "tests/support/forms.hpp"

#include "schemas/detail/dates.hpp"
#include "schemas/detail/findings.hpp"
#include "schemas/detail/law.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace test_support;
using std::chrono::sys_days;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace {

// Findings where the first `element` of a corpus form has this value.
std::vector<schemas::Finding> with_field(std::string const& form_code, std::string_view element, std::string_view value, std::string_view before = {},
                                         sys_days day = filing_day)
{
    auto corpus = corpus_on(day);
    auto form = corpus.form(form_code, 2);
    form.xml_or_bytes = with_value(form.xml_or_bytes, element, value, before);
    return findings_of(corpus.unsigned_envelope(loadtest::Corpus::procedure_for(form_code), {form}), day);
}

struct FieldCase {
    std::string form, element, before, code;
    std::vector<std::string> good, bad;
};

void PrintTo(FieldCase const& one, std::ostream* out) { *out << one.form << "/" << one.element << " " << one.code; }

class FieldRule : public testing::TestWithParam<FieldCase> {};

}  // namespace

TEST_P(FieldRule, TakesGoodValuesAndRefusesBadOnes)
{
    auto const& [form, element, before, code, good, bad] = GetParam();
    for (auto const& value : good) EXPECT_THAT(codes_of(with_field(form, element, value, before)), IsEmpty()) << value;
    for (auto const& value : bad) {
        auto const findings = with_field(form, element, value, before);
        EXPECT_THAT(codes_of(findings), Contains(code)) << value;
        for (auto const& finding : findings) {
            EXPECT_THAT(finding.path, testing::AnyOf(HasSubstr("/" + element), HasSubstr("LaoDong"))) << value;
            EXPECT_THAT(finding.message_vi + finding.message_en, Not(HasSubstr("'" + value + "'")));
            EXPECT_GT(finding.line, 0);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Rules, FieldRule,
    testing::Values(
        FieldCase{"D02-TS", "pa", "", "R-1021", {"TM", "AD", "TV", "GH1", "ON (ts)", "DL", "GC"}, {"DT", "tm", "XX", "TM1"}},
        FieldCase{"D03-TS", "PA", "", "R-1021", {"DB", "GT", "TM", "DL", "GC"}, {"TH", "TV", "db"}},
        FieldCase{"D05-TS", "PA", "", "R-1021", {"DT", "SB", "GM"}, {"AD", "ON (ts)"}},
        FieldCase{"D02-TS", "MasoBHXH", "", "R-1022", {"0123456789", "001090123456", ""}, {"123456789", "01234567890", "012345678X", "0123456789012"}},
        FieldCase{"M01B-HSB", "MasoBHXH", "", "R-1022", {"0123456789"}, {"12345"}},
        FieldCase{"D02-TS", "CMND", "", "R-1023", {"001090123456", "012345678", "C1234567", ""}, {"12345", "0010901234567", "C-123456", "AB"}},
        FieldCase{"TK1-TS", "CMND", "", "R-1024", {"001090123456", "012345678"}, {"C1234567"}},
        FieldCase{"D02-TS", "NgaySinh", "", "R-1025", {"29/02/2000", "02/1990", "1990", "01/01/1900"},
                  {"30/02/2000", "29/02/1999", "31/04/1990", "13/1990", "1899", "17/03/2026", "2027", "1/1/1990", "1990-01-01", "19 90"}},
        FieldCase{"D02-TS", "GioiTinh", "", "R-1026", {"0", "1"}, {"2", "Nam", "01"}},
        FieldCase{"TK1-TS", "DanToc", "", "R-1027", {"01", "55", "99"}, {"00", "56", "1", "Kinh"}},
        FieldCase{"TK1-TS", "MoiQuanHe", "", "R-1028", {"00", "22"}, {"23", "1", "con"}},
        FieldCase{"TK1-TS", "Matinh_KS", "", "R-1029", {"01", "35", "96"}, {"00", "03", "97", "1"}},
        FieldCase{"TK1-TS", "MaTinh", "", "R-1029", {"79"}, {"05"}},
        FieldCase{"D03-TS", "MaTinhBenhVien", "", "R-1029", {"01"}, {"99"}},
        FieldCase{"TK1-TS", "Maxa_NN", "", "R-1030", {"00001"}, {"1", "000001", "0000A"}},
        FieldCase{"TK1-TS", "MaBenhVien", "", "R-1031", {"01001", "01A01", "010011"}, {"0101", "0100112", "01-01"}},
        FieldCase{"D03-TS", "MaTheBHYT", "", "R-1032", {"GD4010123456789", "DN1990123456789", "0123456789"},
                  {"GD6010123456789", "GD0010123456789", "GD4000123456789", "gd4010123456789", "G14010123456789", "GD401012345678", "GD40101234567890",
                   "GD401012345678X", "012345678"}},
        FieldCase{"M01B-HSB", "MaTheBHYTCon", "GhiChu", "R-1032", {"TE1010123456789"}, {"TE101"}},
        FieldCase{"M01B-HSB", "MaBenh", "", "R-1033", {"000", "001A06.1", "005J06", "010K29.10"}, {"00", "A06.1", "001A6.1", "001A06.", "0011A06", "001a06", "001A06.1.2"}},
        FieldCase{"D02-TS", "tienLuong", "", "R-1044", {"2.34", "2,34", "100", "5000000", "1000000000"}, {"0", "0.00", "101", "5000", "1000000001", "999999999999999"}},
        FieldCase{"D02-TS", "tuThang", "", "R-1042", {"01/2026", "12/1995"}, {"13/2026", "00/2026", "1/2026", "2026", "01/01/2026", "01-2026"}},
        FieldCase{"D02-TS", "denThang", "", "R-1042", {"", "12/2026"}, {"2026", "13/2026"}},
        FieldCase{"D02-TS", "denThang", "", "R-1043", {"12/2026"}, {"01/2026", "12/1999"}},
        FieldCase{"D02-TS", "HdldXdthDenngay", "", "R-1043", {"01/01/2030"}, {"01/01/2020"}},
        FieldCase{"D02-TS", "HdldXdthDenngay", "", "R-1041", {"28/02/2027", ""}, {"29/02/2027", "2027", "02/2027"}},
        FieldCase{"D02-TS", "VtvlKhacDenngay", "tienLuong", "R-1043", {"01/01/2030"}, {"01/01/2001"}},
        FieldCase{"M01B-HSB", "DenNgay", "", "R-1043", {"16/03/2026"}, {"01/01/2020"}},
        FieldCase{"M01B-HSB", "TuNgay", "", "R-1041", {"01/01/2026"}, {"31/02/2026", "tomorrow"}},
        FieldCase{"D01-TS", "NgayBanHanh", "", "R-1041", {"01/01/2026"}, {"32/01/2026"}},
        FieldCase{"D05-TS", "Tuthang", "", "R-1042", {"03/2026"}, {"3/2026"}},
        FieldCase{"D02-TS", "KyKeKhai", "", "R-1013", {"03/2026", "04/2026", "01/2020"}, {"05/2026", "03/2027"}},
        FieldCase{"D02-TS", "KyKeKhai", "", "R-1042", {"03/2026"}, {"2026", "15/2026"}},
        FieldCase{"TK3-TS", "PhuongThucDong", "", "R-1016", {"1", "3", "6"}, {"2", "12"}},
        FieldCase{"TK3-TS", "MaSoThue", "", "R-1011", {"0101300842", "0101300842-001", "0100109106"}, {"0101300843", "0101300842-000", "x"}},
        FieldCase{"04_DK-IVAN", "MaSoThue", "", "R-1015", {"0101300842"}, {"0100109106"}},
        FieldCase{"04_DK-IVAN", "MaCoQuan", "", "R-1012", {"00108", "07906", "03501"}, {"10108", "0010", "09908", "00008", "001O8"}},
        FieldCase{"04_DK-IVAN", "NgayLap", "", "R-1014", {"16/03/2026", "17/03/2026", "01/01/2020"}, {"18/03/2026", "01/01/2030"}},
        FieldCase{"06_NG-IVAN", "NgayNgung", "", "R-1041", {"01/01/2027"}, {"00/01/2027"}}));

TEST(Rules, EveryRuleIsInTheTestsAbove)
{
    // A row of the catalogue that no good and bad value exercises would be a promise nobody keeps.
    std::set<std::string> tested{"R-1001", "R-1002", "R-1003", "R-1004", "R-1005", "R-1051", "R-1052", "R-1053", "R-1054", "R-1055", "R-1056"};
    auto const& suite = *testing::UnitTest::GetInstance();
    for (int i = 0; i < suite.total_test_suite_count(); ++i)
        for (int j = 0; j < suite.GetTestSuite(i)->total_test_count(); ++j)
            if (auto const* const value = suite.GetTestSuite(i)->GetTestInfo(j)->value_param()) tested.insert(std::string{value}.substr(std::string{value}.find(' ') + 1));
    for (auto const& finding : schemas::finding_codes()) {
        if (finding.code.starts_with("R-")) {
            EXPECT_THAT(tested, Contains(std::string{finding.code}));
        }
    }
}

TEST(Rules, FindingCodesAreUniqueAndSpeakBothLanguages)
{
    std::set<std::string_view> codes;
    for (auto const& finding : schemas::finding_codes()) {
        EXPECT_TRUE(codes.insert(finding.code).second) << finding.code << " is there twice";
        EXPECT_FALSE(finding.title_en.empty()) << finding.code;
        EXPECT_TRUE(std::ranges::any_of(finding.title_vi, [](char c) { return (c & 0x80) != 0; })) << finding.code << " lacks diacritics";
    }
}

// ---- The form set of the procedure. ----

TEST(FormSet, NamesTheProcedureAndTheFormThatIsMissing)
{
    auto corpus = corpus_on(filing_day);
    auto const findings = findings_of(corpus.unsigned_envelope("600", {corpus.form("TK1-TS", 1)}));
    ASSERT_THAT(codes_of(findings), ElementsAre("R-1002"));
    EXPECT_THAT(findings[0].message_vi, HasSubstr("Thủ tục 600, tờ khai D02-TS."));
    EXPECT_THAT(findings[0].message_en, HasSubstr("Procedure 600, form D02-TS."));
}

TEST(FormSet, NamesTheFormThatIsForeignAndItsPlace)
{
    auto corpus = corpus_on(filing_day);
    auto const findings = findings_of(corpus.unsigned_envelope("602", {corpus.form("D05-TS", 1), corpus.form("TK3-TS", 1)}));
    ASSERT_THAT(codes_of(findings), ElementsAre("R-1003"));
    EXPECT_EQ(findings[0].form, "TK3-TS");
    EXPECT_THAT(findings[0].path, HasSubstr("FileToKhai[2]"));
    EXPECT_THAT(findings[0].message_en, HasSubstr("Procedure 602, form TK3-TS."));
}

TEST(FormSet, TakesWhatTheProcedureMayCarryAndItsAttachments)
{
    auto corpus = corpus_on(filing_day);
    EXPECT_TRUE(validated(corpus.unsigned_envelope("600", {corpus.form("D02-TS", 1), corpus.form("TK1-TS", 1), corpus.form("D01-TS", 1), corpus.attachment()})));
}

TEST(FormSet, RefusesAnAttachmentWhereTheProcedureTakesNone)
{
    auto corpus = corpus_on(filing_day);
    auto const registration = corpus.form("04_DK-IVAN", 1);
    EXPECT_THAT(codes_of(findings_of(corpus.unsigned_envelope("04_DK-IVAN", {registration, corpus.attachment()}))), ElementsAre("R-1005"));
    auto strange = corpus.attachment();
    strange.code = "CT-XX";
    EXPECT_THAT(codes_of(findings_of(corpus.unsigned_envelope("600", {corpus.form("D02-TS", 1), strange}))), ElementsAre("R-1005"));
}

TEST(FormSet, RefusesAFormSentAsAnAttachment)
{
    auto corpus = corpus_on(filing_day);
    auto scanned = corpus.attachment();
    scanned.code = "D02-TS";
    EXPECT_THAT(codes_of(findings_of(corpus.unsigned_envelope("600", {scanned}))), ElementsAre("R-1004"));
}

TEST(FormSet, RefusesAnUnknownProcedureAndOneNotYetInForce)
{
    auto corpus = corpus_on(filing_day);
    EXPECT_THAT(codes_of(findings_of(corpus.unsigned_envelope("999", {corpus.form("D02-TS", 1)}))), ElementsAre("R-1001"));
    sys_days const early{2017y / 6 / 30};
    auto old = corpus_on(early);
    EXPECT_THAT(codes_of(findings_of(old.unsigned_envelope("600", {old.form("04_DK-IVAN", 1)}), early)), ElementsAre("R-1001"));
}

TEST(FormSet, KnowsEveryProcedureOfTheContract)
{
    std::set<std::string> codes;
    for (auto const& procedure : rules()->procedures(filing_day)) {
        codes.insert(procedure.code);
        EXPECT_FALSE(procedure.must.empty()) << procedure.code;
        EXPECT_GT(procedure.working_days, 0) << procedure.code;
        EXPECT_TRUE(procedure.department_made_up) << "no source names a department yet";
        for (auto const& form : procedure.must) EXPECT_TRUE(catalogue()->find(form, "", filing_day)) << procedure.code << " needs " << form;
        for (auto const& form : procedure.may) EXPECT_TRUE(catalogue()->find(form, "", filing_day)) << procedure.code << " may carry " << form;
    }
    for (auto const* const code : {"600", "601", "602", "603", "604", "607", "610", "612", "630", "630a", "630b", "630c", "04_DK-IVAN", "05_SD-IVAN", "06_NG-IVAN"})
        EXPECT_THAT(codes, Contains(code));
    EXPECT_THAT(rules()->procedures(sys_days{2000y / 1 / 1}), IsEmpty());
}

// ---- The envelope. ----

TEST(EnvelopeRules, RefuseAWrongTaxCodeAgencyAndDatesOfTheEnvelope)
{
    auto corpus = corpus_on(filing_day);
    auto const good = corpus.unsigned_envelope("600", {corpus.form("D02-TS", 1)});
    EXPECT_THAT(findings_of(good), IsEmpty());
    EXPECT_THAT(codes_of(findings_of(with_value(good, "MaSoThue", "0101300843"))), ElementsAre("R-1011"));
    EXPECT_THAT(codes_of(findings_of(with_value(good, "CoQuanQuanLy", "09801"))), ElementsAre("R-1012"));
    EXPECT_THAT(codes_of(findings_of(with_value(good, "KyKeKhai", "05/2026"))), ElementsAre("R-1013"));
    EXPECT_THAT(codes_of(findings_of(with_value(good, "NgayLap", "20/03/2026"))), ElementsAre("R-1014"));
}

TEST(EnvelopeRules, KnowAgenciesOfOldAndNewProvinces)
{
    for (auto const* const agency : {"00108", "07906", "08708", "04904", "03501"}) EXPECT_TRUE(rules()->agency_format_ok(agency)) << agency;
    for (auto const* const agency : {"", "0010", "001088", "10108", "00008", "09908", "0 108", "0-108", "00308"}) EXPECT_FALSE(rules()->agency_format_ok(agency)) << agency;
}

// ---- The household card (TB 2969/TB-BHXH 2024 §3). ----

namespace {

struct Card {
    std::string money = "1263600", months = "12", receipt = "16/03/2026", start = "01/04/2026", expiry = "31/03/2026", place = "1";
};

std::vector<std::string> card_findings(Card const& card, sys_days day = filing_day)
{
    auto corpus = corpus_on(day);
    auto form = corpus.form("D03-TS", 1);
    auto& xml = form.xml_or_bytes;
    xml = with_value(xml, "Tiendong", card.money);
    xml = with_value(xml, "Sothang", card.months);
    xml = with_value(xml, "NgayBienLai", card.receipt);
    xml = with_value(xml, "TuNgay", card.start);
    xml = with_value(xml, "NgayHetHanThe", card.expiry);
    xml = with_value(xml, "ThuTuHoGD", card.place);
    return codes_of(findings_of(corpus.unsigned_envelope("603", {form}), day));
}

}  // namespace

TEST(HouseholdCard, TakesExactlyTheMoneyDueAndNotADongLess)
{
    // 2,340,000 × 4.5 % = 105,300 a month; the second person pays 70 %, the fifth and later 40 %.
    EXPECT_THAT(card_findings({.money = "1263600"}), IsEmpty());
    EXPECT_THAT(card_findings({.money = "1263599"}), ElementsAre("R-1053"));
    EXPECT_THAT(card_findings({.money = "221130", .months = "3", .place = "2"}), IsEmpty());
    EXPECT_THAT(card_findings({.money = "221129", .months = "3", .place = "2"}), ElementsAre("R-1053"));
    EXPECT_THAT(card_findings({.money = "252720", .months = "6", .place = "5"}), IsEmpty());
    EXPECT_THAT(card_findings({.money = "252720", .months = "6", .place = "9"}), IsEmpty());
    EXPECT_THAT(card_findings({.money = "252719", .months = "6", .place = "9"}), ElementsAre("R-1053"));
}

TEST(HouseholdCard, AsksForTheSmallestStepWhereThePlaceInTheHouseholdIsNotSaid)
{
    EXPECT_THAT(card_findings({.money = "505440", .place = ""}), IsEmpty());
    EXPECT_THAT(card_findings({.money = "505439", .place = ""}), ElementsAre("R-1053"));
}

TEST(HouseholdCard, CountsWhatOthersPay)
{
    auto corpus = corpus_on(filing_day);
    auto form = corpus.form("D03-TS", 1);
    auto& xml = form.xml_or_bytes;
    xml = with_value(with_value(with_value(xml, "Sothang", "12"), "ThuTuHoGD", "1"), "TyleNSNN", "70");
    auto const codes = [&](std::string const& money) {
        auto with = form;
        with.xml_or_bytes = with_value(form.xml_or_bytes, "Tiendong", money);
        return codes_of(findings_of(corpus.unsigned_envelope("603", {with})));
    };
    EXPECT_THAT(codes("379080"), IsEmpty());
    EXPECT_THAT(codes("379079"), ElementsAre("R-1053"));
    xml = with_value(xml, "TyleNSDP", "20", "TuNgay");
    EXPECT_THAT(codes("126360"), IsEmpty());
    EXPECT_THAT(codes("126359"), ElementsAre("R-1053"));
    xml = with_value(xml, "TyleNSNN", "100");
    EXPECT_THAT(codes("0"), IsEmpty()) << "more than the whole is the whole";
}

TEST(HouseholdCard, TakesThePaymentMethodsOnly)
{
    EXPECT_THAT(card_findings({.months = "6"}), IsEmpty());
    for (auto const* const months : {"0", "1", "5", "24", "999999999"}) EXPECT_THAT(card_findings({.months = months}), ElementsAre("R-1051")) << months;
}

TEST(HouseholdCard, WantsMoneyMonthsAndReceiptTogether)
{
    EXPECT_THAT(card_findings({.money = ""}), ElementsAre("R-1052"));
    EXPECT_THAT(card_findings({.months = ""}), ElementsAre("R-1052"));
    EXPECT_THAT(card_findings({.receipt = ""}), ElementsAre("R-1052"));
    EXPECT_THAT(card_findings({.money = "", .receipt = ""}), IsEmpty()) << "nothing was collected";
}

TEST(HouseholdCard, IsCollectedAtMostThirtyDaysBeforeExpiry)
{
    EXPECT_THAT(card_findings({.receipt = "01/03/2026", .start = "31/03/2026", .expiry = "31/03/2026"}), IsEmpty());
    EXPECT_THAT(card_findings({.receipt = "28/02/2026", .start = "30/03/2026", .expiry = "31/03/2026"}), ElementsAre("R-1054"));
    EXPECT_THAT(card_findings({.expiry = ""}), IsEmpty()) << "a first card";
    EXPECT_THAT(card_findings({.expiry = "01/01/2026"}), IsEmpty()) << "an expired card";
}

TEST(HouseholdCard, StartsAtMostThirtyDaysAfterTheReceipt)
{
    EXPECT_THAT(card_findings({.receipt = "16/03/2026", .start = "15/04/2026"}), IsEmpty());
    EXPECT_THAT(card_findings({.receipt = "16/03/2026", .start = "16/04/2026"}), ElementsAre("R-1055"));
}

TEST(HouseholdCard, ReportsEverythingAtOnce)
{
    EXPECT_THAT(card_findings({.money = "1", .receipt = "01/01/2026", .start = "01/04/2026", .expiry = "31/03/2026"}),
                testing::UnorderedElementsAre("R-1053", "R-1054", "R-1055"));
}

TEST(HouseholdCard, WasNotCheckedBeforeTheNotice)
{
    Card const card{.money = "1", .receipt = "01/07/2024", .start = "01/12/2024", .expiry = "30/11/2024"};
    EXPECT_THAT(card_findings(card, sys_days{2024y / 8 / 29}), IsEmpty());
    EXPECT_THAT(card_findings(card, sys_days{2024y / 8 / 30}), testing::UnorderedElementsAre("R-1053", "R-1054", "R-1055"));
}

TEST(HouseholdCard, KnowsTheBaseSalaryInForce)
{
    EXPECT_THAT(codes_of(with_field("D03-TS", "LuongCoSo", "2340000")), IsEmpty());
    EXPECT_THAT(codes_of(with_field("D03-TS", "LuongCoSo", "1800000")), ElementsAre("R-1056"));
    sys_days const day{2024y / 6 / 30};
    EXPECT_THAT(codes_of(with_field("D03-TS", "LuongCoSo", "1800000", "", day)), IsEmpty());
    EXPECT_THAT(codes_of(with_field("D03-TS", "LuongCoSo", "2340000", "", day)), ElementsAre("R-1056"));
}

// ---- Dates in force. ----

TEST(Rules, FollowTheDayNotThePresent)
{
    sys_days const before{2024y / 12 / 31}, after{2025y / 1 / 1};
    EXPECT_THAT(codes_of(with_field("D02-TS", "MasoBHXH", "001090123456", "", before)), ElementsAre("R-1022"));
    EXPECT_THAT(codes_of(with_field("D02-TS", "MasoBHXH", "001090123456", "", after)), IsEmpty());
}

TEST(Rules, SayAsManyFindingsAsThereAreAndBoundThem)
{
    auto corpus = corpus_on(filing_day);
    auto form = corpus.form("D02-TS", 500);
    for (std::size_t at = 0; (at = form.xml_or_bytes.find("<pa>", at)) != std::string::npos; at += 4) form.xml_or_bytes.replace(at + 4, 2, "XX");
    auto const findings = findings_of(corpus.unsigned_envelope("600", {form}));
    ASSERT_EQ(findings.size(), schemas::Validator::findings_max);
    EXPECT_EQ(findings.back().code, "E-1999");
    EXPECT_THAT(findings.back().message_vi, HasSubstr("301"));
    EXPECT_EQ(findings[198].path, "/D02-TS/NoiDung/LaoDong[199]/pa");
}

TEST(Rules, ReadNothingInsideTheSignature)
{
    auto corpus = corpus_on(filing_day);
    auto form = corpus.form("D02-TS", 1);
    form.xml_or_bytes = replaced(form.xml_or_bytes, "</D02-TS>", "<Cky><x><pa>XX</pa><MasoBHXH>1</MasoBHXH></x></Cky></D02-TS>");
    EXPECT_THAT(findings_of(corpus.unsigned_envelope("600", {form})), IsEmpty());
}

TEST(Rules, JoinWhatCommentsAndCdataTearApart)
{
    auto corpus = corpus_on(filing_day);
    auto form = corpus.form("D02-TS", 1);
    auto const plain = form.xml_or_bytes;
    form.xml_or_bytes = with_value(plain, "pa", "T<!-- -->M");
    EXPECT_THAT(findings_of(corpus.unsigned_envelope("600", {form})), IsEmpty());
    form.xml_or_bytes = with_value(plain, "pa", "X<!-- TM --><![CDATA[X]]>");
    EXPECT_THAT(codes_of(findings_of(corpus.unsigned_envelope("600", {form}))), ElementsAre("R-1021"));
}

// ---- The data files. ----

namespace {

class RulesDirectory {
public:
    RulesDirectory() { std::filesystem::copy(IVAN_SOURCE_DIR "/schemas/rules", path_); }
    void append(std::string const& file, std::string const& text) const { std::ofstream{path_ / file, std::ios::app} << "\n" << text; }
    void write(std::string const& file, std::string const& text) const { std::ofstream{path_ / file} << text; }
    [[nodiscard]] std::string problems() const
    {
        try {
            (void)schemas::Rules::load(path_);
        } catch (std::runtime_error const& error) {
            return error.what();
        }
        return {};
    }

private:
    support::TemporaryDirectory directory_;
    std::filesystem::path path_ = directory_.path();
};

}  // namespace

TEST(RulesData, IsRefusedWithEveryProblemNamed)
{
    RulesDirectory directory;
    EXPECT_EQ(directory.problems(), "");
    directory.append("bounds.toml", "[[bound]]\nid = \"base_salary\"\nfrom = 2025-01-01\nvalues = [1]\nsource = \"x\"\n"
                                    "[[bound]]\nid = \"nobody.asks\"\nfrom = 2025-01-01\nvalues = [-1]\nsource = \"x\"\n"
                                    "[[bound]]\nid = \"passport.length\"\nvalues = [\"six\"]\n");
    directory.append("code_lists.toml", "[[list]]\nid = \"genders\"\nfrom = 2025-01-01\nuntil = 2024-01-01\nsource = \"x\"\ncodes = [1]\n");
    directory.append("procedures.toml", "[[procedure]]\ncode = \"600\"\nfrom = 2020-01-01\nsurprise = true\n");
    auto const said = directory.problems();
    for (auto const* const problem : {"base_salary is there twice", "no rule asks for nobody.asks", "must not be negative", "`from` is missing", "whole numbers only",
                                      "source must be a text", "`until` lies before `from`", "must hold texts only", "600 is there twice", "unknown key surprise"})
        EXPECT_THAT(said, HasSubstr(problem));
}

TEST(RulesData, IsRefusedWhereAListThatARuleAsksForIsGone)
{
    RulesDirectory directory;
    directory.write("code_lists.toml", "[[list]]\nid = \"genders\"\nfrom = 2025-01-01\nsource = \"x\"\ncodes = [\"0\"]\n");
    EXPECT_THAT(directory.problems(), HasSubstr("a rule asks for phuong_an.lao_dong"));
    directory.write("bounds.toml", "not toml at all [");
    EXPECT_THAT(directory.problems(), HasSubstr("bounds.toml:1"));
}

TEST(RulesData, HasEveryProvinceOfOldAndNew)
{
    auto const law = schemas::detail::Law::load(IVAN_SOURCE_DIR "/schemas/rules");
    EXPECT_EQ(law.list(schemas::detail::ListId::provinces, sys_days{2025y / 6 / 30})->size(), 63u);
    EXPECT_EQ(law.list(schemas::detail::ListId::provinces, sys_days{2025y / 7 / 1})->size(), 63u) << "the 34 keep codes of the 63";
    EXPECT_EQ(law.list(schemas::detail::ListId::change_employee, filing_day)->size(), 32u);
}

// ---- Texts that are dates and numbers. ----

TEST(Dates, AreReadOneWayOnly)
{
    using namespace schemas::detail;
    EXPECT_EQ(day_of("29/02/2024"), sys_days{2024y / 2 / 29});
    for (auto const* const text : {"", "29/02/2023", "00/01/2024", "32/01/2024", "1/1/2024", "01/1/2024", "01-01-2024", "01/01/24", "01/01/02024", "+1/01/2024", "01/01/0000",
                                   " 1/01/2024", "01/01/2024 ", "０1/01/2024"})
        EXPECT_FALSE(day_of(text)) << text;
    EXPECT_EQ(days_of("02/2024")->last, sys_days{2024y / 2 / 29});
    EXPECT_EQ(days_of("2024")->last, sys_days{2024y / 12 / 31});
    for (auto const* const text : {"", "24", "02024", "x024", "13/2024"}) EXPECT_FALSE(days_of(text)) << text;
}

TEST(Numbers, AreReadOneWayOnly)
{
    using schemas::detail::ten_thousandths_of;
    EXPECT_EQ(ten_thousandths_of("2,34"), 23'400);
    EXPECT_EQ(ten_thousandths_of("2.3456"), 23'456);
    EXPECT_EQ(ten_thousandths_of("99999999999999"), 999'999'999'999'990'000);
    for (auto const* const text : {"", ".", "2.", ".5", "2.34567", "1.2.3", "-1", "+1", "1e3", "0x10", "100000000000000", "999999999999999", "9999999999999999999999", " 1", "1 "})
        EXPECT_FALSE(ten_thousandths_of(text)) << text;
}
