// The canonical writer writes, from events, byte for byte what libxml2 writes from a tree: from libxml2's parser as from our own
// scanner, which shows bytes of the document that stand for themselves.

#include "signing/detail/canonical_writer.hpp"

#include "schemas/document.hpp"
#include "schemas/events.hpp"
#include "schemas/scanner.hpp"
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

// By our own scanner in windows of so many bytes, each of which is gone when the next is read. Nothing: it left it to libxml2.
std::optional<std::string> scanned(std::string const& text, Canonicalisation const& how, std::size_t step)
{
    std::string out;
    CanonicalWriter writer{how, [&](std::string_view bytes) { out += bytes; }};
    schemas::XmlLimits const limits;
    thread_local schemas::Scanner scanner;
    scanner.begin(limits, writer);
    std::size_t from = 0, to = 0;
    while (to < text.size() && !scanner.declined()) {
        to = std::min(to + step, text.size());
        std::string window{text, from, to - from};
        from += scanner.feed(window, to == text.size());
        std::ranges::fill(window, '!');
    }
    if (!scanner.whole()) return std::nullopt;
    writer.finish();
    EXPECT_TRUE(writer.has_form()) << text;
    return out;
}

// True: our scanner took it too.
bool expect_same(std::string const& text)
{
    bool taken = false;
    for (auto const& how : every_way()) {
        auto const expected = from_tree(text, how);
        EXPECT_EQ(swept(text, how), expected) << static_cast<int>(how.kind) << "\n" << text;
        for (auto const step : {text.size(), std::size_t{71}}) {
            if (step != text.size() && how.prefixes.size() == 1) continue;
            auto const ours = scanned(text, how, step);
            taken = taken || ours;
            if (ours) {
                EXPECT_EQ(ours, expected) << static_cast<int>(how.kind) << ", " << step << "\n" << text;
            }
        }
    }
    return taken;
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
    // Every other seed makes a document that our own scanner takes: no instructions, no CDATA, nothing of xml:.
    explicit Generator(unsigned seed) : random_{seed}, plain_{seed % 2 == 0} {}

    std::string document()
    {
        std::string text = !plain_ && pick(4) == 0 ? "<?p before?>\n" : "";
        element(text, {"", "", ""}, 0);
        return !plain_ && pick(4) == 0 ? text + "<!-- c -->\n<?p behind?>" : text;
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
        if (!plain_ && pick(9) == 0) attributes += " xml:lang=\"vi\"";
        std::string name = "e";
        auto const prefix = pick(4);
        if (prefix < 3 && !bound[prefix].empty()) name = std::string{prefixes[prefix]} + ":e";
        text += "<" + name + attributes + ">";
        for (auto children = pick(4); depth < 4 && children > 0; --children) {
            text += value();
            element(text, bound, depth + 1);
            if (pick(5) == 0) text += plain_ ? "<!-- c -->" : "<!-- c --><?p i?><![CDATA[<&>]]>";
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
    bool plain_;
};

TEST(CanonicalWriter, AgreesWithLibxml2OnThousandsOfGeneratedDocuments)
{
    std::size_t prefixed = 0, taken = 0;
    for (unsigned seed = 0; seed < 3000; ++seed) {
        auto const text = Generator{seed}.document();
        ASSERT_TRUE(schemas::Document::parse(text, {})) << text;
        prefixed += text.find("xmlns:") != text.npos;
        taken += expect_same(text);
        ASSERT_FALSE(HasFailure());
    }
    EXPECT_GT(prefixed, 1000u);
    EXPECT_GT(taken, 1400u);
}

TEST(CanonicalWriter, AgreesWithLibxml2OnDocumentsOfOthers)
{
    auto const* const vectors = std::getenv("IVAN_VECTORS");
    std::filesystem::path const folder = vectors ? vectors : IVAN_SOURCE_DIR "/../shared/vectors";
    if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << folder << " is not there";
    std::size_t compared = 0, taken = 0;
    for (auto const& entry : std::filesystem::recursive_directory_iterator{folder}) {
        if (entry.path().extension() != ".xml") continue;
        std::ifstream stream{entry.path(), std::ios::binary};
        std::string const text{std::istreambuf_iterator<char>{stream}, {}};
        if (!schemas::Document::parse(text, {})) continue;
        ++compared;
        taken += expect_same(text);
        ASSERT_FALSE(HasFailure()) << entry.path();
    }
    EXPECT_GT(compared, 50u);
    EXPECT_GT(taken, 20u);
}

// A form as vendors write it: rows of leaves, each on a line of its own, some of them empty.
TEST(CanonicalWriter, HandsOverTheBytesOfALongFormAsTheyStandInIt)
{
    std::string text = "<F>\n";
    for (int row = 0; row < 2000; ++row) text += "  <R>\n    <Ten>Nguy\u1ec5n V\u0103n A</Ten>\n    <So>12</So>\n  </R>\n";
    text += "</F>\n";
    EXPECT_TRUE(expect_same(text));

    class Pieces final : public signing::detail::Bytes {
    public:
        explicit Pieces(std::string_view document) : document_{document} {}
        void take(std::string_view bytes) override
        {
            ++pieces;
            outside += bytes.data() < document_.data() || bytes.data() + bytes.size() > document_.data() + document_.size();
        }
        std::size_t pieces = 0, outside = 0;

    private:
        std::string_view document_;
    } pieces{text};
    CanonicalWriter writer{{}, pieces};
    ASSERT_TRUE(schemas::scan_whole(text, {}, writer));
    writer.finish();
    EXPECT_EQ(pieces.pieces, 1u);
    EXPECT_EQ(pieces.outside, 0u);
}

TEST(CanonicalWriter, IsAsNewWhenItBeginsAgain)
{
    std::string out;
    class Text final : public signing::detail::Bytes {
    public:
        explicit Text(std::string& into) : into_{into} {}
        void take(std::string_view bytes) override { into_ += bytes; }

    private:
        std::string& into_;
    } text{out};
    CanonicalWriter writer;
    writer.begin({}, text);
    EXPECT_FALSE(schemas::scan_whole("<a xmlns='urn:a' xmlns:b='urn:b'><b:c>", {}, writer));  // ends in the middle
    for (auto const kind : {C14n::exclusive, C14n::inclusive}) {
        out.clear();
        writer.begin({kind, {}}, text);
        ASSERT_TRUE(schemas::scan_whole("<a><b xmlns='urn:a'/></a>", {}, writer));
        writer.finish();
        EXPECT_EQ(out, "<a><b xmlns=\"urn:a\"></b></a>");
    }
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
