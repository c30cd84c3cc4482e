#include "loadtest/corpus.hpp"

#include "schemas/base64.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <span>
#include <string_view>

namespace loadtest {

namespace {

using namespace std::chrono;

std::string escaped(std::string_view text)
{
    std::string safe;
    for (char const c : text) {
        if (c == '&') safe += "&amp;";
        else if (c == '<') safe += "&lt;";
        else if (c == '>') safe += "&gt;";
        else safe += c;
    }
    return safe;
}

// XML as the vendors' software writes it: one element a line, indented by two.
class Writer {
public:
    explicit Writer(std::string_view root) : text_{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"} { open(root); }

    void open(std::string_view name)
    {
        indent();
        text_ += fmt::format("<{}>\n", name);
        names_.emplace_back(name);
    }
    void close()
    {
        auto const name = names_.back();
        names_.pop_back();
        indent();
        text_ += fmt::format("</{}>\n", name);
    }
    void leaf(std::string_view name, std::string_view value)
    {
        indent();
        text_ += value.empty() ? fmt::format("<{}/>\n", name) : fmt::format("<{0}>{1}</{0}>\n", name, escaped(value));
    }
    void leaf(std::string_view name, std::uint64_t value) { leaf(name, std::to_string(value)); }

    [[nodiscard]] std::string finish()
    {
        while (!names_.empty()) close();
        return std::move(text_);
    }

private:
    void indent() { text_.append(2 * names_.size(), ' '); }
    std::string text_;
    std::vector<std::string> names_;
};

constexpr std::array family_names{"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý"};
constexpr std::array middle_names_male{"Văn", "Đức", "Hữu", "Quang", "Minh", "Công", "Xuân", "Ngọc"};
constexpr std::array middle_names_female{"Thị", "Thị Ngọc", "Thị Thu", "Thị Thanh", "Ngọc", "Thùy", "Thị Mỹ", "Thị Kim"};
constexpr std::array given_names_male{"An", "Bình", "Cường", "Dũng", "Đạt", "Hiếu", "Hùng", "Khánh", "Long", "Nam", "Phúc", "Sơn", "Thắng", "Tuấn", "Việt"};
constexpr std::array given_names_female{"Anh", "Chi", "Dung", "Hà", "Hằng", "Hương", "Lan", "Linh", "Mai", "Nga", "Oanh", "Phương", "Thảo", "Trang", "Yến"};
constexpr std::array jobs{"Công nhân vận hành máy, phân xưởng 1", "Nhân viên kế toán, phòng Tài chính", "Kỹ sư phần mềm, phòng Kỹ thuật", "Nhân viên bán hàng, cửa hàng số 3",
                          "Trưởng nhóm kho, kho trung tâm", "Lái xe tải, đội vận chuyển", "Nhân viên nhân sự, phòng Tổ chức"};
constexpr std::array provinces{"01", "31", "38", "48", "79", "92"};
constexpr std::array increases{"TM", "TH", "DC", "CD", "ON"};
constexpr std::array diseases{"000", "001A06.1", "005J06", "010K29.7"};

struct FormKind {
    std::string_view code, procedure, holder, description;
};
constexpr std::array form_kinds{
    FormKind{"D02-TS", "600", "Cky", "Danh sách lao động tham gia BHXH, BHYT, BHTN, BHTNLĐ, BNN"},
    FormKind{"TK1-TS", "607", "Cky", "Tờ khai tham gia, điều chỉnh thông tin BHXH, BHYT"},
    FormKind{"TK3-TS", "604", "Cky", "Tờ khai đơn vị tham gia, điều chỉnh thông tin BHXH, BHYT"},
    FormKind{"D01-TS", "BS-D01", "Cky", "Bảng kê thông tin"},
    FormKind{"D03-TS", "603", "Cky", "Danh sách người chỉ tham gia BHYT"},
    FormKind{"D05-TS", "602", "Cky", "Danh sách người tham gia BHXH tự nguyện"},
    FormKind{"M01B-HSB", "630", "Cky", "Danh sách đề nghị giải quyết hưởng chế độ ốm đau, thai sản, dưỡng sức phục hồi sức khỏe"},
    FormKind{"04_DK-IVAN", "04_DK-IVAN", "CKy_Dvi", "Tờ khai đăng ký sử dụng dịch vụ I-VAN"},
    FormKind{"05_SD-IVAN", "05_SD-IVAN", "CKy_Dvi", "Tờ khai thay đổi thông tin đăng ký sử dụng dịch vụ I-VAN"},
    FormKind{"06_NG-IVAN", "06_NG-IVAN", "CKy_Dvi", "Tờ khai ngừng sử dụng dịch vụ I-VAN"},
};

FormKind const& kind_of(std::string_view code)
{
    auto const at = std::ranges::find(form_kinds, code, &FormKind::code);
    if (at == form_kinds.end()) throw std::invalid_argument("the corpus makes no form " + std::string{code});
    return *at;
}

std::string day_text(sys_days day)
{
    year_month_day const ymd{day};
    return fmt::format("{:02}/{:02}/{:04}", unsigned(ymd.day()), unsigned(ymd.month()), int(ymd.year()));
}

std::string month_text(sys_days day) { return day_text(day).substr(3); }

// Lương cơ sở as schemas/rules/bounds.toml has it; a test of the corpus says when the two part.
std::uint64_t base_salary_on(sys_days day)
{
    if (day >= sys_days{2024y / July / 1}) return 2'340'000;
    if (day >= sys_days{2023y / July / 1}) return 1'800'000;
    if (day >= sys_days{2019y / July / 1}) return 1'490'000;
    return 1'390'000;
}

struct Person {
    std::string name, number, birth, gender, identity, province;
};

}  // namespace

struct Corpus::Data {
    CorpusConfig config;
    std::mt19937_64 random;

