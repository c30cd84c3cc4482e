#include "tests/support/forms.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace test_support;
using std::chrono::sys_days;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

schemas::SchemaEntry const& entry_of(std::string_view form, std::string_view version = {}, sys_days day = filing_day)
{
    return **catalogue()->find(form, version, day);
}

std::vector<schemas::Finding> checked(std::string_view form, std::string const& xml, std::string_view version = {}, sys_days day = filing_day)
{
    auto const document = schemas::Document::parse(xml, {});
    if (!document) throw std::logic_error("the test's form does not parse: " + document.error().detail);
    schemas::Findings findings{200};
    bool const valid = catalogue()->check(entry_of(form, version, day), *document, std::string{form}, findings);
    EXPECT_EQ(valid, findings.total() == 0);
    return std::move(findings).take();
}

std::string form_xml(std::string const& code, unsigned people = 2, sys_days day = filing_day) { return corpus_on(day).form(code, people).xml_or_bytes; }

// A directory of schemas that lives as long as the test.
class Directory {
public:
    void write(std::filesystem::path const& name, std::string const& text) const
    {
        std::filesystem::create_directories((path() / name).parent_path());
        std::ofstream{path() / name} << text;
    }
    [[nodiscard]] std::filesystem::path const& path() const { return directory_.path(); }

private:
    support::TemporaryDirectory directory_;
};

std::string problems_of(Directory const& directory)
{
    try {
        (void)schemas::Catalogue::load(directory.path());
    } catch (std::runtime_error const& error) {
        return error.what();
    }
    return {};
}

constexpr auto one_entry = "[[schema]]\nform = \"X\"\nversion = \"1\"\nroot = \"X\"\nmodels = \"made up\"\nfrom = 2020-01-01\n";

}  // namespace

TEST(Catalogue, KnowsEveryFormOfTheHub)
{
    for (auto const& code : loadtest::Corpus::form_codes()) EXPECT_TRUE(catalogue()->find(code, "", filing_day)) << code;
    EXPECT_EQ(catalogue()->entries().size(), 11u);
}

TEST(Catalogue, EverySchemaSaysThatItIsOurOwnAndWhichDecisionItModels)
{
    for (auto const& entry : catalogue()->entries()) {
        std::ifstream file{std::string{IVAN_SOURCE_DIR "/schemas/xsd/"} + entry.form + "/" + entry.version + "/" + entry.form + ".xsd"};
        std::string const text{std::istreambuf_iterator<char>{file}, {}};
        EXPECT_THAT(text, HasSubstr("BHXH publishes no official XSD: this schema is our own."));
        EXPECT_THAT(text, HasSubstr("In force: "));
        EXPECT_THAT(text, HasSubstr(entry.models.substr(0, entry.models.find(' ', 4)))) << entry.form;
    }
}

TEST(Catalogue, ChoosesTheVersionInForceOnTheDay)
{
    EXPECT_EQ(entry_of("D02-TS", "", sys_days{2020y / 8 / 17}).version, "595");
    EXPECT_EQ(entry_of("D02-TS", "", sys_days{2020y / 8 / 18}).version, "1040");
    EXPECT_EQ(entry_of("D02-TS", "595", sys_days{2017y / 7 / 1}).version, "595");
}

TEST(Catalogue, RefusesAVersionOutsideItsDays)
{
    for (auto const& [version, day] : {std::pair{"595", sys_days{2020y / 8 / 18}}, {"1040", sys_days{2020y / 8 / 17}}, {"", sys_days{2017y / 6 / 30}}, {"999", filing_day}}) {
        auto const found = catalogue()->find("D02-TS", version, day);
        ASSERT_FALSE(found) << version;
        EXPECT_EQ(found.error().why, schemas::Refusal::form_version_unknown);
    }
}

TEST(Catalogue, RefusesAFormItDoesNotKnow)
{
    for (auto const* const form : {"D99-TS", "", "d02-ts", "D02-TS ", "../D02-TS", "Hoso"}) {
        auto const found = catalogue()->find(form, "", filing_day);
        ASSERT_FALSE(found) << form;
        EXPECT_EQ(found.error().why, schemas::Refusal::form_unknown) << form;
    }
}

