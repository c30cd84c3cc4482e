#include "gateway/probe.hpp"

#include "schemas/base64.hpp"

#include <fmt/format.h>

#include <chrono>
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
        "</ThongTinHoSo></NoiDung></Hoso>",
        tax_code, int{day.year()}, unsigned{day.month()}, unsigned{day.day()}, attachment.size(), attachment);
}

}  // namespace

Probe::Probe(std::shared_ptr<signing::KeyPair const> receipt_key, std::shared_ptr<signing::KeyPair const> signer, runtime::Instant now)
    : receipt_key_{std::move(receipt_key)}, outsider_{!signer}
{
    auto const& key = signer ? *signer : *receipt_key_;
    auto const& tax_code = key.certificate().tax_code;
    signing::SignOptions options;
    options.holder = "CKy_Dvi";
    dossier_ = signing::sign_document(key, unsigned_probe(tax_code.empty() ? "0101300842" : tax_code, now), options);
}

Probe::Words Probe::run(intake::Criteria const& criteria, runtime::Instant now) const
{
    auto const sealed = signing::sign_canonical(*receipt_key_, "<PhieuTiepNhan>probe</PhieuTiepNhan>", "probe");
    Word const seal{sealed.find("SignatureValue") != std::string::npos, "signed"};
    auto const verified = verify(criteria, now);
    return {seal, verified, verified.ok ? validate(criteria, now) : Word{false, "not reached"}};
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
