#include "schemas/detail/shape_table.hpp"

#include "schemas/detail/libxml2.hpp"
#include "schemas/detail/shape_data.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

namespace schemas::detail {

namespace {

constexpr std::string_view xsd_namespace = "http://www.w3.org/2001/XMLSchema";

struct NotUnderstood : std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[noreturn]] void not_understood(xmlNode const* node, std::string const& what)
{
    throw NotUnderstood{"line " + std::to_string(line_of(node)) + ": " + what};
}

std::string quoted(std::string_view text) { return "\"" + std::string{text} + "\""; }

std::string_view value_of(xmlAttr const* attribute)
{
    auto const* const text = attribute->children;
    if (!text) return {};
    if (text->next || text->type != XML_TEXT_NODE) not_understood(attribute->parent, "an attribute with references");
    return view(text->content);
}

std::optional<std::string_view> attribute(xmlNode const* node, std::string_view name)
{
    for (auto const* at = node->properties; at; at = at->next)
        if (view(at->name) == name) return value_of(at);
    return std::nullopt;
}

std::string_view required_attribute(xmlNode const* node, std::string_view name)
{
    auto const value = attribute(node, name);
    if (!value) not_understood(node, "xs:" + std::string{local_name(node)} + " without " + std::string{name});
    return *value;
}

// Nothing of an XSD is passed over but annotations, comments and blank text.
void only_attributes(xmlNode const* node, std::initializer_list<std::string_view> names)
{
    for (auto const* at = node->properties; at; at = at->next) {
        bool const known = !at->ns && std::find(names.begin(), names.end(), view(at->name)) != names.end();
        if (!known) not_understood(node, "xs:" + std::string{local_name(node)} + " with " + std::string{view(at->name)});
    }
}

std::vector<xmlNode const*> children_of(xmlNode const* node)
{
    std::vector<xmlNode const*> children;
    for (auto const* at = node->children; at; at = at->next) {
        if (at->type == XML_COMMENT_NODE || (at->type == XML_TEXT_NODE && xmlIsBlankNode(at))) continue;
        if (at->type != XML_ELEMENT_NODE || namespace_of(at) != xsd_namespace) not_understood(at, "something that is not of XML Schema");
        if (local_name(at) != "annotation") children.push_back(at);
    }
    return children;
}

xmlNode const* only_child(xmlNode const* node, std::string_view name)
{
    auto const children = children_of(node);
    if (children.size() != 1 || local_name(children[0]) != name)
        not_understood(node, "xs:" + std::string{local_name(node)} + " that is not one xs:" + std::string{name});
    return children[0];
}

std::string_view name_of(xmlNode const* node)
{
    auto const name = required_attribute(node, "name");
    if (xmlValidateNCName(reinterpret_cast<xmlChar const*>(std::string{name}.c_str()), 0) != 0) not_understood(node, "the name " + quoted(name));
    return name;
}

struct QName {
    std::string_view uri, name;
};

QName resolved(xmlNode const* node, std::string_view written)
{
    auto const colon = written.find(':');
    auto const prefix = written.substr(0, colon == written.npos ? 0 : colon);
    auto const name = written.substr(colon == written.npos ? 0 : colon + 1);
    for (auto const* at = node; at && at->type == XML_ELEMENT_NODE; at = at->parent)
        for (auto const* declared = at->nsDef; declared; declared = declared->next)
            if (view(declared->prefix) == prefix) return {view(declared->href), name};
    if (!prefix.empty()) not_understood(node, "the prefix of " + quoted(written));
    return {{}, name};
}

struct Occurs {
    bool required = true, repeats = false;
};

Occurs occurs_of(xmlNode const* node)
{
    auto const min = attribute(node, "minOccurs").value_or("1"), max = attribute(node, "maxOccurs").value_or("1");
    if ((min != "0" && min != "1") || (max != "1" && max != "unbounded"))
        not_understood(node, "minOccurs " + quoted(min) + " with maxOccurs " + quoted(max));
    return {min == "1", max == "unbounded"};
}

struct Sequence;

// One element declared in a sequence: of a simple or of a complex type.
struct Particle {
    std::string_view name;
    Occurs occurs;
    std::optional<std::size_t> value;     // of Reader::values
    std::optional<std::size_t> sequence;  // of Reader::sequences
};

struct Sequence {
    std::vector<Particle> particles;
    std::optional<Occurs> any;
};

// Reads a whole XSD, what is used of it and what is not.
class Reader {
public:
    explicit Reader(xmlDoc const* xsd)
    {
        auto const* const schema = xmlDocGetRootElement(const_cast<xmlDoc*>(xsd));
        if (!schema || local_name(schema) != "schema" || namespace_of(schema) != xsd_namespace) throw NotUnderstood{"it is no xs:schema"};
        if (xsd->intSubset || xsd->extSubset) throw NotUnderstood{"it has a DTD"};
        // Without a target namespace the defaults of form say nothing.
        only_attributes(schema, {"elementFormDefault", "attributeFormDefault", "version", "id"});
        globals(children_of(schema));
    }

