#include "signing/detail/canonical_writer.hpp"

#include "signing/detail/uris.hpp"

#include <libxml/uri.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <tuple>
#include <utility>

namespace signing::detail {
namespace {

// Copied into the buffer, shorter runs cost less than a call of their own.
constexpr std::size_t run_bytes_min = 512;

}  // namespace

bool is_absolute(std::string_view uri)
{
    // What documents declare nine times in ten.
    constexpr std::array<std::string_view, 4> known{dsig_ns, "http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/2001/XMLSchema",
                                                    exclusive_ns};
    if (uri.empty() || std::ranges::find(known, uri) != known.end()) return true;
    std::unique_ptr<xmlURI, void (*)(xmlURI*)> const parsed{xmlParseURI(std::string{uri}.c_str()), xmlFreeURI};
    return parsed && parsed->scheme != nullptr && *parsed->scheme != '\0';
}

void Scope::clear() noexcept
{
    bindings_.clear();
    texts_.clear();
}

void Scope::declare(std::size_t depth, std::string_view prefix, std::string_view uri)
{
    bindings_.push_back({depth, texts_.size(), prefix.size(), uri.size()});
    texts_ += prefix;
    texts_ += uri;
}

// Bindings of one element may have been sorted: the first of its texts is not the first of its bindings.
void Scope::drop(std::size_t depth) noexcept
{
    auto at = texts_.size();
    for (; !bindings_.empty() && bindings_.back().depth == depth; bindings_.pop_back()) at = std::min(at, bindings_.back().at);
    texts_.resize(at);
}

std::optional<std::string_view> Scope::find(std::string_view wanted) const noexcept
{
    for (auto i = bindings_.size(); i > 0; --i)
        if (prefix(i - 1) == wanted) return uri(i - 1);
    return std::nullopt;
}

std::string_view Scope::prefix(std::size_t i) const noexcept { return std::string_view{texts_}.substr(bindings_[i].at, bindings_[i].prefix_size); }

std::string_view Scope::uri(std::size_t i) const noexcept
{
    return std::string_view{texts_}.substr(bindings_[i].at + bindings_[i].prefix_size, bindings_[i].uri_size);
}

void Scope::sort_from(std::size_t i)
{
    auto const text = [this](Binding const& one) { return std::string_view{texts_}.substr(one.at, one.prefix_size); };
    std::ranges::sort(bindings_.begin() + static_cast<std::ptrdiff_t>(i), bindings_.end(), {}, text);
}

CanonicalWriter::CanonicalWriter(Canonicalisation how, Sink sink) : function_{std::move(sink)} { begin(std::move(how), *function_); }

void CanonicalWriter::begin(Canonicalisation how, Bytes& out)
{
    if (!room_) room_ = std::make_unique<char[]>(room_bytes_);
    how_ = std::move(how);
    out_ = &out;
    run_ = run_end_ = nullptr;
    kept_ = 0;
    declared_.clear();
    written_.clear();
    depth_ = 0;
    root_ended_ = false;
    has_form_ = true;
}

void CanonicalWriter::write_start(schemas::StartEvent const& tag)
{
    for (auto const& ns : tag.namespaces) {
        declared_.declare(depth_, ns.prefix, ns.uri);
        if (!is_absolute(ns.uri)) has_form_ = false;
    }
    auto const from = written_.size();
    how_.kind == C14n::exclusive ? choose_exclusive(tag) : choose_inclusive(tag);

    put('<');
    write_name(tag.prefix, tag.name);
    if (written_.size() > from) write_namespaces(from);
    if (!tag.attributes.empty()) write_attributes(tag);
    keep(">");
}

void CanonicalWriter::write_end(schemas::EndEvent const& tag)
{
    put("</");
    write_name(tag.prefix, tag.name);
    keep(">");
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
        auto const uri = declared_.find(prefix);
        if (uri) choose(prefix, *uri);
        else if (prefix.empty()) choose(prefix, {});
    }
}

