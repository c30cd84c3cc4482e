// What decodes must encode back to the same characters, white space aside; and what we encode must decode. In pieces and into
// small rooms the text says what it says as a whole.

#include "schemas/base64.hpp"
#include "tests/fuzz/must.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

using fuzz::must;

namespace {

std::optional<std::string> decoded_in_pieces(std::string_view text, std::size_t piece_max, std::size_t room_size)
{
    schemas::Base64Stream stream;
    std::string bytes;
    while (!text.empty()) {
        std::vector<char> room(room_size);  // a sanitizer sees who writes on
        auto const step = stream.feed(text.substr(0, piece_max), room);
        bytes.append(room.data(), step.written);
        if (step.refused) return std::nullopt;
        must(step.taken > 0);
        text.remove_prefix(step.taken);
    }
    return stream.end() ? std::optional{bytes} : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::text_of(data, size);
    if (auto const bytes = schemas::base64_decode(text)) {
        std::string bare;
        for (char const c : text)
            if (c != ' ' && c != '\t' && c != '\r' && c != '\n') bare += c;
        must(schemas::base64_encode(*bytes) == bare);
    }
    std::size_t const odd = size == 0 ? 1 : data[0];
    must(decoded_in_pieces(text, 1 + odd, 3 + odd % 67) == schemas::base64_decode(text));
    must(schemas::base64_decode(schemas::base64_encode(text)) == std::string{text});
    return 0;
}
