#include "gateway/probe.hpp"

#include "schemas/base64.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <utility>

namespace gateway {
namespace {

// An envelope with one attachment and no form: enough to be read and verified whole. The rules then say that it is no
// filing anybody may make, which is how we know that they were asked.
std::string unsigned_probe(std::string const& tax_code, runtime::Instant now)
{
    auto const attachment = schemas::base64_encode("%PDF-1.4 readiness probe");
    std::chrono::year_month_day const day{runtime::vietnam_day(now)};
    return fmt::format(
        "<Hoso><NoiDung><ThongTinIVAN><MaIVAN>PROBE</MaIVAN><TenIVAN>PROBE</TenIVAN></ThongTinIVAN>"
        "<ThongTinDonVi><TenDoiTuong>PROBE</TenDoiTuong><MaSoBHXH>TA0000A</MaSoBHXH><LoaiDoiTuong>1</LoaiDoiTuong>"
        "<MaSoThue>{0}</MaSoThue><NguoiKy>PROBE</NguoiKy><DienThoai>0000000000</DienThoai><CoQuanQuanLy>00108</CoQuanQuanLy>"
        "</ThongTinDonVi><ThongTinHoSo><TenThuTuc>PROBE</TenThuTuc><MaThuTuc>600</MaThuTuc>"
        "<KyKeKhai>{2:02}/{1:04}</KyKeKhai><NgayLap>{3:02}/{2:02}/{1:04}</NgayLap><SoLuongFile>1</SoLuongFile><QuyTrinhISO></QuyTrinhISO>"
        "<ToKhais><FileToKhai><MaToKhai>PROBE</MaToKhai><MoTaToKhai>PROBE</MoTaToKhai><TenFile>probe.pdf</TenFile>"
        "<LoaiFile>.pdf</LoaiFile><DoDaiFile>{4}</DoDaiFile><NoiDungFile>{5}</NoiDungFile></FileToKhai></ToKhais>"
        "</ThongTinHoSo></NoiDung><CKy_Dvi></CKy_Dvi></Hoso>",
        tax_code, int{day.year()}, unsigned{day.month()}, unsigned{day.day()}, attachment.size(), attachment);
}

}  // namespace

Probe::Probe(ReceiptKeys receipt_keys, std::shared_ptr<signing::KeyPair const> signer, runtime::Instant now)
    : receipt_keys_{std::move(receipt_keys)}, outsider_{!signer}
{
    auto const keys = receipt_keys_();
    auto const* const current = keys->in_force(now);
    if (!signer && current == nullptr) throw std::runtime_error("no receipt key is in force");
    auto const& key = signer ? *signer : *current->pair;
    auto const& tax_code = key.certificate().tax_code;
    // Canonical text, so that a key in a token can sign it too.
    dossier_ = signing::sign_canonical(key, unsigned_probe(tax_code.empty() ? "0101300842" : tax_code, now), "probe", "CKy_Dvi");
}

// The very key that the next receipt will be signed with; a token that is away shows here first.
Probe::Word Probe::seal(runtime::Instant now) const
{
    auto const keys = receipt_keys_();
    auto const* const key = keys->in_force(now);
    if (key == nullptr) return {false, "no receipt key is in force"};
    try {
        auto const sealed = signing::sign_canonical(*key->pair, "<PhieuTiepNhan>probe</PhieuTiepNhan>", "probe");
        return {sealed.find("SignatureValue") != std::string::npos, "signed by " + key->name};
    } catch (signing::KeyTrouble const& trouble) {
        return {false, trouble.what()};
    }
}

Probe::Words Probe::run(intake::Criteria const& criteria, runtime::Instant now) const
{
    auto const verified = verify(criteria, now);
    return {seal(now), verified, verified.ok ? validate(criteria, now) : Word{false, "not reached"}};
}

Probe::Word Probe::verify(intake::Criteria const& criteria, runtime::Instant now) const
{
    auto envelope = schemas::read_envelope(dossier_, criteria.limits);
    if (!envelope) return {false, "read: " + envelope.error().detail};
    auto const verified = criteria.verifier->verify(std::move(*envelope), now);
    if (verified) return {true, "verified"};
    auto const& no = verified.error();
    if (outsider_ && no.why == signing::Refusal::chain_untrusted) return {true, "refused an outsider, as it must; probe.key_file would show more"};
    return {false, fmt::format("{}: {}", signing::name_of(no.why), no.detail)};
}

Probe::Word Probe::validate(intake::Criteria const& criteria, runtime::Instant now) const
{
    auto const envelope = schemas::read_envelope(dossier_, criteria.limits);
    if (!envelope) return {false, "read: " + envelope.error().detail};
    auto const valid = criteria.validator->validate(*envelope, runtime::vietnam_day(now));
    bool const asked = valid || valid.error().why == schemas::Refusal::rule_violation;
    if (asked) return {true, "the rules were asked"};
    return {false, fmt::format("{}: {}", schemas::name_of(valid.error().why), valid.error().detail)};
}

}  // namespace gateway
