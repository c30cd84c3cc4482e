#include "schemas/detail/libxml2.hpp"

#include "schemas/names.hpp"

#include <libxml/SAX2.h>

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace schemas::detail {

void throw_exception_from_error(ParseError const& error, boost::source_location const&)
{
    throw std::logic_error("schemas::detail::ParseResult::value() on an error " + std::to_string(error.code));
}

namespace {

class WholeTree : public Listener {
public:
    void start(xmlParserCtxt& parser, Tag const& tag) override
    {
        xmlSAX2StartElementNs(&parser, tag.name, tag.prefix, tag.uri, tag.namespaces_size, tag.namespaces, tag.attributes_size,
                              tag.defaulted, tag.attributes);
    }
    void end(xmlParserCtxt& parser, Tag const& tag) override { xmlSAX2EndElementNs(&parser, tag.name, tag.prefix, tag.uri); }
    void text(xmlParserCtxt& parser, xmlChar const* text, int size) override { xmlSAX2Characters(&parser, text, size); }
    void cdata(xmlParserCtxt& parser, xmlChar const* text, int size) override { xmlSAX2CDataBlock(&parser, text, size); }
    void comment(xmlParserCtxt& parser, xmlChar const* text) override { xmlSAX2Comment(&parser, text); }
    void instruction(xmlParserCtxt& parser, xmlChar const* target, xmlChar const* data) override
    {
        xmlSAX2ProcessingInstruction(&parser, target, data);
    }
};

// Builds as WholeTree does, and takes away what nobody will ask for as soon as it has ended.
class Skeleton : public WholeTree {
public:
    Skeleton(std::size_t kept_max, std::size_t text_max) : kept_max_{kept_max}, text_max_{text_max} {}
    [[nodiscard]] std::size_t kept() const noexcept { return kept_; }

    void start(xmlParserCtxt& parser, Tag const& tag) override
    {
        WholeTree::start(parser, tag);
        text_bytes_ = 0;
        open_.push_back(false);
        if (in_signature() || view(tag.uri) == names::xmldsig) ++signature_depth_;
        if (in_signature() || tag.attributes_size > 0 || tag.namespaces_size > 0 || is_frame(tag))
            keep(static_cast<std::size_t>(tag.namespaces_size) + 2 * static_cast<std::size_t>(tag.attributes_size));
    }

    void end(xmlParserCtxt& parser, Tag const& tag) override
    {
        auto* const node = parser.node;
        WholeTree::end(parser, tag);
        text_bytes_ = 0;
        if (in_signature()) --signature_depth_;
        bool const kept = open_.back();
        open_.pop_back();
        if (kept) return;
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }

    void text(xmlParserCtxt& parser, xmlChar const* text, int size) override
    {
        measure(size);
        if (!in_signature()) return;
        bool const grows = parser.node && parser.node->last && parser.node->last->type == XML_TEXT_NODE;
        count(grows ? 0 : 1);
        WholeTree::text(parser, text, size);
    }
    void cdata(xmlParserCtxt& parser, xmlChar const* text, int size) override
    {
        measure(size);
        if (in_signature()) count(1), WholeTree::cdata(parser, text, size);
    }
    void comment(xmlParserCtxt& parser, xmlChar const* text) override
    {
        if (in_signature()) count(1), WholeTree::comment(parser, text);
    }
    void instruction(xmlParserCtxt& parser, xmlChar const* target, xmlChar const* data) override
    {
        if (in_signature() || open_.empty()) count(1), WholeTree::instruction(parser, target, data);
    }

private:
    [[nodiscard]] bool in_signature() const noexcept { return signature_depth_ > 0; }

    // The root, and of its children the first two of each name: whether a holder stands there, and whether alone.
    bool is_frame(Tag const& tag) { return open_.size() == 1 || (open_.size() == 2 && ++root_children_[view(tag.name)] <= 2); }

    // The text of one element is gathered later, to be compared with its schema.
    void measure(int size)
    {
        text_bytes_ += static_cast<std::size_t>(size);
        if (text_bytes_ > text_max_) throw Overflow{};
    }

    void count(std::size_t more)
    {
        kept_ += more;
        if (kept_ > kept_max_) throw Overflow{};
    }

    void keep(std::size_t with)
    {
        count(with);
        for (auto at = open_.rbegin(); at != open_.rend() && !*at; ++at) {
            count(1);
            *at = true;
        }
    }

    std::size_t kept_max_, text_max_;
    std::size_t text_bytes_ = 0;       // since the last tag
    std::size_t kept_ = 0;
    std::size_t signature_depth_ = 0;  // open elements from the outermost one of XML Signature on
    std::vector<bool> open_;           // for each open element: it stays
    std::map<std::string_view, std::size_t> root_children_;  // names live in the parser's dictionary, bounded with it
};

}  // namespace

ParseResult parse(std::string_view text, XmlLimits const& limits)
{
    WholeTree tree;
    auto swept = sweep(text, limits, tree);
    if (swept.refused) return std::move(*swept.refused);
    return std::move(swept.doc);
}

ParseResult parse_skeleton(std::string_view text, XmlLimits const& limits, std::size_t kept_max, std::size_t& kept)
{
    Skeleton skeleton{kept_max, limits.token_bytes_max};
    auto swept = sweep(text, limits, skeleton);
    kept = skeleton.kept();
    if (swept.refused) return std::move(*swept.refused);
    return std::move(swept.doc);
}

}  // namespace schemas::detail
