#include "schemas/envelope.hpp"

#include "schemas/base64.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using schemas::Content;
using schemas::EnvelopeLimits;
using schemas::Refusal;
using schemas::read_envelope;

std::string const pdf = "%PDF-1.7\nmade up for a test\n%%EOF\n";

// One FileToKhai as text: elements in order, any of which a test may change, drop or repeat.
struct Elements {
    std::vector<std::pair<std::string, std::string>> list;

    std::string& operator[](std::string_view name)
    {
        auto const at = std::ranges::find(list, name, &std::pair<std::string, std::string>::first);
        EXPECT_NE(at, list.end()) << name;
        return at->second;
    }
    void drop(std::string_view name)
    {
        std::erase_if(list, [&](auto const& element) { return element.first == name; });
    }
    void add(std::string name, std::string value) { list.emplace_back(std::move(name), std::move(value)); }
    [[nodiscard]] std::string text() const
    {
        std::string xml;
        for (auto const& [name, value] : list) xml += "<" + name + ">" + value + "</" + name + ">";
        return xml;
    }
};

Elements file(std::string const& code, std::string const& name, std::string const& kind, std::string const& bytes)
{
    auto const base64 = schemas::base64_encode(bytes);
    return {{{"MaToKhai", code}, {"MoTaToKhai", "Tờ khai thử nghiệm"}, {"TenFile", name}, {"LoaiFile", kind},
             {"DoDaiFile", std::to_string(base64.size())}, {"NoiDungFile", base64}}};
}

// A dossier of one D02-TS and one PDF; everything in it is made up.
struct Dossier {
    Elements provider{{{"MaIVAN", "00040"}, {"TenIVAN", "Thái Sơn"}}};
    Elements unit{{{"TenDoiTuong", "Công ty TNHH Thử Nghiệm"}, {"MaSoBHXH", "TA0001A"}, {"LoaiDoiTuong", "1"}, {"MaSoThue", "0101300842"},
                   {"NguoiKy", "Nguyễn Văn Thử"}, {"DienThoai", "02400000000"}, {"CoQuanQuanLy", "00108"}}};
    Elements filing{{{"TenThuTuc", "Báo tăng, báo giảm"}, {"MaThuTuc", "600-595"}, {"KyKeKhai", "03/2024"}, {"NgayLap", "29/02/2024"},
                     {"SoLuongFile", "2"}, {"QuyTrinhISO", ""}}};
    std::vector<Elements> files{file("D02-TS-595", "D02-TS.xml", ".xml", "<?xml version='1.0'?><D02-TS><NoiDung/><Cky/></D02-TS>"),
                                file("CT-DK", "Quyết định.pdf", ".pdf", pdf)};
    std::string signature = "<CKy_Dvi/>";

    [[nodiscard]] std::string forms() const
    {
        std::string xml;
        for (auto const& one : files) xml += "<FileToKhai>" + one.text() + "</FileToKhai>\n";
        return "<ToKhais>" + xml + "</ToKhais>";
    }
    [[nodiscard]] std::string xml() const
    {
        return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Hoso>\n<NoiDung><ThongTinIVAN>" + provider.text() + "</ThongTinIVAN><ThongTinDonVi>" +
               unit.text() + "</ThongTinDonVi>\n<ThongTinHoSo>" + filing.text() + forms() + "</ThongTinHoSo></NoiDung>" + signature + "</Hoso>\n";
    }
};

schemas::Failure refused(std::string bytes, EnvelopeLimits const& limits = {})
{
    auto envelope = read_envelope(std::move(bytes), limits);
    if (!envelope) return envelope.error();
    ADD_FAILURE() << "was taken";
    return {};
}

// "E-1203 /Hoso/… D02-TS" of each finding.
std::vector<std::string> codes(schemas::Failure const& failure)
{
    std::vector<std::string> list;
    for (auto const& finding : failure.findings) list.push_back(finding.code);
    return list;
}

void expect_one(Dossier const& dossier, Refusal why, std::string_view code, std::string_view path, std::string_view form = {})
{
    auto const failure = refused(dossier.xml());
    EXPECT_EQ(schemas::name_of(failure.why), schemas::name_of(why));
    ASSERT_EQ(failure.findings.size(), 1u) << testing::PrintToString(codes(failure));
    EXPECT_EQ(failure.findings[0].code, code);
    EXPECT_EQ(failure.findings[0].path, path);
    EXPECT_EQ(failure.findings[0].form, form);
    EXPECT_FALSE(failure.findings[0].message_vi.empty());
    EXPECT_FALSE(failure.findings[0].message_en.empty());
}

