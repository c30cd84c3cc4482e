// Our own reader against libxml2's: whatever it takes, libxml2 takes, and both tell the same events.

#include "loadtest/corpus.hpp"
#include "schemas/scanner.hpp"
#include "signing/dev/issuer.hpp"
#include "signing/dev/pki.hpp"
#include "signing/signer.hpp"
#include "signing/verifier.hpp"
#include "tests/support/event_record.hpp"
#include "tests/support/scanner_comparison.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using schemas::Scanner;
using schemas::XmlLimits;
using support::EventRecord;
using support::expect_same;

bool takes(std::string_view bytes, XmlLimits const& limits = {}) { return expect_same(bytes, limits, std::string{bytes.substr(0, 200)}, 3); }

TEST(Scanner, TakesPlainDocuments)
{
    for (auto const* xml : {
             "<a/>", "<a></a>", "<a>x</a>", "<a >x</a >", "<a\n/>", "<?xml version=\"1.0\"?><a/>", "<?xml version='1.0' encoding='utf-8'?>\n<a/>\n",
             "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\" ?>\r\n<a/>", "\xEF\xBB\xBF<a/>", "\xEF\xBB\xBF<?xml version=\"1.0\"?><a/>",
             "<a><b>1</b><b>2</b>\n  <c/></a>", "<a>Nguyễn Thị Hồng Đào\xF0\x9F\x98\x80</a>", "<a>x &amp; y &lt;&gt;&quot;&apos; z</a>",
             "<a>&#65;&#x42;&#xe9;&#x1F600;&#10;&#13;</a>", "<a>]]]]&gt; ]&#93;> ></a>", "<a>1\r\n2\r3\r\r\n</a>", "<!-- a --><a><!----><!-- - é --> </a><!--b-->",
             "<a b='1' c=\"'2'\" d='\"'>x</a>", "<a b=' x\ty\n z  &#10;&#9;&amp;&lt;é'/>", "<a b = '1'\n c\t=\n'2' />",
             "<a xmlns='urn:x'><b xmlns=''><c/></b><d/></a>", "<p:a xmlns:p='http://a.vn/x#y' xmlns:q='https://a.vn' p:i='1' q:i='2' i='3'><p:b q:c=''/></p:a>",
             "<p:a xmlns:p='urn:x'><p:b xmlns:p='urn:y'><p:c/></p:b><p:c/></p:a>", "<a xmlns='urn:x' xmlns:p='urn:x' b='' p:b=''/>",
             "<abcdefghijklmnop><abcdefghijklmnopq>x</abcdefghijklmnopq></abcdefghijklmnop>", "<a>\x7F\xC2\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBD\xF4\x8F\xBF\xBF</a>"})
        EXPECT_TRUE(takes(xml)) << xml;
}

TEST(Scanner, LeavesToTheParserWhatIsRareOrWrong)
{
    using namespace std::string_view_literals;
    for (auto const xml : {
             ""sv, " "sv, "x"sv, "<"sv, "<a"sv, "<a>"sv, "<a></a"sv, "<a></b>"sv, "</a>"sv, "<a/><b/>"sv, "<a/>x"sv, "x<a/>"sv, "<a/>&#32;"sv, "\xEF\xBB"sv,
             "<!DOCTYPE a><a/>"sv, "<a><![CDATA[x]]></a>"sv, "<?x?><a/>"sv, "<a><?x y?></a>"sv, " <?xml version='1.0'?><a/>"sv, "<?xml version='1.1'?><a/>"sv,
             "<?xml version='1.0' encoding='UTF-16'?><a/>"sv, "<?xml encoding='UTF-8'?><a/>"sv, "<?xml version='1.0'encoding='UTF-8'?><a/>"sv,
             "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>"sv, "<?xml version='1.0'"sv, "<a>&x;</a>"sv, "<a>&</a>"sv, "<a>&amp</a>"sv,
             "<a>&#0;</a>"sv, "<a>&#xFFFE;</a>"sv, "<a>&#xD800;</a>"sv, "<a>&#x110000;</a>"sv, "<a>&#99999999999;</a>"sv, "<a>&#;</a>"sv, "<a>&#x;</a>"sv,
             "<a>]]></a>"sv, "<a>\x01</a>"sv, "<a>\0</a>"sv, "<a>\xFF</a>"sv, "<a>\xC0\x80</a>"sv, "<a>\xE0\x80\x80</a>"sv, "<a>\xED\xA0\x80</a>"sv,
             "<a>\xEF\xBF\xBE</a>"sv, "<a>\xEF\xBF\xBF</a>"sv, "<a>\xF4\x90\x80\x80</a>"sv, "<a>\xC3</a>"sv, "<é/>"sv, "<a é='1'/>"sv, "<1/>"sv, "<-a/>"sv,
             "<a:/>"sv, "<:a/>"sv, "<p:a/>"sv, "<a p:b=''/>"sv, "<a b=''c=''/>"sv, "<a b='1' b='2'/>"sv, "<a b='<'/>"sv, "<a b=1/>"sv, "<a b/>"sv, "<a b='1/>"sv,
             "<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='' q:b=''/>"sv, "<a xmlns:p=''/>"sv, "<a xmlns='x'/>"sv, "<a xmlns='urn:x' xmlns='urn:x'/>"sv,
             "<a xml:id='x'/>"sv, "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>"sv, "<a xmlns='http://www.w3.org/2000/xmlns/'/>"sv, "<a / >"sv,
             "<a><!-- -- --></a>"sv, "<a><!-- --->"sv, "<a><!-- \x02 --></a>"sv, "< a/>"sv, "<a></ a>"sv})
        EXPECT_FALSE(takes(xml)) << xml;
}

