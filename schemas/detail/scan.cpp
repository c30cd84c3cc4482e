#include "schemas/detail/scan.hpp"

#include "schemas/detail/utf8.hpp"

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace schemas::detail {

void throw_exception_from_error(ScanRefusal const& refusal, boost::source_location const&)
{
    throw std::logic_error("schemas::detail::ScanResult::value() on a refusal: " + std::string{refusal.what.en});
}

std::string_view without_mark(std::string_view bytes) noexcept
{
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    return bytes.starts_with(mark) ? bytes.substr(mark.size()) : bytes;
}

std::size_t first_not_utf8(std::string_view bytes) noexcept
{
    auto const* const begin = reinterpret_cast<unsigned char const*>(bytes.data());
    auto const* const end = begin + bytes.size();
    auto const* at = begin;
    while (at != end) {
        while (end - at >= 8) {
            std::uint64_t eight;
            std::memcpy(&eight, at, 8);
            if (eight & 0x8080808080808080u) break;
            at += 8;
        }
        if (at == end) break;
        auto const length = *at < 0x80 ? 1 : utf8_length(at, end);
        if (length == 0) return static_cast<std::size_t>(at - begin);
        at += length;
    }
    return std::string_view::npos;
}

namespace {

namespace reason {
constexpr Reason no_bytes{"no bytes", "không có dữ liệu"};
constexpr Reason many_bytes{"too many bytes", "quá nhiều byte"};
constexpr Reason foreign_mark{"a byte-order mark of another encoding", "dấu thứ tự byte (BOM) của bộ mã khác"};
constexpr Reason second_mark{"a second byte-order mark", "dấu thứ tự byte (BOM) lặp lại"};
constexpr Reason wide_characters{"UTF-16 or UTF-32 without a mark", "UTF-16 hoặc UTF-32 không có BOM"};
constexpr Reason not_utf8{"not UTF-8", "có byte không phải UTF-8"};
constexpr Reason nul_byte{"a NUL byte", "có byte NUL"};
constexpr Reason open_declaration{"the XML declaration does not end", "khai báo XML không có kết thúc"};
constexpr Reason bad_declaration{"the XML declaration is not one", "khai báo XML sai cú pháp"};
constexpr Reason foreign_encoding{"another encoding is declared", "khai báo bộ mã khác UTF-8"};
constexpr Reason foreign_version{"a version of XML other than 1.0", "phiên bản XML khác 1.0"};
constexpr Reason open_comment{"a comment does not end", "chú thích không có kết thúc"};
constexpr Reason open_cdata{"a CDATA section does not end", "đoạn CDATA không có kết thúc"};
constexpr Reason doctype{"a document type or entity declaration", "có khai báo DOCTYPE hoặc thực thể"};
constexpr Reason foreign_markup{"a declaration that no document may hold", "có khai báo không được phép trong tài liệu"};
constexpr Reason open_end_tag{"an end tag does not end", "thẻ đóng không có kết thúc"};
constexpr Reason many_nodes{"too many nodes", "quá nhiều nút"};
constexpr Reason long_token{"a comment, an instruction or the value of an attribute is too long",
                            "chú thích, chỉ thị xử lý hoặc giá trị thuộc tính quá dài"};
constexpr Reason long_name{"a name is too long", "tên quá dài"};
constexpr Reason open_instruction{"a processing instruction does not end", "chỉ thị xử lý không có kết thúc"};
constexpr Reason too_deep{"too deep", "lồng nhau quá sâu"};
constexpr Reason open_start_tag{"a start tag does not end", "thẻ mở không có kết thúc"};
constexpr Reason bad_start_tag{"a start tag is not one", "thẻ mở sai cú pháp"};
constexpr Reason bad_attribute{"an attribute is not one", "thuộc tính sai cú pháp"};
constexpr Reason bare_attribute{"an attribute is not quoted", "giá trị thuộc tính không đặt trong dấu nháy"};
constexpr Reason open_attribute{"an attribute does not end", "giá trị thuộc tính không có kết thúc"};
constexpr Reason many_attributes{"too many attributes", "quá nhiều thuộc tính"};
constexpr Reason many_namespaces{"too many namespaces in scope", "quá nhiều không gian tên đang có hiệu lực"};
}  // namespace reason

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr bool equal_any_case(std::string_view text, std::string_view lower_case) noexcept
{
    if (text.size() != lower_case.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (lower(text[i]) != lower_case[i]) return false;
    return true;
}

class Scanner {
public:
    Scanner(std::string_view bytes, XmlLimits const& limits) noexcept : bytes_{bytes}, text_{bytes}, limits_{limits} {}

    ScanResult run()
    {
        if (bytes_.empty()) return ScanRefusal{Refusal::body_empty, reason::no_bytes, 0};
        if (bytes_.size() > limits_.bytes_max) return ScanRefusal{Refusal::xml_too_large, reason::many_bytes, limits_.bytes_max};
        if (encoding() && declaration() && markup()) return Scanned{text_, nodes_};
        return *refusal_;
    }

private:
    bool no(Refusal why, Reason what, std::size_t at)
    {
        refusal_ = ScanRefusal{why, what, at + (bytes_.size() - text_.size())};
        return false;
    }

    bool encoding()
    {
        using namespace std::string_view_literals;
        // Policy: a UTF-8 mark is harmless and editors write it, so it is taken; all others are other encodings.
        for (auto mark : {"\xFE\xFF"sv, "\xFF\xFE"sv, "\x00\x00\xFE\xFF"sv})
            if (text_.starts_with(mark)) return no(Refusal::xml_encoding, reason::foreign_mark, 0);
        if (text_.substr(0, 4).find('\0') != std::string_view::npos)
            return no(Refusal::xml_encoding, reason::wide_characters, 0);
        text_ = without_mark(text_);
        // Before the root U+FEFF is a mark once, and no white space (XML 1.0 §4.3.3, §2.8); libxml2 takes another one.
        if (without_mark(text_).size() != text_.size()) return no(Refusal::xml_malformed, reason::second_mark, 0);
        if (auto const bad = first_not_utf8(text_); bad != std::string_view::npos)
            return no(Refusal::xml_encoding, reason::not_utf8, bad);
        if (auto const nul = text_.find('\0'); nul != std::string_view::npos)
            return no(Refusal::xml_malformed, reason::nul_byte, nul);
        return true;
    }

    // <?xml version="1.0" encoding="UTF-8"?>: what it says decides; how it is written is the parser's to judge.
    bool declaration()
    {
        if (!text_.starts_with("<?xml") || text_.size() < 6 || !is_space(text_[5])) return true;
        auto const end = text_.find("?>");
        if (end == std::string_view::npos) return no(Refusal::xml_malformed, reason::open_declaration, 0);
        std::size_t at = 5;
        auto const skip_spaces = [&] { while (at < end && is_space(text_[at])) ++at; };
        for (skip_spaces(); at < end; skip_spaces()) {
            auto const name_at = at;
            while (at < end && !is_space(text_[at]) && text_[at] != '=') ++at;
            auto const name = text_.substr(name_at, at - name_at);
            skip_spaces();
            if (at == end || text_[at] != '=') return no(Refusal::xml_malformed, reason::bad_declaration, at);
            ++at;
            skip_spaces();
            if (at == end || (text_[at] != '"' && text_[at] != '\''))
                return no(Refusal::xml_malformed, reason::bad_declaration, at);
            auto const value_at = at + 1;
            auto const value_end = text_.find(text_[at], value_at);
            if (value_end == std::string_view::npos || value_end >= end)
                return no(Refusal::xml_malformed, reason::bad_declaration, at);
            auto const value = text_.substr(value_at, value_end - value_at);
            at = value_end + 1;
            if (name == "encoding" && !equal_any_case(value, "utf-8"))
                return no(Refusal::xml_encoding, reason::foreign_encoding, value_at);
            if (name == "version" && value != "1.0")
                return no(Refusal::xml_malformed, reason::foreign_version, value_at);
        }
        return true;
    }

    bool markup()
    {
        std::size_t at = 0;
        while (at < text_.size()) {
            auto const open = text_.find('<', at);
            if (open != at && !count(1, at)) return false;  // the text in between
            if (open == std::string_view::npos) break;
            at = open;
            auto const rest = text_.substr(open);
            bool going;
            if (rest.starts_with("<!--")) {
                going = count(1, open) && skip_past("-->", open + 4, reason::open_comment, at) && token_fits(open, at);
            } else if (rest.starts_with("<![CDATA[")) {
                going = count(1, open) && skip_past("]]>", open + 9, reason::open_cdata, at);
            } else if (rest.starts_with("<!")) {
                bool const declares = equal_any_case(rest.substr(0, 9), "<!doctype") || rest.starts_with("<!ENTITY");
                going = declares ? no(Refusal::xml_doctype, reason::doctype, open)
                                 : no(Refusal::xml_malformed, reason::foreign_markup, open);
            } else if (rest.starts_with("<?")) {
                going = instruction(open, at);
            } else if (rest.starts_with("</")) {
                if (!namespaces_.empty()) leave();
                going = skip_past(">", open + 2, reason::open_end_tag, at);
            } else {
                going = start_tag(open, at);
            }
            if (!going) return false;
        }
        return true;
    }

    bool count(std::size_t more, std::size_t at)
    {
        nodes_ += more;
        return nodes_ <= limits_.nodes_max || no(Refusal::xml_too_large, reason::many_nodes, at);
    }

    bool skip_past(std::string_view mark, std::size_t from, Reason what, std::size_t& at)
    {
        auto const end = text_.find(mark, from);
        if (end == std::string_view::npos) return no(Refusal::xml_malformed, what, from);
        at = end + mark.size();
        return true;
    }

    bool name_fits(std::size_t from, std::size_t to)
    {
        return to - from <= limits_.name_bytes_max || no(Refusal::xml_too_large, reason::long_name, from);
    }

    bool token_fits(std::size_t from, std::size_t to)
    {
        return to - from <= limits_.token_bytes_max || no(Refusal::xml_too_large, reason::long_token, from);
    }

    bool instruction(std::size_t open, std::size_t& at)
    {
        if (!count(1, open) || !skip_past("?>", open + 2, reason::open_instruction, at) || !token_fits(open, at)) return false;
        auto name_end = open + 2;
        while (name_end < at - 2 && !is_space(text_[name_end])) ++name_end;
        return name_fits(open + 2, name_end);
    }

    bool start_tag(std::size_t open, std::size_t& at)
    {
        auto const ends_name = [](char c) { return is_space(c) || c == '=' || c == '/' || c == '>' || c == '<'; };
        auto const size = text_.size();
        if (!count(1, open)) return false;
        if (namespaces_.size() >= limits_.depth_max) return no(Refusal::xml_too_large, reason::too_deep, open);

        at = open + 1;
        while (at < size && !ends_name(text_[at])) ++at;
        if (!name_fits(open + 1, at)) return false;

        std::size_t attributes = 0, declared = 0;
        for (;;) {
            while (at < size && is_space(text_[at])) ++at;
            if (at == size) return no(Refusal::xml_malformed, reason::open_start_tag, open);
            if (text_[at] == '>') {
                ++at;
                enter(declared);
                return true;
            }
            if (text_[at] == '/') {
                if (at + 1 == size || text_[at + 1] != '>') return no(Refusal::xml_malformed, reason::bad_start_tag, at);
                at += 2;
                return true;
            }
            auto const name_at = at;
            while (at < size && !ends_name(text_[at])) ++at;
            if (!name_fits(name_at, at)) return false;
            auto const name = text_.substr(name_at, at - name_at);
            while (at < size && is_space(text_[at])) ++at;
            if (name.empty() || at == size || text_[at] != '=') return no(Refusal::xml_malformed, reason::bad_attribute, name_at);
            ++at;
            while (at < size && is_space(text_[at])) ++at;
            if (at == size || (text_[at] != '"' && text_[at] != '\'')) return no(Refusal::xml_malformed, reason::bare_attribute, name_at);
            auto const quote = text_.find(text_[at], at + 1);
            if (quote == std::string_view::npos) return no(Refusal::xml_malformed, reason::open_attribute, name_at);
            if (!token_fits(at, quote)) return false;
            at = quote + 1;

            if (++attributes > limits_.attributes_max) return no(Refusal::xml_too_large, reason::many_attributes, name_at);
            if (!count(2, name_at)) return false;
            if (name == "xmlns" || name.starts_with("xmlns:")) {
                if (in_scope_ + ++declared > limits_.namespaces_max)
                    return no(Refusal::xml_too_large, reason::many_namespaces, name_at);
            }
        }
    }

    void enter(std::size_t declared)
    {
        namespaces_.push_back(declared);
        in_scope_ += declared;
    }

    void leave()
    {
        in_scope_ -= namespaces_.back();
        namespaces_.pop_back();
    }

    std::string_view bytes_, text_;
    XmlLimits const& limits_;
    std::optional<ScanRefusal> refusal_;
    std::size_t nodes_ = 0;
    std::vector<std::size_t> namespaces_;  // declared by each open element
    std::size_t in_scope_ = 0;
};

}  // namespace

ScanResult scan(std::string_view bytes, XmlLimits const& limits) { return Scanner{bytes, limits}.run(); }

}  // namespace schemas::detail