constexpr auto provider_path = "/Hoso/NoiDung/ThongTinIVAN/";
constexpr auto unit_path = "/Hoso/NoiDung/ThongTinDonVi/";
constexpr auto filing_path = "/Hoso/NoiDung/ThongTinHoSo/";
std::string form_path(int n) { return filing_path + "ToKhais/FileToKhai["s + std::to_string(n) + "]/"; }

// ---- what is taken ------------------------------------------------------------------------------------------

TEST(Envelope, TellsItsFieldsAndForms)
{
    auto const bytes = Dossier{}.xml();
    auto const envelope = read_envelope(bytes, {});
    ASSERT_TRUE(envelope) << testing::PrintToString(codes(envelope.error()));
    EXPECT_EQ(envelope->bytes(), bytes);
    EXPECT_EQ(envelope->provider().alias, "00040");
    EXPECT_EQ(envelope->provider().name, "Thái Sơn");
    EXPECT_EQ(envelope->unit().name, "Công ty TNHH Thử Nghiệm");
    EXPECT_EQ(envelope->unit().code, "TA0001A");
    EXPECT_EQ(envelope->unit().kind, "1");
    EXPECT_EQ(envelope->unit().tax_code, "0101300842");
    EXPECT_EQ(envelope->unit().signatory, "Nguyễn Văn Thử");
    EXPECT_EQ(envelope->unit().phone, "02400000000");
    EXPECT_EQ(envelope->unit().agency, "00108");
    EXPECT_EQ(envelope->filing().procedure, "600");
    EXPECT_EQ(envelope->filing().procedure_name, "Báo tăng, báo giảm");
    EXPECT_EQ(envelope->filing().period, "03/2024");
    EXPECT_EQ(envelope->filing().made_on, "29/02/2024");
    EXPECT_EQ(envelope->filing().iso_process, "");

    ASSERT_EQ(envelope->forms().size(), 2u);
    auto const& d02 = envelope->forms()[0];
    EXPECT_EQ(d02.code(), "D02-TS");
    EXPECT_EQ(d02.version(), "595");
    EXPECT_EQ(d02.label(), "D02-TS");
    EXPECT_EQ(d02.description(), "Tờ khai thử nghiệm");
    EXPECT_EQ(d02.content(), Content::xml_form);
    ASSERT_NE(d02.xml(), nullptr);
    EXPECT_EQ(d02.xml()->root_name(), "D02-TS");
    auto const& attachment = envelope->forms()[1];
    EXPECT_EQ(attachment.code(), "CT-DK");
    EXPECT_EQ(attachment.version(), "");
    EXPECT_EQ(attachment.file_name(), "Quyết định.pdf");
    EXPECT_EQ(attachment.content(), Content::pdf);
    EXPECT_EQ(attachment.bytes(), pdf);
    EXPECT_EQ(attachment.xml(), nullptr);
}

TEST(Envelope, TakesFieldsInAnyOrderWithWhiteSpaceCommentsAndCharacterReferences)
{
    Dossier dossier;
    std::ranges::reverse(dossier.unit.list);
    std::ranges::reverse(dossier.files[0].list);
    dossier.unit["TenDoiTuong"] = "\n  C&#xF4;ng ty <![CDATA[A & B]]>\n";
    auto xml = dossier.xml();
    xml.insert(xml.find("<MaIVAN>"), "<!-- nhà cung cấp -->\n\t<?ghi chú?>");
    auto const envelope = read_envelope(xml, {});
    ASSERT_TRUE(envelope) << testing::PrintToString(codes(envelope.error()));
    EXPECT_EQ(envelope->unit().name, "Công ty A & B");
}

TEST(Envelope, TakesTheSignatureWhereverItIsAndLeavesItToSigning)
{
    for (auto const* signature : {"", "<CKy_Dvi/>", "<CKy_Dvi><Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/></CKy_Dvi>",
                                  "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>"}) {
        Dossier dossier;
        dossier.signature = signature;
        EXPECT_TRUE(read_envelope(dossier.xml(), {})) << signature;
    }
}

