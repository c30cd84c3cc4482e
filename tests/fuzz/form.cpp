// Can the bytes of one XML form crash the parser, a schema or a rule, or outgrow a bound? No signature is asked for. And do
// the two engines say the same of it, finding by finding: the tree, and the sweep as if the form were large?
//
// The bytes go into an envelope as the only form, under the code their root names (a registration's root is Hoso: each
// of the three in turn), and through the validator on a day of each generation of the schemas and rules.

#include "schemas/base64.hpp"
#include "schemas/validator.hpp"
#include "tests/fuzz/must.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

using fuzz::must;
using namespace std::chrono;

namespace {

constexpr schemas::EnvelopeLimits limits{
    .xml = {.bytes_max = 1u << 18, .nodes_max = 4000},
    .form = {.bytes_max = 1u << 16, .nodes_max = 4000},
};
// The engines differ on purpose where a swept form has more than kept_nodes_max nodes kept, or one text over
// token_bytes_max: with these bounds no form has.
constexpr schemas::EnvelopeLimits swept_limits = [] {
    auto swept = limits;
    swept.tree_bytes_max = 0;
    return swept;
}();
static_assert(limits.form.bytes_max < limits.tree_bytes_max && limits.form.nodes_max < limits.kept_nodes_max &&
              limits.form.bytes_max < limits.form.token_bytes_max);

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

bool equal(schemas::Finding const& a, schemas::Finding const& b)
{
    return a.form == b.form && a.path == b.path && a.line == b.line && a.code == b.code && a.message_vi == b.message_vi && a.message_en == b.message_en;
}

// A known difference, of words and not of the verdict: stray text that an instruction, a comment or a CDATA section tears
// apart is several nodes to the tree, each told (S-1012), and one text to the sweep. True: something was taken out.
bool once(std::vector<schemas::Finding>& findings)
{
    auto const before = findings.size();
    auto const repeated = [](auto const& a, auto const& b) { return a.code == "S-1012" && equal(a, b); };
    findings.erase(std::unique(findings.begin(), findings.end(), repeated), findings.end());
    return findings.size() < before;
}

void same(schemas::Failure tree, schemas::Failure swept)
{
    must(tree.why == swept.why);
    bool const full = tree.findings.size() > schemas::Validator::findings_max || swept.findings.size() > schemas::Validator::findings_max;
    bool const repeats = once(tree.findings), repeats_too = once(swept.findings);
    if (full && (repeats || repeats_too)) return;  // those beyond the bound take another's place
    must(tree.findings.size() == swept.findings.size());
    for (std::size_t i = 0; i < tree.findings.size(); ++i) must(equal(tree.findings[i], swept.findings[i]));
}

template <class T>
void same(schemas::Result<T> const& tree, schemas::Result<T> const& swept)
{
    must(tree.has_value() == swept.has_value());
    if (!tree) same(tree.error(), swept.error());
}

void check(std::string_view code, std::string_view procedure, std::string_view bytes)
{
    auto const text = envelope_of(code, procedure, bytes);
    auto const envelope = schemas::read_envelope(text, limits);
    auto const swept = schemas::read_envelope(text, swept_limits);
    same(envelope, swept);
    if (!envelope) {
        must(!envelope.error().findings.empty());
        return;
    }
    must(envelope->forms().size() == 1 && envelope->forms()[0].bytes() == bytes);
    must(!envelope->forms()[0].xml() || (!envelope->forms()[0].xml()->swept() && swept->forms()[0].xml()->swept()));
    for (auto const day : {sys_days{2018y / 3 / 1}, sys_days{2021y / 6 / 1}, sys_days{2026y / 11 / 21}}) {
        auto const valid = validator().validate(*envelope, day);
        same(valid, validator().validate(*swept, day));
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
