// XML Schema pairs and lexical values of libxml2's own tests ($IVAN_VECTORS/xsd; its README names source and licence),
// through the catalogue as the gateway loads it: each schema stands alone, nothing is fetched, a schema that does not
// compile is a bad start.
//
// Instances are read by our own parser, which takes UTF-8 only: those that declare ISO-8859-1 are turned into UTF-8
// first, the schema engine is what is tested here.

#include "schemas/catalogue.hpp"
#include "tests/support/pki.hpp"
#include "tests/vectors/tally.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

namespace fs = std::filesystem;
using vectors::Difference;
using vectors::Tally;

constexpr std::string_view stands_alone =
    "includes or imports another schema: libxml2 would fetch it by itself, from the network too, so our schemas stand alone and such a one is refused";
constexpr std::array pair_differences{
    Difference{"xsd/bug145246_0_0", "the instance holds a DOCTYPE, which our parser refuses before any schema is asked"},
};

constexpr std::string_view white_space = "libxml2 2.9.14 does not collapse white space around the values of this type";
constexpr std::string_view long_number = "libxml2 2.9.14 takes at most 24 digits; no number of our forms has more than 15";
constexpr std::string_view plus_sign = "libxml2 2.9.14 takes no leading + on unsigned types; our forms' numbers are patterns of their own";
constexpr std::array value_differences{
    Difference{"xs:integer 9999999999999999999999999999999", long_number},
    Difference{"xs:decimal -99999999999999999999999999999999999999999999999999999999999999999", long_number},
    Difference{"xs:gMonth  --12 ", white_space},
    Difference{"xs:float INF ", white_space},
    Difference{"xs:float  NaN ", white_space},
    Difference{"xs:double INF ", white_space},
    Difference{"xs:double -INF ", white_space},
    Difference{"xs:double  NaN ", white_space},
    Difference{"xs:long  0 ", white_space},
    Difference{"xs:int  -1 ", white_space},
    Difference{"xs:short  1 ", white_space},
    Difference{"xs:short  -1 ", white_space},
    Difference{"xs:unsignedLong  1 ", white_space},
    Difference{"xs:unsignedShort  1 ", white_space},
    Difference{"xs:unsignedLong +1", plus_sign},
    Difference{"xs:unsignedInt +1", plus_sign},
    Difference{"xs:unsignedByte +1", plus_sign},
    Difference{"xs:NMTOKENS ", "libxml2 2.9.14 takes an empty list of NMTOKENS; none of our schemas uses the type"},
};

std::string read(fs::path const& path)
{
    std::ifstream file{path, std::ios::binary};
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>{file}, {}};
}

void write(fs::path const& path, std::string_view text)
{
    fs::create_directories(path.parent_path());
    std::ofstream{path, std::ios::binary} << text;
}

constexpr std::string_view entry_text = R"([[schema]]
form = "{0}"
version = "1"
root = "any"
models = "other people's test material"
from = 2000-01-01

)";

std::string latin1_as_utf8(std::string const& text)
{
    static std::regex const declared{R"rx((encoding\s*=\s*["'])iso-8859-1(["']))rx", std::regex::icase};
    std::smatch found;
    auto const head = text.substr(0, text.find('>'));
    if (!std::regex_search(head, declared)) return text;
    std::string made = std::regex_replace(head, declared, "$1UTF-8$2");
    for (char const c : text.substr(head.size())) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte < 0x80) made += c;
        else made += {static_cast<char>(0xC0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3F))};
    }
    return made;
}

// "valid", "invalid", "schema-error" or "unreadable: why", and what was said.
std::string verdict(schemas::Catalogue const& catalogue, schemas::SchemaEntry const& entry, std::string const& instance)
{
    auto const document = schemas::Document::parse(instance, {});
    if (!document) return "unreadable: " + std::string{schemas::name_of(document.error().why)};
    schemas::Findings findings{10};
    return catalogue.check(entry, *document, "instance", findings) ? "valid" : "invalid";
}

TEST(XsdVectors, PairsOfSchemaAndInstanceGetTheVerdictThatIsExpected)
{
    Tally tally{"xsd", pair_differences};
    auto const folder = tally.vectors("xsd/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();

    support::TemporaryDirectory const directory;
    auto const catalogue_file = directory.path() / "catalogue.toml";
    write(catalogue_file, fmt::format(fmt::runtime(entry_text), "pair"));
    auto const manifest = boost::json::parse(read(*folder / "manifest.json"));
    std::map<std::string, unsigned> counted;
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        std::string const id{one.at("id").as_string()}, expected{one.at("expected").as_string()};
        ++counted[expected];
        auto const schema = read(*folder / std::string{one.at("schema").as_string()});
        write(directory.path() / "pair/1/pair.xsd", schema);
        std::string said, why;
        try {
            auto const catalogue = schemas::Catalogue::load(directory.path());
            said = verdict(*catalogue, catalogue->entries()[0], latin1_as_utf8(read(*folder / std::string{one.at("instance").as_string()})));
        } catch (std::runtime_error const& error) {
            said = "schema-error";
            why = error.what();
        }
        if (why.find("includes, imports or redefines") != std::string::npos) tally.differs(id, stands_alone);
        else tally.judge(id, said == expected, said + " where " + expected + " is expected. " + why);
    }
    EXPECT_GE(tally.run(), 150u);
    EXPECT_GE(counted["valid"], 70u);
    EXPECT_GE(counted["invalid"], 50u);
    EXPECT_GE(counted["schema-error"], 10u);
}

TEST(XsdVectors, LexicalValuesOfBuiltInTypesAreTakenOrRefusedButForTheKnownLimitsOfTheLibrary)
{
    Tally tally{"xsd", value_differences};
    auto const folder = tally.vectors("xsd/datatype-values.json");
    if (!folder) GTEST_SKIP() << tally.skipped();

    auto const json = boost::json::parse(read(*folder / "datatype-values.json"));
    auto const& cases = json.at("cases").as_array();
    support::TemporaryDirectory const directory;
    std::map<std::string, std::string> forms;  // type → form
    std::string catalogue_text;
    for (auto const& one : cases) {
        std::string const type{one.at("type").as_string()};
        auto const form = type.substr(type.find(':') + 1);
        if (!forms.emplace(type, form).second) continue;
        catalogue_text += fmt::format(fmt::runtime(entry_text), form);
        write(directory.path() / form / "1" / (form + ".xsd"),
              fmt::format(R"(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="value" type="{}"/></xs:schema>)", type));
    }
    write(directory.path() / "catalogue.toml", catalogue_text);
    auto const catalogue = schemas::Catalogue::load(directory.path());

    for (auto const& one : cases) {
        std::string const type{one.at("type").as_string()}, text{one.at("value").as_string()}, expected{one.at("expected").as_string()};
        auto const entry = catalogue->find(forms.at(type), "1", std::chrono::sys_days{std::chrono::year{2026} / 1 / 1});
        ASSERT_TRUE(entry.has_value()) << type;
        std::string escaped;
        for (char const c : text) escaped += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string{c};
        auto const said = verdict(*catalogue, **entry, "<value>" + escaped + "</value>");
        tally.judge(type + " " + text, said == expected, said + " where " + expected + " is expected");
    }
    EXPECT_GE(tally.run(), 217u);
}

}  // namespace
