#include "gateway/store/detail/row_check.hpp"

#include "gateway/dossier/receipt_reader.hpp"
#include "gateway/dossier/time.hpp"
#include "gateway/store/detail/batch.hpp"
#include "gateway/store/detail/compress.hpp"
#include "gateway/store/detail/log_writer.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <random>
#include <stdexcept>
#include <utility>

namespace store::detail {
namespace {

namespace json = boost::json;

// Columns of dossier_columns.
enum Column { log_index, dossier_id, case_code, provider, received_at, content_sha256, body, receipt_xml, receipt_json, agency, procedure, unit_code, tax_code,
              paper_required, forms, period, content_bytes, authenticated, idempotency_key };

// As receipts escape text (C14N 1.0 §2.3).
std::string in_xml(std::string_view value)
{
    std::string out;
    for (char const c : value) {
        if (c == '&') out += "&amp;";
        else if (c == '<') out += "&lt;";
        else if (c == '>') out += "&gt;";
        else if (c == '\r') out += "&#xD;";
        else out += c;
    }
    return out;
}

void find(CheckedDossier& row, std::string what, std::string detail)
{
    row.own.push_back({std::move(what), row.index, row.dossier_id, row.case_code, std::move(detail)});
}

std::optional<ledger::Hash> leaf_of(std::function<std::string()> const& entry)
{
    try {
        return ledger::leaf_hash(entry());
    } catch (std::runtime_error const&) {
        return std::nullopt;  // out of the ledger's bounds: it was never logged so
    }
}

// The text of the first element of each name, in one reading of the receipt.
std::vector<std::pair<std::string_view, std::string_view>> first_texts(std::string_view xml)
{
    std::vector<std::pair<std::string_view, std::string_view>> out;
    out.reserve(32);
    for (auto at = xml.find('<'); at != std::string_view::npos; at = xml.find('<', at + 1)) {
        auto const end = xml.find('>', at);
        if (end == std::string_view::npos) break;
        auto const name = xml.substr(at + 1, end - at - 1);
        auto const close = xml.find('<', end);
        if (name.starts_with('/') || close == std::string_view::npos || xml.substr(close, 2) != "</") continue;
        if (std::none_of(out.begin(), out.end(), [&](auto const& one) { return one.first == name; })) out.emplace_back(name, xml.substr(end + 1, close - end - 1));
        at = end;
    }
    return out;
}

// Columns beside the signed receipt, which the leaf vouches for.
void compare_receipt(CheckedDossier& row, Rows const& rows, std::size_t n, json::value const& listed)
{
    auto const texts = first_texts(row.receipt);
    auto const compare = [&](std::string_view name, std::string_view element, std::string const& said) {
        auto const found = std::find_if(texts.begin(), texts.end(), [&](auto const& one) { return one.first == element; });
        auto const signed_for = found == texts.end() ? std::string_view{} : found->second;
        if (signed_for != in_xml(said)) find(row, "row", fmt::format("{}: the row says {}, the receipt says {}", name, said, signed_for));
    };
    compare("case_code", "MaHoSo", row.case_code);
    compare("dossier_id", "MaGiaoDich", row.dossier_id);
    compare("received_at", "ThoiDiemTiepNhan", dossier::vietnam_time(row.at));
    compare("provider", "MaIVAN", row.provider);
    compare("agency", "CoQuanQuanLy", rows.string(n, agency));
    compare("procedure", "MaThuTuc", rows.string(n, procedure));
    compare("unit_code", "MaSoBHXH", rows.string(n, unit_code));
    compare("tax_code", "MaSoThue", rows.string(n, tax_code));
    compare("period", "KyKeKhai", rows.string(n, period));
    compare("content_bytes", "DoDai", std::to_string(rows.number(n, content_bytes)));
    compare("content_sha256", "SHA256", row.column);
    compare("paper_required", "CanNopHoSoGiay", rows.boolean(n, paper_required) ? "true" : "false");
    compare("authenticated", "PhuongThuc", rows.text(n, authenticated).starts_with("otp") ? "OTP" : "ChuKySo");
    if (row.index) compare("log_index", "ViTriNhatKy", std::to_string(*row.index));
    std::string whole;
    if (auto const* const all = listed.if_array())
        for (auto const& one : *all) {
            auto const text = [&](std::string_view name) {
                auto const* const value = one.is_object() ? one.get_object().if_contains(name) : nullptr;
                if (value == nullptr) return std::string{};
                return value->is_string() ? in_xml(std::string_view{value->get_string()}) : json::serialize(*value);
            };
            whole += fmt::format("<ToKhai><MaToKhai>{}</MaToKhai><PhienBanToKhai>{}</PhienBanToKhai><TenFile>{}</TenFile><DoDai>{}</DoDai><SHA256>{}</SHA256></ToKhai>",
                                 text("code"), text("version"), text("file_name"), text("bytes"), text("sha256"));
        }
    if (row.receipt.find("<ToKhais>" + whole + "</ToKhais>") == std::string::npos) find(row, "row", "forms: the row lists others than the receipt");
}

// The answer that every repeat gets, beside the row.
void compare_answer(CheckedDossier& row, Rows const& rows, std::size_t n, json::value const& listed)
{
    auto const stored = unpack(rows.text(n, receipt_json), unpacked_bytes_max);
    boost::system::error_code error;
    auto const answer = stored ? json::parse(*stored, error) : json::value{};
    if (!stored || error || !answer.is_object()) return find(row, "answer", "the stored answer cannot be read");
    json::object expected{{"dossier_id", row.dossier_id},
                          {"case_code", row.case_code},
                          {"received_at", dossier::vietnam_time(row.at)},
                          {"content_sha256", row.column},
                          {"agency", rows.string(n, agency)},
                          {"procedure", rows.string(n, procedure)},
                          {"unit_code", rows.string(n, unit_code)},
                          {"tax_code", rows.string(n, tax_code)},
                          {"forms", listed},
                          {"paper_required", rows.boolean(n, paper_required)},
                          {"authentication", rows.text(n, authenticated).starts_with("otp") ? "otp" : "signature"},
                          {"receipt_url", "/v1/dossiers/" + row.dossier_id + "/receipt"}};
    if (row.index) expected["log"] = json::object{{"index", *row.index}};
    for (auto const& [name, value] : expected) {
        auto const* const said = answer.get_object().if_contains(name);
        if (said == nullptr || *said != value)
            find(row, "answer", fmt::format("{}: the stored answer says {}, the row {}", std::string_view{name}, said == nullptr ? "nothing" : json::serialize(*said), json::serialize(value)));
    }
    for (auto const& [name, value] : answer.get_object())
        if (!expected.contains(name) && name != "log") find(row, "answer", fmt::format("the stored answer has a member {} that no answer has", std::string_view{name}));
}

}  // namespace

std::string element_text(std::string_view xml, std::string const& name)
{
    auto const open = xml.find("<" + name + ">");
    if (open == std::string_view::npos) return {};
    auto const begin = open + name.size() + 2;
    return std::string{xml.substr(begin, xml.find('<', begin) - begin)};
}

RowCheck::RowCheck(AuditOptions const& options, CaseNumbers const& numbers) : receipts_{options.receipts}, salt_{std::random_device{}()}, numbers_{numbers}
{
    for (auto const& pem : options.certificates) {
        signing::Seal seal{pem};
        auto id = signing::hex(seal.certificate().fingerprint);
        seals_.emplace(std::move(id), std::move(seal));
    }
}

signing::Seal const* RowCheck::seal_of(std::string const& key_id) const
{
    auto const found = seals_.find(key_id);
    return found == seals_.end() ? nullptr : &found->second;
}

bool RowCheck::chosen(std::string const& id) const
{
    if (receipts_ != AuditReceipts::sample) return receipts_ == AuditReceipts::all;
    return (std::hash<std::string>{}(id) ^ salt_) * 0x9E3779B97F4A7C15u % audit_sample_of == 0;
}

void RowCheck::check_seal(CheckedDossier& row) const
{
    auto const words = dossier::read_receipt(row.receipt);
    if (!words) return find(row, "signature", "these are not the bytes of a receipt as the hub writes them");
    auto const* const seal = seal_of(words->key_id);
    row.seal_checked = true;
    row.seal_key_known = seal != nullptr;
    if (seal == nullptr) return;
    if (!seal->check(row.receipt, "sig-" + words->dossier_id)) return find(row, "signature", "the key " + words->key_id + " has not signed this receipt");
    auto const& certificate = seal->certificate();
    if (words->received_at < certificate.not_before || words->received_at > certificate.not_after)
        find(row, "signature", "the certificate of the key " + words->key_id + " was not valid when the receipt says it was given");
}

CheckedDossier RowCheck::dossier(Rows const& rows, std::size_t n) const
{
    CheckedDossier row;
    row.dossier_id = rows.string(n, dossier_id);
    row.case_code = rows.string(n, case_code);
    row.provider = rows.string(n, provider);
    row.at = rows.instant(n, received_at);
    row.column = signing::hex(rows.text(n, content_sha256));
    if (!rows.null(n, log_index)) row.index = static_cast<std::uint64_t>(rows.number(n, log_index));
    row.claim = companions_.claim(row.provider, rows.text(n, idempotency_key), rows.text(n, content_sha256), row.dossier_id, rows.text(n, agency), row.at);
    row.status = companions_.status(row.dossier_id, row.case_code, row.provider, rows.text(n, agency), rows.text(n, procedure), row.at);
    row.number = numbers_.of(rows.text(n, agency), row.at, row.case_code);
    auto const content = unpack(rows.text(n, body), unpacked_bytes_max);
    auto receipt = unpack(rows.text(n, receipt_xml), unpacked_bytes_max);
    row.body_unpacked = content.has_value();
    row.receipt_unpacked = receipt.has_value();
    if (!content || !receipt) return row;
    row.receipt = std::move(*receipt);
    row.content = signing::hex(signing::sha256(*content));
    row.leaf = leaf_of([&] { return accepted_entry(row.dossier_id, row.case_code, row.content, row.receipt, row.at, row.provider); });
    if (receipts_ == AuditReceipts::none) return row;
    boost::system::error_code error;
    auto const listed = json::parse(rows.text(n, forms), error);
    if (row.index) {  // answers of before the log had other members
        compare_receipt(row, rows, n, listed);
        compare_answer(row, rows, n, listed);
    }
    if (chosen(row.dossier_id)) check_seal(row);
    return row;
}

CheckedRefusal RowCheck::refusal(Rows const& rows, std::size_t n) const
{
    CheckedRefusal row{rows.string(n, 1), rows.string(n, 2), static_cast<std::uint64_t>(rows.number(n, 0)), std::nullopt, false};
    auto const column = signing::hex(rows.text(n, 4));
    row.leaf = leaf_of([&] { return refused_entry(row.fault_id, column, row.provider, rows.instant(n, 3)); });
    auto const content = unpack(rows.text(n, 5), unpacked_bytes_max);
    row.body_right = content && (content->empty() || signing::hex(signing::sha256(*content)) == column);
    return row;
}

}  // namespace store::detail
