#include "signing/ocra.hpp"

#include "signing/detail/hmac.hpp"
#include "signing/digest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

namespace signing {
namespace {

constexpr std::size_t question_bytes = 128;  // RFC 6287 §5.1: Q is 128 bytes, padded with zeros at its end

bool digits_only(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<unsigned> number(std::string_view text, unsigned max)
{
    unsigned value = 0;
    if (!digits_only(text) || text.size() > 4) return std::nullopt;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value <= max ? std::optional{value} : std::nullopt;
}

std::vector<std::string_view> split(std::string_view text, char at)
{
    std::vector<std::string_view> parts;
    for (;;) {
        auto const mark = text.find(at);
        parts.push_back(text.substr(0, mark));
        if (mark == std::string_view::npos) return parts;
        text.remove_prefix(mark + 1);
    }
}

bool known_digest(std::string_view name) { return name == "SHA1" || name == "SHA256" || name == "SHA512"; }

// "1M", "20S", "48H": RFC 6287 §6.3.
std::optional<std::uint64_t> step_of(std::string_view text)
{
    if (text.size() < 2) return std::nullopt;
    auto const unit = text.back();
    auto const count = number(text.substr(0, text.size() - 1), unit == 'H' ? 48 : 59);
    if (!count || *count == 0) return std::nullopt;
    if (unit == 'S') return *count;
    if (unit == 'M') return *count * std::uint64_t{60};
    if (unit == 'H') return *count * std::uint64_t{3600};
    return std::nullopt;
}

bool read_part(OcraSuite& suite, std::string_view part)
{
    auto const rest = part.substr(std::min<std::size_t>(1, part.size()));
    switch (part.empty() ? '\0' : part.front()) {
        case 'P':
            suite.pin = rest;
            return known_digest(rest);
        case 'S': {
            auto const bytes = rest.empty() ? std::optional{64u} : number(rest, 512);
            suite.session_bytes = bytes.value_or(0);
            return suite.session_bytes > 0;
        }
        case 'T': {
            auto const step = step_of(rest);
            suite.time_step_s = step.value_or(0);
            return step.has_value();
        }
        default: return false;
    }
}

bool read_question(OcraSuite& suite, std::string_view part)
{
    if (part.size() != 4 || part[0] != 'Q' || (part[1] != 'N' && part[1] != 'A' && part[1] != 'H')) return false;
    auto const length = number(part.substr(2), 64);
    suite.question = part[1];
    return length && *length >= 4;
}

// A decimal number as hexadecimal digits, without leading zeros; of any length within the bound.
std::string hex_of_decimal(std::string_view decimal)
{
    std::vector<unsigned> nibbles{0};  // least significant first
    for (auto const digit : decimal) {
        unsigned carry = static_cast<unsigned>(digit - '0');
        for (auto& nibble : nibbles) {
            carry += nibble * 10;
            nibble = carry % 16;
            carry /= 16;
        }
        for (; carry != 0; carry /= 16) nibbles.push_back(carry % 16);
    }
    std::string out;
    for (auto it = nibbles.rbegin(); it != nibbles.rend(); ++it) out += "0123456789abcdef"[*it];
    return out;
}

// The question's hexadecimal digits stand at the front of the 128 bytes, an odd number of them too: so does the RFC's own
// reference implementation, and so its vectors.
std::optional<std::string> question_of(char format, std::string_view question)
{
    std::string digits;
    if (question.empty() || question.size() > 2 * question_bytes) return std::nullopt;
    if (format == 'N') {
        if (!digits_only(question)) return std::nullopt;
        digits = hex_of_decimal(question);
    } else if (format == 'A') {
        digits = hex(question);
    } else {
        digits = question;
    }
    if (digits.size() > 2 * question_bytes) return std::nullopt;
    digits.resize(2 * question_bytes, '0');
    auto bytes = bytes_of_hex(digits);
    if (bytes.empty()) return std::nullopt;
    return bytes;
}

std::size_t digest_bytes(std::string_view name) { return name == "SHA1" ? 20 : name == "SHA256" ? 32 : 64; }

}  // namespace

std::optional<OcraSuite> read_ocra_suite(std::string_view text)
{
    auto const parts = split(text, ':');
    if (parts.size() != 3 || parts[0] != "OCRA-1") return std::nullopt;
    auto const function = split(parts[1], '-');
    if (function.size() != 3 || function[0] != "HOTP" || !known_digest(function[1])) return std::nullopt;
    auto const digits = number(function[2], 10);
    if (!digits || (*digits != 0 && *digits < 4)) return std::nullopt;

    OcraSuite suite;
    suite.digest = function[1];
    suite.digits = *digits;
    auto inputs = split(parts[2], '-');
    if (inputs.front() == "C") {
        suite.counter = true;
        inputs.erase(inputs.begin());
    }
    if (inputs.empty() || !read_question(suite, inputs.front())) return std::nullopt;
    constexpr std::string_view order = "PST";  // each once at most, in this order
    std::size_t next = 0;
    for (std::size_t i = 1; i < inputs.size(); ++i) {
        if (!read_part(suite, inputs[i])) return std::nullopt;
        auto const place = order.find(inputs[i].front());
        if (place < next) return std::nullopt;
        next = place + 1;
    }
    return suite;
}

std::optional<std::string> ocra(std::string_view text, std::string_view secret, OcraInputs const& inputs)
{
    auto const suite = read_ocra_suite(text);
    if (!suite) return std::nullopt;
    std::string message{text};
    message += '\0';
    if (suite->counter) {
        if (!inputs.counter) return std::nullopt;
        message += detail::big_endian(*inputs.counter);
    }
    auto const question = question_of(suite->question, inputs.question);
    if (!question) return std::nullopt;
    message += *question;
    if (!suite->pin.empty()) {
        if (!inputs.pin_hash || inputs.pin_hash->size() != digest_bytes(suite->pin)) return std::nullopt;
        message += *inputs.pin_hash;
    }
    if (suite->session_bytes != 0) {
        if (!inputs.session || inputs.session->size() > suite->session_bytes) return std::nullopt;
        message.append(suite->session_bytes - inputs.session->size(), '\0');
        message += *inputs.session;
    }
    if (suite->time_step_s != 0) {
        if (!inputs.time) return std::nullopt;
        message += detail::big_endian(*inputs.time);
    }

    auto const mac = detail::hmac(suite->digest.c_str(), secret, message);
    if (suite->digits == 0) return hex(std::string_view{mac});
    std::uint64_t codes = 1;
    for (unsigned i = 0; i < suite->digits; ++i) codes *= 10;
    auto code = std::to_string(detail::truncated(mac) % codes);
    return std::string(suite->digits - code.size(), '0') + code;
}

}  // namespace signing