TEST(Envelope, TakesAnEmptyOrMissingIsoProcessAndEmptyNames)
{
    Dossier dossier;
    dossier.filing.drop("QuyTrinhISO");
    for (auto* value : {&dossier.provider["TenIVAN"], &dossier.unit["NguoiKy"], &dossier.unit["DienThoai"], &dossier.filing["TenThuTuc"],
                        &dossier.files[0]["MoTaToKhai"]})
        value->clear();
    EXPECT_TRUE(read_envelope(dossier.xml(), {}));
}

TEST(Envelope, StripsTheVendorsVersionAndKnowsOneFormUnderTwoCodes)
{
    for (auto const& [sent, code, version] : std::vector<std::array<std::string, 3>>{
             {"TK1-TS-595", "TK1-TS", "595"}, {"TK1-TS_959", "TK1-TS", "959"}, {"TK1-TS", "TK1-TS", ""}, {"D02-LT-1040", "D02-TS", "1040"},
             {"D02-LT", "D02-TS", ""}, {"01B-HSB_166", "M01B-HSB", "166"}, {"01B-HSB", "M01B-HSB", ""}, {"M01B-HSB-166", "M01B-HSB", "166"},
             {"04_DK-IVAN", "04_DK-IVAN", ""}, {"CT-12", "CT-12", ""}, {"CT-12345", "CT-12345", ""}, {"-595", "-595", ""}}) {
        Dossier dossier;
        dossier.files[0]["MaToKhai"] = sent;
        auto const envelope = read_envelope(dossier.xml(), {});
        ASSERT_TRUE(envelope) << sent;
        EXPECT_EQ(envelope->forms()[0].code(), code) << sent;
        EXPECT_EQ(envelope->forms()[0].version(), version) << sent;
    }
    for (auto const& [sent, procedure] : std::vector<std::pair<std::string, std::string>>{{"600", "600"}, {"600a", "600a"}, {"630c_166", "630c"}}) {
        Dossier dossier;
        dossier.filing["MaThuTuc"] = sent;
        EXPECT_EQ(read_envelope(dossier.xml(), {})->filing().procedure, procedure);
    }
}

TEST(Envelope, NumbersTheLabelsOfFormsWithOneCode)
{
    Dossier dossier;
    dossier.files = {file("TK1-TS", "1.xml", ".xml", "<TK1-TS/>"), file("D02-LT", "2.xml", ".xml", "<D02-TS/>"),
                     file("TK1-TS-595", "3.xml", ".xml", "<TK1-TS/>"), file("D02-TS", "4.xml", ".xml", "<D02-TS/>")};
    dossier.filing["SoLuongFile"] = "4";
    auto const envelope = read_envelope(dossier.xml(), {});
    ASSERT_TRUE(envelope);
    std::vector<std::string> labels;
    for (auto const& form : envelope->forms()) labels.push_back(form.label());
    EXPECT_EQ(labels, (std::vector<std::string>{"TK1-TS", "D02-TS", "TK1-TS#2", "D02-TS#2"}));
}

TEST(Envelope, CountsTheBase64WithOrWithoutTheWhiteSpaceInside)
{
    std::string const broken = "JVBERi0xLjcK\nbWFkZSB1cCBmb3IgYSB0ZXN0CiUlRU9GCg==";
    std::string without = broken;
    std::erase(without, '\n');
    for (auto const size : {broken.size(), without.size()}) {
        Dossier dossier;
        dossier.files[1]["NoiDungFile"] = "\n  " + broken + "\n";
        dossier.files[1]["DoDaiFile"] = std::to_string(size);
        auto const envelope = read_envelope(dossier.xml(), {});
        ASSERT_TRUE(envelope) << size;
        EXPECT_EQ(envelope->forms()[1].bytes(), pdf);
    }
}

TEST(Envelope, KnowsEachKindOfFileByItsContent)
{
    auto const zip = "PK\x03\x04....[Content_Types].xml...."s;
    auto const ole = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1...."s;
    for (auto const& [kind, bytes, content] : std::vector<std::tuple<std::string, std::string, Content>>{
             {".pdf", pdf, Content::pdf}, {".PDF", pdf, Content::pdf}, {".png", "\x89PNG\r\n\x1A\n...", Content::png},
             {".jpg", "\xFF\xD8\xFF\xE0", Content::jpeg}, {".jpeg", "\xFF\xD8\xFF\xE1", Content::jpeg}, {".tif", "II*\0...."s, Content::tiff},
             {".tiff", "MM\0*...."s, Content::tiff}, {".docx", zip, Content::zip_office}, {".xlsx", zip, Content::zip_office},
             {".doc", ole, Content::ole_office}, {".xls", ole, Content::ole_office}, {".xml", "\xEF\xBB\xBF \n<a/>", Content::xml_form}}) {
        Dossier dossier;
        dossier.files[1] = file("CT-DK", "tệp", kind, kind == ".xml" ? "\xEF\xBB\xBF<a/>" : bytes);
        auto const envelope = read_envelope(dossier.xml(), {});
        ASSERT_TRUE(envelope) << kind << testing::PrintToString(codes(envelope.error()));
        EXPECT_EQ(envelope->forms()[1].content(), content) << kind;
    }
}

