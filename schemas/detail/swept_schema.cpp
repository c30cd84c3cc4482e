#include "schemas/detail/swept_schema.hpp"

#include "schemas/detail/libxml2.hpp"
#include "schemas/detail/places.hpp"
#include "schemas/detail/schema_errors.hpp"

#include <memory>
#include <new>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace schemas::detail {

namespace {

struct Unplug {
    void operator()(xmlSchemaSAXPlugStruct* plug) const noexcept { xmlSchemaSAXUnplug(plug); }
};

// Hands each event to the validator, between entering and leaving the trail, so that what it says is about the innermost.
class Validation : public Listener {
public:
    Validation(xmlSchemaValidCtxt* run, Trail& trail, SchemaErrors& errors) : trail_{trail}, errors_{errors}, plug_{xmlSchemaSAXPlug(run, &sax_, &context_)}
    {
        if (!plug_) throw std::bad_alloc{};
    }

    void start(xmlParserCtxt& parser, Tag const& tag) override
    {
        push_text();
        trail_.enter(parser, tag);
        auto attributes = escaped(tag);
        errors_.in_start_tag(true);
        sax_->startElementNs(context_, tag.name, tag.prefix, tag.uri, tag.namespaces_size, tag.namespaces, tag.attributes_size,
                             tag.defaulted, attributes.empty() ? tag.attributes : attributes.data());
        errors_.in_start_tag(false);
    }
    void end(xmlParserCtxt&, Tag const& tag) override
    {
        push_text();
        sax_->endElementNs(context_, tag.name, tag.prefix, tag.uri);
        trail_.leave();
    }
    // Gathered: the validator measures all it has with every piece it gets.
    void text(xmlParserCtxt&, xmlChar const* text, int size) override
    {
        text_.append(reinterpret_cast<char const*>(text), static_cast<std::size_t>(size));
    }
    void cdata(xmlParserCtxt& parser, xmlChar const* data, int size) override { text(parser, data, size); }
    void comment(xmlParserCtxt&, xmlChar const*) override {}
    void instruction(xmlParserCtxt&, xmlChar const*, xmlChar const*) override {}

private:
    void push_text()
    {
        if (text_.empty()) return;
        sax_->characters(context_, reinterpret_cast<xmlChar const*>(text_.data()), static_cast<int>(text_.size()));
        text_.clear();
    }

    // The validator expects libxml2's other way of telling values, where each & stands as &#38;.
    std::vector<xmlChar const*> escaped(Tag const& tag)
    {
        values_.clear();
        std::vector<xmlChar const*> attributes;
        for (int i = 0; i < tag.attributes_size; ++i) {
            auto const* const a = tag.attributes + 5 * i;
            std::string_view const value{reinterpret_cast<char const*>(a[3]), static_cast<std::size_t>(a[4] - a[3])};
            if (value.find('&') == value.npos) continue;
            if (attributes.empty()) attributes.assign(tag.attributes, tag.attributes + 5 * tag.attributes_size);
            auto& text = *values_.emplace_back(std::make_unique<std::string>());
            for (char const c : value) c == '&' ? text.append("&#38;") : text.append(1, c);
            attributes[static_cast<std::size_t>(5 * i + 3)] = reinterpret_cast<xmlChar const*>(text.data());
            attributes[static_cast<std::size_t>(5 * i + 4)] = reinterpret_cast<xmlChar const*>(text.data() + text.size());
        }
        return attributes;
    }

    Trail& trail_;
    SchemaErrors& errors_;
    xmlSAXHandler* sax_ = nullptr;
    void* context_ = nullptr;
    std::unique_ptr<xmlSchemaSAXPlugStruct, Unplug> plug_;
    std::string text_;  // since the last tag; bounded by XmlLimits::token_bytes_max when the skeleton was made
    std::vector<std::unique_ptr<std::string>> values_;
};

}  // namespace

void check_swept(xmlSchemaValidCtxt* run, Document const& document, std::string const& label, Findings& findings)
{
    Trail trail;
    Places places;
    SchemaErrors errors{label, findings, trail, places};
    xmlSchemaSetValidStructuredErrors(run, &SchemaErrors::receive, &errors);
    {
        Validation validation{run, trail, errors};
        if (sweep(document.text(), document.limits(), validation).refused) throw std::logic_error("schemas: a sweep disagrees with the first");
    }
    errors.rethrow();
    places.resolve(document, findings);
}

}  // namespace schemas::detail
