#include "schemas/document.hpp"

#include "schemas/detail/findings.hpp"
#include "schemas/detail/libxml2.hpp"
#include "schemas/detail/scan.hpp"
#include "schemas/tree.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace schemas {

using detail::FindingId;

namespace {

FindingId finding_of(Refusal why)
{
    if (why == Refusal::body_empty) return FindingId::xml_empty;
    if (why == Refusal::xml_doctype) return FindingId::xml_doctype;
    if (why == Refusal::xml_encoding) return FindingId::xml_encoding;
    if (why == Refusal::xml_too_large) return FindingId::xml_too_large;
    return FindingId::xml_malformed;
}

Failure failure(Refusal why, std::string detail, long line, std::string const& said_en, std::string const& said_vi)
{
    auto const id = finding_of(why);
    auto found = said_en.empty() ? detail::make_finding(id, {}, {}, line)
                                 : detail::make_finding(id, {}, {}, line, "Here: " + said_en + ".", "Cụ thể: " + said_vi + ".");
    return {.why = why, .detail = std::move(detail), .findings = {std::move(found)}};
}

long line_at(std::string_view bytes, std::size_t offset)
{
    return 1 + std::ranges::count(bytes.substr(0, offset), '\n');
}

}  // namespace

Document::Tree::~Tree() { xmlFreeDoc(doc); }

Document::Document(std::unique_ptr<Tree> tree, XmlLimits const& limits) noexcept : tree_{std::move(tree)}, limits_{limits} {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

namespace {

Failure failure(detail::ScanRefusal const& no, std::string_view bytes)
{
    std::string const what{no.what.en};
    return failure(no.why, what + " at byte " + std::to_string(no.offset), line_at(bytes, no.offset), what, std::string{no.what.vi});
}

Failure failure(detail::ParseError const& no)
{
    return failure(no.why,
                   "libxml2 error " + std::to_string(no.code) + " at line " + std::to_string(no.line) + ", column " +
                       std::to_string(no.column),
                   no.line, no.said, no.said);
}

}  // namespace

Result<Document> Document::parse(std::string_view bytes, XmlLimits const& limits)
{
    TreeRoom room{.bytes_max = bytes.size(), .nodes = limits.nodes_max, .kept = 0};
    return read(bytes, limits, room);
}

Result<Document> Document::read(std::string_view bytes, XmlLimits const& limits, TreeRoom& room)
{
    auto const scanned = detail::scan(bytes, limits);
    if (!scanned) return failure(scanned.error(), bytes);

    Document document{std::make_unique<Tree>(), limits};
    auto& tree = *document.tree_;
    tree.nodes = scanned->nodes;
    document.swept_ = bytes.size() > room.bytes_max || scanned->nodes > room.nodes;
    auto parsed = document.swept_ ? detail::parse_skeleton(scanned->text, limits, room.kept, tree.kept) : detail::parse(scanned->text, limits);
    if (!parsed) return failure(parsed.error());
    tree.doc = parsed->release();

    if (document.swept_) {
        document.text_ = scanned->text;
        room.kept -= tree.kept;
    } else {
        room.nodes -= scanned->nodes;
    }
    return document;
}

void Document::become_swept(std::string_view bytes)
{
    text_ = detail::without_mark(bytes);
    swept_ = true;
}

xmlDoc* tree_of(Document const& document)
{
    if (document.swept()) throw std::logic_error("schemas: a swept document has no tree");
    return document.tree().doc;
}

std::size_t Document::nodes() const noexcept { return tree_->nodes; }

std::string Document::root_name() const
{
    auto const* const root = xmlDocGetRootElement(tree_->doc);
    return std::string{detail::local_name(root)};
}

std::string Document::root_namespace() const
{
    auto const* const root = xmlDocGetRootElement(tree_->doc);
    return std::string{detail::namespace_of(root)};
}

}  // namespace schemas