TEST(Scanner, DeclinesAtEachBoundAndTakesWhatJustKeepsIt)
{
    auto const of = [](auto set) {
        XmlLimits limits;
        set(limits);
        return limits;
    };
    auto const times = [](std::size_t n, std::string const& word) {
        std::string text;
        for (std::size_t i = 0; i < n; ++i) text += word;
        return text;
    };
    auto const depth = of([](auto& l) { l.depth_max = 5; });
    EXPECT_TRUE(takes(times(5, "<a>") + times(5, "</a>"), depth));
    EXPECT_TRUE(takes(times(4, "<a>") + "<a/>" + times(4, "</a>"), depth));
    EXPECT_FALSE(takes(times(6, "<a>") + times(6, "</a>"), depth));
    EXPECT_FALSE(takes(times(5, "<a>") + "<a/>" + times(5, "</a>"), depth));

    auto const nodes = of([](auto& l) { l.nodes_max = 10; });
    EXPECT_TRUE(takes("<a>" + times(9, "<b/>") + "</a>", nodes));
    EXPECT_FALSE(takes("<a>" + times(10, "<b/>") + "</a>", nodes));
    EXPECT_TRUE(takes("<a>1<b>2</b>3<c d='' e=''/></a>", nodes));
    EXPECT_FALSE(takes("<a>1<b>2</b>3<c d='' e=''/>4<!-- --></a>", nodes));
    EXPECT_FALSE(takes("<a>1<b>2</b>3<c d='' e=''/></a>\n<!-- -->", nodes));

    auto const attributes = of([](auto& l) { l.attributes_max = 3; });
    EXPECT_TRUE(takes("<a b='' c='' xmlns='urn:x'/>", attributes));
    EXPECT_FALSE(takes("<a b='' c='' d='' xmlns='urn:x'/>", attributes));

    auto const namespaces = of([](auto& l) { l.namespaces_max = 2; });
    EXPECT_TRUE(takes("<a xmlns:p='urn:x'><b xmlns:q='urn:x'/><b xmlns:q='urn:x'/></a>", namespaces));
    EXPECT_FALSE(takes("<a xmlns:p='urn:x'><b xmlns:q='urn:x'><c xmlns='urn:x'/></b></a>", namespaces));

    auto const name = of([](auto& l) { l.name_bytes_max = 5; });
    EXPECT_TRUE(takes("<p:abc xmlns:p='urn:x' p:def=''/>", of([](auto& l) { l.name_bytes_max = 7; })));
    EXPECT_TRUE(takes("<abcde/>", name));
    EXPECT_FALSE(takes("<abcdef/>", name));
    EXPECT_FALSE(takes("<a abcdef=''/>", name));

    auto const token = of([](auto& l) { l.token_bytes_max = 20; });
    EXPECT_TRUE(expect_same("<a b='" + std::string(19, 'x') + "'/>", token, "a value"));
    EXPECT_FALSE(takes("<a b='" + std::string(20, 'x') + "'/>", token));
    EXPECT_TRUE(expect_same("<a><!--" + std::string(13, 'x') + "--></a>", token, "a comment"));
    EXPECT_FALSE(takes("<a><!--" + std::string(14, 'x') + "--></a>", token));
    EXPECT_TRUE(takes("<a>" + std::string(1000, 'x') + "</a>", token)) << "a text has no bound";

    auto const bytes = of([](auto& l) { l.bytes_max = 100; });
    EXPECT_TRUE(takes("<a>" + std::string(93, 'x') + "</a>", bytes));
    EXPECT_FALSE(takes("<a>" + std::string(94, 'x') + "</a>", bytes));
    EXPECT_FALSE(takes("<a>" + times(20, "<b>x</b>") + "</a>", bytes));
}

