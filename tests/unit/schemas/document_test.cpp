#include "schemas/document.hpp"

#include "schemas/detail/libxml2.hpp"
#include "schemas/detail/scan.hpp"
#include "schemas/tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using schemas::Document;
using schemas::Refusal;
using schemas::XmlLimits;

// The refusal, or nothing where the document was taken.
std::optional<Refusal> refusal(std::string_view bytes, XmlLimits const& limits = {})
{
    auto document = Document::parse(bytes, limits);
    if (document) return std::nullopt;
    EXPECT_EQ(document.error().findings.size(), 1u);
    EXPECT_FALSE(document.error().findings.front().message_vi.empty());
    EXPECT_FALSE(document.error().findings.front().message_en.empty());
    return document.error().why;
}

bool taken(std::string_view bytes, XmlLimits const& limits = {}) { return !refusal(bytes, limits); }

std::string text_of_root(Document const& document)
{
    std::unique_ptr<xmlChar, decltype(xmlFree)> const text{xmlNodeGetContent(xmlDocGetRootElement(schemas::tree_of(document))), xmlFree};
    return reinterpret_cast<char const*>(text.get());
}

std::string nested(std::size_t depth)
{
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "<a>";
    for (std::size_t i = 0; i < depth; ++i) text += "</a>";
    return text;
}

std::string wide_text(std::string_view ascii, bool little, std::size_t width)
{
    std::string text;
    for (char c : ascii) {
        std::string character(width, '\0');
        character[little ? 0 : width - 1] = c;
        text += character;
    }
    return text;
}

TEST(Document, TellsItsRoot)
{
    auto const document = Document::parse("<p:Hoso xmlns:p='urn:example'><NoiDung/></p:Hoso>", {});
    ASSERT_TRUE(document);
    EXPECT_EQ(document->root_name(), "Hoso");
    EXPECT_EQ(document->root_namespace(), "urn:example");
    EXPECT_EQ(Document::parse("<D02-TS/>", {})->root_name(), "D02-TS");
    EXPECT_EQ(Document::parse("<D02-TS/>", {})->root_namespace(), "");
}

TEST(Document, KeepsItsTreeWhenMoved)
{
    auto document = *Document::parse("<a>Nguyễn</a>", {});
    auto* const tree = schemas::tree_of(document);
    Document moved{std::move(document)};
    EXPECT_EQ(schemas::tree_of(moved), tree);
    EXPECT_EQ(text_of_root(moved), "Nguyễn");
}

TEST(Document, RefusesNothingAtAll)
{
    EXPECT_EQ(refusal(""), Refusal::body_empty);
    EXPECT_EQ(refusal(" \r\n\t"), Refusal::xml_malformed);
    EXPECT_EQ(refusal("\xEF\xBB\xBF"), Refusal::xml_malformed);
}

TEST(Document, TakesUtf8DeclaredInAnyCaseOrNotAtAll)
{
    EXPECT_TRUE(taken("<a>Đặng Thị Ánh</a>"));
    EXPECT_TRUE(taken("<?xml version='1.0'?><a/>"));
    EXPECT_TRUE(taken("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='yes'?>\n<a/>"));
    EXPECT_TRUE(taken("<?xml version=\"1.0\" encoding = 'utf-8' ?><a/>"));
    EXPECT_TRUE(taken("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"Utf-8\"?><a/>"));
}

TEST(Document, RefusesEveryOtherEncoding)
{
    for (auto const* name : {"UTF-16", "ISO-8859-1", "windows-1258", "US-ASCII", "UTF-7", "UTF8", "EBCDIC-CP-US", "HZ", ""})
        EXPECT_EQ(refusal("<?xml version='1.0' encoding='"s + name + "'?><a/>"), Refusal::xml_encoding) << name;
    auto const declared = "<?xml version='1.0' encoding='UTF-8'?><a/>"sv;
    for (auto const text : {declared, "<a/>"sv})
        for (bool little : {true, false})
            for (std::size_t width : {2u, 4u}) {
                EXPECT_EQ(refusal(wide_text(text, little, width)), Refusal::xml_encoding);
                auto const mark = little ? "\xFF\xFE"s + std::string(width - 2, '\0') : std::string(width - 2, '\0') + "\xFE\xFF";
                EXPECT_EQ(refusal(mark + wide_text(text, little, width)), Refusal::xml_encoding);
            }
    EXPECT_EQ(refusal("\x4C\x6F\xA7\x94\x93\x40"), Refusal::xml_encoding);  // "<?xml " in EBCDIC
}