TEST(Catalogue, AcceptsEveryFormOfTheCorpus)
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
        for (auto const& code : loadtest::Corpus::form_codes())
            EXPECT_THAT(checked(code, corpus_on(filing_day, seed).form(code, 7).xml_or_bytes), testing::IsEmpty()) << code << " seed " << seed;
}

TEST(Catalogue, AcceptsTheOldListOfEmployeesInItsTime)
{
    sys_days const day{2020y / 8 / 17};
    EXPECT_THAT(checked("D02-TS", form_xml("D02-TS", 3, day), "595", day), testing::IsEmpty());
    EXPECT_THAT(checked("D02-TS", form_xml("D02-TS", 3), "595", day), Not(testing::IsEmpty())) << "the new list has columns the old one lacks";
}

TEST(Catalogue, RefusesEveryFormWithoutAnElementItMustHave)
{
    for (auto const& [form, element, path] : std::vector<std::array<char const*, 3>>{
             {"D02-TS", "chucVu", "/D02-TS/NoiDung/LaoDong[1]/"}, {"TK1-TS", "HoTen", "/TK1-TS/NoiDung/LaoDong"},
             {"TK3-TS", "TenDonVi", "/TK3-TS/NoiDung/"}, {"D01-TS", "TenLoaiVanBan", "/D01-TS/NoiDung/BangKe/ThongTin[1]/"},
             {"D03-TS", "PA", "/D03-TS/NoiDung/LaoDong[1]/"}, {"D05-TS", "Tuthang", "/D05-TS/NoiDung/LaoDong[1]/"},
             {"M01B-HSB", "DenNgay", "/M01B-HSB/NoiDung/PhatSinh/LaoDong[1]/"}, {"04_DK-IVAN", "MaSoThue", "/Hoso/NoiDung/"},
             {"05_SD-IVAN", "NoiDungThayDoi", "/Hoso/NoiDung"}, {"06_NG-IVAN", "NgayNgung", "/Hoso/NoiDung/"}}) {
        auto const findings = checked(form, without(form_xml(form), element));
        ASSERT_EQ(findings.size(), 1u) << form;
        EXPECT_THAT(findings[0].code, testing::AnyOf("S-1004", "S-1005")) << form;
        EXPECT_THAT(findings[0].path, testing::StartsWith(path)) << form;
        EXPECT_THAT(findings[0].message_en, HasSubstr(element)) << form << ": the sentence names what is missing";
        EXPECT_THAT(findings[0].message_vi, HasSubstr(element)) << form;
        EXPECT_EQ(findings[0].form, form);
        EXPECT_GT(findings[0].line, 0) << form;
    }
}

TEST(Catalogue, RefusesEveryFormWithAnElementItDoesNotHave)
{
    for (auto const& code : loadtest::Corpus::form_codes()) {
        auto const findings = checked(code, replaced(form_xml(code), "<NoiDung>", "<NoiDung><La/>"));
        ASSERT_FALSE(findings.empty()) << code;
        EXPECT_EQ(findings[0].code, "S-1005") << code;
        EXPECT_THAT(findings[0].path, HasSubstr("/NoiDung/La"));
    }
}

