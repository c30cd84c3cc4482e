// Can the bytes of one XML form crash the parser, a schema or a rule, or outgrow a bound? No signature is asked for.
//
// The bytes go into an envelope as the only form, under the code their root names (a registration's root is Hoso: each
// of the three in turn), and through the validator on a day of each generation of the schemas and rules.

#include "schemas/base64.hpp"
#include "schemas/validator.hpp"
#include "tests/fuzz/must.hpp"

#include <array>
#include <string>

using fuzz::must;
using namespace std::chrono;

namespace {

constexpr schemas::EnvelopeLimits limits{
    .xml = {.bytes_max = 1u << 18, .nodes_max = 4000},
    .form = {.bytes_max = 1u << 16, .nodes_max = 4000},
};

schemas::Validator const& validator()
{
    static schemas::Validator const made{schemas::Catalogue::load(IVAN_SOURCE_DIR "/schemas/xsd"), schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules")};
    return made;
}

std::string envelope_of(std::string_view code, std::string_view procedure, std::string_view bytes)
{
    auto const base64 = schemas::base64_encode(bytes);
    std::string text = "<Hoso><NoiDung><ThongTinIVAN><MaIVAN>00040</MaIVAN><TenIVAN/></ThongTinIVAN><ThongTinDonVi><TenDoiTuong>A</TenDoiTuong>"
                       "<MaSoBHXH>TA0001A</MaSoBHXH><LoaiDoiTuong>1</LoaiDoiTuong><MaSoThue>0101300842</MaSoThue><NguoiKy/><DienThoai/>"
                       "<CoQuanQuanLy>00108</CoQuanQuanLy></ThongTinDonVi><ThongTinHoSo><TenThuTuc/><MaThuTuc>";
    text.append(procedure).append("</MaThuTuc><KyKeKhai>11/2026</KyKeKhai><NgayLap>21/11/2026</NgayLap><SoLuongFile>1</SoLuongFile><QuyTrinhISO/>"
                                  "<ToKhais><FileToKhai><MaToKhai>");
    text.append(code).append("</MaToKhai><MoTaToKhai/><TenFile>form.xml</TenFile><LoaiFile>.xml</LoaiFile><DoDaiFile>");
    text.append(std::to_string(base64.size())).append("</DoDaiFile><NoiDungFile>").append(base64);
    return text.append("</NoiDungFile></FileToKhai></ToKhais></ThongTinHoSo></NoiDung></Hoso>");
}

void check(std::string_view code, std::string_view procedure, std::string_view bytes)
{
    auto const envelope = schemas::read_envelope(envelope_of(code, procedure, bytes), limits);
    if (!envelope) {
        must(!envelope.error().findings.empty());
        return;
    }
    must(envelope->forms().size() == 1 && envelope->forms()[0].bytes() == bytes);
    for (auto const day : {sys_days{2018y / 3 / 1}, sys_days{2021y / 6 / 1}, sys_days{2026y / 11 / 21}}) {
        auto const valid = validator().validate(*envelope, day);
        if (valid) {
            must(valid->forms().size() == 1);
            continue;
        }
        auto const& findings = valid.error().findings;
        must(!findings.empty() && findings.size() <= schemas::Validator::findings_max + 1);
        for (auto const& finding : findings) {
            must(!finding.code.empty() && !finding.message_vi.empty() && !finding.message_en.empty());
            must(fuzz::utf8(finding.path) && fuzz::utf8(finding.message_vi) && fuzz::utf8(finding.message_en));
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const bytes = fuzz::text_of(data, size);
    auto const document = schemas::Document::parse(bytes, limits.form);
    if (!document) {
        must(document.error().findings.size() == 1);
        return 0;
    }
    struct Kind {
        std::string_view code, procedure;
    };
    constexpr std::array kinds{Kind{"D02-TS", "600"}, Kind{"TK1-TS", "607"}, Kind{"TK3-TS", "604"}, Kind{"D01-TS", "BS-D01"},
                               Kind{"D03-TS", "603"}, Kind{"D05-TS", "602"}, Kind{"M01B-HSB", "630"}, Kind{"04_DK-IVAN", "04_DK-IVAN"},
                               Kind{"05_SD-IVAN", "05_SD-IVAN"}, Kind{"06_NG-IVAN", "06_NG-IVAN"}};
    auto const root = document->root_name();
    bool known = false;
    for (auto const& kind : kinds) {
        if (root != kind.code && !(root == "Hoso" && kind.code.ends_with("IVAN"))) continue;
        known = true;
        check(kind.code, kind.procedure, bytes);
    }
    if (!known) check("D02-TS", "600", bytes);
    return 0;
}