    Particle root;
    std::vector<ValueType> values;
    std::vector<Sequence> sequences;

private:
    // Names first: a type may be used before it is written.
    void globals(std::vector<xmlNode const*> const& nodes)
    {
        xmlNode const* element = nullptr;
        std::vector<std::pair<xmlNode const*, std::size_t>> complex;
        for (auto const* node : nodes) {
            auto const kind = local_name(node);
            if (kind == "element") {
                if (std::exchange(element, node)) not_understood(node, "a second global element");
            } else if (kind == "complexType") {
                complex.emplace_back(node, sequences.size());
                named(node).sequence = sequences.size();
                sequences.emplace_back();
            } else if (kind == "simpleType") {
                auto const value = simple(node, true);
                named(node).value = value;
            } else {
                not_understood(node, "xs:" + std::string{kind});
            }
        }
        for (auto const& [node, index] : complex) {
            auto made = complex_type(node, true);
            sequences[index] = std::move(made);
        }
        if (!element) throw NotUnderstood{"it declares no element"};
        root = declaration(element, true);
    }

    Particle& named(xmlNode const* node)
    {
        auto const [at, added] = types_.try_emplace(name_of(node));
        if (!added) not_understood(node, "a second type of this name");
        return at->second;
    }

    Particle declaration(xmlNode const* node, bool global)
    {
        if (global) only_attributes(node, {"name", "type"});
        else only_attributes(node, {"name", "type", "minOccurs", "maxOccurs"});
        Particle made;
        if (auto const type = attribute(node, "type")) {
            if (!children_of(node).empty()) not_understood(node, "an element with two types");
            made = by_name(node, *type);
        } else {
            auto const inner = children_of(node);
            if (inner.size() != 1) not_understood(node, "an element without a type");
            if (local_name(inner[0]) == "simpleType") {
                made.value = simple(inner[0], false);
            } else if (local_name(inner[0]) == "complexType") {
                auto sequence = complex_type(inner[0], false);
                made.sequence = sequences.size();
                sequences.push_back(std::move(sequence));
            } else {
                not_understood(inner[0], "xs:" + std::string{local_name(inner[0])});
            }
        }
        made.name = name_of(node);
        made.occurs = occurs_of(node);
        return made;
    }

    Particle by_name(xmlNode const* node, std::string_view written)
    {
        auto const type = resolved(node, written);
        Particle made;
        if (type.uri.empty()) {
            auto const at = types_.find(type.name);
            if (at == types_.end()) not_understood(node, "the type " + quoted(written));
            return at->second;
        }
        made.value = values.size();
        values.push_back(built_in(node, written));
        return made;
    }

