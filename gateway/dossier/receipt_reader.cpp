#include "gateway/dossier/receipt_reader.hpp"

#include "gateway/dossier/time.hpp"

#include <charconv>

namespace dossier {
namespace {

// What stands between the tags of an element that is there exactly once and holds text alone.
std::optional<std::string_view> only(std::string_view text, std::string const& name)
{
    auto const open = "<" + name + ">";
    auto const close = "</" + name + ">";
    auto const from = text.find(open);
    if (from == std::string_view::npos || text.find(open, from + 1) != std::string_view::npos) return std::nullopt;
    auto const begin = from + open.size();
    auto const end = text.find('<', begin);
    if (end == std::string_view::npos || text.compare(end, close.size(), close) != 0) return std::nullopt;
    return text.substr(begin, end - begin);
}

std::optional<std::uint64_t> number(std::string_view digits)
{
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return digits.empty() || error != std::errc{} || end != digits.data() + digits.size() ? std::nullopt : std::optional{value};
}

}  // namespace

std::optional<ReceiptWords> read_receipt(std::string_view xml)
{
    constexpr std::string_view root = "<PhieuTiepNhan>";
    if (!xml.starts_with(root)) return std::nullopt;
    for (std::string_view const foreign : {"<!", "<?"})
        if (xml.find(foreign) != std::string_view::npos) return std::nullopt;
    // The forms have SHA256 of their own; the envelope's stands before them.
    auto const filing = xml.find("<ThongTinHoSo>");
    auto const forms = xml.find("<ToKhais>");
    if (filing == std::string_view::npos || forms == std::string_view::npos || forms < filing) return std::nullopt;

    auto const layout = only(xml, "PhienBan");
    auto const case_code = only(xml, "MaHoSo");
    auto const dossier_id = only(xml, "MaGiaoDich");
    auto const received = only(xml, "ThoiDiemTiepNhan");
    auto const content = only(xml.substr(filing, forms - filing), "SHA256");
    auto const key_id = only(xml, "MaKhoa");
    if (!layout || !case_code || !dossier_id || !received || !content) return std::nullopt;
    if (!key_id && *layout != "1") return std::nullopt;
    auto const at = parse_rfc3339(*received);
    if (!at) return std::nullopt;
    ReceiptWords words{std::string{*layout}, std::string{key_id.value_or("")}, std::string{*case_code}, std::string{*dossier_id},
                       std::string{*content}, *at, std::string{only(xml, "MaIVAN").value_or("")}, std::nullopt};
    if (auto const place = only(xml, "ViTriNhatKy")) words.log_index = number(*place);
    return words;
}

}  // namespace dossier
