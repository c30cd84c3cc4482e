// The canonical writer writes, from events, byte for byte what libxml2 writes from a tree.

#include "signing/detail/canonical_writer.hpp"

#include "schemas/document.hpp"
#include "schemas/events.hpp"
#include "schemas/tree.hpp"
#include "signing/verifier.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace {

using signing::detail::C14n;
using signing::detail::Canonicalisation;
using signing::detail::CanonicalWriter;
using signing::detail::SignedPart;

constexpr std::string_view dsig = "http://www.w3.org/2000/09/xmldsig#";

std::vector<Canonicalisation> every_way()
{
    return {{C14n::inclusive, {}},
            {C14n::inclusive11, {}},
            {C14n::exclusive, {}},
            {C14n::exclusive, {"a"}},
            {C14n::exclusive, {"#default", "b", "xml", "nowhere"}},
            {C14n::exclusive, {"c", "a", "a"}}};
}

std::optional<std::string> swept(std::string const& text, Canonicalisation const& how)
{
    std::string out;
    CanonicalWriter writer{how, [&](std::string_view bytes) { out += bytes; }};
    if (!schemas::sweep(text, {}, writer)) return std::nullopt;
    writer.finish();
    if (!writer.has_form()) return std::nullopt;
    return out;
}

std::optional<std::string> from_tree(std::string const& text, Canonicalisation const& how)
{
    signing::initialise();  // or libxml2 prints what it thinks of relative names
    auto const document = schemas::Document::parse(text, {});
    std::string out;
    auto const take = [&](std::string_view bytes) { out += bytes; };
    if (!document || !signing::detail::canonicalise(schemas::tree_of(*document), {}, how, take)) return std::nullopt;
    return out;
}

void expect_same(std::string const& text)
{
    for (auto const& how : every_way()) ASSERT_EQ(swept(text, how), from_tree(text, how)) << static_cast<int>(how.kind) << "\n" << text;
}

TEST(CanonicalWriter, WritesWhatTheRecommendationSays)
{
    EXPECT_EQ(swept("<?xml version=\"1.0\"?>\n<a><b/></a>\n", {}), "<a><b></b></a>");
    EXPECT_EQ(swept("<a z='1' b=\"&quot;&#10;&lt;&amp;>\"/>", {}), "<a b=\"&quot;&#xA;&lt;&amp;>\" z=\"1\"></a>");
    EXPECT_EQ(swept("<a>&#13;&gt;<![CDATA[<&]]></a>", {}), "<a>&#xD;&gt;&lt;&amp;</a>");
    EXPECT_EQ(swept("<?p  x?><a/><!-- c --><?q?>", {}), "<?p x?>\n<a></a>\n<?q?>");
    EXPECT_EQ(swept("<a xmlns='urn:d' xmlns:b='urn:b'><b:c xmlns:b='urn:b' xmlns=''/></a>", {}),
              "<a xmlns=\"urn:d\" xmlns:b=\"urn:b\"><b:c xmlns=\"\"></b:c></a>");
    EXPECT_EQ(swept("<a xmlns='urn:d' xmlns:b='urn:b'><b:c xmlns:b='urn:b' xmlns=''><d/></b:c></a>", {C14n::exclusive, {}}),
              "<a xmlns=\"urn:d\"><b:c xmlns:b=\"urn:b\"><d xmlns=\"\"></d></b:c></a>");
}

TEST(CanonicalWriter, ARelativeNamespaceNameHasNoForm)
{
    for (auto const* text : {"<a xmlns='b'/>", "<a><b xmlns:c='../d'/></a>"}) {
        EXPECT_EQ(swept(text, {}), std::nullopt);
        EXPECT_EQ(from_tree(text, {}), std::nullopt);
    }
}

TEST(CanonicalWriter, AgreesWithLibxml2OnWholeDocuments)
{
    for (std::string const text : {
             "<a xml:lang='vi' xml:space='preserve' xml:base='http://x/y' xml:id='i'><b xml:base='z'/></a>",
             "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:id=' x  y '/>",
             "<a:a xmlns:a='urn:1' a:b='1' b='2' xmlns:b='urn:0' b:b='3'><a:a xmlns:a='urn:2' a:b='x'/><a:a/></a:a>",
             "<a xmlns='urn:1'><b xmlns=''><c xmlns=''/><c xmlns='urn:1'/></b><b xmlns='urn:1'/></a>",
             "<a xmlns:b='urn:b' xmlns:a='urn:a'><c b:x='' a:y=''/><b:c/><a:c b:x=''/></a>",
             "<a>\r\n<b c='\r\n\t  d'/>\r</a>",
             "<a b='&#13;&#10;&#9;&#x20AC;'>&#x1F600;&#13;</a>",
             "<!-- a --><?b c  d  ?><!-- e -->\n<a><!-- f --><?g?>text<!-- h -->more<?i j?></a><!-- k --><?l m?><!-- n -->",
         })
        expect_same(text);
}

// Elements, prefixes, declarations and texts at random: a prefix is always bound where it is used, to one of a few names.
class Generator {
public:
    explicit Generator(unsigned seed) : random_{seed} {}

