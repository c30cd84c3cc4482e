// Our own reader against libxml2's: whatever it takes, libxml2 takes, and both tell the same events.

#include "loadtest/corpus.hpp"
#include "schemas/base64.hpp"
#include "schemas/document.hpp"
#include "schemas/scanner.hpp"
#include "signing/dev/issuer.hpp"
#include "signing/dev/pki.hpp"
#include "signing/signer.hpp"
#include "tests/support/event_record.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using schemas::Scanner;
using schemas::XmlLimits;
using support::EventRecord;

// Compares the two readers, once with the whole and then with `cuttings` series of windows. True: the scanner took it.
bool expect_same(std::string_view bytes, XmlLimits const& limits, std::string const& what, unsigned cuttings = 0)
{
    EventRecord ours;
    // A copy that ends where its memory ends.
    std::vector<char> const copy{bytes.begin(), bytes.end()};
    std::string_view const window{copy.data(), copy.size()};
    ours.expect_raw_in(window);
    thread_local Scanner scanner;
    scanner.begin(limits, ours);
    scanner.feed(window, true);
    EXPECT_TRUE(ours.sound()) << what;
    if (!scanner.whole()) return false;
    auto const nodes = scanner.nodes();

    EventRecord theirs;
    EXPECT_TRUE(schemas::sweep(bytes, limits, theirs)) << what;
    EXPECT_EQ(ours.record(), theirs.record()) << what;
    auto const document = schemas::Document::parse(bytes, limits);
    EXPECT_TRUE(document) << what;
    if (document) EXPECT_EQ(nodes, document->nodes()) << what;

    std::mt19937 random{static_cast<unsigned>(bytes.size())};
    for (unsigned i = 0; i < cuttings; ++i) {
        std::uniform_int_distribution<std::size_t> size{1, i == 0 ? 1 : std::size_t{4} << (i % 10)};
        EventRecord cut;
        EXPECT_TRUE(support::scan_in_windows(scanner, bytes, limits, cut, [&] { return size(random); })) << what << ", cutting " << i;
        EXPECT_TRUE(cut.sound()) << what << ", cutting " << i;
        EXPECT_EQ(cut.record(), theirs.record()) << what << ", cutting " << i;
        EXPECT_EQ(scanner.nodes(), nodes) << what << ", cutting " << i;
    }
    return true;
}

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

}  // namespace