std::string many_names(std::size_t count, std::size_t size)
{
    std::string xml = "<a>";
    for (std::size_t i = 0; i < count; ++i) xml += "<n" + std::to_string(1000 + i) + std::string(size - 5, 'x') + "/>";
    return xml + "</a>";
}

TEST(Scanner, LeavesDocumentsOfTooManyNamesToTheParserHoweverTheyAreSpread)
{
    XmlLimits limits;
    limits.names_bytes_max = 16u << 10;
    EXPECT_TRUE(takes(many_names(200, 50), limits));
    EXPECT_FALSE(takes(many_names(250, 60), limits)) << "too many bytes";
    EXPECT_FALSE(takes(many_names(300, 8), limits)) << "too many names";
    EXPECT_TRUE(takes(many_names(200, 50), limits)) << "what was read before decides nothing";

    // A tree keeps texts of white space among its names.
    std::string indented = "<a>", mixed = "<a>";
    for (unsigned i = 0; i < 2000; ++i) {
        indented += "\n" + std::string(15 + i % 30, ' ') + "<b/>";
        mixed += "\n" + std::string(15 + i % 30, ' ');
        for (unsigned bit = 0; bit < 11; ++bit) mixed[mixed.size() - 1 - bit] = i >> bit & 1 ? '\t' : ' ';
        mixed += "<b/>";
    }
    EXPECT_TRUE(takes(indented + "</a>", limits));
    EXPECT_FALSE(takes(mixed + "</a>", limits));
}

TEST(Scanner, ShowsTheBytesOfPlainRowsAsTheyStand)
{
    std::string_view const xml = "<a><b>1</b>\n <c/><d >2</d ><e>x&amp;y</e></a>";
    EventRecord events;
    events.expect_raw_in(xml);
    ASSERT_TRUE(schemas::scan_whole(xml, {}, events));
    EXPECT_TRUE(events.sound());
    // All but <c/>, <d >, </d > and the reference.
    EXPECT_EQ(events.raw_bytes(), xml.size() - 4 - 4 - 5 - 5);
    EXPECT_EQ(events.text_pieces(), 6u);
}

TEST(Scanner, TellsATextInOnePieceWhereItFitsTheWindow)
{
    std::string const value(50, 'v'), xml = "<a><b>" + value + "</b><b>" + value + "</b></a>";
    for (std::size_t window = 60; window < xml.size(); ++window) {
        Scanner scanner;
        EventRecord events;
        scanner.begin({}, events);
        std::size_t at = 0;
        while (!scanner.whole()) {
            auto const size = std::min(window, xml.size() - at);
            auto const taken = scanner.feed(std::string_view{xml}.substr(at, size), at + size == xml.size());
            ASSERT_FALSE(scanner.declined()) << window;
            ASSERT_TRUE(taken > 0 || scanner.whole()) << window;
            at += taken;
        }
        EXPECT_EQ(events.text_pieces(), 2u) << window;
        EXPECT_EQ(scanner.text_bytes_max(), value.size()) << window;
    }
}

TEST(Scanner, TellsALongTextPieceByPiece)
{
    std::string const xml = "<a>" + std::string(1'000'000, 'x') + "é" + std::string(1'000'000, 'y') + "</a>";
    Scanner scanner;
    EventRecord events;
    std::size_t most = 0, windows = 0;
    auto const more = [&] { return ++windows, std::size_t{65536}; };
    ASSERT_TRUE(support::scan_in_windows(scanner, xml, {}, events, more));
    most = events.text_pieces();
    EXPECT_GE(most, 30u);
    EXPECT_LE(most, windows);
    EXPECT_EQ(scanner.text_bytes_max(), 2'000'002u);
}

TEST(Scanner, DeclinesATagThatOutgrowsEveryWindow)
{
    XmlLimits limits;
    limits.token_bytes_max = 1000;
    std::string const xml = "<a b='" + std::string(900, 'x') + "' c='" + std::string(900, 'x') + "'/>";
    Scanner scanner;
    EventRecord events;
    EXPECT_FALSE(support::scan_in_windows(scanner, xml, limits, events, [] { return std::size_t{100}; }));
    EXPECT_TRUE(scanner.declined());
}

