#include "signing/detail/canonical_writer.hpp"

#include <libxml/uri.h>

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

namespace signing::detail {
namespace {

constexpr std::string_view dsig_ns = "http://www.w3.org/2000/09/xmldsig#";
constexpr std::size_t room_bytes = 16u << 10;

// As libxml2's canonicaliser asks it: an absolute URI parses and has a scheme.
bool is_relative(std::string const& uri)
{
    if (uri.empty()) return false;
    std::unique_ptr<xmlURI, void (*)(xmlURI*)> const parsed{xmlParseURI(uri.c_str()), xmlFreeURI};
    return !parsed || parsed->scheme == nullptr || *parsed->scheme == '\0';
}

}  // namespace

std::string const* CanonicalWriter::Scope::find(std::string_view prefix) const noexcept
{
    auto const at = std::ranges::find(bindings.rbegin(), bindings.rend(), prefix, &Binding::prefix);
    return at == bindings.rend() ? nullptr : &at->uri;
}

void CanonicalWriter::Scope::leave()
{
    bindings.resize(sizes.back());
    sizes.pop_back();
}

CanonicalWriter::CanonicalWriter(Canonicalisation how, Sink sink) : how_{std::move(how)}, sink_{std::move(sink)}
{
    room_.reserve(room_bytes);
}

void CanonicalWriter::start(schemas::StartEvent const& tag)
{
    declared_.enter();
    written_.enter();
    ++depth_;
    for (auto const& ns : tag.namespaces) {
        declared_.bindings.push_back({std::string{ns.prefix}, std::string{ns.uri}});
        if (is_relative(declared_.bindings.back().uri)) has_form_ = false;
    }
    auto const from = written_.bindings.size();
    how_.kind == C14n::exclusive ? choose_exclusive(tag) : choose_inclusive(tag);

    put('<');
    write_name(tag.prefix, tag.name);
    write_namespaces(from);
    write_attributes(tag);
    put('>');
}

void CanonicalWriter::end(schemas::EndEvent const& tag)
{
    put("</");
    write_name(tag.prefix, tag.name);
    put('>');
    declared_.leave();
    written_.leave();
    if (--depth_ == 0) root_ended_ = true;
}

// Canonical XML 1.0 §2.3: a namespace node is written unless the nearest ancestor has the same. All ancestors are written,
// so only what is declared here can be new.
void CanonicalWriter::choose_inclusive(schemas::StartEvent const& tag)
{
    for (auto const& ns : tag.namespaces) choose(ns.prefix, ns.uri);
}

// Exclusive C14N §3: what the element and its attributes use by their prefixes; those of the list as inclusive has it.
void CanonicalWriter::choose_exclusive(schemas::StartEvent const& tag)
{
    choose(tag.prefix, tag.uri);
    for (auto const& a : tag.attributes)
        if (!a.prefix.empty()) choose(a.prefix, a.uri);
    for (auto const& listed : how_.prefixes) {
        auto const prefix = listed == "#default" ? std::string_view{} : std::string_view{listed};
        auto const* const uri = declared_.find(prefix);
        if (uri != nullptr) choose(prefix, *uri);
        else if (prefix.empty()) choose(prefix, {});
    }
}

void CanonicalWriter::choose(std::string_view prefix, std::string_view uri)
{
    if (prefix == "xml") return;
    auto const* const before = written_.find(prefix);
    bool const same = before != nullptr ? *before == uri : prefix.empty() && uri.empty();
    if (!same) written_.bindings.push_back({std::string{prefix}, std::string{uri}});
}

void CanonicalWriter::write_namespaces(std::size_t from)
{
    auto const first = written_.bindings.begin() + static_cast<std::ptrdiff_t>(from);
    std::ranges::sort(first, written_.bindings.end(), {}, &Binding::prefix);
    for (auto at = first; at != written_.bindings.end(); ++at) {
        put(" xmlns");
        if (!at->prefix.empty()) {
            put(':');
            put(at->prefix);
        }
        put("=\"");
        put_escaped(at->uri, In::attribute);
        put('"');
    }
}

void CanonicalWriter::write_attributes(schemas::StartEvent const& tag)
{
    std::vector<schemas::AttributeEvent const*> sorted;
    for (auto const& a : tag.attributes) sorted.push_back(&a);
    std::ranges::sort(sorted, {}, [](schemas::AttributeEvent const* a) { return std::tie(a->uri, a->name); });
    for (auto const* const a : sorted) {
        put(' ');
        write_name(a->prefix, a->name);
        put("=\"");
        put_escaped(a->value, In::attribute);
        put('"');
    }
}

void CanonicalWriter::write_name(std::string_view prefix, std::string_view name)
{
    if (!prefix.empty()) {
        put(prefix);
        put(':');
    }
    put(name);
}

void CanonicalWriter::text(schemas::TextEvent const& text) { put_escaped(text.text, In::text); }

void CanonicalWriter::instruction(std::string_view target, std::string_view data)
{
    if (depth_ == 0 && root_ended_) put('\n');
    put("<?");
    put(target);
    if (!data.empty()) {
        put(' ');
        put_escaped(data, In::instruction);
    }
    put("?>");
    if (depth_ == 0 && !root_ended_) put('\n');
}

void CanonicalWriter::put(std::string_view bytes)
{
    if (room_.size() + bytes.size() > room_bytes) {
        finish();
        if (bytes.size() > room_bytes) return sink_(bytes);
    }
    room_ += bytes;
}

void CanonicalWriter::finish()
{
    if (!room_.empty()) sink_(room_);
    room_.clear();
}

// Canonical XML 1.0 §2.3, text nodes, attribute nodes, processing instruction nodes.
void CanonicalWriter::put_escaped(std::string_view text, In where)
{
    constexpr std::string_view in_text = "&<>\r", in_attribute = "&<\"\t\n\r", in_instruction = "\r";
    auto const special = where == In::text ? in_text : where == In::attribute ? in_attribute : in_instruction;
    while (!text.empty()) {
        auto const at = std::min(text.find_first_of(special), text.size());
        put(text.substr(0, at));
        if (at == text.size()) return;
        switch (text[at]) {
            case '&': put("&amp;"); break;
            case '<': put("&lt;"); break;
            case '>': put("&gt;"); break;
            case '"': put("&quot;"); break;
            case '\t': put("&#x9;"); break;
            case '\n': put("&#xA;"); break;
            default: put("&#xD;"); break;
        }
        text.remove_prefix(at + 1);
    }
}

void SignedPart::start(schemas::StartEvent const& tag)
{
    ++depth_;
    bool const signature = inside_ == 0 && tag.uri == dsig_ns && tag.name == "Signature";
    signatures_ += signature;
    if (inside_ > 0 || signature) ++inside_;
    else inner_.start(tag);
}

void SignedPart::end(schemas::EndEvent const& tag)
{
    --depth_;
    if (inside_ > 0) --inside_;
    else inner_.end(tag);
}

void SignedPart::text(schemas::TextEvent const& text)
{
    if (hears()) inner_.text(text);
}

void SignedPart::comment(std::string_view text)
{
    if (hears()) inner_.comment(text);
}

void SignedPart::instruction(std::string_view target, std::string_view data)
{
    if (hears()) inner_.instruction(target, data);
}

}  // namespace signing::detail