// ---- what is refused ----------------------------------------------------------------------------------------

TEST(Envelope, RefusesAnEmptyBody) { EXPECT_EQ(refused("").why, Refusal::body_empty); }

TEST(Envelope, RefusesWhatTheDocumentRefuses)
{
    auto const xml = Dossier{}.xml();
    EXPECT_EQ(refused(xml.substr(0, xml.size() - 5)).why, Refusal::xml_malformed);
    EXPECT_EQ(refused("<!DOCTYPE Hoso>" + xml.substr(xml.find("<Hoso>"))).why, Refusal::xml_doctype);
    EXPECT_EQ(refused("\xFE\xFF" + xml).why, Refusal::xml_encoding);
    EXPECT_EQ(refused(xml, {.xml = {.bytes_max = xml.size() - 1}}).why, Refusal::xml_too_large);
    EXPECT_EQ(codes(refused("<Hoso>")), std::vector{"E-1301"s});
    EXPECT_EQ(refused("<Hoso>").findings[0].form, "");
}

TEST(Envelope, RefusesAnotherRoot)
{
    for (auto const* xml : {"<hoso/>", "<HoSo/>", "<D02-TS/>", "<Hoso xmlns='urn:example'/>"}) {
        auto const failure = refused(xml);
        EXPECT_EQ(failure.why, Refusal::envelope_wrong_root);
        EXPECT_EQ(codes(failure), std::vector{"E-1307"s});
    }
}

TEST(Envelope, RefusesAMissingPart)
{
    auto const failure = refused("<Hoso><NoiDung><ThongTinIVAN><MaIVAN>1</MaIVAN><TenIVAN/></ThongTinIVAN></NoiDung></Hoso>");
    EXPECT_EQ(failure.why, Refusal::envelope_wrong_root);
    ASSERT_EQ(failure.findings.size(), 2u);
    EXPECT_EQ(failure.findings[0].code, "E-1001");
    EXPECT_EQ(failure.findings[0].path, "/Hoso/NoiDung/ThongTinDonVi");
    EXPECT_EQ(failure.findings[1].path, "/Hoso/NoiDung/ThongTinHoSo");
    EXPECT_EQ(refused("<Hoso><CKy_Dvi/></Hoso>").findings[0].path, "/Hoso/NoiDung");
    auto xml = Dossier{}.xml();
    auto const from = xml.find("<ToKhais>");
    xml.erase(from, xml.find("</ToKhais>") + 10 - from);
    EXPECT_EQ(refused(xml).findings[0].path, "/Hoso/NoiDung/ThongTinHoSo/ToKhais");
}

TEST(Envelope, NamesEachMissingEmptyAndRepeatedField)
{
    struct Part {
        std::function<Elements&(Dossier&)> of;
        std::string path, form;
        std::vector<std::string> may_be_empty;
    };
    for (auto const& part : {
             Part{[](Dossier& d) -> Elements& { return d.provider; }, provider_path, "", {"TenIVAN"}},
             Part{[](Dossier& d) -> Elements& { return d.unit; }, unit_path, "", {"NguoiKy", "DienThoai"}},
             Part{[](Dossier& d) -> Elements& { return d.filing; }, filing_path, "", {"TenThuTuc", "QuyTrinhISO"}},
             Part{[](Dossier& d) -> Elements& { return d.files[1]; }, form_path(2), "CT-DK", {"MoTaToKhai"}},
         }) {
        Dossier good;
        for (auto const& [name, value] : part.of(good).list) {
            SCOPED_TRACE(name);
            auto const form = name == "MaToKhai" ? std::string{"#2"} : part.form;  // no code to call it by
            Dossier missing, empty, repeated;
            part.of(missing).drop(name);
            if (name != "QuyTrinhISO") expect_one(missing, Refusal::envelope_field, "E-1002", part.path + name, form);
            part.of(empty)[name] = " \n ";
            if (std::ranges::find(part.may_be_empty, name) == part.may_be_empty.end())
                expect_one(empty, Refusal::envelope_field, "E-1007", part.path + name, form);
            part.of(repeated).add(name, value);
            expect_one(repeated, Refusal::envelope_field, "E-1003", part.path + name, name == "MaToKhai" || !form.empty() ? "#2" : "");
        }
    }
}