void CanonicalWriter::choose(std::string_view prefix, std::string_view uri)
{
    if (prefix != "xml" && !is_written(prefix, uri)) written_.declare(depth_, prefix, uri);
}

void CanonicalWriter::write_namespaces(std::size_t from)
{
    if (written_.size() > from + 1) written_.sort_from(from);
    for (auto i = from; i < written_.size(); ++i) {
        keep(" xmlns");
        if (!written_.prefix(i).empty()) {
            keep(":");
            keep(written_.prefix(i));
        }
        keep("=\"");
        put_escaped(written_.uri(i), in_attribute);
        keep("\"");
    }
}

void CanonicalWriter::write_attributes(schemas::StartEvent const& tag)
{
    if (tag.attributes.size() == 1) return write_attribute(tag.attributes.front());
    sorted_.clear();
    for (auto const& a : tag.attributes) sorted_.push_back(&a);
    std::ranges::sort(sorted_, {}, [](schemas::AttributeEvent const* a) { return std::tie(a->uri, a->name); });
    for (auto const* const a : sorted_) write_attribute(*a);
}

void CanonicalWriter::write_attribute(schemas::AttributeEvent const& attribute)
{
    keep(" ");
    write_name(attribute.prefix, attribute.name);
    keep("=\"");
    put_escaped(attribute.value, in_attribute);
    keep("\"");
}

void CanonicalWriter::write_name(std::string_view prefix, std::string_view name)
{
    if (!prefix.empty()) {
        keep(prefix);
        keep(":");
    }
    keep(name);
}

void CanonicalWriter::instruction(std::string_view target, std::string_view data)
{
    if (depth_ == 0 && root_ended_) put('\n');
    put("<?");
    keep(target);
    if (!data.empty()) {
        keep(" ");
        put_escaped(data, in_instruction);
    }
    keep("?>");
    if (depth_ == 0 && !root_ended_) keep("\n");
}

void CanonicalWriter::keep(std::string_view bytes)
{
    if (bytes.empty()) return;
    if (kept_ + bytes.size() > room_bytes_) {
        if (kept_ > 0) out_->take({room_.get(), kept_});
        kept_ = 0;
        if (bytes.size() > room_bytes_) return out_->take(bytes);
    }
    std::memcpy(room_.get() + kept_, bytes.data(), bytes.size());
    kept_ += bytes.size();
}

void CanonicalWriter::hand_over_run()
{
    std::string_view const run{run_, static_cast<std::size_t>(run_end_ - run_)};
    run_ = run_end_ = nullptr;
    if (run.size() < run_bytes_min) return keep(run);
    if (kept_ > 0) out_->take({room_.get(), kept_});
    kept_ = 0;
    out_->take(run);
}

void CanonicalWriter::finish()
{
    settle();
    if (kept_ > 0) out_->take({room_.get(), kept_});
    kept_ = 0;
}

// Canonical XML 1.0 §2.3, text nodes, attribute nodes, processing instruction nodes.
std::uint8_t CanonicalWriter::escaped_in(char c) noexcept
{
    static constexpr auto where = [] {
        std::array<std::uint8_t, 256> all{};
        for (unsigned char const one : {'&', '<'}) all[one] = in_text | in_attribute;
        for (unsigned char const one : {'"', '\t', '\n'}) all[one] = in_attribute;
        all['>'] = in_text;
        all['\r'] = in_text | in_attribute | in_instruction;
        return all;
    }();
    return where[static_cast<unsigned char>(c)];
}

void CanonicalWriter::put_escaped(std::string_view text, std::uint8_t where)
{
    settle();
    for (;;) {
        std::size_t at = 0;
        while (at < text.size() && (escaped_in(text[at]) & where) == 0) ++at;
        keep(text.substr(0, at));
        if (at == text.size()) return;
        switch (text[at]) {
            case '&': keep("&amp;"); break;
            case '<': keep("&lt;"); break;
            case '>': keep("&gt;"); break;
            case '"': keep("&quot;"); break;
            case '\t': keep("&#x9;"); break;
            case '\n': keep("&#xA;"); break;
            default: keep("&#xD;"); break;
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