TEST(Catalogue, NamesEachKindOfViolation)
{
    auto const xml = form_xml("D02-TS", 1);
    std::string const row = "/D02-TS/NoiDung/LaoDong/";
    struct Case {
        std::string xml, code, path;
    };
    for (auto const& [broken, code, path] : std::vector<Case>{
             {with_value(xml, "HoTen", ""), "S-1008", row + "HoTen"},
             {with_value(xml, "HoTen", "   "), "S-1008", row + "HoTen"},
             {with_value(xml, "HoTen", std::string(101, 'x')), "S-1008", row + "HoTen"},
             {with_value(xml, "tienLuong", "-5"), "S-1009", row + "tienLuong"},
             {with_value(xml, "tienLuong", "1e6"), "S-1009", row + "tienLuong"},
             {with_value(xml, "tienLuong", "NaN"), "S-1009", row + "tienLuong"},
             {with_value(xml, "daCoSo", "maybe"), "S-1011", row + "daCoSo"},
             {with_value(xml, "HoTen", "<b>x</b>"), "S-1012", row + "HoTen"},
             {replaced(xml, "<NoiDung>", "<NoiDung>text"), "S-1012", "/D02-TS/NoiDung"},
             {replaced(xml, "<HoTen>", "<HoTen x=\"1\">"), "S-1007", row + "HoTen/@x"},
             {replaced(xml, "<LaoDong>", "<LaoDong x=\"1\">"), "S-1007", "/D02-TS/NoiDung/LaoDong/@x"},
             {"<D01-TS/>", "S-1003", "/D01-TS"},
             {"<D02-TS xmlns=\"urn:x\"/>", "S-1003", "/*"},
             {"<D02-TS/>", "S-1004", "/D02-TS"},
         }) {
        auto const findings = checked("D02-TS", broken);
        ASSERT_FALSE(findings.empty()) << code << " " << path;
        EXPECT_EQ(findings[0].code, code) << path;
        EXPECT_EQ(findings[0].path, path) << code;
        EXPECT_EQ(findings.size(), 1u) << code << " " << path << ": one thing wrong is said once";
    }
}

TEST(Catalogue, NeverQuotesTheValueOfTheSender)
{
    auto xml = with_value(form_xml("D02-TS", 1), "tienLuong", "secret-salary");
    xml = with_value(xml, "HoTen", std::string(150, 'Q'));
    xml = with_value(xml, "daCoSo", "secret-flag");
    for (auto const& finding : checked("D02-TS", xml)) {
        EXPECT_THAT(finding.message_en + finding.message_vi, Not(HasSubstr("secret")));
        EXPECT_THAT(finding.message_en + finding.message_vi, Not(HasSubstr("QQQ")));
    }
}

TEST(Catalogue, NamesThePlaceWithItsIndexAndItsLine)
{
    auto xml = form_xml("D02-TS", 3);
    auto const third = xml.rfind("<chucVu>");
    xml.replace(third, std::string_view{"<chucVu>"}.size(), "<chucVu>" + std::string(500, 'x'));
    auto const findings = checked("D02-TS", xml);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].path, "/D02-TS/NoiDung/LaoDong[3]/chucVu");
    EXPECT_EQ(findings[0].line, 1 + std::count(xml.begin(), xml.begin() + static_cast<long>(third), '\n'));
    EXPECT_THAT(findings[0].message_en, HasSubstr("500"));
}

TEST(Catalogue, LetsTheSignatureStandInItsPlaceWhateverItHolds)
{
    std::string const signature = "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"x\"><Any><Thing y=\"1\"/>t</Any></Signature>";
    for (auto const& code : loadtest::Corpus::form_codes()) {
        auto xml = form_xml(code);
        auto const holder = loadtest::Corpus::signature_holder(code);
        auto const end = xml.rfind("</");
        for (auto const& content : {std::string{}, signature}) {
            auto const with = xml.substr(0, end) + "<" + holder + ">" + content + "</" + holder + ">" + xml.substr(end);
            EXPECT_THAT(checked(code, with), testing::IsEmpty()) << code;
        }
        auto const twice = xml.substr(0, end) + "<" + holder + "/><" + holder + "/>" + xml.substr(end);
        EXPECT_THAT(codes_of(checked(code, twice)), ElementsAre("S-1005")) << code;
    }
}

TEST(Catalogue, FollowsNoHintOfTheDocumentWhereItsSchemaIs)
{
    std::string const hint = "<TK3-TS xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:noNamespaceSchemaLocation=\"";
    auto const xml = form_xml("TK3-TS");
    for (auto const* const place : {"file:///etc/passwd", "http://127.0.0.1:1/x.xsd", "ftp://127.0.0.1:1/x"})
        EXPECT_THAT(checked("TK3-TS", replaced(xml, "<TK3-TS>", hint + place + "\">")), testing::IsEmpty()) << place;
    auto const broken = replaced(without(xml, "TenDonVi"), "<TK3-TS>", hint + "http://127.0.0.1:1/x.xsd\">");
    EXPECT_THAT(codes_of(checked("TK3-TS", broken)), ElementsAre("S-1005")) << "a hint does not replace our schema";
}