    static ValueType built_in(xmlNode const* node, std::string_view written)
    {
        auto const type = resolved(node, written);
        if (type.uri != xsd_namespace || (type.name != "token" && type.name != "string")) not_understood(node, "the type " + quoted(written));
        ValueType made;
        made.collapses = type.name == "token";
        made.find_shortcut();
        return made;
    }

    Sequence complex_type(xmlNode const* node, bool global)
    {
        if (global) only_attributes(node, {"name"});
        else only_attributes(node, {});
        auto const* const sequence = only_child(node, "sequence");
        only_attributes(sequence, {});
        Sequence made;
        for (auto const* child : children_of(sequence)) {
            if (local_name(child) == "any") {
                made.any = any(child);
            } else if (local_name(child) == "element") {
                made.particles.push_back(declaration(child, false));
                for (auto const& other : made.particles)
                    if (&other != &made.particles.back() && other.name == made.particles.back().name) not_understood(child, "a second " + quoted(other.name) + " in one sequence");
            } else {
                not_understood(child, "xs:" + std::string{local_name(child)} + " in a sequence");
            }
        }
        if (made.any && children_of(sequence).size() != 1) not_understood(sequence, "xs:any beside something else");
        return made;
    }

    static Occurs any(xmlNode const* node)
    {
        only_attributes(node, {"namespace", "processContents", "minOccurs", "maxOccurs"});
        if (attribute(node, "namespace").value_or("##any") != "##any") not_understood(node, "xs:any of some namespaces");
        if (required_attribute(node, "processContents") != "skip") not_understood(node, "xs:any that is not skipped");
        if (!children_of(node).empty()) not_understood(node, "something in xs:any");
        return occurs_of(node);
    }

    std::size_t simple(xmlNode const* node, bool global)
    {
        if (global) only_attributes(node, {"name"});
        else only_attributes(node, {});
        auto const* const restriction = only_child(node, "restriction");
        only_attributes(restriction, {"base"});
        auto made = built_in(restriction, required_attribute(restriction, "base"));
        bool length = false, min = false, max = false;
        for (auto const* facet : children_of(restriction)) {
            only_attributes(facet, {"value"});
            if (!children_of(facet).empty()) not_understood(facet, "something in a facet");
            auto const kind = local_name(facet);
            auto const value = required_attribute(facet, "value");
            if (kind == "length") made.chars_min = made.chars_max = number(facet, value), once(facet, length);
            else if (kind == "minLength") made.chars_min = number(facet, value), once(facet, min);
            else if (kind == "maxLength") made.chars_max = number(facet, value), once(facet, max);
            else if (kind == "pattern") pattern(facet, value, made);
            else if (kind == "enumeration") word(facet, value, made);
            else not_understood(facet, "the facet xs:" + std::string{kind});
        }
        if (length && (min || max)) not_understood(restriction, "length beside other bounds");
        made.find_shortcut();
        values.push_back(std::move(made));
        return values.size() - 1;
    }

    static void once(xmlNode const* facet, bool& seen)
    {
        if (std::exchange(seen, true)) not_understood(facet, "the facet xs:" + std::string{local_name(facet)} + " twice");
    }

    static std::size_t number(xmlNode const* facet, std::string_view text)
    {
        bool const digits = !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == text.npos;
        if (!digits) not_understood(facet, "the length " + quoted(text));
        return std::stoul(std::string{text});
    }

    static void pattern(xmlNode const* facet, std::string_view text, ValueType& type)
    {
        if (type.pattern) not_understood(facet, "the facet xs:pattern twice");
        std::string why;
        type.pattern = Pattern::of(text, why);
        if (!type.pattern) not_understood(facet, why);
    }