    std::uint64_t below(std::uint64_t bound) { return random() % bound; }  // The bias is far below what a load test sees.
    template <class List>
    std::string_view any_of(List const& list) { return list[below(list.size())]; }
    std::string digits(unsigned count)
    {
        std::string text;
        while (text.size() < count) text += static_cast<char>('0' + below(10));
        return text;
    }

    Person person();
    void head_of_unit(Writer& xml) const;

    void employees(Writer& xml, unsigned people);           // D02-TS
    void declarations(Writer& xml, unsigned people);        // TK1-TS
    void household(Writer& xml);                            // its annex
    void unit_declaration(Writer& xml) const;               // TK3-TS
    void documents(Writer& xml, unsigned people);           // D01-TS
    void card_holders(Writer& xml, unsigned people);        // D03-TS
    void voluntary(Writer& xml, unsigned people);           // D05-TS
    void benefits(Writer& xml, unsigned people);            // M01B-HSB
    void registration(Writer& xml, std::string_view code) const;
};

Person Corpus::Data::person()
{
    bool const female = below(2) == 1;
    Person made;
    made.name = female ? fmt::format("{} {} {}", any_of(family_names), any_of(middle_names_female), any_of(given_names_female))
                       : fmt::format("{} {} {}", any_of(family_names), any_of(middle_names_male), any_of(given_names_male));
    auto const born = sys_days{1965y / January / 1} + days{below(365 * 35)};
    made.birth = day_text(born);
    made.gender = female ? "1" : "0";
    made.province = any_of(provinces);
    made.number = made.province + digits(8);
    bool const this_century = year_month_day{born}.year() >= 2000y;
    made.identity = fmt::format("0{}{}{}{}", made.province, (this_century ? 2 : 0) + (female ? 1 : 0), made.birth.substr(8, 2), digits(6));
    return made;
}

void Corpus::Data::head_of_unit(Writer& xml) const
{
    xml.leaf("TenDonVi", config.unit_name);
    xml.leaf("MaDonVi", config.unit_code);
}

void Corpus::Data::employees(Writer& xml, unsigned people)
{
    bool const with_labour = config.day >= sys_days{2020y / August / 18};  // D02-LT, QĐ 1040
    xml.open("ThongTinKhac");
    head_of_unit(xml);
    xml.leaf("MaSoThue", config.tax_code);
    xml.leaf("DiaChi", "Số 1 phố Thử Nghiệm, quận Ba Đình, Hà Nội");
    xml.leaf("DienThoai", "02400000000");
    xml.leaf("Email", "bhxh@example.vn");
    xml.leaf("SoDanhSach", 1 + below(9));
    xml.leaf("KyKeKhai", month_text(config.day));
    xml.close();
    xml.open("NoiDung");
    for (unsigned i = 1; i <= people; ++i) {
        auto const who = person();
        xml.open("LaoDong");
        xml.leaf("STT", i);
        xml.leaf("HoTen", who.name);
        xml.leaf("MasoBHXH", who.number);
        if (with_labour) {
            xml.leaf("NgaySinh", who.birth);
            xml.leaf("GioiTinh", who.gender);
            xml.leaf("CMND", who.identity);
        }
        xml.leaf("pa", any_of(increases));
        xml.leaf("chucVu", any_of(jobs));
        if (with_labour) xml.leaf("VtvlKhacTungay", day_text(config.day - days{below(300)}));
        if (below(10) == 0) xml.leaf("tienLuong", fmt::format("{}.{}", 2 + below(4), 10 + below(90)));
        else xml.leaf("tienLuong", 5'000'000 + 100'000 * below(300));
        xml.leaf("phuCapLuong", 100'000 * below(20));
        xml.leaf("phuCapBoSung", 100'000 * below(10));
        if (with_labour) {
            xml.leaf("HdldXdthTungay", day_text(config.day - days{30}));
            xml.leaf("HdldXdthDenngay", day_text(config.day + days{335}));
        }
        xml.leaf("tuThang", month_text(config.day - days{30}));
        xml.leaf("denThang", "");
        xml.leaf("loai", 1);
        xml.leaf("daCoSo", below(2));
        xml.leaf("tinhLai", "0");
        if (with_labour) xml.leaf("maVungLTT", fmt::format("{:02}", 1 + below(4)));
        xml.leaf("ghiChu", fmt::format("HĐLĐ số {}/HĐLĐ, ký ngày {}", 100 + below(900), day_text(config.day - days{30})));
        xml.close();
    }
}

void Corpus::Data::household(Writer& xml)
{
    auto const head = person();
    xml.open("PhuLuc");
    xml.leaf("Hoten_Chuho", head.name);
    xml.leaf("DienThoai", "0900000000");
    xml.leaf("MaTinh", "01");
    xml.leaf("MaXa", "00001");
    xml.leaf("Diachi_HK", "Số 1 phố Thử Nghiệm");
    xml.open("DSThanhVien");
    constexpr std::array relations{"00", "01", "08"};
    for (std::size_t i = 0; i < relations.size(); ++i) {
        auto const who = i == 0 ? head : person();
        xml.open("ThanhVien");
        xml.leaf("STT", i + 1);
        xml.leaf("HoTen", who.name);
        xml.leaf("MasoBHXH", who.number);
        xml.leaf("NgaySinh", who.birth);
        xml.leaf("GioiTinh", who.gender);
        xml.leaf("Matinh_KS", "01");
        xml.leaf("MoiQuanHe", relations[i]);
        xml.leaf("CMND", who.identity);
        xml.leaf("DanToc", "01");
        xml.leaf("QuocTich", "VN");
        xml.close();
    }
    xml.close();
    xml.close();
}

void Corpus::Data::declarations(Writer& xml, unsigned people)
{
    xml.open("NoiDung");
    for (unsigned i = 1; i <= people; ++i) {
        auto const who = person();
        xml.open("LaoDong");
        xml.leaf("STT", i);
        xml.leaf("HoTen", who.name);
        xml.leaf("NgaySinh", who.birth);
        xml.leaf("GioiTinh", who.gender);
        xml.leaf("QuocTich", "VN");
        xml.leaf("DanToc", "01");
        xml.leaf("Matinh_KS", "01");
        xml.leaf("Maxa_KS", "00001");
        xml.leaf("Diachi_NN", "Số 1 phố Thử Nghiệm, Hà Nội");
        xml.leaf("Matinh_NN", "01");
        xml.leaf("Maxa_NN", "00001");
        xml.leaf("MasoBHXH", who.number);
        xml.leaf("Dienthoai_LH", "0900000000");
        xml.leaf("CMND", who.identity);
        xml.leaf("MaTinhBenhVien", "01");
        xml.leaf("MaBenhVien", "01001");
        xml.leaf("Noidung_Thaydoi", "Cấp lại sổ BHXH do mất");
        if (i == 1) household(xml);
        xml.close();
    }
}

void Corpus::Data::unit_declaration(Writer& xml) const
{
    xml.open("NoiDung");
    head_of_unit(xml);
    xml.leaf("MaSoThue", config.tax_code);
    xml.leaf("DiaChiDKKD", "Số 1 phố Thử Nghiệm, quận Ba Đình, Hà Nội");
    xml.leaf("DiaChiLienHe", "Số 1 phố Thử Nghiệm, quận Ba Đình, Hà Nội");
    xml.leaf("LoaiHinh", "Công ty trách nhiệm hữu hạn");
    xml.leaf("DienThoai", "02400000000");
    xml.leaf("Email", "bhxh@example.vn");
    xml.leaf("PhuongThucDong", "1");
    xml.leaf("NoiDungThayDoi", "Thay đổi địa chỉ liên hệ");
}

void Corpus::Data::documents(Writer& xml, unsigned people)
{
    xml.open("NoiDung");
    xml.leaf("TenBangKe", "Bảng kê thông tin kèm theo hồ sơ");
    xml.leaf("KemTheo", "D02-TS");
    xml.open("BangKe");
    for (unsigned i = 1; i <= people; ++i) {
        auto const who = person();
        xml.open("ThongTin");
        xml.leaf("STT", i);
        xml.leaf("HoTen", who.name);
        xml.leaf("MasoBHXH", who.number);
        xml.leaf("TenLoaiVanBan", "Hợp đồng lao động");
        xml.leaf("SoVanBan", fmt::format("{}/HĐLĐ", 100 + below(900)));
        xml.leaf("NgayBanHanh", day_text(config.day - days{40}));
        xml.leaf("NgayHieuLuc", day_text(config.day - days{30}));
        xml.leaf("CoQuanBanHanh", config.unit_name);
        xml.leaf("TrichYeu", "Hợp đồng lao động xác định thời hạn 12 tháng");
        xml.close();
    }
    xml.close();
}

void Corpus::Data::card_holders(Writer& xml, unsigned people)
{
    xml.open("ThongTinKhac");
    xml.leaf("SoTheBHYT", people);
    xml.leaf("LuongCoSo", base_salary_on(config.day));
    xml.leaf("TyleNSNN", "0");
    xml.leaf("LoaiDoiTuong", "GD");
    xml.close();
    xml.open("NoiDung");
    constexpr std::array months{3u, 6u, 12u};
    constexpr std::array steps{100u, 70u, 60u, 50u, 40u};
    for (unsigned i = 1; i <= people; ++i) {
        auto const who = person();
        auto const paid_on = config.day - days{below(5)};
        auto const expiry = paid_on + days{10 + below(15)};
        auto const count = months[below(months.size())];
        auto const place = below(steps.size());
        xml.open("LaoDong");
        xml.leaf("STT", i);
        xml.leaf("HoTen", who.name);
        xml.leaf("MasoBHXH", who.number);
        xml.leaf("NgaySinh", who.birth);
        xml.leaf("GioiTinh", who.gender);
        xml.leaf("MaTinhBenhVien", "01");
        xml.leaf("MaBenhVien", "01001");
        xml.leaf("NgayBienLai", day_text(paid_on));
        xml.leaf("SoBienLai", digits(7));
        xml.leaf("Tiendong", count * base_salary_on(paid_on) * 45 / 1000 * steps[place] / 100 + 1);
        xml.leaf("Sothang", count);
        xml.leaf("Ghichu", "Đóng tiếp");
        xml.leaf("PA", "DB");
        xml.leaf("TuNgay", day_text(expiry + days{1}));
        xml.leaf("MaTheBHYT", "GD4" + who.province + who.number);
        xml.leaf("NgayHetHanThe", day_text(expiry));
        xml.leaf("ThuTuHoGD", place + 1);
        xml.close();
    }
}

void Corpus::Data::voluntary(Writer& xml, unsigned people)
{
    xml.open("ThongTinKhac");
    xml.leaf("SoSoBHXH", people);
    xml.close();
    xml.open("NoiDung");
    for (unsigned i = 1; i <= people; ++i) {
        auto const who = person();
        auto const income = 1'500'000 + 50'000 * below(100);
        constexpr unsigned months = 6;
        xml.open("LaoDong");
        xml.leaf("STT", i);
        xml.leaf("HoTen", who.name);
        xml.leaf("MasoBHXH", who.number);
        xml.leaf("MucTien", income);
        xml.leaf("Tuthang", month_text(config.day));
        xml.leaf("Sothang", months);
        xml.leaf("Tongtien", income * 22 / 100 * months);
        xml.leaf("TienTudong", income * 22 / 100 * months);
        xml.leaf("TienHotro", "0");
        xml.leaf("Ghichu", "");
        xml.leaf("PA", "DT");
        xml.leaf("Tyle", "22");
        xml.leaf("TyleNSNN", "0");
        xml.leaf("Phuongthuc", "6");
        xml.close();
    }
}

void Corpus::Data::benefits(Writer& xml, unsigned people)
{
    xml.open("ThongTinKhac");
    head_of_unit(xml);
    xml.leaf("DienThoai", "02400000000");
    xml.leaf("Dot", "1");
    xml.leaf("KyKeKhai", month_text(config.day));
    xml.leaf("SoTaiKhoan", digits(12));
    xml.leaf("NganHang", "Ngân hàng Thử Nghiệm");
    xml.leaf("ChiNhanh", "Hà Nội");
    xml.close();
    xml.open("NoiDung");
    xml.open("PhatSinh");
    for (unsigned i = 1; i <= people; ++i) {
        auto const who = person();
        auto const length = 1 + below(9);
        auto const first = config.day - days{15 + below(30)};
        xml.open("LaoDong");
        xml.leaf("STT", i);
        xml.leaf("HoTen", who.name);
        xml.leaf("MasoBHXH", who.number);
        xml.leaf("TuNgay", day_text(first));
        xml.leaf("DenNgay", day_text(first + days{length - 1}));
        xml.leaf("TongSo", length);
        xml.leaf("MaBenh", any_of(diseases));
        xml.leaf("GhiChu", "Nghỉ hằng tuần: T7, CN");
        xml.close();
    }
    xml.close();
}

void Corpus::Data::registration(Writer& xml, std::string_view code) const
{
    xml.open("NoiDung");
    xml.leaf("TenCoQuan", "BHXH Thử Nghiệm");
    xml.leaf("MaCoQuan", config.agency);
    xml.leaf("LoaiDoiTuong", "1");
    xml.leaf("TenDoiTuong", config.unit_name);
    xml.leaf("MaSoThue", config.tax_code);
    xml.leaf("DienThoai", "02400000000");
    xml.leaf("Email", "bhxh@example.vn");
    xml.leaf("NguoiLienHe", "Nguyễn Văn An");
    xml.leaf("DiaChi", "Số 1 phố Thử Nghiệm, quận Ba Đình, Hà Nội");
    xml.leaf("NgayLap", day_text(config.day));
    xml.leaf("NgayDangKy", day_text(config.day));
    xml.leaf("MaIVan", config.provider_alias);
    xml.leaf("TenIVan", config.provider_name);
    if (code == "05_SD-IVAN") xml.leaf("NoiDungThayDoi", "Thay đổi thư điện tử liên hệ");
    if (code == "06_NG-IVAN") {
        xml.leaf("NgayNgung", day_text(config.day + days{30}));
        xml.leaf("LyDoNgung", "Chuyển sang kê khai tại Cổng thông tin điện tử");
    }
}

Corpus::Corpus(CorpusConfig config) : data_{std::make_unique<Data>(Data{std::move(config), {}})}
{
    data_->random.seed(data_->config.seed);
    if (data_->config.day == sys_days{}) data_->config.day = floor<days>(system_clock::now() + hours{7});
}
Corpus::~Corpus() = default;

CorpusConfig const& Corpus::config() const noexcept { return data_->config; }

std::vector<std::string> Corpus::form_codes()
{
    std::vector<std::string> codes;
    for (auto const& kind : form_kinds) codes.emplace_back(kind.code);
    return codes;
}

std::string Corpus::procedure_for(std::string const& form_code) { return std::string{kind_of(form_code).procedure}; }

std::string Corpus::signature_holder(std::string const& form_code) { return std::string{kind_of(form_code).holder}; }

PlainForm Corpus::form(std::string const& code, unsigned people)
{
    auto const& kind = kind_of(code);
    bool const registration = kind.holder == "CKy_Dvi";
    people = std::max(people, 1u);
    Writer xml{registration ? std::string_view{"Hoso"} : std::string_view{code}};
    if (registration) data_->registration(xml, code);
    else if (code == "D02-TS") data_->employees(xml, people);
    else if (code == "TK1-TS") data_->declarations(xml, people);
    else if (code == "TK3-TS") data_->unit_declaration(xml);
    else if (code == "D01-TS") data_->documents(xml, people);
    else if (code == "D03-TS") data_->card_holders(xml, people);
    else if (code == "D05-TS") data_->voluntary(xml, people);
    else data_->benefits(xml, people);
    return {.code = code, .file_name = code + ".xml", .extension = ".xml", .description = std::string{kind.description}, .xml_or_bytes = xml.finish(),
            .is_xml = true};
}

PlainForm Corpus::attachment()
{
    auto const number = data_->below(1'000'000);
    std::string const content = fmt::format("BT /F1 18 Tf 72 720 Td (Made-up attachment {:06}) Tj ET", number);
    std::array const objects{
        std::string{"<< /Type /Catalog /Pages 2 0 R >>"},
        std::string{"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"},
        std::string{"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"},
        fmt::format("<< /Length {} >>\nstream\n{}\nendstream", content.size(), content),
        std::string{"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"},
    };
    std::string pdf = "%PDF-1.4\n", table;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        table += fmt::format("{:010} 00000 n \n", pdf.size());
        pdf += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
    }
    auto const start = pdf.size();
    pdf += fmt::format("xref\n0 {0}\n0000000000 65535 f \n{1}trailer\n<< /Size {0} /Root 1 0 R >>\nstartxref\n{2}\n%%EOF\n", objects.size() + 1, table, start);
    return {.code = "CT-DK", .file_name = fmt::format("dinh-kem-{:06}.pdf", number), .extension = ".pdf", .description = "Chứng từ đính kèm",
            .xml_or_bytes = std::move(pdf), .is_xml = false};
}

std::string Corpus::unsigned_envelope(std::string const& procedure, std::vector<PlainForm> const& forms)
{
    auto const& config = data_->config;
    Writer xml{"Hoso"};
    xml.open("NoiDung");
    xml.open("ThongTinIVAN");
    xml.leaf("MaIVAN", config.provider_alias);
    xml.leaf("TenIVAN", config.provider_name);
    xml.close();
    xml.open("ThongTinDonVi");
    xml.leaf("TenDoiTuong", config.unit_name);
    xml.leaf("MaSoBHXH", config.unit_code);
    xml.leaf("LoaiDoiTuong", "1");
    xml.leaf("MaSoThue", config.tax_code);
    xml.leaf("NguoiKy", "Nguyễn Văn An");
    xml.leaf("DienThoai", "02400000000");
    xml.leaf("CoQuanQuanLy", config.agency);
    xml.close();
    xml.open("ThongTinHoSo");
    xml.leaf("TenThuTuc", "Thủ tục " + procedure);
    xml.leaf("MaThuTuc", procedure);
    xml.leaf("KyKeKhai", month_text(config.day));
    xml.leaf("NgayLap", day_text(config.day));
    xml.leaf("SoLuongFile", forms.size());
    xml.leaf("QuyTrinhISO", "");
    xml.open("ToKhais");
    for (auto const& form : forms) {
        auto const content = schemas::base64_encode(form.xml_or_bytes);
        xml.open("FileToKhai");
        xml.leaf("MaToKhai", form.code);
        xml.leaf("MoTaToKhai", form.description);
        xml.leaf("TenFile", form.file_name);
        xml.leaf("LoaiFile", form.extension);
        xml.leaf("DoDaiFile", content.size());
        xml.leaf("NoiDungFile", content);
        xml.close();
    }
    return xml.finish();
}

PlainForm Corpus::signed_form(PlainForm form, signing::KeyPair const& unit_key, signing::SignOptions sign)
{
    if (!form.is_xml) return form;
    auto const at = std::ranges::find(form_kinds, form.code, &FormKind::code);
    sign.holder = at == form_kinds.end() ? std::string_view{"Cky"} : at->holder;
    form.xml_or_bytes = signing::sign_document(unit_key, form.xml_or_bytes, sign);
    return form;
}

std::string Corpus::dossier(std::string const& procedure, std::vector<PlainForm> const& forms, signing::KeyPair const& unit_key)
{
    return dossier(procedure, forms, unit_key, {});
}

std::string Corpus::dossier(std::string const& procedure, std::vector<PlainForm> const& forms, signing::KeyPair const& unit_key,
                            signing::SignOptions const& sign)
{
    std::vector<PlainForm> done;
    for (auto const& form : forms) done.push_back(signed_form(form, unit_key, sign));
    auto whole = sign;
    whole.holder = "CKy_Dvi";
    return signing::sign_document(unit_key, unsigned_envelope(procedure, done), whole);
}

}  // namespace loadtest
