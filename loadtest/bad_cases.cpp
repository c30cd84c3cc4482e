#include "loadtest/bad_cases.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>

namespace loadtest {

namespace {

std::string replaced(std::string text, std::string_view what, std::string_view by)
{
    auto const at = text.find(what);
    if (at == text.npos) throw std::logic_error("a bad case cannot find " + std::string{what});
    return text.replace(at, what.size(), by);
}

// From the first `open` to the end of the first `close` after it.
std::string_view piece(std::string_view text, std::string_view open, std::string_view close)
{
    auto const begin = text.find(open);
    auto const end = begin == text.npos ? text.npos : text.find(close, begin);
    if (end == text.npos) throw std::logic_error("a bad case cannot find " + std::string{open});
    return text.substr(begin, end + close.size() - begin);
}

// Another character at the middle of the first element of this name.
std::string with_changed_text(std::string text, std::string_view element)
{
    auto const whole = piece(text, fmt::format("<{}>", element), fmt::format("</{}>", element));
    auto const at = static_cast<std::size_t>(whole.data() - text.data()) + element.size() + 2 + (whole.size() - 2 * element.size() - 5) / 2;
    text[at] = text[at] == 'A' ? 'B' : 'A';
    return text;
}

signing::SignOptions held_in(std::string holder)
{
    signing::SignOptions options;
    options.holder = std::move(holder);
    return options;
}

class Maker {
public:
    Maker(Corpus& corpus, BadCaseKeys const& keys) : corpus_{corpus}, keys_{keys}, form_{corpus.form("D02-TS", 2)}, good_{signed_by(*keys.good)} {}

    std::vector<BadCase> take() && { return std::move(cases_); }

    void xml();
    void envelope();
    void forms();
    void signatures();
    void certificates();
    void content();
    void parties();

private:
    void add(std::string name, std::string description, std::string code, std::string bytes)
    {
        cases_.push_back({std::move(name), std::move(description), std::move(code), std::move(bytes)});
    }
    [[nodiscard]] std::string signed_by(signing::KeyPair const& key) { return corpus_.dossier("600", {form_}, key); }
    [[nodiscard]] std::string signed_with(PlainForm const& form, std::string const& procedure = "600")
    {
        return corpus_.dossier(procedure, {form}, *keys_.good);
    }
    // Forms as they are, the envelope signed.
    [[nodiscard]] std::string wrapped(std::vector<PlainForm> const& forms)
    {
        return signing::sign_document(*keys_.good, corpus_.unsigned_envelope("600", forms), held_in("CKy_Dvi"));
    }
    [[nodiscard]] PlainForm signed_form() { return Corpus::signed_form(form_, *keys_.good, {}); }
    [[nodiscard]] PlainForm changed(std::string_view what, std::string_view by) const
    {
        auto form = form_;
        form.xml_or_bytes = replaced(form.xml_or_bytes, what, by);
        return form;
    }