TEST(Envelope, RefusesWhatTheFormatDoesNotKnow)
{
    Dossier element;
    element.unit.add("GhiChu", "x");
    expect_one(element, Refusal::envelope_field, "E-1004", unit_path + "GhiChu"s);
    Dossier nested;
    nested.unit["MaSoThue"] = "0101300842<b/>";
    expect_one(nested, Refusal::envelope_field, "E-1004", unit_path + "MaSoThue/b"s);
    Dossier comment;
    comment.unit["MaSoThue"] = "01013<!-- -->00842";
    expect_one(comment, Refusal::envelope_field, "E-1006", unit_path + "MaSoThue"s);
    Dossier signature;
    signature.signature = "<CKy_Dvi/><CKy_Dvi/>";
    expect_one(signature, Refusal::envelope_field, "E-1003", "/Hoso/CKy_Dvi");

    auto const changed = [](std::string_view from, std::string_view to) {
        auto xml = Dossier{}.xml();
        xml.replace(xml.find(from), from.size(), to);
        return refused(xml);
    };
    EXPECT_EQ(codes(changed("<ThongTinDonVi>", "<ThongTinDonVi>lạc chỗ")), std::vector{"E-1006"s});
    EXPECT_EQ(changed("<MaIVAN>", "<MaIVAN kieu='1'>").findings[0].path, provider_path + "MaIVAN/@kieu"s);
    EXPECT_EQ(codes(changed("<ToKhais>", "<ToKhais><Khac/>")), std::vector{"E-1004"s});
    EXPECT_EQ(codes(changed("<TenIVAN>Thái Sơn</TenIVAN>", "<TenIVAN xmlns='urn:1'>Thái Sơn</TenIVAN>")), (std::vector{"E-1004"s, "E-1002"s}));
    auto xml = Dossier{}.xml();
    xml.replace(xml.find("<NoiDung>"), 9, "<NoiDung Id='NoiDung' xml:lang='vi'>");
    EXPECT_TRUE(read_envelope(xml, {}));
}

TEST(Envelope, RefusesValuesOutOfFormat)
{
    struct Case {
        std::function<Elements&(Dossier&)> part;
        std::string path, field, code;
        std::vector<std::string> wrong, right;
    };
    auto const provider = [](Dossier& d) -> Elements& { return d.provider; };
    auto const unit = [](Dossier& d) -> Elements& { return d.unit; };
    auto const filing = [](Dossier& d) -> Elements& { return d.filing; };
    for (auto const& one : {
             Case{provider, provider_path, "MaIVAN", "E-1110", {"00 040", "00040;", "Mã", std::string(51, '0')}, {"0101300842", "TS24-1"}},
             Case{unit, unit_path, "MaSoThue", "E-1101", {"010130084", "01013008421", "0101300842-01", "0101300842001", "0101300842_001", "O101300842", "0101300842-00A"},
                  {"0101300842-001", "001085000123"}},
             Case{unit, unit_path, "CoQuanQuanLy", "E-1102", {"0108", "001080", "0O108", "00 08"}, {"07906"}},
             Case{unit, unit_path, "MaSoBHXH", "E-1103", {"TA-0001A", std::string(21, 'A'), "TẠ0001A"}, {"0123456789", std::string(20, 'A')}},
             Case{unit, unit_path, "LoaiDoiTuong", "E-1104", {"-1", "1.0", "một", "1234567890"}, {"0", "12"}},
             Case{filing, filing_path, "KyKeKhai", "E-1105", {"3/2024", "13/2024", "00/2024", "2024/03", "032024", "03-2024", "03/24", "03/2024x"}, {"12/1999"}},
             Case{filing, filing_path, "NgayLap", "E-1106", {"29/02/2023", "31/04/2024", "00/01/2024", "1/2/2024", "2024-02-29", "29/02/2024 10:00", "29/13/2024"},
                  {"31/12/2024"}},
             Case{filing, filing_path, "MaThuTuc", "E-1107", {"600 a", "600/a", "Sáu trăm"}, {"600a"}},
             Case{filing, filing_path, "SoLuongFile", "E-1108", {"hai", "-2", "2.0", "0x2", "99999999999999999999"}, {"02"}},
         }) {
        SCOPED_TRACE(one.field);
        for (auto const& value : one.wrong) {
            SCOPED_TRACE(value);
            Dossier dossier;
            one.part(dossier)[one.field] = value;
            expect_one(dossier, Refusal::envelope_field, one.code, one.path + one.field);
        }
        for (auto const& value : one.right) {
            Dossier dossier;
            one.part(dossier)[one.field] = value;
            EXPECT_TRUE(read_envelope(dossier.xml(), {})) << value;
        }
    }
}

