#include "gateway/dossier/receipt.hpp"

#include "gateway/dossier/time.hpp"
#include "signing/digest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

namespace dossier {

namespace {

// What follows whom: 2 added MaKhoa, XacThuc, TuoiBangChung and ChoKiemTraLai; 3 adds ViTriNhatKy. Receipts given out stay as
// they are.
std::string_view layout_of(ReceiptFacts const& facts) { return facts.log_index ? "3" : "2"; }

// What is reserved: a guess that is seldom too small, since growing copies.
constexpr std::size_t receipt_bytes = 1536, answer_bytes = 768, form_bytes = 320, signer_bytes = 1280;

constexpr char hex_digits[] = "0123456789abcdef";

// Which characters of ASCII cannot stand for themselves.
using Table = std::array<bool, 256>;
constexpr Table table_of(std::string_view more)
{
    Table table{};
    for (unsigned c = 0; c < 0x20; ++c) table[c] = true;
    for (char const c : more) table[static_cast<unsigned char>(c)] = true;
    return table;
}

// Appends `value`, and in place of each character of the table what `escape` appends for it.
template <class Escape>
void append_escaped(std::string& text, std::string_view value, Table const& special, Escape const& escape)
{
    auto const is_special = [&](char c) { return special[static_cast<unsigned char>(c)]; };
    auto at = value.begin();
    for (;;) {
        auto const end = std::find_if(at, value.end(), is_special);
        text.append(at, end);
        if (end == value.end()) return;
        escape(text, *end);
        at = end + 1;
    }
}

// Writes elements as Canonical XML 1.0 demands: start and end tag always, no attributes, escapes of C14N §2.3.
// Names: no layout of an electronic receipt is public; these follow the vendors' style and are our own.
class CanonicalWriter {
public:
    explicit CanonicalWriter(std::size_t likely_bytes) { text_.reserve(likely_bytes); }

