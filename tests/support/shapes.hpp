#pragma once

// For tests of shape tables: an XSD compiled both ways, documents made from the table and spoilt, and both verdicts on one.
//
// Chance comes through Dice, from a seed in tests and from bytes in the fuzzer.

#include "schemas/detail/shape_data.hpp"
#include "schemas/detail/shape_table.hpp"
#include "tests/support/free_by.hpp"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test_support {

class Dice {
public:
    virtual ~Dice() = default;
    virtual std::uint32_t next() = 0;
    std::size_t below(std::size_t bound) { return bound < 2 ? 0 : next() % bound; }
    bool one_in(std::size_t n) { return below(n) == 0; }
    template <class List>
    auto const& of(List const& list)
    {
        return list[below(std::size(list))];
    }
};

class SeededDice : public Dice {
public:
    explicit SeededDice(std::uint64_t seed) : state_{seed} {}
    std::uint32_t next() override  // splitmix64: the same everywhere
    {
        auto z = state_ += 0x9E3779B97F4A7C15u;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return static_cast<std::uint32_t>((z ^ (z >> 31)) >> 16);
    }

private:
    std::uint64_t state_;
};

using support::FreeBy;
using XmlDocPtr = std::unique_ptr<xmlDoc, FreeBy<xmlFreeDoc>>;

inline XmlDocPtr parsed(std::string_view text)
{
    XmlDocPtr doc{xmlReadMemory(text.data(), static_cast<int>(text.size()), "test.xml", nullptr, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)};
    if (!doc) throw std::logic_error("the test's document is not well-formed: " + std::string{text});
    return doc;
}

// An XSD, compiled by libxml2 and read as a table.
class BothWays {
public:
    explicit BothWays(std::string_view xsd) : doc_{parsed(xsd)}
    {
        std::unique_ptr<xmlSchemaParserCtxt, FreeBy<xmlSchemaFreeParserCtxt>> const parser{xmlSchemaNewDocParserCtxt(doc_.get())};
        xmlSchemaSetParserStructuredErrors(parser.get(), [](void*, xmlError*) {}, nullptr);
        compiled_.reset(xmlSchemaParse(parser.get()));
        table_ = schemas::detail::ShapeTable::of(doc_.get(), why_);
    }

    [[nodiscard]] bool compiles() const { return compiled_ != nullptr; }
    [[nodiscard]] std::shared_ptr<schemas::detail::ShapeTable const> const& table() const { return table_; }
    [[nodiscard]] std::string const& why() const { return why_; }

    [[nodiscard]] bool valid(xmlDoc* doc) const
    {
        std::unique_ptr<xmlSchemaValidCtxt, FreeBy<xmlSchemaFreeValidCtxt>> const run{xmlSchemaNewValidCtxt(compiled_.get())};
        xmlSchemaSetValidStructuredErrors(run.get(), [](void*, xmlError*) {}, nullptr);
        auto const outcome = xmlSchemaValidateDoc(run.get(), doc);
        if (outcome < 0) throw std::logic_error("libxml2 could not validate");
        return outcome == 0;
    }
    [[nodiscard]] bool sound(xmlDoc* doc) const
    {
        schemas::detail::ShapeRun run;
        run.begin(*table_);
        tell(xmlDocGetRootElement(doc), run);
        return run.sound();
    }

private:
    static std::string_view view(xmlChar const* text) { return text ? std::string_view{reinterpret_cast<char const*>(text)} : std::string_view{}; }

