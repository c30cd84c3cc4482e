#include "schemas/detail/shape_table.hpp"
#include "tests/support/forms.hpp"
#include "tests/support/shapes.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace test_support;
using schemas::detail::ShapeRun;
using schemas::detail::ShapeTable;
using testing::HasSubstr;

namespace {

std::string schema(std::string_view inside, std::string_view more = {})
{
    return "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"" + std::string{more} + ">" + std::string{inside} + "</xs:schema>";
}

// One root "R" with this in its sequence, and types of use.
std::string rows(std::string_view inside, std::string_view types = {})
{
    return schema("<xs:element name=\"R\"><xs:complexType><xs:sequence>" + std::string{inside} + "</xs:sequence></xs:complexType></xs:element>"
                  "<xs:simpleType name=\"Short\"><xs:restriction base=\"xs:token\"><xs:minLength value=\"1\"/><xs:maxLength value=\"3\"/></xs:restriction></xs:simpleType>" +
                  std::string{types});
}

std::string type(std::string_view restriction) { return "<xs:simpleType name=\"T\">" + std::string{restriction} + "</xs:simpleType>"; }
std::string restricted(std::string_view facets, std::string_view base = "xs:token")
{
    return rows("<xs:element name=\"A\" type=\"T\"/>", type("<xs:restriction base=\"" + std::string{base} + "\">" + std::string{facets} + "</xs:restriction>"));
}

// Both verdicts, which must be one.
bool sound(std::string const& xsd, std::string const& document)
{
    BothWays const ways{xsd};
    if (!ways.compiles() || !ways.table()) throw std::logic_error("the test's schema is not understood: " + ways.why());
    auto const doc = parsed(document);
    bool const said = ways.sound(doc.get());
    EXPECT_EQ(said, ways.valid(doc.get())) << document;
    return said;
}

std::string why_not(std::string const& xsd)
{
    auto const doc = parsed(xsd);
    std::string why;
    EXPECT_EQ(ShapeTable::of(doc.get(), why), nullptr) << xsd;
    return why;
}

std::string const three = rows("<xs:element name=\"A\" type=\"Short\"/><xs:element name=\"B\" type=\"Short\" minOccurs=\"0\"/>"
                               "<xs:element name=\"C\" type=\"Short\" minOccurs=\"0\" maxOccurs=\"unbounded\"/><xs:element name=\"D\" type=\"Short\" maxOccurs=\"unbounded\"/>");
std::string const holder = rows("<xs:element name=\"Any\" minOccurs=\"0\"><xs:complexType><xs:sequence><xs:any namespace=\"##any\" processContents=\"skip\" minOccurs=\"0\"/>"
                                "</xs:sequence></xs:complexType></xs:element>");

std::string text_of(std::filesystem::path const& file)
{
    std::ifstream stream{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

// A schema of everything that is understood, by chance.
class SchemaSketcher {
public:
    explicit SchemaSketcher(Dice& dice) : dice_{dice} {}

    std::string whole()
    {
        std::string made = "<xs:element name=\"R\">" + complex(0) + "</xs:element>";
        for (int i = 0; i < 3; ++i) made += "<xs:simpleType name=\"T" + std::to_string(i) + "\">" + restriction() + "</xs:simpleType>";
        made += "<xs:complexType name=\"C0\"><xs:sequence>" + elements(3) + "</xs:sequence></xs:complexType>";
        return schema(made);
    }

private:
    std::string occurs() { return dice_.of(std::array{"", "", " minOccurs=\"0\"", " maxOccurs=\"unbounded\"", " minOccurs=\"0\" maxOccurs=\"unbounded\"", " minOccurs=\"1\" maxOccurs=\"1\""}); }

    std::string complex(unsigned depth)
    {
        if (depth > 0 && dice_.one_in(6))
            return "<xs:complexType><xs:sequence><xs:any processContents=\"skip\"" + occurs() + "/></xs:sequence></xs:complexType>";
        if (depth > 0 && dice_.one_in(8)) return "<xs:complexType><xs:sequence/></xs:complexType>";
        return "<xs:complexType><xs:sequence>" + elements(depth) + "</xs:sequence></xs:complexType>";
    }

    std::string elements(unsigned depth)
    {
        std::string made;
        for (std::size_t i = 0, n = 1 + dice_.below(5); i < n; ++i) {
            auto const name = std::string{dice_.of(std::array{"Name", "Ngay", "STT", "HoTen"})} + std::to_string(i);
            made += "<xs:element name=\"" + name + "\"" + occurs();
            if (depth < 2 && dice_.one_in(3)) made += ">" + complex(depth + 1) + "</xs:element>";
            else if (depth < 2 && dice_.one_in(6)) made += " type=\"C0\"/>";
            else if (dice_.one_in(5)) made += std::string{" type=\""} + dice_.of(std::array{"xs:token", "xs:string"}) + "\"/>";
            else if (dice_.one_in(5)) made += "><xs:simpleType>" + restriction() + "</xs:simpleType></xs:element>";
            else made += " type=\"T" + std::to_string(dice_.below(3)) + "\"/>";
        }
        return made;
    }

    std::string restriction()
    {
        std::string made = std::string{"<xs:restriction base=\""} + dice_.of(std::array{"xs:token", "xs:token", "xs:string"}) + "\">";
        auto const min = dice_.below(4), max = min + dice_.below(6);
        if (dice_.one_in(6)) made += "<xs:length value=\"" + std::to_string(max) + "\"/>";
        else {
            if (dice_.one_in(2)) made += "<xs:minLength value=\"" + std::to_string(min) + "\"/>";
            if (dice_.one_in(2)) made += "<xs:maxLength value=\"" + std::to_string(max) + "\"/>";
        }
        if (dice_.one_in(3)) made += std::string{"<xs:pattern value=\""} + dice_.of(std::array{"[0-9]{0,9}", "([0-9]{1,15}([.,][0-9]{1,4})?)?", "[^a]*", ".+", "[a7 ]*", "true|false|"
                                                                                              "0|1", "[a-z]+( [a-z]+)?"}) + "\"/>";
        if (dice_.one_in(4)) made += enumeration(max);
        return made + "</xs:restriction>";
    }

    static std::string enumeration(std::size_t)
    {
        return "<xs:enumeration value=\"\"/><xs:enumeration value=\"1\"/><xs:enumeration value=\"true\"/><xs:enumeration value=\"a b\"/>";
    }

    Dice& dice_;
};

struct Tally {
    unsigned valid = 0, invalid = 0;
};

void compare(BothWays const& ways, Dice& dice, unsigned documents, Tally& tally)
{
    Sketcher sketcher{*ways.table(), dice};
    for (unsigned i = 0; i < documents; ++i) {
        auto sketch = sketcher.whole();
        for (auto n = dice.below(4); n > 0; --n) sketcher.spoil(sketch);
        auto const xml = sketch.xml();
        auto const doc = parsed(xml);
        ++(ways.valid(doc.get()) ? tally.valid : tally.invalid);
        ASSERT_TRUE(agree(ways, doc.get())) << "they disagree on " << xml;
    }
}

}  // namespace

TEST(ShapeTable, UnderstandsEverySchemaOfOurs)
{
    std::vector<std::string> not_understood;
    for (auto const& entry : catalogue()->entries())
        if (!catalogue()->shape(entry)) not_understood.push_back(entry.form + " " + entry.version + ": " + catalogue()->why_no_shape(entry));
    EXPECT_EQ(not_understood, std::vector<std::string>{});
}

TEST(ShapeTable, NumbersDeclarationsFromTheRootWithSiblingsTogether)
{
    auto const table = catalogue()->shape(**catalogue()->find("D02-TS", "", filing_day));
    ASSERT_TRUE(table);
    EXPECT_EQ(table->name(0), "D02-TS");
    EXPECT_EQ(table->parent(0), 0u);
    EXPECT_FALSE(table->is_leaf(0));
    unsigned rows = 0;
    for (std::size_t i = 1; i < table->declarations(); ++i) {
        EXPECT_LT(table->parent(i), i);
        EXPECT_GE(table->parent(i), table->parent(i - 1));
        EXPECT_FALSE(table->is_leaf(table->parent(i)));
        if (table->name(i) == "LaoDong") {
            ++rows;
            EXPECT_TRUE(table->repeats(i));
            EXPECT_FALSE(table->is_leaf(i));
        }
        if (table->name(i) == "HoTen") {
            EXPECT_TRUE(table->is_leaf(i) && table->is_required(i) && !table->repeats(i));
        }
    }
    EXPECT_GT(rows, 0u);
}

TEST(ShapeTable, DeclaresTheElementsOfATypeWhereverItIsUsed)
{
    BothWays const ways{rows("<xs:element name=\"A\" type=\"P\"/><xs:element name=\"B\" type=\"P\"/>",
                             "<xs:complexType name=\"P\"><xs:sequence><xs:element name=\"X\" type=\"Short\"/></xs:sequence></xs:complexType>")};
    ASSERT_TRUE(ways.table()) << ways.why();
    ASSERT_EQ(ways.table()->declarations(), 5u);
    EXPECT_EQ(ways.table()->name(3), "X");
    EXPECT_EQ(ways.table()->name(4), "X");
    EXPECT_EQ(ways.table()->parent(3), 1u);
    EXPECT_EQ(ways.table()->parent(4), 2u);
}

TEST(ShapeTable, LeavesEveryOtherConstructToTheValidator)
{
    auto const a = [](std::string_view more) { return rows("<xs:element name=\"A\" type=\"Short\"" + std::string{more} + "/>"); };
    struct Case {
        std::string xsd, why;
    };
    std::vector<Case> const cases{
        {schema("<xs:element name=\"A\" type=\"xs:token\"/>", " targetNamespace=\"urn:a\""), "targetNamespace"},
        {schema("<xs:element name=\"A\" type=\"xs:token\"/>", " blockDefault=\"restriction\""), "blockDefault"},
        {schema("<xs:element name=\"A\" type=\"xs:token\"/>", " xml:lang=\"en\""), "lang"},
        {schema("<xs:element name=\"A\" type=\"xs:token\"/><xs:element name=\"B\" type=\"xs:token\"/>"), "a second global element"},
        {schema("<xs:simpleType name=\"T\"><xs:restriction base=\"xs:token\"/></xs:simpleType>"), "no element"},
        {schema("<xs:include schemaLocation=\"a.xsd\"/><xs:element name=\"A\" type=\"xs:token\"/>"), "xs:include"},
        {schema("<xs:import namespace=\"urn:a\"/><xs:element name=\"A\" type=\"xs:token\"/>"), "xs:import"},
        {schema("<xs:redefine schemaLocation=\"a.xsd\"/><xs:element name=\"A\" type=\"xs:token\"/>"), "xs:redefine"},
        {schema("<xs:notation name=\"n\" public=\"n\"/><xs:element name=\"A\" type=\"xs:token\"/>"), "xs:notation"},
        {schema("<xs:group name=\"G\"><xs:sequence/></xs:group><xs:element name=\"A\" type=\"xs:token\"/>"), "xs:group"},
        {schema("<xs:attribute name=\"a\"/><xs:element name=\"A\" type=\"xs:token\"/>"), "xs:attribute"},
        {schema("<xs:attributeGroup name=\"G\"/><xs:element name=\"A\" type=\"xs:token\"/>"), "xs:attributeGroup"},
        {schema("words<xs:element name=\"A\" type=\"xs:token\"/>"), "not of XML Schema"},
        {schema("<?do it?><xs:element name=\"A\" type=\"xs:token\"/>"), "not of XML Schema"},
        {schema("<element xmlns=\"urn:a\" name=\"A\"/><xs:element name=\"A\" type=\"xs:token\"/>"), "not of XML Schema"},
        {"<schema/>", "no xs:schema"},
        {"<!DOCTYPE xs:schema [<!ATTLIST x a CDATA \"b\">]>" + schema("<xs:element name=\"A\" type=\"xs:token\"/>"), "DTD"},
        {schema("<xs:element name=\"A\" type=\"xs:token\" substitutionGroup=\"B\"/>"), "substitutionGroup"},
        {schema("<xs:element name=\"A\" type=\"xs:token\" abstract=\"true\"/>"), "abstract"},
        {schema("<xs:element name=\"A\" type=\"xs:token\" minOccurs=\"1\"/>"), "minOccurs"},
        {schema("<xs:element name=\"A\"/>"), "without a type"},
        {schema("<xs:element type=\"xs:token\"/>"), "without name"},
        {schema("<xs:element name=\"A b\" type=\"xs:token\"/>"), "the name"},
        {schema("<xs:element name=\"A\" type=\"xs:date\"/>"), "the type \"xs:date\""},
        {schema("<xs:element name=\"A\" type=\"xs:normalizedString\"/>"), "normalizedString"},
        {schema("<xs:element name=\"A\" type=\"xs:anyType\"/>"), "anyType"},
        {schema("<xs:element name=\"A\" type=\"token\"/>"), "the type \"token\""},
        {schema("<xs:element name=\"A\" type=\"p:T\"/>"), "the prefix"},
        {schema("<xs:element name=\"A\" type=\"p:T\"/>", " xmlns:p=\"urn:p\""), "the type \"p:T\""},
        {schema("<xs:element name=\"A\" type=\"xs:token\"><xs:unique name=\"u\"><xs:selector xpath=\"a\"/><xs:field xpath=\"b\"/></xs:unique></xs:element>"), "two types"},
        {a(" nillable=\"true\""), "nillable"},
        {a(" default=\"a\""), "default"},
        {a(" fixed=\"a\""), "fixed"},
        {a(" form=\"qualified\""), "form"},
        {a(" block=\"#all\""), "block"},
        {a(" id=\"i\""), "id"},
        {a(" minOccurs=\"2\" maxOccurs=\"2\""), "minOccurs \"2\""},
        {a(" maxOccurs=\"2\""), "maxOccurs \"2\""},
        {a(" minOccurs=\"0\" maxOccurs=\"0\""), "maxOccurs \"0\""},
        {rows("<xs:element ref=\"R\"/>"), "ref"},
        {rows("<xs:group ref=\"G\"/>"), "xs:group"},
        {rows("<xs:choice><xs:element name=\"A\" type=\"Short\"/></xs:choice>"), "xs:choice"},
        {rows("<xs:sequence><xs:element name=\"A\" type=\"Short\"/></xs:sequence>"), "xs:sequence in a sequence"},
        {rows("<xs:element name=\"A\" type=\"Short\"/><xs:element name=\"A\" type=\"Short\"/>"), "a second \"A\""},
        {rows("<xs:any processContents=\"lax\"/>"), "not skipped"},
        {rows("<xs:any/>"), "without processContents"},
        {rows("<xs:any namespace=\"##other\" processContents=\"skip\"/>"), "of some namespaces"},
        {rows("<xs:element name=\"A\" type=\"Short\"/><xs:any processContents=\"skip\"/>"), "xs:any beside"},
        {rows("<xs:any processContents=\"skip\"/><xs:any processContents=\"skip\"/>"), "xs:any beside"},
        {rows("<xs:any processContents=\"skip\" maxOccurs=\"2\"/>"), "maxOccurs \"2\""},
        {rows("<xs:element name=\"A\"><xs:complexType mixed=\"true\"><xs:sequence/></xs:complexType></xs:element>"), "mixed"},
        {rows("<xs:element name=\"A\"><xs:complexType/></xs:element>"), "not one xs:sequence"},
        {rows("<xs:element name=\"A\"><xs:complexType><xs:all/></xs:complexType></xs:element>"), "not one xs:sequence"},
        {rows("<xs:element name=\"A\"><xs:complexType><xs:sequence/><xs:attribute name=\"a\"/></xs:complexType></xs:element>"), "not one xs:sequence"},
        {rows("<xs:element name=\"A\"><xs:complexType><xs:sequence/><xs:anyAttribute/></xs:complexType></xs:element>"), "not one xs:sequence"},
        {rows("<xs:element name=\"A\"><xs:complexType><xs:sequence minOccurs=\"0\"/></xs:complexType></xs:element>"), "xs:sequence with minOccurs"},
        {rows("<xs:element name=\"A\"><xs:complexType><xs:simpleContent><xs:extension base=\"Short\"/></xs:simpleContent></xs:complexType></xs:element>"), "not one xs:sequence"},
        {rows("<xs:element name=\"A\"><xs:complexType><xs:complexContent><xs:extension base=\"Short\"/></xs:complexContent></xs:complexType></xs:element>"), "not one xs:sequence"},
        {rows("<xs:element name=\"A\" type=\"P\"/>", "<xs:complexType name=\"P\" abstract=\"true\"><xs:sequence/></xs:complexType>"), "abstract"},
        {rows("<xs:element name=\"A\" type=\"P\"/>", "<xs:complexType name=\"P\"><xs:sequence><xs:element name=\"B\" type=\"P\" minOccurs=\"0\"/></xs:sequence></xs:complexType>"), "without an end"},
        {rows("<xs:element name=\"A\" type=\"Short\"/>", "<xs:complexType name=\"Unused\"><xs:choice/></xs:complexType>"), "not one xs:sequence"},
        {rows("<xs:element name=\"A\" type=\"Short\"/>", "<xs:simpleType name=\"Unused\"><xs:list itemType=\"xs:token\"/></xs:simpleType>"), "not one xs:restriction"},
        {rows("<xs:element name=\"A\" type=\"T\"/>", type("<xs:union memberTypes=\"xs:token xs:string\"/>")), "not one xs:restriction"},
        {rows("<xs:element name=\"A\" type=\"T\"/>", "<xs:simpleType name=\"T\" final=\"restriction\"><xs:restriction base=\"xs:token\"/></xs:simpleType>"), "final"},
        {restricted("", "Short"), "the type \"Short\""},
        {restricted("", "xs:decimal"), "the type \"xs:decimal\""},
        {restricted("<xs:minInclusive value=\"1\"/>"), "the facet xs:minInclusive"},
        {restricted("<xs:totalDigits value=\"1\"/>"), "the facet xs:totalDigits"},
        {restricted("<xs:whiteSpace value=\"collapse\"/>"), "the facet xs:whiteSpace"},
        {restricted("<xs:maxLength value=\"3\" fixed=\"true\"/>"), "fixed"},
        {restricted("<xs:maxLength value=\"3\"/><xs:maxLength value=\"4\"/>"), "twice"},
        {restricted("<xs:length value=\"3\"/><xs:maxLength value=\"4\"/>"), "beside other bounds"},
        {restricted("<xs:maxLength value=\"9999999999\"/>"), "the length"},
        {restricted("<xs:maxLength value=\"+3\"/>"), "the length"},
        {restricted("<xs:maxLength/>"), "without value"},
        {restricted("<xs:pattern value=\"a\"/><xs:pattern value=\"b\"/>"), "xs:pattern twice"},
        {restricted("<xs:pattern value=\"\\d\"/>"), "the escape \\d"},
        {restricted("<xs:enumeration value=\" a\"/>"), "blanks in the word"},
        {restricted("<xs:enumeration value=\"a  b\"/>"), "blanks in the word"},
        {restricted("<xs:simpleType><xs:restriction base=\"xs:token\"/></xs:simpleType>"), "something in a facet"},
    };
    for (auto const& one : cases) EXPECT_THAT(why_not(one.xsd), HasSubstr(one.why)) << one.xsd;
}

TEST(ShapeTable, IsBoundedWhereTypesMultiply)
{
    std::string types;  // each of 20 types has two elements of the next: a million places
    for (int i = 0; i < 20; ++i) {
        auto const next = i == 19 ? std::string{"Short"} : "P" + std::to_string(i + 1);
        types += "<xs:complexType name=\"P" + std::to_string(i) + "\"><xs:sequence><xs:element name=\"A\" type=\"" + next + "\"/><xs:element name=\"B\" type=\"" + next +
                 "\"/></xs:sequence></xs:complexType>";
    }
    EXPECT_THAT(why_not(rows("<xs:element name=\"A\" type=\"P0\"/>", types)), HasSubstr("too many elements"));
}

TEST(ShapeTable, IsBesideEverySchemaOfACatalogueOrSaysWhyNot)
{
    support::TemporaryDirectory const own;
    auto const& directory = own.path();
    std::filesystem::create_directories(directory / "X" / "1");
    std::ofstream{directory / "catalogue.toml"} << "[[schema]]\nform = \"X\"\nversion = \"1\"\nroot = \"X\"\nmodels = \"made up\"\nfrom = 2020-01-01\n";
    std::ofstream{directory / "X" / "1" / "X.xsd"} << schema("<xs:element name=\"X\" type=\"xs:date\"/>");
    auto const loaded = schemas::Catalogue::load(directory);
    EXPECT_EQ(loaded->shape(loaded->entries()[0]), nullptr);
    EXPECT_THAT(loaded->why_no_shape(loaded->entries()[0]), HasSubstr("xs:date"));
}

TEST(ShapeRun, TakesElementsInTheirOrderAndNumber)
{
    for (auto const* good : {"<R><A>a</A><D>d</D></R>", "<R><A>a</A><B>b</B><D>d</D></R>", "<R><A>a</A><C>c</C><C>c</C><D>d</D><D>d</D></R>",
                             "<R>\n  <A>a</A>\t<B>b</B>&#13;<C>c</C><!-- note --><D>d</D><?do it?></R>"})
        EXPECT_TRUE(sound(three, good)) << good;
    for (auto const* bad : {"<R/>", "<R><A>a</A></R>", "<R><D>d</D></R>", "<R><A>a</A><A>a</A><D>d</D></R>", "<R><A>a</A><B>b</B><B>b</B><D>d</D></R>",
                            "<R><B>b</B><A>a</A><D>d</D></R>", "<R><A>a</A><C>c</C><B>b</B><D>d</D></R>", "<R><A>a</A><C>c</C><D>d</D><C>c</C></R>",
                            "<R><A>a</A><D>d</D><E>e</E></R>", "<R><A>a</A><D>d</D><A>a</A></R>", "<R><a>a</a><D>d</D></R>", "<R><AA>a</AA><D>d</D></R>"})
        EXPECT_FALSE(sound(three, bad)) << bad;
}

TEST(ShapeRun, TakesNoOtherRoot)
{
    for (auto const* bad : {"<A>a</A>", "<r><A>a</A><D>d</D></r>", "<RR/>", "<R xmlns=\"urn:x\"><A>a</A><D>d</D></R>"}) EXPECT_FALSE(sound(three, bad)) << bad;
}

TEST(ShapeRun, TakesNoElementInANamespace)
{
    EXPECT_TRUE(sound(three, "<R xmlns:x=\"urn:x\"><A>a</A><D>d</D></R>"));
    EXPECT_TRUE(sound(three, "<R><A xmlns=\"\">a</A><D>d</D></R>"));
    EXPECT_FALSE(sound(three, "<R><A xmlns=\"urn:x\">a</A><D>d</D></R>"));
    EXPECT_FALSE(sound(three, "<R xmlns:x=\"urn:x\"><x:A>a</x:A><D>d</D></R>"));
}

TEST(ShapeRun, TakesNoAttribute)
{
    EXPECT_FALSE(sound(three, "<R a=\"1\"><A>a</A><D>d</D></R>"));
    EXPECT_FALSE(sound(three, "<R><A xml:lang=\"vi\">a</A><D>d</D></R>"));
    EXPECT_FALSE(sound(three, "<R xml:space=\"preserve\"><A>a</A><D>d</D></R>"));
}

TEST(ShapeRun, IsStricterThanAValidatorWithAttributesOfSchemaInstance)
{
    BothWays const ways{three};
    for (auto const* document : {"<R xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"><A i:type=\"Short\">a</A><D>d</D></R>",
                                 "<R xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"><A i:nil=\"false\">a</A><D>d</D></R>"}) {
        auto const doc = parsed(document);
        EXPECT_FALSE(ways.sound(doc.get()));
        EXPECT_TRUE(agree(ways, doc.get()));
    }
}

TEST(ShapeRun, TakesWordsInLeavesOnly)
{
    EXPECT_FALSE(sound(three, "<R>word<A>a</A><D>d</D></R>"));
    EXPECT_FALSE(sound(three, "<R><A>a</A><D>d</D>\xC2\xA0</R>"));
    EXPECT_FALSE(sound(three, "<R><A>a</A><D>d</D><![CDATA[w]]></R>"));
    EXPECT_FALSE(sound(three, "<R><A><B>b</B></A><D>d</D></R>"));
    EXPECT_FALSE(sound(three, "<R><A>a</A><D>d</D><![CDATA[ ]]></R>"));  // libxml2's reading, which is stricter than §3.4.4
    EXPECT_TRUE(sound(three, "<R><A>a<!-- note --><![CDATA[b]]></A><D>d</D></R>"));
    EXPECT_FALSE(sound(three, "<R><A>ab<!-- note -->cd</A><D>d</D></R>"));
}

TEST(ShapeRun, MeasuresCharactersOfCollapsedTokens)
{
    for (auto const* good : {"a", "abc", "  abc  ", "\ta\n  c\n", "\xE1\xBB\x93\xE1\xBB\x93\xE1\xBB\x93", "\xF0\x9F\x98\x80", "\xC2\xA0", "&#13;abc", "a&#9;c"})
        EXPECT_TRUE(sound(three, "<R><A>" + std::string{good} + "</A><D>d</D></R>")) << good;
    for (auto const* bad : {"", " ", "\n\t", "abcd", "a  bc", "ab c", "abc\xC2\xA0", "\xE1\xBB\x93\xE1\xBB\x93\xE1\xBB\x93\xE1\xBB\x93"})
        EXPECT_FALSE(sound(three, "<R><A>" + std::string{bad} + "</A><D>d</D></R>")) << bad;
}

TEST(ShapeRun, KeepsTheBlanksOfStrings)
{
    auto const xsd = restricted("<xs:minLength value=\"2\"/><xs:maxLength value=\"3\"/>", "xs:string");
    for (auto const* good : {"ab", "  ", " a ", "\n\n\n"}) EXPECT_TRUE(sound(xsd, "<R><A>" + std::string{good} + "</A></R>")) << good;
    for (auto const* bad : {"a", "", " ", "    ", "abc "}) EXPECT_FALSE(sound(xsd, "<R><A>" + std::string{bad} + "</A></R>")) << bad;
}

TEST(ShapeRun, ComparesPatternsAndWordsWithTheCollapsedText)
{
    auto const number = restricted("<xs:pattern value=\"[0-9]{1,3}\"/>");
    EXPECT_TRUE(sound(number, "<R><A>\n 12 </A></R>"));
    EXPECT_FALSE(sound(number, "<R><A>1 2</A></R>"));
    EXPECT_FALSE(sound(number, "<R><A>1\xD9\xA3</A></R>"));
    auto const blanks = restricted("<xs:pattern value=\"a( b)?\"/>");
    EXPECT_TRUE(sound(blanks, "<R><A> a \n b </A></R>"));
    EXPECT_FALSE(sound(blanks, "<R><A>ab</A></R>"));
    auto const flag = restricted("<xs:enumeration value=\"\"/><xs:enumeration value=\"true\"/><xs:enumeration value=\"a b\"/>");
    for (auto const* good : {"", "  ", "true", "\ttrue\n", "a b", "a\n\nb"}) EXPECT_TRUE(sound(flag, "<R><A>" + std::string{good} + "</A></R>")) << good;
    for (auto const* bad : {"True", "tru", "truee", "ab", "\xC2\xA0"}) EXPECT_FALSE(sound(flag, "<R><A>" + std::string{bad} + "</A></R>")) << bad;
}

TEST(ShapeRun, TakesNotEvenBlanksInASequenceOfNothing)
{
    auto const xsd = rows("<xs:element name=\"A\"><xs:complexType><xs:sequence/></xs:complexType></xs:element>");
    EXPECT_TRUE(sound(xsd, "<R><A/></R>"));
    EXPECT_TRUE(sound(xsd, "<R><A><!-- note --></A></R>"));
    EXPECT_FALSE(sound(xsd, "<R><A>a</A></R>"));
    EXPECT_FALSE(sound(xsd, "<R><A><B/></A></R>"));
    (void)sound(xsd, "<R><A> </A></R>");  // one verdict, whichever
}

TEST(ShapeRun, PassesOverWhatIsSkipped)
{
    for (auto const* good : {"<R/>", "<R><Any/></R>", "<R><Any> \n</Any></R>", "<R><Any><x/></Any></R>",
                             "<R><Any><x xmlns=\"urn:x\" a=\"1\" xml:lang=\"vi\">words<R><A b=\"2\"/></R></x></Any></R>",
                             "<R><Any><x xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:type=\"i:none\"/></Any></R>"})
        EXPECT_TRUE(sound(holder, good)) << good;
    for (auto const* bad : {"<R><Any><x/><x/></Any></R>", "<R><Any>words<x/></Any></R>", "<R><Any><x/>words</Any></R>", "<R><Any a=\"1\"><x/></Any></R>"})
        EXPECT_FALSE(sound(holder, bad)) << bad;
}

TEST(ShapeRun, StaysUnsoundUntilItBeginsAgain)
{
    BothWays const ways{three};
    ShapeRun run;
    run.begin(*ways.table());
    EXPECT_EQ(run.start("R", "", false), 0u);
    EXPECT_EQ(run.start("X", "", false), ShapeRun::skipped);
    EXPECT_FALSE(run.sound());
    run.end_leaf("x");
    run.end_parent(false);
    run.end_parent(false);
    EXPECT_EQ(run.start("R", "", false), ShapeRun::skipped);
    EXPECT_FALSE(run.sound());

    run.begin(*ways.table());
    EXPECT_TRUE(run.sound());
    EXPECT_EQ(run.start("R", "", false), 0u);
    EXPECT_EQ(run.start("A", "", false), 1u);
    run.end_leaf("a");
    EXPECT_EQ(run.start("D", "", false), 4u);
    run.end_leaf("d");
    run.end_parent(false);
    EXPECT_TRUE(run.sound());
    EXPECT_EQ(run.start("R", "", false), ShapeRun::skipped);  // a second root
    EXPECT_FALSE(run.sound());
}

TEST(ShapeRun, TakesNoEndThatWasNotBegunNorOneOfTheOtherKind)
{
    BothWays const ways{three};
    ShapeRun run;
    run.begin(*ways.table());
    run.end_parent(false);
    EXPECT_FALSE(run.sound());
    run.begin(*ways.table());
    run.start("R", "", false);
    run.start("A", "", false);
    run.end_parent(false);
    EXPECT_FALSE(run.sound());
    run.begin(*ways.table());
    run.start("R", "", false);
    run.end_leaf("");
    EXPECT_FALSE(run.sound());
}

TEST(ShapeRun, SaysOfSpoiltFormsWhatLibxml2Says)
{
    for (auto const& entry : catalogue()->entries()) {
        SeededDice dice{20261122};
        BothWays const ways{text_of(std::filesystem::path{IVAN_SOURCE_DIR} / "schemas/xsd" / entry.form / entry.version / (entry.form + ".xsd"))};
        ASSERT_TRUE(ways.table()) << ways.why();
        Tally tally;
        compare(ways, dice, 1000, tally);
        EXPECT_GT(tally.valid, 200u) << entry.form;
        EXPECT_GT(tally.invalid, 200u) << entry.form;
    }
}

TEST(ShapeRun, SaysOfMadeUpSchemasWhatLibxml2Says)
{
    SeededDice dice{166};
    Tally tally;
    for (unsigned i = 0; i < 300; ++i) {
        auto const xsd = SchemaSketcher{dice}.whole();
        BothWays const ways{xsd};
        if (!ways.compiles()) continue;  // an enumeration or a count that another facet rules out
        ASSERT_TRUE(ways.table()) << ways.why() << " in " << xsd;
        compare(ways, dice, 30, tally);
        if (HasFatalFailure()) FAIL() << xsd;
    }
    EXPECT_GT(tally.valid, 1000u);
    EXPECT_GT(tally.invalid, 1000u);
}

TEST(ShapeRun, SaysOfTheCorpusThatItIsSound)
{
    for (auto const& code : loadtest::Corpus::form_codes()) {
        auto const& entry = **catalogue()->find(code, "", filing_day);
        auto const form = corpus_on(filing_day).form(code, 5).xml_or_bytes;
        BothWays const ways{text_of(std::filesystem::path{IVAN_SOURCE_DIR} / "schemas/xsd" / entry.form / entry.version / (entry.form + ".xsd"))};
        auto const doc = parsed(form);
        EXPECT_TRUE(ways.sound(doc.get())) << code;
        EXPECT_TRUE(ways.valid(doc.get())) << code;
    }
}
