#pragma once

// Element names inside forms that rules read. Names of the envelope: names.hpp. Where a name is our own, its schema
// under xsd/ says so.

#include <string_view>

namespace schemas::form_names {

// Persons.
inline constexpr std::string_view employee_row        = "LaoDong";
inline constexpr std::string_view person_number       = "MasoBHXH";
inline constexpr std::string_view identity_number     = "CMND";
inline constexpr std::string_view birth_date          = "NgaySinh";
inline constexpr std::string_view birth_date_child    = "NgaySinhCon";
inline constexpr std::string_view gender              = "GioiTinh";
inline constexpr std::string_view nationality         = "QuocTich";
inline constexpr std::string_view ethnic_group        = "DanToc";
inline constexpr std::string_view relation            = "MoiQuanHe";
inline constexpr std::string_view member_row          = "ThanhVien";
inline constexpr std::string_view facility            = "MaBenhVien";
inline constexpr std::string_view facility_province   = "MaTinhBenhVien";
inline constexpr std::string_view province_birth      = "Matinh_KS";
inline constexpr std::string_view province_home       = "Matinh_NN";
inline constexpr std::string_view province_living     = "Matinh_DangSS";
inline constexpr std::string_view province_household  = "MaTinh";
inline constexpr std::string_view ward_birth          = "Maxa_KS";
inline constexpr std::string_view ward_home           = "Maxa_NN";
inline constexpr std::string_view ward_living         = "Maxa_DangSS";
inline constexpr std::string_view ward_household      = "MaXa";
inline constexpr std::string_view death_date          = "NgayChet";

// D02-TS.
inline constexpr std::string_view change              = "pa";
inline constexpr std::string_view salary              = "tienLuong";
inline constexpr std::string_view from_month          = "tuThang";
inline constexpr std::string_view to_month            = "denThang";
inline constexpr std::string_view manager_from        = "VtvlNqlTungay";
inline constexpr std::string_view manager_to          = "VtvlNqlDenngay";
inline constexpr std::string_view expert_from         = "VtvlCmktbcTungay";
inline constexpr std::string_view expert_to           = "VtvlCmktbcDenngay";
inline constexpr std::string_view technician_from     = "VtvlCmktbtTungay";
inline constexpr std::string_view technician_to       = "VtvlCmktbtDenngay";
inline constexpr std::string_view other_job_from      = "VtvlKhacTungay";
inline constexpr std::string_view other_job_to        = "VtvlKhacDenngay";
inline constexpr std::string_view hazardous_from      = "NnDhTungay";
inline constexpr std::string_view hazardous_to        = "NnDhDenngay";
inline constexpr std::string_view contract_open_from  = "HdldTungay";
inline constexpr std::string_view contract_fixed_from = "HdldXdthTungay";
inline constexpr std::string_view contract_fixed_to   = "HdldXdthDenngay";
inline constexpr std::string_view contract_other_from = "HdldKhacTungay";
inline constexpr std::string_view contract_other_to   = "HdldKhacDenngay";

// D03-TS, D05-TS.
inline constexpr std::string_view change_upper        = "PA";
inline constexpr std::string_view form_head           = "ThongTinKhac";
inline constexpr std::string_view form_body           = "NoiDung";
inline constexpr std::string_view base_salary         = "LuongCoSo";
inline constexpr std::string_view state_share         = "TyleNSNN";
inline constexpr std::string_view local_share         = "TyleNSDP";
inline constexpr std::string_view other_support       = "HotroKhac";
inline constexpr std::string_view receipt_date        = "NgayBienLai";
inline constexpr std::string_view money               = "Tiendong";
inline constexpr std::string_view months              = "Sothang";
inline constexpr std::string_view from_day            = "TuNgay";
inline constexpr std::string_view to_day              = "DenNgay";
inline constexpr std::string_view from_month_d05      = "Tuthang";
inline constexpr std::string_view health_card         = "MaTheBHYT";
inline constexpr std::string_view health_card_child   = "MaTheBHYTCon";
inline constexpr std::string_view card_expiry         = "NgayHetHanThe";
inline constexpr std::string_view household_place     = "ThuTuHoGD";

// D01-TS.
inline constexpr std::string_view issued_on           = "NgayBanHanh";
inline constexpr std::string_view effective_on        = "NgayHieuLuc";

// M01B-HSB.
inline constexpr std::string_view disease             = "MaBenh";
inline constexpr std::string_view back_to_work        = "NgayDiLamLai";
inline constexpr std::string_view settled_month       = "ThangDaDuyet";

// TK3-TS and registrations.
inline constexpr std::string_view unit_tax_code       = "MaSoThue";
inline constexpr std::string_view payment_way         = "PhuongThucDong";
inline constexpr std::string_view agency_of_unit      = "MaCoQuan";
inline constexpr std::string_view made_on_day         = "NgayLap";
inline constexpr std::string_view registered_on       = "NgayDangKy";
inline constexpr std::string_view stops_on            = "NgayNgung";
inline constexpr std::string_view form_period         = "KyKeKhai";

// Holders of signatures: nothing below them is read.
inline constexpr std::string_view form_signature      = "Cky";
inline constexpr std::string_view unit_signature      = "CKy_Dvi";

}  // namespace schemas::form_names