    // One element as a reader of events would tell it.
    void tell(xmlNode const* node, schemas::detail::ShapeRun& run) const
    {
        auto const declared = run.start(view(node->name), node->ns ? view(node->ns->href) : std::string_view{}, node->properties != nullptr);
        std::string text;
        bool cdata = false;  // libxml2 takes a CDATA section for words, whatever is in it; readers for tables tell none
        for (auto const* at = node->children; at; at = at->next) {
            if (at->type == XML_ELEMENT_NODE) tell(at, run);
            if (at->type == XML_TEXT_NODE || at->type == XML_CDATA_SECTION_NODE) text += view(at->content);
            cdata = cdata || at->type == XML_CDATA_SECTION_NODE;
        }
        bool const leaf = declared != schemas::detail::ShapeRun::skipped && table_->is_leaf(declared);
        if (leaf && cdata && table_->data().declarations[declared].value->empty) text += "words";
        if (leaf) run.end_leaf(text);
        else run.end_parent(cdata || text.find_first_not_of(" \t\r\n") != text.npos);
    }

    XmlDocPtr doc_;
    std::unique_ptr<xmlSchema, FreeBy<xmlSchemaFree>> compiled_;
    std::shared_ptr<schemas::detail::ShapeTable const> table_;
    std::string why_;
};

// A document to be spoilt. A node without a name is text, already escaped (or a comment and the like).
struct Sketch {
    std::string name, tag_more, text;
    std::vector<Sketch> children;
    schemas::detail::Declaration const* declared = nullptr;

    [[nodiscard]] std::string xml() const
    {
        if (name.empty()) return text;
        std::string made = "<" + name + tag_more + ">";
        for (auto const& child : children) made += child.xml();
        return made + "</" + name.substr(0, name.find(' ')) + ">";
    }
};

inline Sketch words(std::string text) { return {.name = {}, .tag_more = {}, .text = std::move(text), .children = {}, .declared = nullptr}; }

// Makes documents of a table.
class Sketcher {
public:
    Sketcher(schemas::detail::ShapeTable const& table, Dice& dice) : table_{table}, dice_{dice} {}

    Sketch whole() { return element(declarations().front()); }

    // One thing is different afterwards; now and then it stays valid.
    void spoil(Sketch& root)
    {
        std::vector<Sketch*> parents;  // elements
        gather(root, parents);
        auto& at = *parents[dice_.below(parents.size())];
        auto& inside = at.children;
        auto const anywhere = [&] { return inside.begin() + static_cast<std::ptrdiff_t>(dice_.below(inside.size() + 1)); };
        auto const somewhere = [&] { return dice_.below(inside.size()); };
        switch (dice_.below(14)) {
            case 0:
                if (!inside.empty()) inside.erase(inside.begin() + static_cast<std::ptrdiff_t>(somewhere()));
                break;
            case 1:
                if (!inside.empty()) {
                    auto copy = inside[somewhere()];
                    inside.insert(anywhere(), std::move(copy));
                }
                break;
            case 2:
                if (inside.size() > 1) std::swap(inside[somewhere()], inside[somewhere()]);
                break;
            case 3: at.name = other_name(at.name); break;
            case 4: case 5: case 6: change_text(at); break;
            case 7: at.tag_more += dice_.of(std::array{" xmlns=\"urn:x\"", " xmlns:p=\"urn:x\"", " xmlns=\"\""}); break;
            case 8: at.name = "p:" + at.name, at.tag_more += " xmlns:p=\"urn:x\""; break;
            case 9: at.tag_more += dice_.of(attributes()); break;
            case 10: inside.insert(anywhere(), words(dice_.of(between()))); break;
            case 11: inside.insert(anywhere(), element(dice_.of(declarations()))); break;
            case 12: {
                auto copy = *parents[dice_.below(parents.size())];
                inside.insert(anywhere(), std::move(copy));
                break;
            }
            default: at = again(at); break;
        }
        if (!well_formed(root)) root = whole();
    }

    static constexpr std::string_view instance = "http://www.w3.org/2001/XMLSchema-instance";

private:
    [[nodiscard]] std::vector<schemas::detail::Declaration> const& declarations() const { return table_.data().declarations; }

