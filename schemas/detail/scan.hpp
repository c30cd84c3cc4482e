#pragma once

// One pass over the bytes of a document before the parser sees them: UTF-8 only, no DOCTYPE, and every bound
// of XmlLimits. It exists because the parser must not be asked to work first: libxml2 compares the attributes
// of an element pair by pair before any handler of ours is called, and takes overlong UTF-8.
//
// It finds markup exactly where XML 1.0 does, as far as the document is well-formed; from the first error on the
// two may differ, and there the parser stops (it never recovers). So what it counts bounds what is built.

#include "schemas/failure.hpp"
#include "schemas/limits.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace schemas::detail {

struct Scanned {
    std::string_view text;   // the bytes without a UTF-8 byte-order mark
    std::size_t      nodes;  // at least as many as the parser will make
};

struct Reason {
    std::string_view en, vi;  // static
};

struct ScanRefusal {
    Refusal     why;
    Reason      what;
    std::size_t offset;  // where
};

using ScanResult = boost::system::result<Scanned, ScanRefusal>;

[[noreturn]] void throw_exception_from_error(ScanRefusal const& refusal, boost::source_location const&);

[[nodiscard]] ScanResult scan(std::string_view bytes, XmlLimits const& limits);

// A UTF-8 byte-order mark is taken and passed over.
[[nodiscard]] std::string_view without_mark(std::string_view bytes) noexcept;

// Well-formed UTF-8 as Unicode 15 table 3-7 has it: no overlong forms, no surrogates. npos: all of it is.
[[nodiscard]] std::size_t first_not_utf8(std::string_view bytes) noexcept;

}  // namespace schemas::detail
