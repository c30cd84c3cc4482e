#include "schemas/detail/swept_rules.hpp"

#include "schemas/detail/fields.hpp"
#include "schemas/detail/form_rules.hpp"
#include "schemas/detail/places.hpp"
#include "schemas/form_names.hpp"

#include <libxml/SAX2.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace schemas::detail {

namespace {

class RulesOverSweep : public Listener {
public:
    RulesOverSweep(LawOfDay const& law, Envelope const& envelope, Form const& form, Findings& findings, Places& places)
        : one_{law, envelope, form, {}, findings, &places}
    {
    }

    // Once the sweep is over, while its tree lives.
    void finish() const { check_whole(one_); }

    void start(xmlParserCtxt& parser, Tag const& tag) override
    {
        ++met_;
        if (passed_over_ > 0) {
            ++passed_over_;
            return;
        }
        bool const root = open_.empty();
        // As fields.hpp has it: an element of a namespace is not seen at all, but for the root.
        if (!root && tag.uri) {
            passed_over_ = 1;
            return;
        }
        if (!root) become_parent(open_.back());
        if (!root && holds_signature(view(tag.name))) {
            passed_over_ = 1;
            return;
        }
        xmlSAX2StartElementNs(&parser, tag.name, root ? tag.prefix : nullptr, root ? tag.uri : nullptr, root ? tag.namespaces_size : 0,
                              root ? tag.namespaces : nullptr, 0, 0, nullptr);
        Element const element{parser.node};
        element.note(met_, parser.input ? parser.input->line : 0L);
        if (root) one_.root = element;
        open_.push_back({.node = parser.node, .row = {}, .is_parent = root, .has_slots = false});
    }

    void end(xmlParserCtxt& parser, Tag const& tag) override
    {
        if (passed_over_ > 0) {
            --passed_over_;
            return;
        }
        xmlSAX2EndElementNs(&parser, tag.name, tag.prefix, tag.uri);
        auto const ended = open_.back();
        open_.pop_back();
        bool stays = is_asked_for_later(ended.node);
        if (ended.is_parent) {
            if (ended.has_slots) check_row(one_, Element{ended.node}.name(), ended.row);
        } else if (auto const slot = check_leaf(one_, Element{ended.node})) {
            fill(open_.back(), *slot, ended.node);
            stays = true;
        }
        if (!stays) remove(ended.node);
    }

    void text(xmlParserCtxt& parser, xmlChar const* text, int size) override
    {
        if (wants(text, size)) xmlSAX2Characters(&parser, text, size);
    }
    void cdata(xmlParserCtxt& parser, xmlChar const* data, int size) override { text(parser, data, size); }
    void comment(xmlParserCtxt&, xmlChar const*) override {}
    void instruction(xmlParserCtxt&, xmlChar const*, xmlChar const*) override {}

private:
    struct Open {
        xmlNode*   node;
        ElementRow row;
        bool       is_parent;  // has a child element, so that its own text is nobody's value
        bool       has_slots;
    };

    static void remove(xmlNode* node) noexcept
    {
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }

    static void become_parent(Open& open) noexcept
    {
        if (open.is_parent) return;
        open.is_parent = true;
        xmlFreeNodeList(open.node->children);
        open.node->children = nullptr;
        open.node->last = nullptr;
    }

    // Values lose outer white space, so what comes before them is not kept.
    bool wants(xmlChar const* text, int size) const
    {
        if (passed_over_ > 0 || open_.empty() || open_.back().is_parent) return false;
        auto const blank = [](xmlChar c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
        return open_.back().node->children || !std::all_of(text, text + size, blank);
    }

    // The last of a name fills the slot, as a walk over the whole row leaves it.
    static void fill(Open& parent, Slot slot, xmlNode* field) noexcept
    {
        auto const before = parent.row.at(slot);
        parent.row.set(slot, Element{field});
        parent.has_slots = true;
        if (before) remove(before.node());
    }

    // What rules ask of the form's head, from anywhere: the first of each name, as Element::child() finds it.
    bool is_asked_for_later(xmlNode const* node) const
    {
        auto const name = local_name(node);
        bool const head = open_.size() == 1 && (name == form_names::form_head || name == form_names::form_body);
        bool const value = open_.size() == 2 && (name == form_names::state_share || name == form_names::unit_tax_code);
        return open_.empty() || ((head || value) && Element{open_.back().node}.child(name).node() == node);
    }

    FormCase one_;
    std::vector<Open> open_;
    std::size_t met_ = 0;
    std::size_t passed_over_ = 0;  // open elements from the outermost one that is not looked into
};

}  // namespace

void check_swept_form(LawOfDay const& law, Envelope const& envelope, Form const& form, Findings& findings)
{
    Places places;
    RulesOverSweep rules{law, envelope, form, findings, places};
    auto const& document = *form.xml();
    auto const swept = sweep(document.text(), document.limits(), rules);
    if (swept.refused) throw std::logic_error("schemas: a sweep disagrees with the first");
    rules.finish();
    places.resolve(document, findings);
}

}  // namespace schemas::detail
