// What decodes must encode back to the same characters, white space aside; and what we encode must decode.

#include "schemas/base64.hpp"
#include "tests/fuzz/must.hpp"

#include <string>

using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::text_of(data, size);
    if (auto const bytes = schemas::base64_decode(text)) {
        std::string bare;
        for (char const c : text)
            if (c != ' ' && c != '\t' && c != '\r' && c != '\n') bare += c;
        must(schemas::base64_encode(*bytes) == bare);
    }
    must(schemas::base64_decode(schemas::base64_encode(text)) == std::string{text});
    return 0;
}
