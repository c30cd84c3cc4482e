// A form as its events go by, against the tree: what FormRun calls sound (schemas/detail/form_run.hpp), our scanner reading, the
// tree's way finds nothing in; and it says the same wherever the windows end. That it takes the plain forms is unit tests' to show.
//
// The first byte chooses the windows; the rest is the form, taken under every schema whose root it names and a day of each
// generation of schemas and rules.

#include "schemas/base64.hpp"
#include "schemas/catalogue.hpp"
#include "schemas/detail/form_rules.hpp"
#include "schemas/detail/form_run.hpp"
#include "schemas/scanner.hpp"
#include "tests/fuzz/must.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using fuzz::must;
using namespace std::chrono;
using schemas::detail::FormPlan;
using schemas::detail::FormRun;
using schemas::detail::LawOfDay;

namespace {

constexpr schemas::EnvelopeLimits limits{
    .xml = {.bytes_max = 1u << 18, .nodes_max = 4000},
    .form = {.bytes_max = 1u << 16, .nodes_max = 4000},
};
constexpr std::string_view tax_code = "0101300842";

struct World {
    std::shared_ptr<schemas::Catalogue const> catalogue = schemas::Catalogue::load(IVAN_SOURCE_DIR "/schemas/xsd");
    schemas::detail::Law law = schemas::detail::Law::load(IVAN_SOURCE_DIR "/schemas/rules");
    std::vector<std::shared_ptr<FormPlan const>> plans;

    World()
    {
        for (auto const& entry : catalogue->entries()) plans.push_back(FormPlan::of(catalogue->shape(entry), entry.form));
    }
    [[nodiscard]] FormPlan const& plan(schemas::SchemaEntry const& entry) const
    {
        return *plans[static_cast<std::size_t>(&entry - catalogue->entries().data())];
    }
};

World const& world()
{
    static World const made;
    return made;
}

// An envelope whose only form this is; of the rest the rules ask the unit's tax code.
std::string envelope_of(std::string_view code, std::string_view bytes)
{
    auto const base64 = schemas::base64_encode(bytes);
    std::string text = "<Hoso><NoiDung><ThongTinIVAN><MaIVAN>00040</MaIVAN><TenIVAN/></ThongTinIVAN><ThongTinDonVi><TenDoiTuong>A</TenDoiTuong>"
                       "<MaSoBHXH>TA0001A</MaSoBHXH><LoaiDoiTuong>1</LoaiDoiTuong><MaSoThue>";
    text.append(tax_code).append("</MaSoThue><NguoiKy/><DienThoai/><CoQuanQuanLy>00108</CoQuanQuanLy></ThongTinDonVi><ThongTinHoSo><TenThuTuc/>"
                                 "<MaThuTuc>600</MaThuTuc><KyKeKhai>11/2026</KyKeKhai><NgayLap>21/11/2026</NgayLap><SoLuongFile>1</SoLuongFile>"
                                 "<QuyTrinhISO/><ToKhais><FileToKhai><MaToKhai>");
    text.append(code).append("</MaToKhai><MoTaToKhai/><TenFile>form.xml</TenFile><LoaiFile>.xml</LoaiFile><DoDaiFile>");
    text.append(std::to_string(base64.size())).append("</DoDaiFile><NoiDungFile>").append(base64);
    return text.append("</NoiDungFile></FileToKhai></ToKhais></ThongTinHoSo></NoiDung></Hoso>");
}

// True where the scanner read all of it, window by window, and the run called it sound.
bool sound_in_windows(FormRun& run, std::string_view bytes, std::size_t window_bytes)
{
    static schemas::Scanner scanner;
    scanner.begin(limits.form, run);
    std::string window;  // one that goes away, as a buffer that is filled again does
    for (bool last = false; !last;) {
        auto const fresh = std::min(window_bytes, bytes.size());
        std::string next = window + std::string{bytes.substr(0, fresh)};
        bytes.remove_prefix(fresh);
        last = bytes.empty();
        auto const done = scanner.feed(next, last);
        if (scanner.declined()) return false;
        window = next.substr(done);
        std::ranges::fill(next, '#');
    }
    return scanner.whole() && run.sound();
}

void check(schemas::SchemaEntry const& entry, sys_days day, std::string_view bytes, std::size_t window_bytes)
{
    LawOfDay const law{world().law, day};
    static FormRun run;
    run.begin(world().plan(entry), law, tax_code);
    bool const scanned = schemas::scan_whole(bytes, limits.form, run);
    bool const sound = scanned && run.sound();
    run.begin(world().plan(entry), law, tax_code);
    bool const in_windows = sound_in_windows(run, bytes, window_bytes);
    must(sound || !in_windows);  // a token longer than a window may be declined, nothing more
    if (!sound) return;

    auto const envelope = schemas::read_envelope(envelope_of(entry.form, bytes), limits);
    must(envelope.has_value() && envelope->forms()[0].xml());
    auto const& form = envelope->forms()[0];
    schemas::Findings findings{1};
    must(world().catalogue->check(entry, form, findings));
    schemas::detail::check_form(law, *envelope, form, findings);
    must(findings.total() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size < 2) return 0;
    auto const bytes = fuzz::text_of(data + 1, size - 1);
    auto const window_bytes = 1 + std::size_t{data[0]} * 16;
    for (auto const& entry : world().catalogue->entries()) {
        if (bytes.find("<" + entry.root) == bytes.npos) continue;
        for (auto const day : {sys_days{2018y / 3 / 1}, sys_days{2021y / 6 / 1}, sys_days{2026y / 11 / 21}}) {
            auto const found = world().catalogue->find(entry.form, entry.version, day);
            if (found && *found == &entry) check(entry, day, bytes, window_bytes);
        }
    }
    return 0;
}
