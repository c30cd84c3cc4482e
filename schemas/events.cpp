#include "schemas/events.hpp"

#include "schemas/detail/libxml2.hpp"
#include "schemas/detail/scan.hpp"

#include <cstddef>
#include <stdexcept>
#include <vector>

namespace schemas {

namespace {

using detail::view;

class Teller : public detail::Listener {
public:
    explicit Teller(Events& events) noexcept : events_{events} {}

    void start(xmlParserCtxt&, detail::Tag const& tag) override
    {
        namespaces_.clear();
        for (int i = 0; i < tag.namespaces_size; ++i)
            namespaces_.push_back({view(tag.namespaces[2 * i]), view(tag.namespaces[2 * i + 1])});
        attributes_.clear();
        for (int i = 0; i < tag.attributes_size; ++i) {
            auto const* const a = tag.attributes + 5 * i;
            attributes_.push_back({view(a[0]), view(a[1]), view(a[2]),
                                   std::string_view{reinterpret_cast<char const*>(a[3]), static_cast<std::size_t>(a[4] - a[3])}});
        }
        events_.start({view(tag.name), view(tag.prefix), view(tag.uri), namespaces_, attributes_});
    }
    void end(xmlParserCtxt&, detail::Tag const& tag) override { events_.end({view(tag.name), view(tag.prefix)}); }
    void text(xmlParserCtxt&, xmlChar const* text, int size) override
    {
        events_.text({std::string_view{reinterpret_cast<char const*>(text), static_cast<std::size_t>(size)}});
        events_.views_end();
    }
    void cdata(xmlParserCtxt& parser, xmlChar const* data, int size) override { text(parser, data, size); }
    void comment(xmlParserCtxt&, xmlChar const* text) override { events_.comment(view(text)); }
    void instruction(xmlParserCtxt&, xmlChar const* target, xmlChar const* data) override { events_.instruction(view(target), view(data)); }

private:
    Events& events_;
    std::vector<NamespaceEvent> namespaces_;
    std::vector<AttributeEvent> attributes_;
};

}  // namespace

void sweep(Document const& document, Events& events)
{
    if (!document.swept()) throw std::logic_error("schemas: a document that is a tree is not swept");
    Teller teller{events};
    // The same bytes and bounds were taken once; another answer now would be a bug of ours.
    if (detail::sweep(document.text(), document.limits(), teller).refused) throw std::logic_error("schemas: a sweep disagrees with the first");
}

bool sweep(std::string_view bytes, XmlLimits const& limits, Events& events)
{
    auto const scanned = detail::scan(bytes, limits);
    if (!scanned) return false;
    Teller teller{events};
    return !detail::sweep(scanned->text, limits, teller).refused;
}

}  // namespace schemas