TEST(Document, RefusesBytesThatAreNotUtf8WhereverTheyStand)
{
    for (auto const* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF",
                            "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF", "\xC3", "\xE1\xBB", "\xF0\x9F\x98"}) {
        EXPECT_EQ(refusal("<a>"s + bad + "</a>"), Refusal::xml_encoding);
        EXPECT_EQ(refusal("<a b='"s + bad + "'/>"), Refusal::xml_encoding);
        EXPECT_EQ(refusal("<a><!--"s + bad + "--></a>"), Refusal::xml_encoding);
        EXPECT_EQ(refusal("<a><![CDATA["s + bad + "]]></a>"), Refusal::xml_encoding);
        EXPECT_EQ(refusal("<a"s + bad + "/>"), Refusal::xml_encoding);
        EXPECT_EQ(refusal("<a/>"s + bad), Refusal::xml_encoding);
    }
    EXPECT_TRUE(taken("<a>\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBD\xF0\x90\x80\x80\xF4\x8F\xBF\xBF</a>"));
}

TEST(Document, RefusesNulBytesEvenBehindTheEnd)
{
    EXPECT_EQ(refusal("<a>text\0</a>"sv), Refusal::xml_malformed);
    EXPECT_EQ(refusal("<a>text</a>\0"sv), Refusal::xml_malformed);
    EXPECT_EQ(refusal("<a>text</a>\n\0\0\0"sv), Refusal::xml_malformed);
}

TEST(Document, RefusesEveryDoctype)
{
    for (auto const* text : {
             "<!DOCTYPE a><a/>",
             "<?xml version='1.0'?>\n<!-- first -->\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
             "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
             "<!DOCTYPE a [<!ENTITY l0 'l'><!ENTITY l1 '&l0;&l0;&l0;&l0;&l0;&l0;&l0;&l0;'><!ENTITY l2 '&l1;&l1;&l1;&l1;'>]><a>&l2;</a>",
             "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x.dtd'> %p;]><a/>",
             "<!doctype a><a/>",
             "<?pi <!-- ?><!DOCTYPE a><?pi --> ?><a/>",
             "<a><!DOCTYPE b></a>",
             "<!ENTITY x 'y'><a/>",
             "<!DOCTYPE",
         })
        EXPECT_EQ(refusal(text), Refusal::xml_doctype) << text;
}

TEST(Document, TakesTheWordDoctypeWhereItDeclaresNothing)
{
    for (auto const* text : {"<a><!-- <!DOCTYPE a> --></a>", "<a><![CDATA[<!DOCTYPE a [<!ENTITY x 'y'>]>]]></a>", "<?pi <!DOCTYPE a> ?><a/>",
                             "<a b=\"DOCTYPE\">&lt;!DOCTYPE a&gt;</a>"})
        EXPECT_TRUE(taken(text)) << text;
}

TEST(Document, KnowsTheFiveEntitiesAndCharacterReferencesAndNoOthers)
{
    auto const document = Document::parse("<a>&lt;&gt;&amp;&apos;&quot;&#65;&#x1EA1;<![CDATA[&lt;]]></a>", {});
    ASSERT_TRUE(document);
    EXPECT_EQ(text_of_root(*document), "<>&'\"Aạ&lt;");
    for (auto const* text : {"<a>&nbsp;</a>", "<a b='&x;'/>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a>&#8;</a>", "<a>& </a>"})
        EXPECT_EQ(refusal(text), Refusal::xml_malformed) << text;
}

TEST(Document, RefusesVersionsOfXmlOtherThanOneDotZero)
{
    EXPECT_EQ(refusal("<?xml version='1.1'?><a/>"), Refusal::xml_malformed);
    EXPECT_EQ(refusal("<?xml version='2.0' encoding='UTF-8'?><a/>"), Refusal::xml_malformed);
}

