#include "gateway/intake/framing.hpp"

#include "gateway/runtime/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace intake {
namespace {

using fault::Fault;
using fault::FaultCode;

Fault malformed(std::string_view detail) { return {FaultCode::request_malformed, std::string{detail}, {}, {}}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// RFC 9110 §5.6.2: tchar.
bool is_token(char c) { return is_digit(c) || is_alpha(c) || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos; }
bool all_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token); }
// RFC 9110 §5.5: visible characters, obs-text, space and tab.
bool is_field_text(char c)
{
    auto const byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
}
// What RFC 3986 lets stand in a request target, and a few that browsers send as they are.
bool is_target_text(char c) { return c > 0x20 && c < 0x7F && std::string_view{"\"<>\\^`{}#"}.find(c) == std::string_view::npos; }

std::string_view trimmed(std::string_view text)
{
    auto const blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

// Each may come once: two of them, and two readers may believe different ones.
constexpr std::array single_fields{
    std::string_view{"host"}, std::string_view{"content-length"}, std::string_view{"transfer-encoding"},
    std::string_view{"content-type"}, std::string_view{"content-encoding"}, std::string_view{"authorization"},
    std::string_view{"idempotency-key"}, std::string_view{"expect"}, std::string_view{"traceparent"},
};

std::optional<Fault> read_request_line(std::string_view line, Limits const& limits, Head& head)
{
    auto const first = line.find(' '), last = line.rfind(' ');
    if (line.size() > limits.target_bytes_max + 64) return Fault{FaultCode::target_too_long, {}, {}, {}};
    if (first == std::string_view::npos || first == last) return malformed("request line");
    auto const method = line.substr(0, first), target = line.substr(first + 1, last - first - 1), version = line.substr(last + 1);
    if (!all_token(method) || method.size() > 32) return malformed("method");
    if (target.size() > limits.target_bytes_max) return Fault{FaultCode::target_too_long, {}, {}, {}};
    if (target.empty() || !std::ranges::all_of(target, is_target_text)) return malformed("target");
    bool const shape = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
    if (!shape) return malformed("version");
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return Fault{FaultCode::http_version_unknown, {}, {}, {}};
    head.method = method;
    head.target = target;
    head.version_minor = version[7] == '1' ? 1 : 0;
    return std::nullopt;
}

std::optional<Fault> read_field(std::string_view line, Head& head)
{
    // RFC 9112 §5.2: a folded line is refused, and so it starts with no name character; §5.1: no space before the colon.
    auto const colon = line.find(':');
    if (colon == std::string_view::npos) return malformed("field without a colon");
    auto const name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (!all_token(name)) return malformed("field name");
    if (!std::ranges::all_of(value, is_field_text)) return malformed("field value");
    head.fields.emplace_back(name, value);
    return std::nullopt;
}

bool is_host(std::string_view host)
{
    auto const fits = [](char c) { return is_digit(c) || is_alpha(c) || std::string_view{"-._~%!$&'()*+;=:[]"}.find(c) != std::string_view::npos; };
    return std::ranges::all_of(host, fits);
}

std::optional<Fault> read_length(std::string_view value, Head& head)
{
    std::uint64_t length = 0;
    if (value.empty() || value.size() > 18 || !std::ranges::all_of(value, is_digit)) return malformed("Content-Length");
    std::from_chars(value.data(), value.data() + value.size(), length);
    head.content_length = length;
    return std::nullopt;
}

// Connection is a list and may come more than once.
void read_connection(std::string_view value, Head& head)
{
    while (!value.empty()) {
        auto const comma = value.find(',');
        if (equal_ignoring_case(trimmed(value.substr(0, comma)), "close")) head.close = true;
        value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    }
}

// RFC 9112 §6.1: a sound coding that we do not implement is answered 501, whatever else is malformed.
bool packed_then_chunked(std::string_view value)
{
    auto const comma = value.find(',');
    if (comma == std::string_view::npos || !equal_ignoring_case(trimmed(value.substr(comma + 1)), "chunked")) return false;
    auto const first = trimmed(value.substr(0, comma));
    auto const known = [first](std::string_view name) { return equal_ignoring_case(first, name); };
    return known("gzip") || known("x-gzip") || known("deflate") || known("compress") || known("x-compress");
}

std::optional<Fault> weigh_field(std::string_view name, std::string_view value, Head& head)
{
    if (equal_ignoring_case(name, "host")) return is_host(value) ? std::nullopt : std::optional{malformed("Host")};
    if (equal_ignoring_case(name, "content-length")) return read_length(value, head);
    if (equal_ignoring_case(name, "transfer-encoding")) {
        if (head.version_minor == 0) return malformed("Transfer-Encoding");  // RFC 9112 §6.1: HTTP/1.0 knows none
        if (packed_then_chunked(value)) return Fault{FaultCode::coding_unknown, {}, {}, {}};
        if (!equal_ignoring_case(value, "chunked")) return malformed("Transfer-Encoding");
        head.chunked = true;
    } else if (equal_ignoring_case(name, "expect") && head.version_minor == 1) {
        (equal_ignoring_case(value, "100-continue") ? head.expects_continue : head.expects_unknown) = true;
    } else if (equal_ignoring_case(name, "connection")) {
        read_connection(value, head);
    }
    return std::nullopt;
}

std::optional<Fault> weigh_fields(Head& head)
{
    std::array<unsigned, single_fields.size()> seen{};
    for (auto const& field : head.fields) {
        auto const& [name, value] = field;
        auto const single = std::ranges::find_if(single_fields, [&](auto known) { return equal_ignoring_case(known, field.first); });
        if (single != single_fields.end() && ++seen[static_cast<std::size_t>(single - single_fields.begin())] > 1)
            return malformed("repeated " + std::string{*single});
        if (auto no = weigh_field(name, value, head)) return no;
    }
    if (seen[0] == 0 && head.version_minor == 1) return malformed("no Host");  // RFC 9112 §3.2
    if (head.chunked && head.content_length) return malformed("both Content-Length and Transfer-Encoding");  // §6.3 rule 3
    return std::nullopt;
}

int hex_value(char c)
{
    if (is_digit(c)) return c - '0';
    if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
    return -1;
}

bool plain_text(std::string_view text)
{
    auto const control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    return std::ranges::none_of(text, control) && runtime::is_utf8(text);
}

std::optional<Fault> read_query(std::string_view text, std::map<std::string, std::string>& query)
{
    while (!text.empty()) {
        auto const part = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        if (part.empty()) continue;
        auto const equals = part.find('=');
        auto name = percent_decoded(part.substr(0, equals), true);
        auto value = percent_decoded(equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1), true);
        if (!name || !value || !plain_text(*name) || !plain_text(*value)) return malformed("query");
        if (!query.emplace(std::move(*name), std::move(*value)).second)
            return Fault{FaultCode::parameter_invalid, "a query name is repeated", {}, {}};
    }
    return std::nullopt;
}