    static std::array<char const*, 5> const& attributes()
    {
        static constexpr std::array all{" a=\"1\"", " xml:lang=\"vi\"", " xml:space=\"preserve\"", " xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"false\"",
                                        " xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:s=\"http://www.w3.org/2001/XMLSchema\" i:type=\"s:token\""};
        return all;
    }
    static std::array<char const*, 12> const& between()
    {
        static constexpr std::array all{" ", "\n  ", "\t", "&#13;", "word", "\xC2\xA0", "<!--note-->", "<?do it?>", "<![CDATA[ ]]>", "<![CDATA[word]]>", "<![CDATA[]]>", "0"};
        return all;
    }

    static void gather(Sketch& at, std::vector<Sketch*>& parents)
    {
        if (at.name.empty()) return;
        parents.push_back(&at);
        for (auto& child : at.children) gather(child, parents);
    }

    // Two attributes of one name are another test's business, and so is a document that only grows.
    static bool well_formed(Sketch const& at)
    {
        for (auto const* const once : {" xmlns=", " xmlns:p=", " xmlns:i=", " a=", " xml:lang=", " xml:space="}) {
            auto const first = at.tag_more.find(once);
            if (first != at.tag_more.npos && at.tag_more.find(once, first + 1) != at.tag_more.npos) return false;
        }
        if (at.name.find("p:") != at.name.rfind("p:") || at.children.size() > 200) return false;
        return std::all_of(at.children.begin(), at.children.end(), [](Sketch const& child) { return well_formed(child); });
    }

    Sketch element(schemas::detail::Declaration const& declaration)
    {
        Sketch made{.name = declaration.name, .tag_more = {}, .text = {}, .children = {}, .declared = &declaration};
        if (declaration.value) {
            made.children.push_back(words(escaped(sound_text(*declaration.value))));
            return made;
        }
        bool const indented = dice_.one_in(2);
        auto const put = [&](Sketch child) {
            if (indented) made.children.push_back(words("\n"));
            made.children.push_back(std::move(child));
        };
        for (auto const* child = declaration.first; child != declaration.last; ++child) {
            if (!child->required && dice_.one_in(2)) continue;
            for (std::size_t n = child->repeats ? 1 + dice_.below(3) : 1; n > 0; --n) put(element(*child));
        }
        if (declaration.any)
            for (std::size_t n = declaration.any_repeats ? dice_.below(3) : declaration.any_required || dice_.one_in(2); n > 0; --n) put(foreign());
        return made;
    }

    Sketch again(Sketch const& at) { return at.declared ? element(*at.declared) : at; }

    // What xs:any passes over.
    Sketch foreign()
    {
        Sketch made{.name = dice_.of(std::array{"Signature", "Any", "NoiDung"}), .tag_more = dice_.of(std::array{"", " xmlns=\"urn:y\" b=\"2\""}), .text = {}, .children = {}, .declared = nullptr};
        made.children.push_back(words("word"));
        made.children.push_back(Sketch{.name = "Inner", .tag_more = " xml:lang=\"en\"", .text = {}, .children = {}, .declared = nullptr});
        return made;
    }

    std::string other_name(std::string const& name)
    {
        switch (dice_.below(4)) {
            case 0: return name + "x";
            case 1: return name.size() > 1 ? name.substr(0, name.size() - 1) : "y";
            case 2: {
                auto other = name;
                other.back() = static_cast<char>(other.back() ^ ' ');
                auto const letter = (other.back() | ' ') >= 'a' && (other.back() | ' ') <= 'z';
                return letter ? other : name;
            }
            default: return dice_.of(declarations()).name;
        }
    }

    void change_text(Sketch& at)
    {
        auto const* const value = at.declared ? at.declared->value : nullptr;
        auto text = value ? any_text(*value) : words("");
        if (dice_.one_in(3)) at.children.push_back(std::move(text));  // besides what stands there
        else at.children = {std::move(text)};
        if (dice_.one_in(4)) at.children.insert(at.children.begin(), words(dice_.of(between())));
    }