    std::string document()
    {
        std::string text = pick(4) == 0 ? "<?p before?>\n" : "";
        element(text, {"", "", ""}, 0);
        return pick(4) == 0 ? text + "<!-- c -->\n<?p behind?>" : text;
    }

private:
    std::size_t pick(std::size_t n) { return random_() % n; }

    void element(std::string& text, std::array<std::string, 3> bound, int depth)
    {
        static constexpr std::array prefixes{"a", "b", "c"};
        std::string attributes;
        for (std::size_t i = 0; i < prefixes.size(); ++i) {
            if (pick(3) != 0) continue;
            bound[i] = "urn:" + std::to_string(pick(3));
            attributes += std::string{" xmlns:"} + prefixes[i] + "=\"" + bound[i] + "\"";
        }
        if (pick(4) == 0) attributes += pick(2) ? " xmlns=\"\"" : " xmlns=\"urn:" + std::to_string(pick(3)) + "\"";
        std::array<std::string, 3> used;  // one attribute of a namespace: two prefixes of one name would clash
        for (std::size_t i = 0; i < prefixes.size(); ++i) {
            if (bound[i].empty() || pick(3) != 0) continue;
            if (std::find(used.begin(), used.end(), bound[i]) != used.end()) continue;
            used[i] = bound[i];
            attributes += std::string{" "} + prefixes[i] + ":x=\"" + value() + "\"";
        }
        if (pick(3) == 0) attributes += " z=\"" + value() + "\"";
        if (pick(3) == 0) attributes += " a=\"" + value() + "\"";
        if (pick(9) == 0) attributes += " xml:lang=\"vi\"";
        std::string name = "e";
        auto const prefix = pick(4);
        if (prefix < 3 && !bound[prefix].empty()) name = std::string{prefixes[prefix]} + ":e";
        text += "<" + name + attributes + ">";
        for (auto children = pick(4); depth < 4 && children > 0; --children) {
            text += value();
            element(text, bound, depth + 1);
            if (pick(5) == 0) text += "<!-- c --><?p i?><![CDATA[<&>]]>";
        }
        text += "</" + name + ">";
    }

    std::string value()
    {
        static constexpr std::array pieces{"", "x", "&amp;", "&lt;", "&gt;", "&#13;", "\n", "\t", "&#9;", "&#10;", " ", "ệ", "&quot;", "&#x10FFFF;"};
        std::string text;
        for (auto n = pick(4); n > 0; --n) text += pieces[pick(pieces.size())];
        return text;
    }

    std::mt19937 random_;
};

TEST(CanonicalWriter, AgreesWithLibxml2OnThousandsOfGeneratedDocuments)
{
    std::size_t prefixed = 0;
    for (unsigned seed = 0; seed < 3000; ++seed) {
        auto const text = Generator{seed}.document();
        ASSERT_TRUE(schemas::Document::parse(text, {})) << text;
        prefixed += text.find("xmlns:") != text.npos;
        expect_same(text);
        if (HasFatalFailure()) return;
    }
    EXPECT_GT(prefixed, 1000u);
}

TEST(CanonicalWriter, AgreesWithLibxml2OnDocumentsOfOthers)
{
    auto const* const vectors = std::getenv("IVAN_VECTORS");
    std::filesystem::path const folder = vectors ? vectors : IVAN_SOURCE_DIR "/../shared/vectors";
    if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << folder << " is not there";
    std::size_t compared = 0;
    for (auto const& entry : std::filesystem::recursive_directory_iterator{folder}) {
        if (entry.path().extension() != ".xml") continue;
        std::ifstream stream{entry.path(), std::ios::binary};
        std::string const text{std::istreambuf_iterator<char>{stream}, {}};
        if (!schemas::Document::parse(text, {})) continue;
        ++compared;
        expect_same(text);
        ASSERT_FALSE(HasFatalFailure()) << entry.path();
    }
    EXPECT_GT(compared, 50u);
}

// ---- what a Reference covers

std::string covered(std::string const& text, bool root_alone)
{
    std::string out;
    CanonicalWriter writer{{}, [&](std::string_view bytes) { out += bytes; }};
    SignedPart part{writer, root_alone};
    EXPECT_TRUE(schemas::sweep(text, {}, part));
    writer.finish();
    EXPECT_EQ(part.signatures(), 1u);
    return out;
}

TEST(SignedPart, LeavesTheSignatureOutAndNothingElse)
{
    auto const text = "<?p?><r><a/><h><s:Signature xmlns:s='" + std::string{dsig} + "'><s:Object>x</s:Object><?p?></s:Signature> </h><b/></r><?q?>";
    EXPECT_EQ(covered(text, false), "<?p?>\n<r><a></a><h> </h><b></b></r>\n<?q?>");
    EXPECT_EQ(covered(text, true), "<r><a></a><h> </h><b></b></r>");
}

TEST(SignedPart, SomethingElseCalledSignatureIsCovered)
{
    auto const text = "<r><Signature/><h><Signature xmlns='" + std::string{dsig} + "'/></h></r>";
    EXPECT_EQ(covered(text, false), "<r><Signature></Signature><h></h></r>");
}

}  // namespace