    void open(std::string_view name) { text_.append("<").append(name).append(">"); }
    void close(std::string_view name) { text_.append("</").append(name).append(">"); }
    void leaf(std::string_view name, std::string_view value)
    {
        open(name);
        append_escaped(text_, value, special, escape);
        close(name);
    }
    void leaf(std::string_view name, std::size_t value)
    {
        std::array<char, 20> digits;
        auto* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        plain(name, {digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    void leaf(std::string_view name, bool value) { plain(name, value ? "true" : "false"); }
    void leaf(std::string_view name, char const* value) { leaf(name, std::string_view{value}); }
    void leaf(std::string_view name, signing::Sha256 const& value)
    {
        std::array<char, 2 * std::tuple_size_v<signing::Sha256>> digits;
        for (std::size_t i = 0; i < value.size(); ++i) {
            digits[2 * i] = hex_digits[value[i] >> 4];
            digits[2 * i + 1] = hex_digits[value[i] & 15];
        }
        plain(name, {digits.data(), digits.size()});
    }
    void time(std::string_view name, runtime::Instant at)
    {
        open(name);
        append_vietnam_time(text_, at);
        close(name);
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    static constexpr Table special = table_of("&<>");
    static void escape(std::string& text, char c)
    {
        switch (c) {
            case '&': text += "&amp;"; break;
            case '<': text += "&lt;"; break;
            case '>': text += "&gt;"; break;
            case '\r': text += "&#xD;"; break;
            case '\t':
            case '\n': text += c; break;
            default: text += '?';  // no XML character: cannot be written
        }
    }
    void plain(std::string_view name, std::string_view value)
    {
        open(name);
        text_.append(value);
        close(name);
    }

    std::string text_;
};

// Writes JSON, without spaces, member after member (RFC 8259).
class JsonWriter {
public:
    explicit JsonWriter(std::size_t likely_bytes) { text_.reserve(likely_bytes); }

    void open(char bracket)
    {
        separate();
        text_ += bracket;
        first_ = true;
    }
    void close(char bracket)
    {
        text_ += bracket;
        first_ = false;
    }
    // A name of ours: nothing in it has to be escaped.
    JsonWriter& name(std::string_view name)
    {
        separate();
        text_.append("\"").append(name).append("\":");
        first_ = true;
        return *this;
    }
    void value(std::string_view value)
    {
        separate();
        text_ += '"';
        append_escaped(text_, value, special, escape);
        text_ += '"';
    }
    void value(std::size_t value) { plain(std::to_string(value)); }
    void plain(std::string_view word)
    {
        separate();
        text_.append(word);
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    static constexpr Table special = table_of("\"\\");
    static void escape(std::string& text, char c)
    {
        switch (c) {
            case '"': text += "\\\""; break;
            case '\\': text += "\\\\"; break;
            case '\b': text += "\\b"; break;
            case '\f': text += "\\f"; break;
            case '\n': text += "\\n"; break;
            case '\r': text += "\\r"; break;
            case '\t': text += "\\t"; break;
            default: text.append("\\u00").append({hex_digits[static_cast<unsigned char>(c) >> 4], hex_digits[c & 15]});
        }
    }
    void separate()
    {
        if (!first_) text_ += ',';
        first_ = false;
    }

    std::string text_;
    bool first_ = true;  // nothing stands before in this list
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
    out.leaf("DauVanSHA256", certificate.fingerprint);
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

void write_forms(JsonWriter& out, ReceiptFacts const& facts)
{
    out.open('[');
    for (auto const& form : facts.forms) {
        out.open('{');
        out.name("code").value(form.code);
        out.name("version").value(form.version);
        out.name("file_name").value(form.file_name);
        out.name("bytes").value(form.bytes);
        out.name("sha256").value(form.sha256);
        out.close('}');
    }
    out.close(']');
}

std::string answer_json(ReceiptFacts const& facts)
{
    JsonWriter out{answer_bytes + facts.forms.size() * form_bytes};
    out.open('{');
    out.name("dossier_id").value(facts.dossier_id);
    out.name("case_code").value(facts.case_code);
    out.name("received_at").value(vietnam_time(facts.received_at));
    out.name("content_sha256").value(facts.content_sha256);
    out.name("agency").value(facts.agency);
    out.name("procedure").value(facts.procedure);
    out.name("unit_code").value(facts.unit_code);
    out.name("tax_code").value(facts.tax_code);
    out.name("forms");
    write_forms(out, facts);
    out.name("paper_required").plain(facts.paper_required ? "true" : "false");
    out.name("authentication").value(facts.one_time_password ? "otp" : "signature");
    out.name("receipt_url").value("/v1/dossiers/" + facts.dossier_id + "/receipt");
    out.name("log");
    if (facts.log_index) {
        out.open('{');
        out.name("index").value(static_cast<std::size_t>(*facts.log_index));
        out.close('}');
    } else {
        out.plain("null");
    }
    out.close('}');
    return out.take();
}

}  // namespace

std::string forms_json(ReceiptFacts const& facts)
{
    JsonWriter out{facts.forms.size() * form_bytes + 2};
    write_forms(out, facts);
    return out.take();
}

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
    CanonicalWriter out{receipt_bytes + facts.forms.size() * form_bytes + facts.signers.size() * signer_bytes};
    out.open("PhieuTiepNhan");
    out.leaf("PhienBan", layout_of(facts));
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
    if (facts.log_index) out.leaf("ViTriNhatKy", static_cast<std::size_t>(*facts.log_index));  // leaf of the provable log
    out.close("PhieuTiepNhan");
    return out.take();
}

Receipt seal(ReceiptFacts const& facts, signing::KeyPair const& key)
{
    auto const text = canonical_receipt(facts, key_id_of(key.certificate()));
    return {signing::sign_canonical(key, text, "sig-" + facts.dossier_id), answer_json(facts)};
}

}  // namespace dossier
