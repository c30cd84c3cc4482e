#include "gateway/store/detail/dictionary.hpp"

namespace store::detail {

namespace {

// Never change a letter: stored values refer to it. A better one stands beside it, under the next number.
//
// What is rare comes first and what is common last: where LZ4's table has one place for two, the later one keeps it. Made of a
// sample of every form, the receipt, the answer and the envelope, without their values; family names by how often they occur.
constexpr std::string_view first = R"vocabulary(http://www.w3.org/2001/10/xml-exc-c14n# http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256 http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments
Trịnh Lương Đinh Mai Tạ Hà Cao Lâm Đoàn Phùng Quách Chu Lý Dương Ngô Hồ Đỗ Bùi Đặng Võ Vũ Phan Huỳnh Hoàng Phạm Lê Trần Thị Nguyễn Văn
<?xml version="1.0" encoding="UTF-8"?>
<Hoso>
  <NoiDung>
    <TenCoQuan></TenCoQuan>
    <MaCoQuan></MaCoQuan>
    <LoaiDoiTuong></LoaiDoiTuong>
    <TenDoiTuong></TenDoiTuong>
    <MaSoThue></MaSoThue>
    <DienThoai></DienThoai>
    <Email></Email>
    <NguoiLienHe></NguoiLienHe>
    <DiaChi></DiaChi>
    <NgayLap></NgayLap>
    <NgayDangKy></NgayDangKy>
    <MaIVan></MaIVan>
    <TenIVan></TenIVan>
    <NoiDungThayDoi></NoiDungThayDoi>
    <NgayNgung></NgayNgung>
    <LyDoNgung></LyDoNgung>
  </NoiDung>
<CKy_Dvi></CKy_Dvi></Hoso>
<?xml version="1.0" encoding="UTF-8"?>
<M01B-HSB>
  <ThongTinKhac>
    <TenDonVi></TenDonVi>
    <MaDonVi></MaDonVi>
    <DienThoai></DienThoai>
    <Dot></Dot>
    <KyKeKhai></KyKeKhai>
    <SoTaiKhoan></SoTaiKhoan>
    <NganHang></NganHang>
    <ChiNhanh></ChiNhanh>
  </ThongTinKhac>
  <NoiDung>
    <PhatSinh>
      <LaoDong>
        <STT></STT>
        <HoTen></HoTen>
        <MasoBHXH></MasoBHXH>
        <TuNgay></TuNgay>
        <DenNgay></DenNgay>
        <TongSo></TongSo>
        <MaBenh></MaBenh>
        <GhiChu></GhiChu>
      </LaoDong>
    </PhatSinh>
  </NoiDung>
<Cky></Cky></M01B-HSB>
<?xml version="1.0" encoding="UTF-8"?>
<D05-TS>
  <ThongTinKhac>
    <SoSoBHXH></SoSoBHXH>
  </ThongTinKhac>
  <NoiDung>
    <LaoDong>
      <STT></STT>
      <HoTen></HoTen>
      <MasoBHXH></MasoBHXH>
      <MucTien></MucTien>
      <Tuthang></Tuthang>
      <Sothang></Sothang>
      <Tongtien></Tongtien>
      <TienTudong></TienTudong>
      <TienHotro></TienHotro>
      <Ghichu/>
      <PA></PA>
      <Tyle></Tyle>
      <TyleNSNN></TyleNSNN>
      <Phuongthuc></Phuongthuc>
    </LaoDong>
  </NoiDung>
<Cky></Cky></D05-TS>
<?xml version="1.0" encoding="UTF-8"?>
<D03-TS>
  <ThongTinKhac>
    <SoTheBHYT></SoTheBHYT>
    <LuongCoSo></LuongCoSo>
    <TyleNSNN></TyleNSNN>
    <LoaiDoiTuong></LoaiDoiTuong>
  </ThongTinKhac>
  <NoiDung>
    <LaoDong>
      <STT></STT>
      <HoTen></HoTen>
      <MasoBHXH></MasoBHXH>
      <NgaySinh></NgaySinh>
      <GioiTinh></GioiTinh>
      <MaTinhBenhVien></MaTinhBenhVien>
      <MaBenhVien></MaBenhVien>
      <NgayBienLai></NgayBienLai>
      <SoBienLai></SoBienLai>
      <Tiendong></Tiendong>
      <Sothang></Sothang>
      <Ghichu></Ghichu>
      <PA></PA>
      <TuNgay></TuNgay>
      <MaTheBHYT></MaTheBHYT>
      <NgayHetHanThe></NgayHetHanThe>
      <ThuTuHoGD></ThuTuHoGD>
    </LaoDong>
  </NoiDung>
<Cky></Cky></D03-TS>
<?xml version="1.0" encoding="UTF-8"?>
<D01-TS>
  <NoiDung>
    <TenBangKe>Bảng kê thông tin kèm theo hồ sơ</TenBangKe>
    <KemTheo></KemTheo>
    <BangKe>
      <ThongTin>
        <STT></STT>
        <HoTen></HoTen>
        <MasoBHXH></MasoBHXH>
        <TenLoaiVanBan>Hợp đồng lao động</TenLoaiVanBan>
        <SoVanBan></SoVanBan>
        <NgayBanHanh></NgayBanHanh>
        <NgayHieuLuc></NgayHieuLuc>
        <CoQuanBanHanh></CoQuanBanHanh>
        <TrichYeu></TrichYeu>
      </ThongTin>
    </BangKe>
  </NoiDung>
<Cky></Cky></D01-TS>
<?xml version="1.0" encoding="UTF-8"?>
<TK3-TS>
  <NoiDung>
    <TenDonVi></TenDonVi>
    <MaDonVi></MaDonVi>
    <MaSoThue></MaSoThue>
    <DiaChiDKKD></DiaChiDKKD>
    <DiaChiLienHe></DiaChiLienHe>
    <LoaiHinh></LoaiHinh>
    <DienThoai></DienThoai>
    <Email></Email>
    <PhuongThucDong></PhuongThucDong>
    <NoiDungThayDoi></NoiDungThayDoi>
  </NoiDung>
<Cky></Cky></TK3-TS>
<?xml version="1.0" encoding="UTF-8"?>
<TK1-TS>
  <NoiDung>
    <LaoDong>
      <STT></STT>
      <HoTen></HoTen>
      <NgaySinh></NgaySinh>
      <GioiTinh></GioiTinh>
      <QuocTich></QuocTich>
      <DanToc></DanToc>
      <Matinh_KS></Matinh_KS>
      <Maxa_KS></Maxa_KS>
      <Diachi_NN></Diachi_NN>
      <Matinh_NN></Matinh_NN>
      <Maxa_NN></Maxa_NN>
      <MasoBHXH></MasoBHXH>
      <Dienthoai_LH></Dienthoai_LH>
      <CMND></CMND>
      <MaTinhBenhVien></MaTinhBenhVien>
      <MaBenhVien></MaBenhVien>
      <Noidung_Thaydoi></Noidung_Thaydoi>
      <PhuLuc>
        <Hoten_Chuho></Hoten_Chuho>
        <DienThoai></DienThoai>
        <MaTinh></MaTinh>
        <MaXa></MaXa>
        <Diachi_HK></Diachi_HK>
        <DSThanhVien>
          <ThanhVien>
            <STT></STT>
            <HoTen></HoTen>
            <MasoBHXH></MasoBHXH>
            <NgaySinh></NgaySinh>
            <GioiTinh></GioiTinh>
            <Matinh_KS></Matinh_KS>
            <MoiQuanHe></MoiQuanHe>
            <CMND></CMND>
            <DanToc></DanToc>
            <QuocTich></QuocTich>
          </ThanhVien>
        </DSThanhVien>
      </PhuLuc>
    </LaoDong>
  </NoiDung>
<Cky></Cky></TK1-TS>
<?xml version="1.0" encoding="UTF-8"?>
<D02-TS>
  <ThongTinKhac>
    <TenDonVi></TenDonVi>
    <MaDonVi></MaDonVi>
    <MaSoThue></MaSoThue>
    <DiaChi></DiaChi>
    <DienThoai></DienThoai>
    <Email></Email>
    <SoDanhSach></SoDanhSach>
    <KyKeKhai></KyKeKhai>
  </ThongTinKhac>
  <NoiDung>
    <LaoDong>
      <STT></STT>
      <HoTen></HoTen>
      <MasoBHXH></MasoBHXH>
      <NgaySinh></NgaySinh>
      <GioiTinh></GioiTinh>
      <CMND></CMND>
      <pa></pa>
      <chucVu></chucVu>
      <VtvlKhacTungay></VtvlKhacTungay>
      <tienLuong></tienLuong>
      <phuCapLuong></phuCapLuong>
      <phuCapBoSung></phuCapBoSung>
      <HdldXdthTungay></HdldXdthTungay>
      <HdldXdthDenngay></HdldXdthDenngay>
      <tuThang></tuThang>
      <denThang/>
      <loai></loai>
      <daCoSo></daCoSo>
      <tinhLai></tinhLai>
      <maVungLTT></maVungLTT>
      <ghiChu></ghiChu>
    </LaoDong>
  </NoiDung>
<Cky></Cky></D02-TS>
{"dossier_id":"","case_code":".G/2026/","received_at":"+07:00","content_sha256":"","agency":"","procedure":"","unit_code":"","tax_code":"","forms":[{"code":"","version":"","file_name":".xml","bytes":,"sha256":""}],"paper_required":false,"authentication":"signature","receipt_url":"/v1/dossiers//receipt","log":{"index":}}
<PhieuTiepNhan><PhienBan>3</PhienBan><MaKhoa></MaKhoa><MaHoSo>.G/2026/</MaHoSo><MaGiaoDich></MaGiaoDich><ThoiDiemTiepNhan>+07:00</ThoiDiemTiepNhan><ThongTinIVAN><MaIVAN></MaIVAN><TenIVAN></TenIVAN></ThongTinIVAN><ThongTinDonVi><TenDoiTuong></TenDoiTuong><MaSoBHXH></MaSoBHXH><MaSoThue></MaSoThue><CoQuanQuanLy></CoQuanQuanLy></ThongTinDonVi><ThongTinHoSo><MaThuTuc></MaThuTuc><TenThuTuc></TenThuTuc><KyKeKhai></KyKeKhai><DoDai></DoDai><SHA256></SHA256><ToKhais><ToKhai><MaToKhai></MaToKhai><PhienBanToKhai></PhienBanToKhai><TenFile>D02-TS.xml</TenFile><DoDai></DoDai><SHA256></SHA256></ToKhai></ToKhais></ThongTinHoSo><XacThuc><PhuongThuc>ChuKySo</PhuongThuc></XacThuc><ChuKys><ChuKy><PhamVi>BHXHDienTu</PhamVi><NguoiKy>UID=MST:,CN=,C=VN</NguoiKy><MaSoThue></MaSoThue><SoChungThu></SoChungThu><ToChucChungThuc></ToChucChungThuc><DauVanSHA256></DauVanSHA256><HieuLucTu>.000+07:00</HieuLucTu><HieuLucDen>.000+07:00</HieuLucDen><LoaiKhoa>RSA-2048</LoaiKhoa><ThuatToanKy>rsa-sha256</ThuatToanKy><ThuatToanBam>sha256</ThuatToanBam><ChuanHoa>c14n</ChuanHoa><ChungThuThuNghiem>false</ChungThuThuNghiem><KiemTraThuHoi><Nguon>crl:</Nguon><CapNhatLuc>.000+07:00</CapNhatLuc><CapNhatTiepTheo>.000+07:00</CapNhatTiepTheo><TuoiBangChung></TuoiBangChung><ChoKiemTraLai>false</ChoKiemTraLai></KiemTraThuHoi></ChuKy></ChuKys><CanNopHoSoGiay>false</CanNopHoSoGiay><ViTriNhatKy></ViTriNhatKy><Signature xmlns="http://www.w3.org/2000/09/xmldsig#" Id="sig-"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"></CanonicalizationMethod><SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></SignatureMethod><Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></Transform><Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod><DigestValue></DigestValue></Reference></SignedInfo><SignatureValue></SignatureValue><KeyInfo><X509Data><X509Certificate></X509Certificate></X509Data></KeyInfo></Signature></PhieuTiepNhan>
<?xml version="1.0" encoding="UTF-8"?>
<Hoso>
  <NoiDung>
    <ThongTinIVAN>
      <MaIVAN></MaIVAN>
      <TenIVAN></TenIVAN>
    </ThongTinIVAN>
    <ThongTinDonVi>
      <TenDoiTuong></TenDoiTuong>
      <MaSoBHXH></MaSoBHXH>
      <LoaiDoiTuong></LoaiDoiTuong>
      <MaSoThue></MaSoThue>
      <NguoiKy></NguoiKy>
      <DienThoai></DienThoai>
      <CoQuanQuanLy></CoQuanQuanLy>
    </ThongTinDonVi>
    <ThongTinHoSo>
      <TenThuTuc></TenThuTuc>
      <MaThuTuc></MaThuTuc>
      <KyKeKhai></KyKeKhai>
      <NgayLap></NgayLap>
      <SoLuongFile></SoLuongFile>
      <QuyTrinhISO/>
      <ToKhais>
        <FileToKhai>
          <MaToKhai></MaToKhai>
          <MoTaToKhai>Danh sách lao động tham gia BHXH, BHYT, BHTN, BHTNLĐ, BNN</MoTaToKhai>
          <TenFile></TenFile>
          <LoaiFile>.xml</LoaiFile>
          <DoDaiFile></DoDaiFile>
          <NoiDungFile></NoiDungFile>
        </FileToKhai>
      </ToKhais>
    </ThongTinHoSo>
  </NoiDung>
<CKy_Dvi><Signature xmlns="http://www.w3.org/2000/09/xmldsig#" Id="sigid">
<SignedInfo>
<CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>
<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
<Reference URI="">
<Transforms>
<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
<Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>
</Transforms>
<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
<DigestValue></DigestValue>
</Reference>
</SignedInfo>
<SignatureValue></SignatureValue>
<KeyInfo><X509Data><X509SubjectName></X509SubjectName><X509Certificate></X509Certificate></X509Data></KeyInfo></Signature></CKy_Dvi></Hoso>

)vocabulary";

}  // namespace

std::string_view dictionary(unsigned number)
{
    switch (number) {
        case 1: return first;
        default: return {};
    }
}

}  // namespace store::detail
