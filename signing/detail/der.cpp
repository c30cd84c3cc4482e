#include "signing/detail/der.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace signing::detail {
namespace {

[[noreturn]] void bad(char const* what) { throw std::runtime_error(what); }

unsigned octet(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

int digits(std::string_view text, std::size_t at, std::size_t count)
{
    int number = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') bad("a time that is not digits and Z");
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

}  // namespace

DerReader::Value DerReader::next()
{
    if (rest_.size() < 2) bad("the DER ends too early");
    if ((octet(rest_, 0) & 0x1f) == 0x1f) bad("a DER tag of several octets");
    std::size_t header = 2;
    std::size_t length = octet(rest_, 1);
    if (length >= 0x80) {
        std::size_t const count = length & 0x7f;
        if (count == 0 || count > 4) bad("a DER length that is indefinite or beyond 4 GiB");
        if (rest_.size() < 2 + count) bad("the DER ends too early");
        length = 0;
        for (std::size_t i = 0; i < count; ++i) length = (length << 8) | octet(rest_, 2 + i);
        if (length < 0x80 || (count > 1 && (length >> (8 * (count - 1))) == 0)) bad("a DER length not in its shortest form");
        header += count;
    }
    if (length > rest_.size() - header) bad("the DER ends too early");
    Value const value{rest_.substr(header, length), rest_.substr(0, header + length)};
    rest_.remove_prefix(header + length);
    return value;
}

DerReader::Value DerReader::next(DerTag tag, char const* what)
{
    if (!next_is(tag)) throw std::runtime_error(fmt::format("no {} where it must stand", what));
    return next();
}

void DerReader::end(char const* what) const
{
    if (!at_end()) throw std::runtime_error(fmt::format("more than expected in {}", what));
}

void require_shortest_integer(std::string_view content, char const* what)
{
    bool const padded = content.size() > 1 && ((octet(content, 0) == 0 && octet(content, 1) < 0x80) ||
                                               (octet(content, 0) == 0xff && octet(content, 1) >= 0x80));
    if (content.empty() || padded) throw std::runtime_error(fmt::format("{} is no DER INTEGER", what));
}

void require_whole_oid(std::string_view content)
{
    bool begins = true;
    for (char const one : content) {
        auto const value = static_cast<unsigned char>(one);
        if (begins && value == 0x80) bad("an OBJECT IDENTIFIER not in its shortest form");
        begins = value < 0x80;
    }
    if (content.empty() || !begins) bad("an OBJECT IDENTIFIER that ends too early");
}

bool der_boolean(std::string_view content)
{
    if (content.size() != 1 || (octet(content, 0) != 0 && octet(content, 0) != 0xff)) bad("a BOOLEAN that is neither 00 nor FF");
    return octet(content, 0) != 0;
}

std::int64_t der_time(DerReader::Value const& value, DerTag tag)
{
    auto const text = value.content;
    std::size_t const year_digits = tag == DerTag::utc_time ? 2 : 4;
    if (text.size() != year_digits + 11 || text.back() != 'Z') bad("a time that is not to the second and in Zulu");
    int years = digits(text, 0, year_digits);
    if (tag == DerTag::utc_time) years += years < 50 ? 2000 : 1900;  // RFC 5280 §4.1.2.5.1
    std::size_t const at = year_digits;
    using namespace std::chrono;
    auto const day = year{years} / digits(text, at, 2) / digits(text, at + 2, 2);
    int const hour = digits(text, at + 4, 2), minute = digits(text, at + 6, 2), second = digits(text, at + 8, 2);
    if (!day.ok() || hour > 23 || minute > 59 || second > 59) bad("a time that does not exist");
    return duration_cast<seconds>(sys_days{day}.time_since_epoch()).count() + hour * 3600 + minute * 60 + second;
}

std::int64_t next_time(DerReader& reader, char const* what)
{
    auto const tag = reader.next_is(DerTag::utc_time) ? DerTag::utc_time : DerTag::generalized_time;
    return der_time(reader.next(tag, what), tag);
}

}  // namespace signing::detail