TEST(Envelope, RefusesAFieldThatIsTooLong)
{
    Dossier dossier;
    dossier.unit["TenDoiTuong"] = std::string(1000, 'x');
    EXPECT_TRUE(read_envelope(dossier.xml(), {}));
    dossier.unit["TenDoiTuong"] += "x";
    expect_one(dossier, Refusal::envelope_field, "E-1008", unit_path + "TenDoiTuong"s);
}

TEST(Envelope, RefusesACountThatIsNotTheNumberOfForms)
{
    Dossier dossier;
    dossier.filing["SoLuongFile"] = "3";
    expect_one(dossier, Refusal::form_count_mismatch, "E-1201", filing_path + "SoLuongFile"s);
    EXPECT_NE(refused(dossier.xml()).findings[0].message_en.find("It says 3, there are 2."), std::string::npos);
}

TEST(Envelope, RefusesADossierWithoutForms)
{
    Dossier dossier;
    dossier.files.clear();
    dossier.filing["SoLuongFile"] = "0";
    expect_one(dossier, Refusal::envelope_field, "E-1009", filing_path + "ToKhais"s);
}

TEST(Envelope, RefusesMoreFormsThanItsBoundWithoutDecodingOne)
{
    Dossier dossier;
    dossier.filing["SoLuongFile"] = "3";
    dossier.files.push_back(file("CT-DK", "x.pdf", ".pdf", "not a PDF, but nobody looks"));
    auto const failure = refused(dossier.xml(), {.forms_max = 2});
    EXPECT_EQ(failure.why, Refusal::form_too_many);
    EXPECT_EQ(codes(failure), std::vector{"E-1202"s});
}

TEST(Envelope, RefusesALengthThatIsNotTheBase64s)
{
    for (auto const* wrong : {"0", "47", "34"}) {  // 34: the decoded length, as a reader of the name might think
        Dossier dossier;
        dossier.files[1]["DoDaiFile"] = wrong;
        expect_one(dossier, Refusal::form_length_mismatch, "E-1203", form_path(2) + "DoDaiFile", "CT-DK");
    }
    Dossier dossier;
    dossier.files[1]["DoDaiFile"] = "48 ký tự";
    expect_one(dossier, Refusal::envelope_field, "E-1108", form_path(2) + "DoDaiFile", "CT-DK");
}

TEST(Envelope, RefusesBrokenBase64)
{
    Dossier dossier;
    auto& base64 = dossier.files[1]["NoiDungFile"];
    base64[5] = '*';
    expect_one(dossier, Refusal::form_base64, "E-1204", form_path(2) + "NoiDungFile", "CT-DK");
}

TEST(Envelope, RefusesTwoFilesOfOneNameWhateverTheCase)
{
    Dossier dossier;
    dossier.files.push_back(file("CT-DK", "QUYẾT ĐỊNH.PDF", ".pdf", pdf));
    dossier.filing["SoLuongFile"] = "3";
    expect_one(dossier, Refusal::form_duplicate_name, "E-1205", form_path(3) + "TenFile", "CT-DK#2");
    EXPECT_NE(refused(dossier.xml()).findings[0].message_en.find("The other one is in CT-DK."), std::string::npos);
    dossier.files[2]["TenFile"] = "QUYẾT ĐỊNH 2.PDF";
    EXPECT_TRUE(read_envelope(dossier.xml(), {}));
}

TEST(Envelope, RefusesAKindItDoesNotTake)
{
    for (auto const* kind : {".exe", "pdf", ".", ".pdf.exe", ".zip", ".html"}) {
        Dossier dossier;
        dossier.files[1]["LoaiFile"] = kind;
        expect_one(dossier, Refusal::form_kind_mismatch, "E-1206", form_path(2) + "LoaiFile", "CT-DK");
    }
}

