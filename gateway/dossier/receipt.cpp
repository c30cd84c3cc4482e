#include "gateway/dossier/receipt.hpp"

#include "gateway/dossier/time.hpp"
#include "signing/digest.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <string_view>

namespace dossier {

namespace {

// What follows whom: 2 added MaKhoa, XacThuc, TuoiBangChung and ChoKiemTraLai. Receipts given out stay as they are.
constexpr std::string_view layout_version = "2";

// Writes elements as Canonical XML 1.0 demands: start and end tag always, no attributes, escapes of C14N §2.3.
// Names: no layout of an electronic receipt is public; these follow the vendors' style and are our own.
class CanonicalWriter {
public:
    void open(std::string_view name) { text_.append("<").append(name).append(">"); }
    void close(std::string_view name) { text_.append("</").append(name).append(">"); }
    void leaf(std::string_view name, std::string_view value)
    {
        open(name);
        for (char const c : value) {
            switch (c) {
                case '&': text_ += "&amp;"; break;
                case '<': text_ += "&lt;"; break;
                case '>': text_ += "&gt;"; break;
                case '\r': text_ += "&#xD;"; break;
                case '\t':
                case '\n': text_ += c; break;
                default: text_ += static_cast<unsigned char>(c) < 0x20 ? '?' : c;  // no XML character: cannot be written
            }
        }
        close(name);
    }
    void leaf(std::string_view name, std::size_t value) { leaf(name, std::to_string(value)); }
    void leaf(std::string_view name, bool value) { leaf(name, value ? std::string_view{"true"} : std::string_view{"false"}); }
    void leaf(std::string_view name, char const* value) { leaf(name, std::string_view{value}); }
    void time(std::string_view name, runtime::Instant at) { leaf(name, vietnam_time(at)); }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
};

// The evidence that a certificate was not revoked, and how old it was when the dossier came in (names are our own).
void write_evidence(CanonicalWriter& out, signing::RevocationEvidence const& evidence, runtime::Instant received_at)
{
    out.open("KiemTraThuHoi");
    out.leaf("Nguon", evidence.source);
    // A source without dates is "none": it has no age either.
    if (evidence.this_update != runtime::Instant{}) {
        out.time("CapNhatLuc", evidence.this_update);
        if (evidence.next_update != runtime::Instant{}) out.time("CapNhatTiepTheo", evidence.next_update);
        out.leaf("TuoiBangChung", static_cast<std::size_t>(evidence.age(received_at).count()));  // seconds
    }
    out.leaf("ChoKiemTraLai", evidence.grace);  // accepted under the anchor's grace: checked again when evidence returns
    out.close("KiemTraThuHoi");
}

// How the sender was known: by signatures, or an individual by a one-time password (QĐ 352 art. 17).
void write_authentication(CanonicalWriter& out, ReceiptFacts const& facts)
{
    out.open("XacThuc");
    if (auto const& otp = facts.one_time_password) {
        out.leaf("PhuongThuc", "OTP");
        out.leaf("KenhGui", otp->channel == signing::OtpChannel::sms ? "SMS" : "Email");
        out.leaf("MaYeuCau", otp->challenge_id);
        out.time("ThoiDiemXacThuc", otp->at);
    } else {
        out.leaf("PhuongThuc", "ChuKySo");
    }
    out.close("XacThuc");
}

void write_signer(CanonicalWriter& out, signing::Signer const& signer, runtime::Instant received_at)
{
    auto const& certificate = signer.certificate;
    out.open("ChuKy");
    out.leaf("PhamVi", signer.form.empty() ? std::string_view{"BHXHDienTu"} : std::string_view{signer.form});
    out.leaf("NguoiKy", certificate.subject);
    out.leaf("MaSoThue", certificate.tax_code);
    out.leaf("SoChungThu", certificate.serial);
    out.leaf("ToChucChungThuc", certificate.issuer);
    out.leaf("DauVanSHA256", signing::hex(certificate.fingerprint));
    out.time("HieuLucTu", certificate.not_before);
    out.time("HieuLucDen", certificate.not_after);
    out.leaf("LoaiKhoa", certificate.key);
    out.leaf("ThuatToanKy", signer.signature_algorithm);
    out.leaf("ThuatToanBam", signer.digest_algorithm);
    out.leaf("ChuanHoa", signer.canonicalisation);
    if (signer.signing_time) out.time("ThoiDiemKy", *signer.signing_time);
    out.leaf("ChungThuThuNghiem", signer.test);
    write_evidence(out, signer.revocation, received_at);
    out.close("ChuKy");
}

boost::json::array form_objects(ReceiptFacts const& facts)
{
    boost::json::array forms;
    for (auto const& form : facts.forms)
        forms.push_back(boost::json::object{{"code", form.code},
                                            {"version", form.version},
                                            {"file_name", form.file_name},
                                            {"bytes", form.bytes},
                                            {"sha256", form.sha256}});
    return forms;
}

std::string answer_json(ReceiptFacts const& facts)
{
    auto forms = form_objects(facts);
    boost::json::object answer{{"dossier_id", facts.dossier_id},
                               {"case_code", facts.case_code},
                               {"received_at", vietnam_time(facts.received_at)},
                               {"content_sha256", facts.content_sha256},
                               {"agency", facts.agency},
                               {"procedure", facts.procedure},
                               {"unit_code", facts.unit_code},
                               {"tax_code", facts.tax_code},
                               {"forms", std::move(forms)},
                               {"paper_required", facts.paper_required},
                               {"authentication", facts.one_time_password ? "otp" : "signature"},
                               {"receipt_url", "/v1/dossiers/" + facts.dossier_id + "/receipt"},
                               {"log", nullptr}};
    return boost::json::serialize(answer);
}

}  // namespace

std::string forms_json(ReceiptFacts const& facts) { return boost::json::serialize(form_objects(facts)); }

ReceiptFacts facts_of(providers::Provider const& provider, signing::Verified const& verified,
                      schemas::Valid const& valid, std::string content_sha256)
{
    auto const& envelope = verified.envelope();
    ReceiptFacts facts;
    // What is stored and what is printed are the same instant: milliseconds.
    facts.received_at = std::chrono::floor<std::chrono::milliseconds>(verified.at());
    facts.provider_code = provider.code;
    facts.provider_name = provider.name;
    facts.unit_name = envelope.unit().name;
    facts.unit_code = envelope.unit().code;
    facts.tax_code = envelope.unit().tax_code;
    facts.agency = envelope.unit().agency;
    facts.procedure = envelope.filing().procedure;
    facts.procedure_name = envelope.filing().procedure_name;
    facts.period = envelope.filing().period;
    facts.content_sha256 = std::move(content_sha256);
    facts.content_bytes = envelope.bytes().size();
    for (std::size_t i = 0; i < envelope.forms().size(); ++i) {
        auto const& form = envelope.forms()[i];
        // The version that was applied, not the one that was claimed.
        auto const version = i < valid.forms().size() ? valid.forms()[i].version : form.version();
        facts.forms.push_back(
            {form.code(), version, form.file_name(), signing::hex(verified.files().at(i).sha256), verified.files().at(i).size});
    }
    facts.signers = verified.signers();
    if (auto const& otp = verified.otp()) facts.one_time_password = {otp->channel(), otp->challenge_id(), otp->at()};
    facts.paper_required = verified.paper_required();
    return facts;
}

std::string key_id_of(signing::CertificateFacts const& certificate) { return signing::hex(certificate.fingerprint); }

std::string canonical_receipt(ReceiptFacts const& facts, std::string_view key_id)
{
    CanonicalWriter out;
    out.open("PhieuTiepNhan");
    out.leaf("PhienBan", layout_version);
    out.leaf("MaKhoa", key_id);
    out.leaf("MaHoSo", facts.case_code);
    out.leaf("MaGiaoDich", facts.dossier_id);
    out.time("ThoiDiemTiepNhan", facts.received_at);
    out.open("ThongTinIVAN");
    out.leaf("MaIVAN", facts.provider_code);
    out.leaf("TenIVAN", facts.provider_name);
    out.close("ThongTinIVAN");
    out.open("ThongTinDonVi");
    out.leaf("TenDoiTuong", facts.unit_name);
    out.leaf("MaSoBHXH", facts.unit_code);
    out.leaf("MaSoThue", facts.tax_code);
    out.leaf("CoQuanQuanLy", facts.agency);
    out.close("ThongTinDonVi");
    out.open("ThongTinHoSo");
    out.leaf("MaThuTuc", facts.procedure);
    out.leaf("TenThuTuc", facts.procedure_name);
    out.leaf("KyKeKhai", facts.period);
    out.leaf("DoDai", facts.content_bytes);
    out.leaf("SHA256", facts.content_sha256);
    out.open("ToKhais");
    for (auto const& form : facts.forms) {
        out.open("ToKhai");
        out.leaf("MaToKhai", form.code);
        out.leaf("PhienBanToKhai", form.version);
        out.leaf("TenFile", form.file_name);
        out.leaf("DoDai", form.bytes);
        out.leaf("SHA256", form.sha256);
        out.close("ToKhai");
    }
    out.close("ToKhais");
    out.close("ThongTinHoSo");
    write_authentication(out, facts);
    out.open("ChuKys");
    for (auto const& signer : facts.signers) write_signer(out, signer, facts.received_at);
    out.close("ChuKys");
    out.leaf("CanNopHoSoGiay", facts.paper_required);  // CV 1240 §3: signed with a test certificate, paper too
    out.close("PhieuTiepNhan");
    return out.take();
}

Receipt seal(ReceiptFacts const& facts, signing::KeyPair const& key)
{
    auto const text = canonical_receipt(facts, key_id_of(key.certificate()));
    return {signing::sign_canonical(key, text, "sig-" + facts.dossier_id), answer_json(facts)};
}

}  // namespace dossier