TEST(Catalogue, CannotBeTalkedOutOfATypeOrAValue)
{
    auto const xml = form_xml("TK3-TS");
    std::string const xsi = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ";
    EXPECT_FALSE(checked("TK3-TS", replaced(xml, "<TenDonVi>", "<TenDonVi" + xsi + "xsi:nil=\"true\">")).empty());
    EXPECT_FALSE(checked("TK3-TS", replaced(xml, "<TenDonVi>", "<TenDonVi" + xsi + "xsi:type=\"xs:anyType\">")).empty());
    EXPECT_FALSE(checked("TK3-TS", replaced(xml, "<TenDonVi>", "<TenDonVi" + xsi + "xsi:type=\"nothing\">")).empty());
}

TEST(Catalogue, CountsMoreViolationsThanItLists)
{
    std::string xml = "<D02-TS><ThongTinKhac><TenDonVi>x</TenDonVi><MaDonVi>x</MaDonVi><KyKeKhai>03/2026</KyKeKhai></ThongTinKhac><NoiDung>";
    for (int i = 0; i < 5000; ++i) xml += "<LaoDong/>";
    auto const findings = checked("D02-TS", xml + "</NoiDung></D02-TS>");
    ASSERT_EQ(findings.size(), 200u);
    EXPECT_EQ(findings.back().code, "E-1999");
    EXPECT_THAT(findings.back().message_en, HasSubstr("4801"));
}

TEST(Catalogue, ChecksOnManyThreadsAtOnce)
{
    auto const good = form_xml("D02-TS", 20);
    auto const bad = without(good, "chucVu");
    std::atomic<int> wrong{0};
    auto const work = [&] {
        for (int i = 0; i < 50; ++i) {
            if (!checked("D02-TS", good).empty()) ++wrong;
            if (codes_of(checked("D02-TS", bad)) != std::vector<std::string>{"S-1005"}) ++wrong;
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work);
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST(Catalogue, NamesEveryProblemOfABadStartAtOnce)
{
    Directory directory;
    directory.write("catalogue.toml", std::string{one_entry} + one_entry + "[[schema]]\nform = \"Y\"\nversion = 2\nfrom = \"soon\"\nmystery = 1\n");
    auto const said = problems_of(directory);
    for (auto const* const problem : {"X.xsd cannot be read", "X 1 is there twice", "unknown key mystery", "from must be a date", "root must be a text"})
        EXPECT_THAT(said, HasSubstr(problem));
}

TEST(Catalogue, SaysWhereItsListCannotBeRead)
{
    Directory directory;
    EXPECT_THAT(problems_of(directory), HasSubstr("catalogue.toml"));
    directory.write("catalogue.toml", "[[schema\n");
    EXPECT_THAT(problems_of(directory), HasSubstr("catalogue.toml:1"));
    directory.write("catalogue.toml", "");
    EXPECT_THAT(problems_of(directory), HasSubstr("no [[schema]]"));
}

TEST(Catalogue, RefusesASchemaThatDoesNotStandAlone)
{
    Directory directory;
    directory.write("catalogue.toml", one_entry);
    std::string const open = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">", close = "<xs:element name=\"X\"/></xs:schema>";
    directory.write("X/1/X.xsd", open + close);
    EXPECT_EQ(problems_of(directory), "");
    for (auto const* const reach : {"<xs:include schemaLocation=\"http://127.0.0.1:1/x.xsd\"/>", "<xs:import namespace=\"urn:x\" schemaLocation=\"file:///x.xsd\"/>",
                                    "<xs:redefine schemaLocation=\"y.xsd\"/>"}) {
        directory.write("X/1/X.xsd", open + reach + close);
        EXPECT_THAT(problems_of(directory), HasSubstr("includes, imports or redefines")) << reach;
    }
    directory.write("X/1/X.xsd", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" + open + close);
    EXPECT_THAT(problems_of(directory), HasSubstr("DTD"));
    directory.write("X/1/X.xsd", open + "<xs:element name=\"X\" type=\"Missing\"/></xs:schema>");
    EXPECT_THAT(problems_of(directory), HasSubstr("does not compile"));
    directory.write("X/1/X.xsd", "<xs:schema");
    EXPECT_THAT(problems_of(directory), HasSubstr("not well-formed"));
}