TEST(Envelope, RefusesContentOfAnotherKindThanItSays)
{
    auto const ole = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"s;
    for (auto const& [kind, bytes] : std::vector<std::pair<std::string, std::string>>{
             {".pdf", "<a/>"}, {".xml", pdf}, {".pdf", "MZ\x90"}, {".png", "\xFF\xD8\xFF"}, {".docx", ole}, {".doc", "PK\x03\x04[Content_Types].xml"},
             {".xlsx", "PK\x03\x04 any archive"}, {".jpg", "\x89PNG\r\n\x1A\n"}, {".tif", "II"}, {".pdf", " %PDF-1.7"}, {".xml", "D02-TS"}}) {
        Dossier dossier;
        dossier.files[1] = file("CT-DK", "tệp", kind, bytes);
        expect_one(dossier, Refusal::form_kind_mismatch, "E-1207", form_path(2) + "LoaiFile", "CT-DK");
    }
}

TEST(Envelope, RefusesANameWhoseExtensionIsAnother)
{
    for (auto const* name : {"a.xml", "a.pdf.exe", "a.docx", "a.PNG"}) {
        Dossier dossier;
        dossier.files[1]["TenFile"] = name;
        expect_one(dossier, Refusal::form_kind_mismatch, "E-1208", form_path(2) + "TenFile", "CT-DK");
    }
    for (auto const* name : {"a.PDF", "a", "Quyết định số 1.2", "a.", "Công văn. Trả lời"}) {
        Dossier dossier;
        dossier.files[1]["TenFile"] = name;
        EXPECT_TRUE(read_envelope(dossier.xml(), {})) << name;
    }
    Dossier photograph;
    photograph.files[1] = file("CT-DK", "ảnh.JPEG", ".jpg", "\xFF\xD8\xFF\xE0");
    EXPECT_TRUE(read_envelope(photograph.xml(), {}));
}

TEST(Envelope, RefusesNamesThatCouldBePathsOrDeceiveTheEye)
{
    for (auto const* name : {"../a.pdf", "a/b.pdf", "C:\\a.pdf", ".", "..", "a&#9;.pdf", "a&#10;b.pdf", "a\xC2\x85.pdf", "a\xE2\x80\xAE" "fdp.exe.pdf", "\xE2\x81\xA6.pdf"}) {
        Dossier dossier;
        dossier.files[1]["TenFile"] = name;
        expect_one(dossier, Refusal::envelope_field, "E-1209", form_path(2) + "TenFile", "CT-DK");
    }
}

TEST(Envelope, RefusesAFormCodeOutOfFormat)
{
    Dossier dossier;
    dossier.files[0]["MaToKhai"] = "D02#TS";
    expect_one(dossier, Refusal::envelope_field, "E-1109", form_path(1) + "MaToKhai", "#1");
}

TEST(Envelope, RefusesAFormThatItsDocumentRefusesAndSaysWhichAndWhere)
{
    for (auto const& [bytes, why, code] : std::vector<std::tuple<std::string, Refusal, std::string>>{
             {"<D02-TS>\n<NoiDung>\n</D02-TS>", Refusal::xml_malformed, "E-1301"},
             {"<!DOCTYPE D02-TS [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><D02-TS>&x;</D02-TS>", Refusal::xml_doctype, "E-1302"},
             {"<?xml version='1.0' encoding='windows-1258'?><D02-TS/>", Refusal::xml_encoding, "E-1303"},
             {"\xFF\xFE<\0a\0/\0>\0"s, Refusal::xml_encoding, "E-1303"},
             {"<D02-TS><p:a/></D02-TS>", Refusal::xml_malformed, "E-1301"}}) {
        Dossier dossier;
        dossier.files[0] = file("D02-TS", "D02-TS.xml", ".xml", bytes);
        expect_one(dossier, why, code, form_path(1) + "NoiDungFile", "D02-TS");
    }
    Dossier dossier;
    dossier.files[0] = file("D02-TS", "D02-TS.xml", ".xml", "<D02-TS>\n<NoiDung>\n</D02-TS>");
    EXPECT_EQ(refused(dossier.xml()).findings[0].line, 3);  // of the form's own text
}