    Sketch any_text(schemas::detail::ValueType const& value) { return words(escaped(candidate(value))); }

    std::string sound_text(schemas::detail::ValueType const& value)
    {
        for (int tries = 0; tries < 40; ++tries)
            if (auto text = candidate(value); value.takes(text)) return text;
        return value.words.empty() ? "" : value.words.front();
    }

    // Texts at and around what the type bounds, of characters of all sizes, with blanks and what is none.
    std::string candidate(schemas::detail::ValueType const& value)
    {
        static constexpr std::array pieces{"a", "7", "\xC3\xAA", "\xE1\xBB\x93", "\xF0\x9F\x98\x80"};
        static constexpr std::array blanks{" ", "  ", "\t", "\n", "\r", "\xC2\xA0", "\xE2\x80\x89", "\xC2\x85", "\v"};
        static constexpr std::array odd{"", "0", "1", "true", "false", "True", "-1", "+1", "1.", ".5", "1e3", "\xD9\xA3", "12a", "<&>", "]]>", "01/02/2020"};
        std::string text;
        switch (dice_.below(6)) {
            case 0: text = dice_.of(odd); break;
            case 1: text = value.words.empty() ? digits(dice_.below(12)) : dice_.of(value.words); break;
            case 2: text = digits(dice_.below(18)); break;
            case 3: text = digits(1 + dice_.below(16)) + dice_.of(std::array{".", ",", "..", ";"}) + digits(dice_.below(6)); break;
            default: {
                auto const bound = dice_.one_in(3) || value.chars_max > 4000 ? std::min<std::size_t>(value.chars_min, 4000) : value.chars_max;
                auto const wanted = dice_.one_in(3) ? dice_.below(bound + 1) : bound + dice_.below(3) - (bound > 0 ? 1 : 0);
                std::string const piece = dice_.of(pieces);
                for (std::size_t i = 0; i < wanted; ++i) text += piece;
            }
        }
        if (dice_.one_in(3)) text.insert(0, dice_.of(blanks));
        if (dice_.one_in(3)) text += dice_.of(blanks);
        if (dice_.one_in(4)) {  // inside, between characters
            auto at = dice_.below(text.size() + 1);
            while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
            text.insert(at, dice_.of(blanks));
        }
        std::erase(text, '\v');  // no character of XML
        return text;
    }

    std::string digits(std::size_t count)
    {
        std::string made;
        for (std::size_t i = 0; i < count; ++i) made += static_cast<char>('0' + dice_.below(10));
        return made;
    }

    static std::string escaped(std::string_view text)
    {
        std::string made;
        for (char const c : text) {
            if (c == '&') made += "&amp;";
            else if (c == '<') made += "&lt;";
            else if (c == '>') made += "&gt;";
            else if (c == '\r') made += "&#13;";
            else made += c;
        }
        return made;
    }

    schemas::detail::ShapeTable const& table_;
    Dice& dice_;
};

// Both verdicts are one. Where they differ, sound stays the stronger word, and what a validator let be is an attribute of XML
// Schema's instance namespace (xsi:type, xsi:nil), which a table always declines: without these the verdicts are one again.
inline bool agree(BothWays const& ways, xmlDoc* doc)
{
    bool const sound = ways.sound(doc);
    if (sound == ways.valid(doc)) return true;
    if (sound) return false;
    bool any = false;
    std::function<void(xmlNode*)> const strip = [&](xmlNode* node) {
        for (auto* at = node->properties; at;) {
            auto* const next = at->next;
            if (at->ns && reinterpret_cast<char const*>(at->ns->href) == Sketcher::instance) xmlRemoveProp(at), any = true;
            at = next;
        }
        for (auto* at = node->children; at; at = at->next)
            if (at->type == XML_ELEMENT_NODE) strip(at);
    };
    strip(xmlDocGetRootElement(doc));
    return any && ways.sound(doc) == ways.valid(doc);
}

}  // namespace test_support
