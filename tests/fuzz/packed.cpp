// What is stored: any bytes come back as they were, in every codec and whatever is base64 in them; and any bytes in place of a
// stored value give nothing, or no more than the bound.

#include "gateway/store/detail/armour.hpp"
#include "gateway/store/detail/compress.hpp"
#include "schemas/base64.hpp"
#include "tests/fuzz/must.hpp"

#include <string>
#include <string_view>
#include <vector>

using fuzz::must;
using namespace store::detail;

namespace {

constexpr std::size_t bytes_max = 1u << 20;

void comes_back(std::string_view bytes)
{
    for (auto const codec : {Codec::none, Codec::lz4, Codec::zstd}) {
        auto const packed = pack(codec, bytes);
        must(packed.size() <= bytes.size() + 11);
        must(packed == pack(codec, bytes));
        must(unpack(packed, bytes.size()) == bytes);
        if (!bytes.empty()) must(!unpack(packed, bytes.size() - 1));
    }
}

void stays_in_bounds(std::string_view value)
{
    if (auto const bytes = unpack(value, bytes_max)) {
        must(bytes->size() <= bytes_max);
        comes_back(*bytes);
    }
    if (auto const size = armoured_size(value, bytes_max)) {
        must(*size <= bytes_max);
        std::vector<char> room(*size);  // a sanitizer sees who writes on
        restore_armour(value, room.data());
    }
}

// The text cut into lines, as software writes base64: the first byte chooses width and separator.
std::string as_armour(std::string_view text)
{
    if (text.empty()) return {};
    auto const choice = static_cast<unsigned char>(text[0]);
    auto const armour = schemas::base64_encode(text.substr(1));
    std::size_t const widths[] = {64, 76, 68, 65, 1000, 128};
    std::string_view const separators[] = {"\n", "\r\n", "&#13;\n", "\n  ", " ", ""};
    auto const width = widths[choice % 6];
    std::string out = "<x>";
    for (std::size_t at = 0; at < armour.size(); at += width) {
        out += std::string_view{armour}.substr(at, width);
        out += separators[choice / 6 % 6];
    }
    return out + "</x>";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::text_of(data, size);
    comes_back(text);
    auto const once = as_armour(text);
    comes_back(once);
    comes_back(as_armour(once));
    stays_in_bounds(text);
    return 0;
}
