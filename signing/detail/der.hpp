#pragma once

// A cursor over DER, for inputs too large for OpenSSL's object trees: it copies nothing, allocates nothing and never
// looks behind its end. Definite lengths in their shortest form, tags of one octet; anything else is refused.
// Source: ITU-T X.690 §8.1 and §10.1. Private to signing/.
//
// Threads: values. Errors: std::runtime_error saying what is wrong.

#include <cstdint>
#include <string_view>

namespace signing::detail {

enum class DerTag : std::uint8_t {
    boolean = 0x01,
    integer = 0x02,
    bit_string = 0x03,
    octet_string = 0x04,
    oid = 0x06,
    enumerated = 0x0a,
    utc_time = 0x17,
    generalized_time = 0x18,
    sequence = 0x30,
    context_0 = 0xa0,  // [0] EXPLICIT
};

class DerReader {
public:
    explicit DerReader(std::string_view bytes) noexcept : rest_{bytes} {}

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] bool next_is(DerTag tag) const noexcept
    {
        return !rest_.empty() && static_cast<std::uint8_t>(rest_.front()) == static_cast<std::uint8_t>(tag);
    }

    struct Value {
        std::string_view content, whole;  // `whole` with its tag and length
    };
    // The next value, whatever its tag; the next one, which must have this tag.
    Value next();
    Value next(DerTag tag, char const* what);
    // Its content as a cursor.
    DerReader inside(DerTag tag, char const* what) { return DerReader{next(tag, what).content}; }
    // Nothing may follow.
    void end(char const* what) const;

private:
    std::string_view rest_;
};

// Content octets of an INTEGER in their shortest form (X.690 §8.3.2), as RFC 5280 wants serial numbers.
void require_shortest_integer(std::string_view content, char const* what);

// Content octets of an OBJECT IDENTIFIER: whole numbers, each in its shortest form (X.690 §8.19.2).
void require_whole_oid(std::string_view content);

// BOOLEAN: FF or 00 (X.690 §11.1; 00 is the default written out, which OpenSSL takes as well).
[[nodiscard]] bool der_boolean(std::string_view content);

// UTCTime or GeneralizedTime as RFC 5280 §5.1.2.4 has them: to the second, in Zulu, nothing else. Seconds since 1970.
[[nodiscard]] std::int64_t der_time(DerReader::Value const& value, DerTag tag);
// The next value, which must be one of the two.
[[nodiscard]] std::int64_t next_time(DerReader& reader, char const* what);

}  // namespace signing::detail
