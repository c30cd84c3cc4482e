// Canonical XML by our own path (signing/detail/canonical.hpp): the examples of the W3C's specifications and interop cases
// ($IVAN_VECTORS/c14n; its README names sources and licences). The gateway takes no DTD: here, at the level of the library, the
// documents that need one are read with it.
//
// Our node sets are an element with all in it, less another element, or the whole document: what a Reference of the policy can
// mean. Any other XPath expression is a transform we refuse, and so is every method "#WithComments".

#include "signing/detail/canonical.hpp"
#include "tests/vectors/tally.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <regex>
#include <string>

namespace {

namespace json = boost::json;
using signing::detail::C14n;

std::string read(std::filesystem::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    EXPECT_TRUE(in) << file;
    return {std::istreambuf_iterator<char>{in}, {}};
}

struct FreeDoc {
    void operator()(xmlDoc* doc) const { xmlFreeDoc(doc); }
};
using DocPtr = std::unique_ptr<xmlDoc, FreeDoc>;

DocPtr parse(std::filesystem::path const& file)
{
    return DocPtr{xmlReadFile(file.c_str(), nullptr, XML_PARSE_DTDLOAD | XML_PARSE_DTDATTR | XML_PARSE_NOENT | XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)};
}

std::optional<C14n> kind_of(std::string_view uri)
{
    if (uri == "http://www.w3.org/TR/2001/REC-xml-c14n-20010315") return C14n::inclusive;
    if (uri == "http://www.w3.org/2006/12/xml-c14n11") return C14n::inclusive11;
    if (uri == "http://www.w3.org/2001/10/xml-exc-c14n#") return C14n::exclusive;
    return std::nullopt;
}

// The element that "ancestor-or-self::NAME" and nothing else chooses, where it is one; null for any other expression.
xmlNode* subtree_of(xmlDoc* doc, json::object const& one)
{
    static std::regex const form{R"(\s*\(//\.\s*\|\s*//@\*\s*\|\s*//namespace::\*\)\s*\[\s*ancestor-or-self::([\w:]+)\s*\]\s*)"};
    std::string const expression{one.at("xpath").as_string()};
    std::smatch found;
    if (!std::regex_match(expression, found, form)) return nullptr;
    std::unique_ptr<xmlXPathContext, decltype(&xmlXPathFreeContext)> const context{xmlXPathNewContext(doc), xmlXPathFreeContext};
    if (auto const* const names = one.if_contains("xpath_namespaces")) {
        for (auto const& [prefix, uri] : names->as_object()) {
            xmlXPathRegisterNs(context.get(), reinterpret_cast<xmlChar const*>(std::string{prefix}.c_str()),
                               reinterpret_cast<xmlChar const*>(std::string{uri.as_string()}.c_str()));
        }
    }
    auto const path = "//" + found[1].str();
    std::unique_ptr<xmlXPathObject, decltype(&xmlXPathFreeObject)> const set{
        xmlXPathEvalExpression(reinterpret_cast<xmlChar const*>(path.c_str()), context.get()), xmlXPathFreeObject};
    if (!set || set->nodesetval == nullptr || set->nodesetval->nodeNr != 1) return nullptr;
    return set->nodesetval->nodeTab[0];
}

void run(vectors::Tally& tally, std::filesystem::path const& folder, json::object const& one)
{
    std::string const id{one.at("id").as_string()};
    auto const kind = kind_of(one.at("algorithm").as_string());
    if (!kind) return tally.not_applicable(id, "a method with comments, which the policy refuses");
    if (one.at("external_entity").as_bool()) return tally.not_applicable(id, "an external entity, which nothing in this process may load");
    auto const doc = parse(folder / std::string{one.at("input").as_string()});
    if (!doc) return tally.failed(id, "the input does not parse");

    signing::detail::Canonicalisation how{.kind = *kind, .prefixes = {}};
    if (auto const* const prefixes = one.if_contains("inclusive_namespaces")) {
        for (auto const& prefix : prefixes->as_array()) how.prefixes.emplace_back(prefix.as_string());
    }
    signing::detail::Part part;
    if (one.contains("xpath")) {
        part.top = subtree_of(doc.get(), one);
        if (part.top == nullptr) return tally.not_applicable(id, "an XPath node set that is not one element with all in it: a transform we refuse");
    }
    std::string canonical;
    bool const done = canonicalise(doc.get(), part, how, [&](std::string_view bytes) { canonical += bytes; });
    auto const expected = read(folder / std::string{one.at("expected_output").as_string()});
    tally.judge(id, done && canonical == expected, fmt::format("our form:\n{}\nexpected:\n{}", canonical, expected));
}

TEST(CanonicalXml, EveryExampleIsTheSameByteForByte)
{
    vectors::Tally tally{"c14n"};
    auto const folder = tally.vectors("c14n/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    auto const manifest = json::parse(read(*folder / "manifest.json"));
    for (auto const& one : manifest.at("cases").as_array()) run(tally, *folder, one.as_object());
    EXPECT_GE(tally.run(), 15u);
}

}  // namespace