// RFC 9112 §3.2.2: a server must accept the absolute form. We serve one host, so its authority says nothing to us.
std::optional<std::string_view> origin_of(std::string_view target)
{
    if (target.starts_with('/') || target == "*") return target;
    auto const scheme = target.find("://");
    if (scheme == std::string_view::npos) return std::nullopt;
    if (!equal_ignoring_case(target.substr(0, scheme), "http") && !equal_ignoring_case(target.substr(0, scheme), "https")) return std::nullopt;
    auto const rest = target.substr(scheme + 3);
    auto const end = std::min(rest.find_first_of("/?"), rest.size());
    if (end == 0 || !is_host(rest.substr(0, end))) return std::nullopt;
    return rest.substr(end);
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (text.size() - i < 3) return std::nullopt;
            auto const high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

fault::Result<Head> read_head(std::string_view raw, Limits const& limits)
{
    if (raw.size() > limits.header_bytes_max) return Fault{FaultCode::header_too_large, {}, {}, {}};
    if (auto no = doomed(raw, 0, limits)) return std::move(*no);
    if (!raw.ends_with("\r\n\r\n")) return malformed("no end of the header");
    Head head;
    auto rest = raw.substr(0, raw.size() - 2);  // lines, each with its CRLF
    auto const next_line = [&rest] {
        auto const line = rest.substr(0, rest.find("\r\n"));
        rest.remove_prefix(line.size() + 2);
        return line;
    };
    if (auto no = read_request_line(next_line(), limits, head)) return std::move(*no);
    while (!rest.empty()) {
        if (head.fields.size() == limits.header_fields_max) return Fault{FaultCode::header_too_large, "fields", {}, {}};
        if (auto no = read_field(next_line(), head)) return std::move(*no);
    }
    // RFC 9112 §3.2.4 and §3.2.3: the asterisk is for OPTIONS, the authority form for CONNECT, which we do not serve.
    if (head.target == "*" && head.method != "OPTIONS") return malformed("asterisk");
    head.close = head.version_minor == 0;  // keep-alive of HTTP/1.0 is not offered: our own choice
    if (auto no = weigh_fields(head)) return std::move(*no);
    return head;
}

std::optional<fault::Fault> doomed(std::string_view begun, std::size_t looked_at, Limits const& limits)
{
    if (!begun.empty() && !is_token(begun.front())) return malformed("first byte");
    for (auto i = looked_at > 0 ? looked_at - 1 : 0; i < begun.size(); ++i) {
        auto const c = begun[i];
        if (c == '\n' && (i == 0 || begun[i - 1] != '\r')) return malformed("bare LF");
        if (c == '\r' && i + 1 < begun.size() && begun[i + 1] != '\n') return malformed("bare CR");
        if (c != '\r' && c != '\n' && !is_field_text(c)) return malformed("control character");
    }
    auto const line_end = begun.find("\r\n");
    if (line_end == std::string_view::npos) {
        if (begun.size() > limits.target_bytes_max + 64) return Fault{FaultCode::target_too_long, {}, {}, {}};
    } else if (looked_at <= line_end + 1) {
        Head ignored;
        if (auto no = read_request_line(begun.substr(0, line_end), limits, ignored)) return no;
    }
    if (begun.size() > limits.header_bytes_max) return Fault{FaultCode::header_too_large, {}, {}, {}};
    return std::nullopt;
}

fault::Result<Target> read_target(std::string_view target)
{
    auto const origin = origin_of(target);
    if (!origin) return malformed("target form");
    auto const question = origin->find('?');
    Target read;
    read.path = origin->substr(0, question);
    if (read.path.empty()) read.path = "/";
    auto decoded = percent_decoded(read.path, false);
    if (!decoded || !plain_text(*decoded)) return malformed("path");
    read.path_decoded = std::move(*decoded);
    if (question != std::string_view::npos)
        if (auto no = read_query(origin->substr(question + 1), read.query)) return std::move(*no);
    return read;
}

}  // namespace intake
