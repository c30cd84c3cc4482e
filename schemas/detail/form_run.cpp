#include "schemas/detail/form_run.hpp"

#include "schemas/detail/rule_table.hpp"
#include "schemas/form_names.hpp"
#include "schemas/names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>

namespace schemas::detail {

namespace {

// Of one value with the white space around it; it may have to be gathered. Our longest has a thousand characters.
constexpr std::size_t value_bytes_max = 16u << 10;

constexpr bool blank(char c) noexcept { return static_cast<unsigned char>(c) <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\n'); }

template <class Word>
bool is_spaces(char const* at) noexcept
{
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word == static_cast<Word>(0x2020'2020'2020'2020u);
}

// What stands between elements is a line break and some spaces, nearly always: looked at by words, which may overlap.
bool all_blank(std::string_view text) noexcept
{
    if (text.front() == '\n') text.remove_prefix(1);
    auto const* const begin = text.data();
    auto const size = text.size();
    if (4 <= size && size <= 8 && is_spaces<std::uint32_t>(begin) && is_spaces<std::uint32_t>(begin + size - 4)) return true;
    if (8 <= size && size <= 16 && is_spaces<std::uint64_t>(begin) && is_spaces<std::uint64_t>(begin + size - 8)) return true;
    return std::ranges::all_of(text, blank);
}

std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

// A part of one of the plan's arrays.
struct Part {
    std::uint32_t begin = 0, end = 0;
    [[nodiscard]] bool empty() const noexcept { return begin == end; }
};

}  // namespace

struct FormPlan::Data {
    // One declaration of the schema.
    struct Element {
        Part fields, rows;    // the rules of its text; those of the row it is
        bool leaf = false;
        bool unfit = false;   // rules would read it in a way that is not followed here: left to the tree
        bool holder = false;  // of a signature: rules read nothing below
        bool in_row = false;  // fills `slot` of a row that rules ask about
        bool is_state_share = false, is_tax_code = false;  // which row rules, the whole form's rule ask for
        Slot slot = Slot::count;
    };

    std::shared_ptr<ShapeTable const> table;
    std::vector<Element> elements;
    std::vector<FieldHolds> fields;
    std::vector<RowCheck> rows;

    [[nodiscard]] bool stands(std::size_t declaration, std::string_view parent, std::string_view name) const;
    [[nodiscard]] Element element_of(std::size_t declaration, std::string_view form);
};

FormPlan::FormPlan() : data_{std::make_unique<Data>()} {}
FormPlan::~FormPlan() = default;

ShapeTable const& FormPlan::table() const noexcept { return *data_->table; }

// At /ROOT/parent/name.
bool FormPlan::Data::stands(std::size_t declaration, std::string_view parent, std::string_view name) const
{
    auto const outer = table->parent(declaration);
    return table->name(declaration) == name && table->name(outer) == parent && outer != 0 && table->parent(outer) == 0;
}

FormPlan::Data::Element FormPlan::Data::element_of(std::size_t declaration, std::string_view form)
{
    auto const name = table->name(declaration);
    Element made;
    made.leaf = table->is_leaf(declaration);
    made.holder = !made.leaf && declaration != 0 && holds_signature(name);
    auto const& parent = declaration == 0 ? made : elements[table->parent(declaration)];
    made.is_state_share = stands(declaration, form_names::form_head, form_names::state_share);
    made.is_tax_code = table->name(0) == names::envelope_root && stands(declaration, form_names::form_body, form_names::unit_tax_code);

    auto const at = [](auto const& all) { return static_cast<std::uint32_t>(all.size()); };
    made.fields.begin = at(fields);
    made.rows.begin = at(rows);
    if (auto const* const known = known_field(name)) {
        made.slot = known->slot.value_or(Slot::count);
        for (auto const* const rule : known->rules)
            if (applies(rule->form, form)) fields.push_back(rule->holds);
    }
    for (auto const& rule : all_row_rules())
        if (!made.leaf && rule.row == name && applies(rule.form, form)) rows.push_back(rule.check);
    made.fields.end = at(fields);
    made.rows.end = at(rows);

    // Values are leaves; of the head's, which the tree looks for by name, only one can stand there.
    bool const is_of_head = made.is_state_share || made.is_tax_code;
    bool const is_value = made.slot != Slot::count || !made.fields.empty() || is_of_head;
    bool const many = table->repeats(declaration) || table->repeats(table->parent(declaration));
    made.in_row = made.leaf && made.slot != Slot::count && !parent.rows.empty();
    made.unfit = parent.holder || (made.leaf ? declaration == 0 || (is_of_head && many) : is_value);
    return made;
}

std::shared_ptr<FormPlan const> FormPlan::of(std::shared_ptr<ShapeTable const> table, std::string_view form)
{
    std::shared_ptr<FormPlan> plan{new FormPlan};
    auto& data = *plan->data_;
    data.table = std::move(table);
    for (std::size_t i = 0; i < data.table->declarations(); ++i) data.elements.push_back(data.element_of(i, form));
    return plan;
}

struct FormRun::State : RowFindings {
    using Element = FormPlan::Data::Element;

    // A row that rules ask about. Its texts are views of the document until these end, then copies.
    struct OpenRow {
        Row row;
        std::uint32_t viewed = 0;  // slots that are views of the document
        std::array<std::string, slots> kept;

        void begin() noexcept
        {
            row.clear();
            viewed = 0;
        }
        void set(Slot slot, std::string_view text, bool as_view)
        {
            auto const index = static_cast<std::size_t>(slot);
            auto const bit = std::uint32_t{1} << index;
            viewed = as_view ? viewed | bit : viewed & ~bit;
            row.set(slot, as_view ? text : kept[index].assign(text));
        }
        void keep()
        {
            for (std::size_t i = 0; viewed != 0; ++i, viewed >>= 1)
                if (viewed & 1) row.set(static_cast<Slot>(i), kept[i].assign(row.at(static_cast<Slot>(i))));
        }
    };

    // Other than leaves.
    struct Open {
        Element const* element;
        OpenRow* row;  // of its fields, where rules ask about it
        bool has_words;
    };

    FormPlan::Data const* plan = nullptr;
    LawOfDay const* law = nullptr;
    std::string unit_tax_code;
    ShapeRun shape;
    bool sound = false;

    std::vector<Open> open;
    std::size_t skipped = 0;        // open elements inside what a signature's holder holds
    Element const* leaf = nullptr;  // open inside of open.back(); nothing can be inside of it
    std::string_view value;         // its only piece where it stands, or `gathered`
    bool is_gathered = false;
    std::string gathered;

    std::deque<OpenRow> rows;  // one inside the other; what was made stays
    std::size_t rows_open = 0;
    bool rows_asked = false;   // some row was

    std::string state_share;

    void say(FindingId, Slot, std::string_view, std::string_view) override { sound = false; }

    void begin(FormPlan::Data const& a_plan, LawOfDay const& a_law, std::string_view tax_code);
    void start(StartEvent const& tag);
    void end();
    void text(std::string_view piece);
    void views_end();

    void end_leaf(Element const& element);
    void end_parent();
    OpenRow* open_row();
    void gather(std::string_view piece);
};

void FormRun::State::begin(FormPlan::Data const& a_plan, LawOfDay const& a_law, std::string_view tax_code)
{
    plan = &a_plan;
    law = &a_law;
    unit_tax_code.assign(tax_code);
    shape.begin(*a_plan.table);
    sound = true;
    open.clear();
    skipped = rows_open = 0;
    leaf = nullptr;
    value = {};
    is_gathered = rows_asked = false;
    state_share.clear();
}

void FormRun::State::start(StartEvent const& tag)
{
    if (!sound) return;
    if (skipped > 0) {
        ++skipped;
        return;
    }
    auto const declaration = shape.start(tag.name, tag.uri, !tag.attributes.empty());
    if (declaration == ShapeRun::skipped) {
        // Outside of holders rules look into what a schema skips.
        sound = shape.sound() && !open.empty() && open.back().element->holder;
        skipped = 1;
        return;
    }
    auto const& element = plan->elements[declaration];
    if (element.unfit) sound = false;
    if (element.leaf) {
        leaf = &element;
        value = {};
        is_gathered = false;
    } else {
        open.push_back({&element, element.rows.empty() ? nullptr : open_row(), false});
    }
}

FormRun::State::OpenRow* FormRun::State::open_row()
{
    if (rows_open == rows.size()) rows.emplace_back();
    auto& row = rows[rows_open++];
    row.begin();
    return &row;
}

void FormRun::State::end()
{
    if (!sound) return;
    if (leaf) {
        end_leaf(*leaf);
        leaf = nullptr;
    } else if (skipped == 0) {
        end_parent();
    } else if (--skipped == 0) {
        shape.end_parent(false);
        sound = shape.sound();
    }
}

void FormRun::State::end_leaf(Element const& element)
{
    shape.end_leaf(value);
    sound = shape.sound() && value.size() <= value_bytes_max;
    if (!sound) return;

    auto const text = trimmed(value);
    if (!text.empty())
        for (auto i = element.fields.begin; i < element.fields.end; ++i)
            if (!plan->fields[i](*law, text)) sound = false;
    if (element.in_row) open.back().row->set(element.slot, text, !is_gathered);
    if (element.is_state_share) {
        if (rows_asked) sound = false;  // Rows that came before it would have to be asked again.
        state_share.assign(text);
    }
    // A registration says again who registers: both must be the same unit.
    if (element.is_tax_code && text != unit_tax_code) sound = false;
    value = {};
}

void FormRun::State::end_parent()
{
    auto const ended = open.back();
    open.pop_back();
    shape.end_parent(ended.has_words);
    sound = shape.sound();
    if (!ended.row) return;
    --rows_open;
    if (!sound) return;
    rows_asked = true;
    RowCase const one{*law, ended.row->row, state_share, *this};
    for (auto i = ended.element->rows.begin; i < ended.element->rows.end; ++i) plan->rows[i](one);
}

void FormRun::State::text(std::string_view piece)
{
    if (!sound || piece.empty()) return;
    if (leaf) {
        if (value.empty()) value = piece;
        else gather(piece);
    } else if (skipped == 0 && !open.empty() && !open.back().has_words) {
        open.back().has_words = !all_blank(piece);
    }
}

// What the open leaf's value is so far, and `piece` behind it, as a copy.
void FormRun::State::gather(std::string_view piece)
{
    if (value.size() + piece.size() > value_bytes_max) {
        sound = false;
        return;
    }
    if (!std::exchange(is_gathered, true)) gathered.assign(value);
    gathered.append(piece);
    value = gathered;
}

void FormRun::State::views_end()
{
    if (!sound) return;
    if (!value.empty() && !is_gathered) gather({});
    for (std::size_t i = 0; i < rows_open; ++i) rows[i].keep();
}

FormRun::FormRun() : state_{std::make_unique<State>()} {}
FormRun::~FormRun() = default;

void FormRun::begin(FormPlan const& plan, LawOfDay const& law, std::string_view unit_tax_code) { state_->begin(*plan.data_, law, unit_tax_code); }

void FormRun::start(StartEvent const& tag) { state_->start(tag); }
void FormRun::end(EndEvent const&) { state_->end(); }
void FormRun::text(TextEvent const& text) { state_->text(text.text); }

// Texts around it are one value to rules and to the schema, but not to everyone.
void FormRun::comment(std::string_view)
{
    if (state_->leaf) state_->sound = false;
}
void FormRun::instruction(std::string_view, std::string_view) { comment({}); }

void FormRun::views_end() { state_->views_end(); }

bool FormRun::sound() const noexcept { return state_->sound; }

}  // namespace schemas::detail