    // As it stands; a word that collapsing would change is not compared as it stands.
    static void word(xmlNode const* facet, std::string_view text, ValueType& type)
    {
        auto const odd = [&](std::size_t i) { return text[i] == ' ' && (i == 0 || i + 1 == text.size() || text[i + 1] == ' '); };
        for (std::size_t i = 0; i < text.size(); ++i)
            if (odd(i) || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') not_understood(facet, "blanks in the word " + quoted(text));
        type.words.emplace_back(text);
    }

    std::map<std::string_view, Particle> types_;
};

// Written out breadth first: one declaration for each place where an element may stand.
class Writer {
public:
    Writer(Reader const& from, ShapeTable::Data& to) : from_{from}, to_{to}
    {
        add(from.root, 0, 1);
        for (std::size_t i = 0; i < placed_.size(); ++i) {
            if (!placed_[i].particle.sequence) continue;
            placed_[i].first = placed_.size();
            for (auto const& child : from.sequences[*placed_[i].particle.sequence].particles) add(child, i, placed_[i].depth + 1);
            placed_[i].last = placed_.size();
        }
        to.values = from.values;
        to.values.emplace_back().empty = true;
        for (auto const& placed : placed_) to.names.emplace_back(placed.particle.name);
        to.declarations.resize(placed_.size());
        for (std::size_t i = 0; i < placed_.size(); ++i) to.declarations[i] = declaration(i);
    }

private:
    struct Placed {
        Particle particle;
        std::size_t parent, depth, first = 0, last = 0;
    };

    void add(Particle const& particle, std::size_t parent, std::size_t depth)
    {
        if (depth > ShapeTable::depth_max) throw NotUnderstood{"elements too deep, or without an end, at " + quoted(particle.name)};
        if (placed_.size() == ShapeTable::declarations_max) throw NotUnderstood{"too many elements"};
        placed_.push_back({particle, parent, depth});
        to_.depth = std::max(to_.depth, depth);
    }

    Declaration declaration(std::size_t i) const
    {
        auto const& placed = placed_[i];
        Declaration made;
        made.name = to_.names[i].data();
        made.name_size = static_cast<std::uint32_t>(to_.names[i].size());
        made.required = placed.particle.occurs.required;
        made.repeats = placed.particle.occurs.repeats;
        made.number = static_cast<std::uint32_t>(i);
        made.parent = static_cast<std::uint32_t>(placed.parent);
        if (placed.particle.value) {
            made.value = &to_.values[*placed.particle.value];
            return made;
        }
        auto const& sequence = from_.sequences[*placed.particle.sequence];
        if (sequence.any) {
            made.any = true;
            made.any_required = sequence.any->required;
            made.any_repeats = sequence.any->repeats;
        } else if (sequence.particles.empty()) {
            made.value = &to_.values.back();
        }
        made.first = to_.declarations.data() + placed.first;
        made.last = to_.declarations.data() + placed.last;
        return made;
    }

    Reader const& from_;
    ShapeTable::Data& to_;
    std::vector<Placed> placed_;
};

}  // namespace

ShapeTable::ShapeTable() : data_{std::make_unique<Data>()} {}
ShapeTable::~ShapeTable() = default;

std::shared_ptr<ShapeTable const> ShapeTable::of(xmlDoc const* xsd, std::string& why)
try {
    Reader const reader{xsd};
    std::shared_ptr<ShapeTable> table{new ShapeTable};
    Writer{reader, *table->data_};
    return table;
} catch (NotUnderstood const& what) {
    why = what.what();
    return nullptr;
}

std::size_t ShapeTable::declarations() const noexcept { return data_->declarations.size(); }
std::string_view ShapeTable::name(std::size_t declaration) const noexcept { return data_->names[declaration]; }
std::size_t ShapeTable::parent(std::size_t declaration) const noexcept { return data_->declarations[declaration].parent; }
bool ShapeTable::is_leaf(std::size_t declaration) const noexcept { return data_->declarations[declaration].value != nullptr; }
bool ShapeTable::is_required(std::size_t declaration) const noexcept { return data_->declarations[declaration].required; }
bool ShapeTable::repeats(std::size_t declaration) const noexcept { return data_->declarations[declaration].repeats; }

}  // namespace schemas::detail