TEST(Document, RefusesWhatIsNotWellFormed)
{
    for (auto const* text : {"a", "<a>", "<a></b>", "<a/><b/>", "<a b=c/>", "<a b='1' b='2'/>", "<a>]]></a>", "<a b='<'/>", "<a><!-- -- --></a>",
                             "<a><!--", "<a><![CDATA[", "<a><?p", "<a b='", "<a b", "< a/>", "<a/ >", "</a>", "<a>\x01</a>", "text<a/>", "<a/>text",
                             " <?xml version='1.0'?><a/>", "<?xml version='1.0' encoding?><a/>", "<?xml?><a/>", "<a><?xml version='1.0'?></a>",
                             "<!ELEMENT a ANY><a/>", "<", "<?", "<!", "</", "<a b='1'c='2'/>"})
        EXPECT_EQ(refusal(text), Refusal::xml_malformed) << text;
}

TEST(Document, RefusesWhatIsNotNamespaceWellFormed)
{
    for (auto const* text : {"<p:a/>", "<a p:b='1'/>", "<a xmlns:p='urn:1' xmlns:q='urn:1' p:b='1' q:b='2'/>", "<a xmlns:p=''/>", "<p:a:b xmlns:p='urn:1'/>",
                             "<a xmlns:xmlns='urn:1'/>", "<a xmlns:xml='urn:1'/>", "<a xmlns='http://www.w3.org/2000/xmlns/'/>", "<a:/>", "<:a/>"})
        EXPECT_EQ(refusal(text), Refusal::xml_malformed) << text;
    EXPECT_TRUE(taken("<a xmlns='relative/name'/>"));  // bad style, and for the signature's canonicalisation to judge
}

TEST(Document, SaysTheLineOfTheError)
{
    auto const mismatch = Document::parse("<a>\n  <b>\n  </c>\n</a>", {});
    ASSERT_FALSE(mismatch);
    EXPECT_EQ(mismatch.error().findings.front().line, 3);
    auto const doctype = Document::parse("<?xml version='1.0'?>\n\n<!DOCTYPE a>\n<a/>", {});
    ASSERT_FALSE(doctype);
    EXPECT_EQ(doctype.error().findings.front().line, 3);
    EXPECT_EQ(doctype.error().findings.front().code, "E-1302");
}

TEST(Document, TellsOurLogNoNamesOfTheDocument)
{
    auto const document = Document::parse("<a><NguyenVanA></a>", {});
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().detail.find("Nguyen"), std::string::npos) << document.error().detail;
    EXPECT_NE(document.error().findings.front().message_vi.find("NguyenVanA"), std::string::npos);
}

TEST(Document, FetchesNothingAndIncludesNothing)
{
    auto const document = Document::parse("<a xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='file:///etc/passwd' parse='text'/></a>", {});
    ASSERT_TRUE(document);
    EXPECT_EQ(text_of_root(*document), "");
}

TEST(Document, TakesExactlyItsBoundOfBytes)
{
    std::string const text = "<a>12345</a>";
    EXPECT_TRUE(taken(text, {.bytes_max = text.size()}));
    EXPECT_EQ(refusal(text, {.bytes_max = text.size() - 1}), Refusal::xml_too_large);
}

TEST(Document, TakesExactlyItsBoundOfDepth)
{
    EXPECT_TRUE(taken(nested(32)));
    EXPECT_EQ(refusal(nested(33)), Refusal::xml_too_large);
    EXPECT_TRUE(taken("<a><b/></a>", {.depth_max = 2}));
    EXPECT_EQ(refusal("<a><b><c/></b></a>", {.depth_max = 2}), Refusal::xml_too_large);
    EXPECT_EQ(refusal(nested(1'000'000)), Refusal::xml_too_large);
}

TEST(Document, TakesExactlyItsBoundOfNodes)
{
    auto const children = [](std::string_view child, std::size_t n) {
        std::string text = "<a>";
        for (std::size_t i = 0; i < n; ++i) text += child;
        return text + "</a>";
    };
    XmlLimits const limits{.nodes_max = 101};
    for (auto const& [child, nodes] : std::array<std::pair<std::string_view, std::size_t>, 6>{
             {{"<b/>", 1}, {"<!---->", 1}, {"<?p?>", 1}, {"<![CDATA[x]]>", 1}, {"<b>x</b>", 2}, {"<b c=''/>", 3}}}) {
        EXPECT_TRUE(taken(children(child, 100 / nodes), limits)) << child;
        EXPECT_EQ(refusal(children(child, 100 / nodes + 1), limits), Refusal::xml_too_large) << child;
    }
}

