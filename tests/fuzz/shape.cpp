// Does a shape table ever say of a document what libxml2's validator does not? Each way: sound is valid and valid is sound, but for
// attributes of XML Schema's instance namespace, which a table always declines.
//
// The first byte chooses one of our schemas. Behind an even second byte the rest is chance for making a sound document and spoiling
// it; behind an odd one it is the document itself.

#include "tests/fuzz/must.hpp"
#include "tests/support/shapes.hpp"

#include "schemas/catalogue.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

using fuzz::must;
using namespace test_support;

namespace {

class BytesDice : public Dice {
public:
    explicit BytesDice(std::string_view bytes) : bytes_{bytes} {}
    std::uint32_t next() override
    {
        if (at_ == bytes_.size()) return 0;
        return static_cast<unsigned char>(bytes_[at_++]);
    }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

std::vector<std::unique_ptr<BothWays>> const& schemas_of_ours()
{
    static auto const all = [] {
        std::vector<std::unique_ptr<BothWays>> made;
        std::filesystem::path const directory{IVAN_SOURCE_DIR "/schemas/xsd"};
        auto const catalogue = schemas::Catalogue::load(directory);
        for (auto const& entry : catalogue->entries()) {
            std::ifstream stream{directory / entry.form / entry.version / (entry.form + ".xsd"), std::ios::binary};
            made.push_back(std::make_unique<BothWays>(std::string{std::istreambuf_iterator<char>{stream}, {}}));
            must(made.back()->compiles() && made.back()->table());
        }
        return made;
    }();
    return all;
}

XmlDocPtr spoilt(BothWays const& ways, std::string_view chance)
{
    BytesDice dice{chance};
    Sketcher sketcher{*ways.table(), dice};
    auto const times = dice.below(6);
    auto sketch = sketcher.whole();
    for (std::size_t i = 0; i < times; ++i) sketcher.spoil(sketch);
    return parsed(sketch.xml());
}

// Null where it is no document, or one that no reader for tables would tell: a validator would also fetch a schemaLocation.
XmlDocPtr as_it_stands(std::string_view text)
{
    if (text.find("chemaLocation") != text.npos || text.find("<!DOCTYPE") != text.npos) return nullptr;
    return XmlDocPtr{xmlReadMemory(text.data(), static_cast<int>(text.size()), "fuzz.xml", "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size < 2) return 0;
    auto const& all = schemas_of_ours();
    auto const& ways = *all[data[0] % all.size()];
    auto const rest = fuzz::text_of(data + 2, size - 2);
    auto const doc = data[1] % 2 == 0 ? spoilt(ways, rest) : as_it_stands(rest);
    if (doc) must(agree(ways, doc.get()));
    return 0;
}