    Corpus& corpus_;
    BadCaseKeys const& keys_;
    PlainForm form_;
    std::string good_;
    std::vector<BadCase> cases_;
};

void Maker::xml()
{
    std::string const declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    add("malformed", "the dossier ends in the middle", "GW-3001", good_.substr(0, good_.size() / 2));
    add("not_xml", "the body is JSON", "GW-3001", R"({"Hoso": {"NoiDung": null}})");
    add("not_utf8", "a byte that UTF-8 does not know", "GW-3001", replaced(good_, "<TenDoiTuong>", "<TenDoiTuong>\xFF"));
    add("doctype", "a document type declaration", "GW-3002", declaration + "<!DOCTYPE Hoso>\n<Hoso/>");
    add("entity_bomb", "entities that expand to a billion", "GW-3002",
        declaration + "<!DOCTYPE Hoso [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
                      "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">]>\n<Hoso>&c;</Hoso>");
    add("external_entity", "an entity that would read a file", "GW-3002",
        declaration + "<!DOCTYPE Hoso [<!ENTITY f SYSTEM \"file:///etc/hostname\">]>\n<Hoso>&f;</Hoso>");
    std::string deep = declaration + "<Hoso>";
    for (int i = 0; i < 1000; ++i) deep += "<a>";
    for (int i = 0; i < 1000; ++i) deep += "</a>";
    add("too_deep", "a thousand elements inside each other", "GW-3003", deep + "</Hoso>");
    std::string wide = declaration + "<Hoso";
    for (int i = 0; i < 1000; ++i) wide += fmt::format(" a{}=\"\"", i);
    add("too_many_attributes", "a thousand attributes on one element", "GW-3003", wide + "/>");
    auto nested = form_;
    nested.xml_or_bytes = declaration + "<!DOCTYPE D02-TS [<!ENTITY a \"a\">]>\n<D02-TS>&a;</D02-TS>";
    add("doctype_in_form", "a document type declaration in a form inside its base64", "GW-3002", corpus_.unsigned_envelope("600", {nested}));
}

void Maker::envelope()
{
    auto const plain = corpus_.unsigned_envelope("600", {form_});
    add("wrong_root", "the root is not Hoso", "GW-3004", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<HoSo><NoiDung/></HoSo>");
    add("part_missing", "ThongTinDonVi is missing", "GW-3004",
        replaced(plain, piece(plain, "    <ThongTinDonVi>\n", "</ThongTinDonVi>\n"), ""));
    add("wrong_count", "SoLuongFile is not the number of files", "GW-3005", replaced(plain, "<SoLuongFile>1<", "<SoLuongFile>2<"));
    auto const length = std::string{piece(plain, "<DoDaiFile>", "</DoDaiFile>")};
    add("wrong_length", "DoDaiFile is not the length of the base64 text", "GW-3006", replaced(plain, length, "<DoDaiFile>17</DoDaiFile>"));
    add("broken_base64", "NoiDungFile holds a character that is none of base64's", "GW-3007",
        replaced(plain, "<NoiDungFile>PD94", "<NoiDungFile>P*94"));
    add("duplicate_file_name", "two files of one name", "GW-3008", corpus_.unsigned_envelope("600", {form_, form_}));
    auto disguised = form_;
    disguised.extension = ".pdf";
    disguised.file_name = "D02-TS.pdf";
    add("kind_mismatch", "LoaiFile says PDF, the content is XML", "GW-3009", corpus_.unsigned_envelope("600", {disguised}));
}

void Maker::forms()
{
    auto unknown = form_;
    unknown.code = "D99-TS";
    unknown.file_name = "D99-TS.xml";
    unknown.xml_or_bytes = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<D99-TS>\n  <NoiDung/>\n</D99-TS>\n";
    add("unknown_form", "a form code that nobody published", "GW-3010", signed_with(unknown));
    auto old = form_;
    old.code = "D02-TS-595";
    add("version_not_in_force", "D02-TS of QĐ 595, whose last day was 2020-08-17", "GW-3011", signed_with(old));
    add("form_missing", "procedure 600 without its D02-TS", "GW-3013", signed_with(corpus_.form("TK1-TS", 1)));
    add("form_foreign", "procedure 600 with a D05-TS beside its D02-TS", "GW-3013",
        corpus_.dossier("600", {form_, corpus_.form("D05-TS", 1)}, *keys_.good));
    add("procedure_unknown", "a procedure that does not exist", "GW-3013", signed_with(form_, "999"));
}

void Maker::signatures()
{
    add("unsigned", "nobody signed anything", "GW-2001", corpus_.unsigned_envelope("600", {form_}));
    add("form_unsigned", "the envelope is signed, the form is not", "GW-2001", wrapped({form_}));
    add("envelope_unsigned", "the form is signed, the envelope is not", "GW-2001", corpus_.unsigned_envelope("600", {signed_form()}));
    auto twice = signed_form();
    auto const signature = std::string{piece(twice.xml_or_bytes, "<Signature", "</Signature>")};
    twice.xml_or_bytes = replaced(twice.xml_or_bytes, signature, signature + signature);
    add("twice_signed", "two signatures stand where one must", "GW-2002", wrapped({twice}));
    auto elsewhere = form_;
    elsewhere.xml_or_bytes = signing::sign_document(*keys_.good, form_.xml_or_bytes, held_in("ChuKy"));
    add("signature_misplaced", "the signature stands in an element of another name", "GW-2003", wrapped({elsewhere}));
    add("altered", "a name in the envelope was changed after signing", "GW-2009", with_changed_text(good_, "NguoiKy"));
    auto altered = signed_form();
    altered.xml_or_bytes = replaced(altered.xml_or_bytes, "<tinhLai>0<", "<tinhLai>1<");
    add("form_altered", "a value in the form was changed after signing", "GW-2009", wrapped({altered}));
    auto forged = signed_form();
    forged.xml_or_bytes = with_changed_text(forged.xml_or_bytes, "SignatureValue");
    add("signature_forged", "the signature value was changed", "GW-2010", wrapped({forged}));
    signing::SignOptions old;
    old.digest = "sha1";
    add("sha1", "digest and signature use SHA-1", "GW-2007", corpus_.dossier("600", {form_}, *keys_.good, old));
}

void Maker::certificates()
{
    auto const with = [this](std::shared_ptr<signing::KeyPair const> const& key, std::string name, std::string description, std::string code) {
        if (key) add(std::move(name), std::move(description), std::move(code), signed_by(*key));
    };
    with(keys_.expired, "expired", "the certificate is past its last day", "GW-2012");
    with(keys_.revoked, "revoked", "the certificate is on its authority's list", "GW-2013");
    with(keys_.unknown_ca, "unknown_ca", "the certificate is of an authority we do not know", "GW-2015");
    with(keys_.other_owner, "wrong_owner", "the certificate is another unit's", "GW-2017");
}

void Maker::content()
{
    add("schema_violation", "an element the form does not have", "GW-3012",
        signed_with(changed("<chucVu>", "<chucDanh>x</chucDanh>\n      <chucVu>")));
    auto broken = form_;
    auto const number = std::string{piece(broken.xml_or_bytes, "<MasoBHXH>", "</MasoBHXH>")};
    auto const change = std::string{piece(broken.xml_or_bytes, "<pa>", "</pa>")};
    auto const salary = std::string{piece(broken.xml_or_bytes, "<tienLuong>", "</tienLuong>")};
    broken.xml_or_bytes = replaced(broken.xml_or_bytes, number, "<MasoBHXH>12345</MasoBHXH>");
    broken.xml_or_bytes = replaced(broken.xml_or_bytes, change, "<pa>XX</pa>");
    broken.xml_or_bytes = replaced(broken.xml_or_bytes, salary, "<tienLuong>0</tienLuong>");
    broken.xml_or_bytes = replaced(broken.xml_or_bytes, "<denThang/>", "<denThang>01/2001</denThang>");
    add("rule_violations", "a person's number, a change code, a salary and a period break their rules", "GW-3013", signed_with(broken));
}

void Maker::parties()
{
    auto of_other = corpus_.config();
    of_other.provider_alias = "99999";
    add("wrong_provider_alias", "MaIVAN is no code of the caller", "GW-1105", Corpus{of_other}.dossier("600", {form_}, *keys_.good));
    auto of_nowhere = corpus_.config();
    of_nowhere.agency = "00199";
    add("unknown_agency", "an agency code of the right shape that names no agency", "GW-3014",
        Corpus{of_nowhere}.dossier("600", {form_}, *keys_.good));
}

}  // namespace

std::vector<BadCase> bad_cases(Corpus& corpus, BadCaseKeys const& keys)
{
    if (!keys.good) throw std::invalid_argument("bad_cases needs a good key");
    Maker maker{corpus, keys};
    maker.xml();
    maker.envelope();
    maker.forms();
    maker.signatures();
    maker.certificates();
    maker.content();
    maker.parties();
    return std::move(maker).take();
}

}  // namespace loadtest