TEST(Document, TakesExactlyItsBoundOfAttributes)
{
    auto const with = [](std::size_t n) {
        std::string text = "<a";
        for (std::size_t i = 0; i < n; ++i) text += " a" + std::to_string(i) + "=''";
        return text + "/>";
    };
    EXPECT_TRUE(taken(with(64)));
    EXPECT_EQ(refusal(with(65)), Refusal::xml_too_large);
    EXPECT_EQ(refusal(with(500'000)), Refusal::xml_too_large);  // the parser would compare each with each
}

TEST(Document, BoundsTheNamespacesInScopeAndNotThoseThatLeftIt)
{
    auto const declaring = [](std::size_t from, std::size_t n, std::string_view inner) {
        std::string text = "<a";
        for (std::size_t i = from; i < from + n; ++i) text += " xmlns:p" + std::to_string(i) + "='urn:" + std::to_string(i) + "'";
        return text + ">" + std::string{inner} + "</a>";
    };
    EXPECT_TRUE(taken(declaring(0, 40, declaring(40, 24, ""))));
    EXPECT_EQ(refusal(declaring(0, 40, declaring(40, 25, ""))), Refusal::xml_too_large);
    EXPECT_TRUE(taken("<r>" + declaring(0, 40, "") + declaring(0, 40, "") + declaring(0, 40, "") + "</r>"));
}

// libxml2 says "no memory" of it, which is no word about the document.
TEST(Document, RefusesANamespaceLongerThanAllNamesTogetherMayBe)
{
    XmlLimits const limits;
    auto const named = [](std::size_t bytes) { return "<a xmlns=\"u:" + std::string(bytes - 2, 'x') + "\"/>"; };
    EXPECT_TRUE(taken(named(limits.names_bytes_max / 4)));
    EXPECT_EQ(refusal(named(limits.names_bytes_max)), Refusal::xml_too_large);
    EXPECT_EQ(refusal(named(limits.names_bytes_max * 4)), Refusal::xml_too_large);
    EXPECT_EQ(refusal("<a><b>" + named(limits.names_bytes_max * 2) + "</b></a>"), Refusal::xml_too_large);
}

TEST(Document, TakesOneByteOrderMarkAndNoSecond)
{
    EXPECT_TRUE(taken("\xEF\xBB\xBF<a/>"));
    EXPECT_EQ(refusal("\xEF\xBB\xBF\xEF\xBB\xBF<a/>"), Refusal::xml_malformed);
    EXPECT_TRUE(taken("\xEF\xBB\xBF<a>\xEF\xBB\xBF</a>")) << "inside the root it is a character like any other";
}

TEST(Document, TakesExactlyItsBoundOfNames)
{
    std::string const fits(256, 'n'), longer(257, 'n');
    EXPECT_TRUE(taken("<" + fits + " " + fits + "=''><?" + fits + " x?></" + fits + ">"));
    EXPECT_EQ(refusal("<" + longer + "/>"), Refusal::xml_too_large);
    EXPECT_EQ(refusal("<a " + longer + "=''/>"), Refusal::xml_too_large);
    EXPECT_EQ(refusal("<a><?" + longer + " x?></a>"), Refusal::xml_too_large);
    EXPECT_EQ(refusal("<a xmlns:" + longer + "='urn:1'/>"), Refusal::xml_too_large);
}

// The bounds hold a second time in the parser's handlers, should the scan ever miss something.
TEST(Document, StopsBuildingTheTreeWhereTheScanWasWrong)
{
    auto const why = [](std::string_view text, XmlLimits const& limits) {
        auto parsed = schemas::detail::parse(text, limits);
        return parsed ? std::nullopt : std::optional{parsed.error().why};
    };
    EXPECT_EQ(why("<a><b/><c/></a>", {.nodes_max = 3}), std::nullopt);
    EXPECT_EQ(why("<a><b/><c/></a>", {.nodes_max = 2}), Refusal::xml_too_large);
    EXPECT_EQ(why("<a><b/>text<!-- --><?p?><![CDATA[x]]></a>", {.nodes_max = 5}), Refusal::xml_too_large);
    EXPECT_EQ(why(nested(5), {.depth_max = 4}), Refusal::xml_too_large);
    EXPECT_EQ(why("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", {}), Refusal::xml_doctype);
}

TEST(Document, ReadsATextOfTwentyFourMegabytesIntoOneNode)
{
    std::string const text(24u << 20, 'A');
    auto const document = Document::parse("<a>" + text + "</a>", {});
    ASSERT_TRUE(document);
    auto const* const node = xmlDocGetRootElement(schemas::tree_of(*document))->children;
    EXPECT_EQ(node->next, nullptr);
    EXPECT_EQ(schemas::detail::view(node->content), text);
}

TEST(Document, PrintsNothingWhenItRefuses)
{
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    for (auto const* text : {"<a>", "<p:a/>", "<a>&x;</a>", "<!DOCTYPE a><a/>", "<a b='1' b='2'/>", "<a xmlns='rel'/>", "\xFF"}) (void)Document::parse(text, {});
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(Document, EveryBeginningOfADocumentIsRefused)
{
    auto const whole = "\xEF\xBB\xBF<?xml version='1.0' encoding='UTF-8'?><!-- c --><a xmlns:p='urn:1' p:b=\"&amp;1\"><?p q?><b>Lê &#x1EA1;<![CDATA[<x>]]></b></a>"sv;
    ASSERT_TRUE(taken(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(taken(whole.substr(0, size))) << size;
}

// The tree may not hold more than was counted, whatever one changed byte does to the markup.
TEST(Document, CountsAtLeastTheNodesItBuildsWhateverByteIsChanged)
{
    auto const counted = [](auto const& self, xmlNode const* node) -> std::size_t {
        std::size_t nodes = 0;
        for (; node; node = node->next) {
            ++nodes;
            if (node->type != XML_ELEMENT_NODE) continue;
            for (auto const* a = node->properties; a; a = a->next) nodes += 1 + (a->children ? 1 : 0);
            nodes += self(self, node->children);
        }
        return nodes;
    };
    std::string const whole = "<?xml version='1.0'?><a xmlns:p='urn:1' p:b='1'><!-- c --><b c='>'>t<![CDATA[<x>]]>u</b><?p q?>v<c/></a>";
    std::size_t taken_count = 0;
    for (std::size_t place = 0; place < whole.size(); ++place)
        for (char c : "<>/?!-'\"=[]& \nxmla\x80"s) {
            auto text = whole;
            text[place] = c;
            auto document = Document::parse(text, {});
            if (!document) continue;
            ++taken_count;
            EXPECT_GE(document->tree().nodes, counted(counted, schemas::tree_of(*document)->children)) << text;
        }
    EXPECT_GT(taken_count, 100u);  // the property was asked of real documents
}

TEST(Document, ParsesOnManyThreadsAtOnceEachWithItsOwnVerdict)
{
    std::atomic<unsigned> wrong = 0;
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 4; ++t)
        threads.emplace_back([&wrong, t] {
            for (unsigned i = 0; i < 300; ++i) {
                auto const name = "a" + std::to_string(t * 1000 + i);
                auto const good = Document::parse("<" + name + ">x</" + name + ">", {});
                auto const bad = Document::parse("<" + name + "><b></" + name + ">", {});
                if (!good || good->root_name() != name || bad || bad.error().findings.front().message_en.find(name) == std::string::npos) ++wrong;
            }
        });
    threads.clear();
    EXPECT_EQ(wrong, 0u);
}

TEST(Utf8, TellsWhereItEndsBeingUtf8)
{
    using schemas::detail::first_not_utf8;
    EXPECT_EQ(first_not_utf8("Tờ khai tham gia, điều chỉnh thông tin"), std::string_view::npos);
    for (std::size_t before = 0; before < 20; ++before) EXPECT_EQ(first_not_utf8(std::string(before, 'x') + "\xC3("), before);
}

TEST(Refusal, HasANameForEachWayOfSayingNo)
{
    std::vector<std::string_view> names;
    for (int why = 0; why <= static_cast<int>(Refusal::rule_violation); ++why) names.push_back(schemas::name_of(static_cast<Refusal>(why)));
    std::ranges::sort(names);
    EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
    EXPECT_FALSE(names.front().empty());
}

}  // namespace