TEST(Scanner, ReadsEveryFormAndDossierWeMake)
{
    auto const day = std::chrono::sys_days{std::chrono::year{2026} / 11 / 20};
    signing::initialise();
    auto const authorities = signing::dev::make_authorities(day);
    signing::dev::Request request;
    request.common_name = "Công ty TNHH Thử Nghiệm";
    request.tax_code = "0101300842";
    request.key = signing::dev::KeyKind::p256;
    auto const unit = signing::dev::issue(authorities.issuing_ca, request);
    auto const key = signing::KeyPair::from_pem(unit.key_pem, unit.certificate_pem);

    loadtest::CorpusConfig config;
    config.day = day;
    loadtest::Corpus corpus{config};
    for (auto const& code : loadtest::Corpus::form_codes()) {
        auto const form = corpus.form(code, 7);
        EXPECT_TRUE(expect_same(form.xml_or_bytes, {}, code, 12)) << code << " is left to the parser";
        for (bool const exclusive : {false, true}) {
            signing::SignOptions sign;
            sign.exclusive = exclusive;
            auto const dossier = corpus.dossier(loadtest::Corpus::procedure_for(code), {form, corpus.attachment()}, *key, sign);
            EXPECT_TRUE(expect_same(dossier, {}, "a dossier of " + code, 12)) << "a dossier of " << code << " is left to the parser";
            sign.holder = loadtest::Corpus::signature_holder(code);
            auto const signed_form = loadtest::Corpus::signed_form(form, *key, sign);
            EXPECT_TRUE(expect_same(signed_form.xml_or_bytes, {}, "a signed " + code, 12)) << "a signed " << code << " is left to the parser";
        }
    }
    EXPECT_TRUE(expect_same(corpus.form("D02-TS", 1000).xml_or_bytes, {}, "a large form", 3));
}

// Random changes of small documents that have everything in them, from one seed.
class Mutator {
public:
    std::string next()
    {
        auto text = seeds[pick(seeds.size())];
        for (auto changes = 1 + pick(3); changes > 0; --changes) change(text);
        return text;
    }

private:
    std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>{0, below - 1}(random_); }

    void change(std::string& text)
    {
        auto const at = pick(text.size() + 1), size = std::min(pick(12), text.size() - at);
        switch (pick(6)) {
        case 0: text.erase(at, size); break;
        case 1: text.insert(pick(text.size() + 1), text.substr(at, size)); break;
        case 2: text.insert(at, words[pick(words.size())]); break;
        case 3: text.replace(at, size, words[pick(words.size())]); break;
        case 4:
            if (at < text.size()) text[at] = static_cast<char>(pick(256));
            break;
        case 5:
            if (at < text.size()) text[at] = "<>&;'\"=/!?-]\r\n\t :#xa1"[pick(22)];
            break;
        }
    }

    std::mt19937 random_{20261122};
    std::vector<std::string> const seeds{
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<D02-TS>\n  <LaoDong>\n    <STT>1</STT>\n    <HoTen>Nguyễn Văn Ánh</HoTen>\n    "
        "<denThang/>\n  </LaoDong>\n  <LaoDong>\n    <STT>2</STT>\n    <HoTen>Đỗ Thị &amp; Yến</HoTen>\n    <denThang/>\n  </LaoDong>\n</D02-TS>\n",
        "<a xmlns=\"urn:x\" xmlns:p='http://a.vn/x#y'><p:b p:c=\"1\" c='2'>x</p:b><p:b>]]&gt;</p:b><d xmlns=''><e/></d></a>",
        "\xEF\xBB\xBF<a b=' x\ty &#10;&lt;é'><!-- một --> \r\n &#x1F600;&#233; > <c\n/></a >\n<!-- hai -->\n",
        "<Cky><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo><CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/"
        "REC-xml-c14n-20010315\"/></SignedInfo><SignatureValue>\nQUJDREVGQUJDREVGQUJDREVGQUJDREVG\nQUJDREVG</SignatureValue></Signature></Cky>",
    };
    std::vector<std::string> const words{
        "<", ">", "</", "/>", "<a>", "</a>", "<b/>", "<!--", "-->", "--", "]]>", "]]", "<![CDATA[", "<?x?>", "<!DOCTYPE a>", "&amp;", "&#10;", "&#xD;", "&x;", "&#",
        " xmlns=''", " xmlns='urn:x'", " xmlns:p='urn:y'", " p:c=''", "xml", "p:", "\r", "\r\n", "\t", " ", "é", "ễ", "\xF0\x9F\x98\x80", "\xEF\xBF\xBF", "\xC3",
        "\xED\xA0\x80", " b='1'", " b=\"1\"", "version", "1.1", "\x01", std::string(1, '\0'), "<?xml version='1.0'?>", std::string(20, ' '),
    };
};

TEST(Scanner, AgreesWithTheParserOnAHundredThousandMutations)
{
    Mutator mutator;
    XmlLimits const limits{.depth_max = 8, .nodes_max = 200, .attributes_max = 4, .namespaces_max = 4};
    std::size_t taken = 0;
    for (unsigned round = 0; round < 100'000 && !testing::Test::HasFailure(); ++round) {
        auto const text = mutator.next();
        taken += expect_same(text, limits, text, round % 16 == 0 ? 3 : 0);
    }
    EXPECT_GT(taken, 10'000u) << "too few of them say anything";
}

}  // namespace
