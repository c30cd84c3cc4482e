#pragma once

// Every element name on the wire stands here; nowhere else. The spelling is the wire's, upper and lower case
// included; the constant is what the rest of the code says.

#include <string_view>

namespace schemas::names {

inline constexpr std::string_view xmldsig = "http://www.w3.org/2000/09/xmldsig#";

// ---- The envelope, BHXHDienTu.xml (the model of vendors' public code; no official XSD is public) ------------
inline constexpr std::string_view envelope_root = "Hoso";
inline constexpr std::string_view envelope_body = "NoiDung";
inline constexpr std::string_view envelope_signature = "CKy_Dvi";

inline constexpr std::string_view provider = "ThongTinIVAN";
inline constexpr std::string_view provider_alias = "MaIVAN";
inline constexpr std::string_view provider_name = "TenIVAN";

inline constexpr std::string_view unit = "ThongTinDonVi";
inline constexpr std::string_view unit_name = "TenDoiTuong";
inline constexpr std::string_view unit_code = "MaSoBHXH";
inline constexpr std::string_view unit_kind = "LoaiDoiTuong";
inline constexpr std::string_view unit_tax_code = "MaSoThue";
inline constexpr std::string_view unit_signatory = "NguoiKy";
inline constexpr std::string_view unit_phone = "DienThoai";
inline constexpr std::string_view unit_agency = "CoQuanQuanLy";

inline constexpr std::string_view filing = "ThongTinHoSo";
inline constexpr std::string_view filing_procedure_name = "TenThuTuc";
inline constexpr std::string_view filing_procedure = "MaThuTuc";
inline constexpr std::string_view filing_period = "KyKeKhai";
inline constexpr std::string_view filing_made_on = "NgayLap";
inline constexpr std::string_view filing_form_count = "SoLuongFile";
inline constexpr std::string_view filing_iso_process = "QuyTrinhISO";

inline constexpr std::string_view forms = "ToKhais";
inline constexpr std::string_view form = "FileToKhai";
inline constexpr std::string_view form_code = "MaToKhai";
inline constexpr std::string_view form_description = "MoTaToKhai";
inline constexpr std::string_view form_file_name = "TenFile";
inline constexpr std::string_view form_kind = "LoaiFile";
inline constexpr std::string_view form_length = "DoDaiFile";
inline constexpr std::string_view form_content = "NoiDungFile";

// ---- The forms ----------------------------------------------------------------------------------------------

}  // namespace schemas::names