TEST(Envelope, BoundsEachFormAndAllTogether)
{
    Dossier dossier;
    std::string leaves;
    for (int i = 0; i < 50; ++i) leaves += "<b/>";
    dossier.files = {file("A", "a.xml", ".xml", "<a>" + leaves + "</a>"), file("B", "b.xml", ".xml", "<a>" + leaves + "</a>")};
    auto const xml = dossier.xml();
    EXPECT_TRUE(read_envelope(xml, {.form = {.nodes_max = 102}}));
    auto const nodes = refused(xml, {.form = {.nodes_max = 101}});  // one is within the bound, two are not
    EXPECT_EQ(nodes.why, Refusal::xml_too_large);
    EXPECT_EQ(nodes.findings[0].form, "B");

    EXPECT_TRUE(read_envelope(xml, {.forms_bytes_total_max = 2 * 207}));
    auto const bytes = refused(xml, {.forms_bytes_total_max = 2 * 207 - 1});
    EXPECT_EQ(bytes.why, Refusal::xml_too_large);
    EXPECT_EQ(codes(bytes), std::vector{"E-1305"s});
    EXPECT_EQ(bytes.findings[0].form, "B");

    EXPECT_EQ(codes(refused(xml, {.form = {.bytes_max = 206}})), (std::vector{"E-1304"s, "E-1304"s}));
    EXPECT_EQ(refused(xml, {.form = {.depth_max = 1}}).why, Refusal::xml_too_large);
    EXPECT_EQ(refused(xml, {.xml = {.nodes_max = 20}}).why, Refusal::xml_too_large);
}

TEST(Envelope, ReportsEveryInconsistencyAtOnceAndTheFirstDecides)
{
    Dossier dossier;
    dossier.unit["CoQuanQuanLy"] = "x";
    dossier.filing["SoLuongFile"] = "9";
    dossier.files[0]["DoDaiFile"] = "1";
    dossier.files[0]["LoaiFile"] = ".pdf";
    dossier.files[1]["NoiDungFile"] = "%";
    auto const failure = refused(dossier.xml());
    EXPECT_EQ(failure.why, Refusal::envelope_field);
    EXPECT_EQ(codes(failure), (std::vector{"E-1102"s, "E-1201"s, "E-1208"s, "E-1203"s, "E-1207"s, "E-1203"s, "E-1204"s}));
    EXPECT_EQ(failure.detail, "E-1102, first of 7");
    for (auto const& finding : failure.findings) EXPECT_GT(finding.line, 0) << finding.code;
}

TEST(Envelope, ListsABoundedNumberOfFindingsAndSaysHowManyMore)
{
    Dossier dossier;
    for (int i = 0; i < 500; ++i) dossier.unit.add("La", "");
    auto const failure = refused(dossier.xml());
    ASSERT_EQ(failure.findings.size(), 101u);
    EXPECT_EQ(failure.findings.back().code, "E-1999");
    EXPECT_NE(failure.findings.back().message_en.find("400 more"), std::string::npos);
}

TEST(Envelope, QuotesNoValueOfTheDossier)
{
    Dossier dossier;
    dossier.unit["MaSoThue"] = "Bí mật";
    dossier.files[0]["TenFile"] = "Bí/mật.xml";
    for (auto const& finding : refused(dossier.xml()).findings) {
        EXPECT_EQ(finding.message_vi.find("mật"), std::string::npos);
        EXPECT_EQ(finding.path.find("mật"), std::string::npos);
    }
}

TEST(Envelope, ReadsAttachmentsOfManyMegabytes)
{
    Dossier dossier;
    dossier.files[1] = file("CT-DK", "a.pdf", ".pdf", pdf + std::string(18u << 20, 'x'));
    auto const envelope = read_envelope(dossier.xml(), {});
    ASSERT_TRUE(envelope);
    EXPECT_EQ(envelope->forms()[1].bytes().size(), pdf.size() + (18u << 20));
}

// Whatever one byte becomes, the reader answers; and what it takes is consistent with itself.
TEST(Envelope, AnswersToEveryChangedByte)
{
    auto const whole = Dossier{}.xml();
    std::size_t taken = 0;
    for (std::size_t place = 0; place < whole.size(); ++place)
        for (char c : "<>&\0\xFF/1"sv) {
            auto bytes = whole;
            bytes[place] = c;
            auto const envelope = read_envelope(bytes, {});
            if (!envelope) {
                EXPECT_FALSE(envelope.error().findings.empty());
                continue;
            }
            ++taken;
            EXPECT_EQ(envelope->forms().size(), 2u);
            EXPECT_EQ(envelope->bytes(), bytes);
        }
    EXPECT_GT(taken, 50u);
}

}  // namespace
