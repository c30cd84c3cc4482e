#pragma once

// The outer file BHXHDienTu.xml and the forms out of their base64 (the model of vendors' public code; no
// official XSD is public, so the shape demanded here is our own).
//
// Hoso
//  ├ NoiDung
//  │  ├ ThongTinIVAN   : MaIVAN, TenIVAN
//  │  ├ ThongTinDonVi  : TenDoiTuong, MaSoBHXH, LoaiDoiTuong, MaSoThue, NguoiKy, DienThoai, CoQuanQuanLy
//  │  └ ThongTinHoSo   : TenThuTuc, MaThuTuc, KyKeKhai, NgayLap, SoLuongFile, QuyTrinhISO,
//  │                     ToKhais / FileToKhai* : MaToKhai, MoTaToKhai, TenFile, LoaiFile, DoDaiFile, NoiDungFile
//  └ CKy_Dvi           : the unit's XML signature
//
// Our own choices: every element stands exactly once (QuyTrinhISO and CKy_Dvi may be absent, a missing signature is
// signing's to say), in any order inside its part; unknown elements and attributes are refused, but Id, attributes
// of a namespace (xsi:, xml:) and elements of XMLDSig are passed over. Values lose outer white space; comments inside a value
// are refused. TenIVAN, TenThuTuc, QuyTrinhISO, NguoiKy, DienThoai and MoTaToKhai may be empty. DoDaiFile counts
// the base64 text without outer white space, its inner white space counted or not.

#include "schemas/document.hpp"
#include "schemas/failure.hpp"
#include "schemas/limits.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemas {

struct Unit {
    std::string name;       // TenDoiTuong
    std::string code;       // MaSoBHXH, the employer's code with BHXH, as TA0001A
    std::string kind;       // LoaiDoiTuong
    std::string tax_code;   // MaSoThue, 10 digits or 10-3
    std::string signatory;  // NguoiKy
    std::string phone;      // DienThoai
    std::string agency;     // CoQuanQuanLy, 5 digits 0PPOO
};

struct ProviderClaim {
    std::string alias;  // MaIVAN: a code of the provider, or its tax code in old files
    std::string name;   // TenIVAN
};

struct Filing {
    std::string procedure;       // MaThuTuc without the vendor's version suffix, as "600"
    std::string procedure_name;  // TenThuTuc
    std::string period;          // KyKeKhai, MM/yyyy
    std::string made_on;         // NgayLap, dd/MM/yyyy: the sender's word, never the filing time
    std::string iso_process;     // QuyTrinhISO, may be empty
};

enum class Content { xml_form, pdf, png, jpeg, tiff, zip_office, ole_office };

// One FileToKhai: an XML form, or an attachment.
class Form {
public:
    // "D02-TS": MaToKhai without suffix, by its one name where it has two (D02-LT is D02-TS, 01B-HSB is M01B-HSB).
    [[nodiscard]] std::string const& code() const noexcept { return code_; }
    [[nodiscard]] std::string const& version() const noexcept { return version_; }  // "595", or empty: by date
    [[nodiscard]] std::string const& description() const noexcept { return description_; }
    [[nodiscard]] std::string const& file_name() const noexcept { return file_name_; }
    [[nodiscard]] std::string const& label() const noexcept { return label_; }      // for findings: "D02-TS", the next one "D02-TS#2"
    [[nodiscard]] Content content() const noexcept { return content_; }
    [[nodiscard]] bool is_xml() const noexcept { return content_ == Content::xml_form; }  // else an attachment
    [[nodiscard]] std::size_t size() const noexcept { return size_; }  // of the decoded file, in bytes
    // Decoded. Not kept by the one sweep (one_sweep.hpp), where it throws std::logic_error.
    [[nodiscard]] std::string const& bytes() const;
    // Of an XML form, small or large; null means an attachment, or that the one sweep kept none. A large one is Document::swept().
    [[nodiscard]] Document const* xml() const noexcept { return xml_ ? &*xml_ : nullptr; }

private:
    friend class EnvelopeBuilder;
    std::string code_, version_, description_, file_name_, label_;
    std::unique_ptr<std::string const> bytes_;  // stays where it is: xml_ may look into it
    std::size_t size_ = 0;
    Content content_ = Content::xml_form;
    std::optional<Document> xml_;
};

// Evidence: this was read, within bounds, and is internally consistent. Nobody has vouched for it yet.
class Envelope {
public:
    [[nodiscard]] std::string const& bytes() const noexcept { return *bytes_; }  // exactly as received
    // Of a swept envelope all nodes are there but the text of NoiDungFile, which the forms hold decoded. The one sweep keeps none:
    // then it throws std::logic_error.
    [[nodiscard]] Document const& xml() const;
    [[nodiscard]] ProviderClaim const& provider() const noexcept { return provider_; }
    [[nodiscard]] Unit const& unit() const noexcept { return unit_; }
    [[nodiscard]] Filing const& filing() const noexcept { return filing_; }
    [[nodiscard]] std::vector<Form> const& forms() const noexcept { return forms_; }

private:
    friend class EnvelopeBuilder;
    Envelope() = default;
    std::shared_ptr<std::string const> bytes_;  // shared with the request, which records them where a later step refuses
    std::optional<Document> xml_;
    ProviderClaim provider_;
    Unit unit_;
    Filing filing_;
    std::vector<Form> forms_;
};

// Bytes → Envelope. Pure. All inconsistencies of the envelope's fields are reported as findings at once, in the
// order of reading; `why` is the first one's. A document that cannot be parsed, another root, or more forms than the
// bound end the reading at once.
//
// Memory: beside the bytes, one copy of its base64 while it is decoded, the decoded forms, and trees within `limits`.
[[nodiscard]] Result<Envelope> read_envelope(std::shared_ptr<std::string const> bytes, EnvelopeLimits const& limits);
[[nodiscard]] Result<Envelope> read_envelope(std::string bytes, EnvelopeLimits const& limits);

}  // namespace schemas
