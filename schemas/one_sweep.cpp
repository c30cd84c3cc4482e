#include "schemas/one_sweep.hpp"

#include "schemas/base64.hpp"
#include "schemas/detail/envelope_builder.hpp"
#include "schemas/detail/envelope_table.hpp"
#include "schemas/detail/form_run.hpp"
#include "schemas/detail/rule_table.hpp"
#include "schemas/names.hpp"
#include "schemas/scanner.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace schemas {

using namespace detail;

namespace {

bool is_blank(std::string_view text) noexcept { return std::ranges::all_of(text, is_space); }

// Tells two listeners.
class Both final : public Events {
public:
    Both(Events& first, Events& second) noexcept : first_{first}, second_{second} {}
    void start(StartEvent const& tag) override { first_.start(tag), second_.start(tag); }
    void end(EndEvent const& tag) override { first_.end(tag), second_.end(tag); }
    void text(TextEvent const& text) override { first_.text(text), second_.text(text); }
    void comment(std::string_view text) override { first_.comment(text), second_.comment(text); }
    void instruction(std::string_view target, std::string_view data) override { first_.instruction(target, data), second_.instruction(target, data); }
    void views_end() override { first_.views_end(), second_.views_end(); }

private:
    Events& first_;
    Events& second_;
};

// One form's file out of its base64, window by window: decoded, digested, scanned.
class FormFile {
public:
    // The first bytes of a file tell its kind: enough for each that is told by its beginning.
    static constexpr std::size_t head_bytes = 4096;

    // False: left. REQUIRES: `base64` is not empty and has no white space around it.
    bool read_xml(std::string_view base64, XmlLimits const& limits, std::size_t bytes_max, Events& events, Attendant& attendant)
    {
        scanner_.begin(limits, events);
        start(bytes_max);
        std::size_t kept = 0;  // of the window before
        while (auto const fresh = decode(base64, kept)) {
            if (size_ == *fresh && !is_content(Content::xml_form, view(0, std::min(*fresh, head_bytes)))) return false;
            attendant.form_bytes(view(kept, *fresh));
            bool const last = base64.empty();
            auto const whole = kept + *fresh;
            auto const done = scanner_.feed(view(0, whole), last);
            if (scanner_.declined()) return false;
            if (last) break;
            kept = whole - done;
            std::memmove(window_.data(), window_.data() + done, kept);
        }
        return ended_ && scanner_.whole() && scanner_.text_bytes_max() <= limits.token_bytes_max;
    }

    bool read_attachment(std::string_view base64, Content content, std::size_t bytes_max, Attendant& attendant)
    {
        if (content == Content::zip_office) return false;
        start(bytes_max);
        while (auto const fresh = decode(base64, 0)) {
            if (size_ == *fresh && !is_content(content, view(0, std::min(*fresh, head_bytes)))) return false;
            attendant.form_bytes(view(0, *fresh));
            if (base64.empty()) break;
        }
        return ended_;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t nodes() const noexcept { return scanner_.nodes(); }

private:
    // Beside a window's worth of fresh bytes there must be room for what one token of ours left over.
    static constexpr std::size_t window_bytes = 64u << 10;

    void start(std::size_t bytes_max)
    {
        window_.resize(window_bytes);
        decoder_.begin();
        bytes_max_ = bytes_max;
        size_ = 0;
        ended_ = false;
    }

    [[nodiscard]] std::string_view view(std::size_t from, std::size_t size) const noexcept { return {window_.data() + from, size}; }

    // Decodes into the window behind `kept` and takes what it decoded off `base64`. Nothing: refused, or too much.
    std::optional<std::size_t> decode(std::string_view& base64, std::size_t kept)
    {
        auto const step = decoder_.feed(base64, std::span{window_}.subspan(kept));
        bool const stuck = step.written == 0 && step.taken < base64.size();  // a token longer than a window
        if (step.refused || stuck) return std::nullopt;
        base64.remove_prefix(step.taken);
        size_ += step.written;
        if (size_ > bytes_max_) return std::nullopt;
        ended_ = base64.empty() && decoder_.end();
        if (base64.empty() && !ended_) return std::nullopt;
        return step.written;
    }

    Scanner scanner_;
    Base64Stream decoder_;
    std::vector<char> window_;
    std::size_t bytes_max_ = 0;
    std::size_t size_ = 0;
    bool ended_ = false;
};

// What a thread keeps from dossier to dossier.
struct Room {
    Scanner scanner;
    FormFile file;
    FormRun run;
    std::string value;
};

}  // namespace

// Hears the envelope. Anything it does not expect ends in left().
class OneSweep final : public Events {
public:
    OneSweep(std::shared_ptr<std::string const> bytes, EnvelopeLimits const& limits, Validator const& validator, std::chrono::sys_days day,
             Attendant& attendant, Room& room)
        : limits_{limits}, validator_{validator}, law_{validator.law(day)}, attendant_{attendant}, room_{room}, builder_{std::move(bytes)}
    {
        valid_.day_ = day;
    }

    std::optional<SweptDossier> read()
    {
        auto const bytes = std::string_view{builder_.envelope().bytes()};
        Both both{attendant_.envelope(), *this};
        room_.scanner.begin(limits_.xml, both);
        room_.scanner.feed(bytes, true);
        if (left_ || !room_.scanner.whole() || !is_complete() || !keeps_the_rules()) return std::nullopt;
        return SweptDossier{std::move(builder_).take(), std::move(valid_)};
    }

    void start(StartEvent const& tag) override
    {
        if (left_) return;
        if (passed_over_ > 0) {
            ++passed_over_;
            return;
        }
        // In a wrong place it is signing's to name; here it is passed over, as the tree's reader does.
        if (tag.uri == names::xmldsig && place_ != Place::field && place_ != Place::content && place_ != Place::outside) {
            passed_over_ = 1;
            return;
        }
        if (!tag.uri.empty() || !std::ranges::all_of(tag.attributes, may_stand)) return leave();
        enter(tag.name);
    }

    void end(EndEvent const&) override
    {
        if (left_) return;
        if (passed_over_ > 0) {
            --passed_over_;
            return;
        }
        end_place();
    }

    void text(TextEvent const& text) override
    {
        if (left_ || passed_over_ > 0) return;
        if (place_ == Place::field) {
            if (room_.value.size() + text.text.size() > value_bytes_max) return leave();
            room_.value.append(text.text);
        } else if (place_ == Place::content) {
            read_content(text);
        } else if (!is_blank(text.text)) {
            leave();
        }
    }

    void comment(std::string_view) override
    {
        if (place_ == Place::field || place_ == Place::content) leave();
    }
    void instruction(std::string_view, std::string_view) override { leave(); }

private:
    // Where an open element stands; `signature` and unknown ones are passed over.
    enum class Place { outside, root, body, provider, unit, filing, forms, form, field, content };

    // A value with its outer white space; the bound of the value itself is checked without.
    static constexpr std::size_t value_bytes_max = 4096;

    void leave() noexcept { left_ = true; }

    static bool may_stand(AttributeEvent const& attribute) { return !attribute.uri.empty() || ascii_lower(attribute.name) == "id"; }

    // Each named part once.
    bool once(bool& met) noexcept { return !std::exchange(met, true); }

    void enter(std::string_view name)
    {
        switch (place_) {
            case Place::outside: return name == names::envelope_root ? go(Place::root) : leave();
            case Place::root:
                if (name == names::envelope_body && once(met_body_)) return go(Place::body);
                if (name == names::envelope_signature && once(met_signature_)) {
                    passed_over_ = 1;
                    return;
                }
                return leave();
            case Place::body:
                if (name == names::provider && once(met_provider_)) return enter_part(Place::provider, Part::provider);
                if (name == names::unit && once(met_unit_)) return enter_part(Place::unit, Part::unit);
                if (name == names::filing && once(met_filing_)) return enter_part(Place::filing, Part::filing);
                return leave();
            case Place::filing:
                if (name == names::forms) return once(met_forms_) ? go(Place::forms) : leave();
                return enter_field(name);
            case Place::forms: return name == names::form ? enter_form() : leave();
            case Place::form:
                if (name == names::form_content) return enter_content();
                return enter_field(name);
            case Place::provider:
            case Place::unit: return enter_field(name);
            case Place::field:
            case Place::content: return leave();
        }
    }

    void go(Place place)
    {
        above_.push_back(place_);
        place_ = place;
    }

    void enter_part(Place place, Part part)
    {
        part_ = part;
        go(place);
    }

    void enter_field(std::string_view name)
    {
        auto const row = std::ranges::find_if(field_rows, [&](FieldRow const& r) { return r.part == part_ && r.name == name; });
        if (row == field_rows.end()) return leave();
        auto const bit = std::uint32_t{1} << static_cast<std::size_t>(row->field);
        if ((met_fields_ & bit) != 0) return leave();
        met_fields_ |= bit;
        row_ = row;
        room_.value.clear();
        go(Place::field);
    }

    void end_place()
    {
        auto const ended = place_;
        place_ = above_.back();
        above_.pop_back();
        switch (ended) {
            case Place::field: return end_field();
            case Place::content: return content_read_ ? void() : leave();
            case Place::provider: return end_part(Part::provider);
            case Place::unit: return end_part(Part::unit);
            case Place::form: return end_form();
            case Place::forms: part_ = Part::filing; return;
            case Place::outside:
            case Place::root:
            case Place::body:
            case Place::filing: return;
        }
    }

    void end_field()
    {
        auto const value = trimmed(room_.value);
        bool const missing = value.empty() && row_->need == Need::filled;
        if (missing || value.size() > limits_.field_bytes_max || (!value.empty() && row_->fits && !row_->fits(value))) return leave();
        values_[row_->field].assign(value);
    }

    // Every field that must stand there does.
    bool has_all(Part part) const noexcept
    {
        return std::ranges::all_of(field_rows, [&](FieldRow const& row) {
            return row.part != part || row.need == Need::optional || (met_fields_ >> static_cast<std::size_t>(row.field) & 1) != 0;
        });
    }

    void end_part(Part part)
    {
        if (!has_all(part)) return leave();
        part == Part::provider ? builder_.set_provider(values_) : builder_.set_unit(values_);
    }

    void enter_form()
    {
        if (states_.size() == limits_.forms_max) return leave();
        for (auto const& row : field_rows)
            if (row.part == Part::form) met_fields_ &= ~(std::uint32_t{1} << static_cast<std::size_t>(row.field));
        form_ = &builder_.begin_form();
        met_content_ = content_read_ = false;
        enter_part(Place::form, Part::form);
    }

    [[nodiscard]] bool met(Field field) const noexcept { return (met_fields_ >> static_cast<std::size_t>(field) & 1) != 0; }

    void enter_content()
    {
        // What the content is must be known before it comes, and whose unit the dossier is.
        if (!once(met_content_) || !met(Field::form_code) || !met(Field::form_kind) || !met_unit_) return leave();
        builder_.name_form(values_[Field::form_code]);
        auto const claimed = content_for(values_[Field::form_kind]);
        if (!claimed) return leave();
        builder_.set_content(*claimed);
        go(Place::content);
    }

    void read_content(TextEvent const& text)
    {
        auto const base64 = trimmed(text.text);
        if (base64.empty()) return;
        if (std::exchange(content_read_, true) || text.raw.empty()) return leave();
        content_ = base64;  // raw: a view of the body, which outlives this
        auto const index = states_.size();
        auto const bytes_left = limits_.forms_bytes_total_max - decoded_;
        bool const taken = form_->is_xml() ? read_xml(index, base64, bytes_left) : read_attachment(index, base64, bytes_left);
        if (!taken) return leave();
        decoded_ += room_.file.size();
        builder_.set_form_size(room_.file.size());
    }

    bool read_xml(std::size_t index, std::string_view base64, std::size_t bytes_left)
    {
        auto const entry = validator_.catalogue().find(form_->code(), form_->version(), valid_.day_);
        auto const* const plan = entry ? validator_.plan(**entry) : nullptr;
        auto* const listener = attendant_.begin_form(index, true);
        if (!plan || !listener) return false;
        room_.run.begin(*plan, law_, builder_.envelope().unit().tax_code);
        Both both{*listener, room_.run};
        auto left = limits_.form;
        left.nodes_max -= std::min(left.nodes_max, form_nodes_);  // one budget for all forms
        bool const read = room_.file.read_xml(base64, left, bytes_left, both, attendant_);
        attendant_.end_form();
        if (!read || !room_.run.sound()) return false;
        form_nodes_ += room_.file.nodes();
        states_.push_back(FormState::sound);
        valid_.forms_.push_back({form_->code(), (*entry)->version});
        return true;
    }

    bool read_attachment(std::size_t index, std::string_view base64, std::size_t bytes_left)
    {
        if (attendant_.begin_form(index, false) != nullptr) return false;
        bool const read = room_.file.read_attachment(base64, form_->content(), bytes_left, attendant_);
        attendant_.end_form();
        states_.push_back(FormState::attachment);
        valid_.forms_.push_back({form_->code(), {}});
        return read;
    }

    void end_form()
    {
        if (!has_all(Part::form) || !content_read_) return leave();
        auto const extension = values_[Field::form_kind];
        auto const said = number(values_[Field::form_length]);
        builder_.set_form_texts(values_);
        if (!said || !length_fits(*said, content_) || !name_fits_kind(form_->file_name(), extension) || builder_.claim_file_name()) leave();
    }

    bool is_complete()
    {
        if (!met_body_ || !met_provider_ || !met_unit_ || !met_filing_ || !met_forms_ || !has_all(Part::filing)) return false;
        auto const said = number(values_[Field::filing_form_count]);
        builder_.set_filing(values_);
        return said && !states_.empty() && *said == states_.size();
    }

    bool keeps_the_rules()
    {
        Findings findings{1};
        check_envelope(law_, builder_.envelope(), states_, findings);
        return findings.total() == 0;
    }

    EnvelopeLimits const& limits_;
    Validator const& validator_;
    LawOfDay law_;
    Attendant& attendant_;
    Room& room_;
    EnvelopeBuilder builder_;
    Valid valid_;

    Place place_ = Place::outside;
    std::vector<Place> above_;
    std::size_t passed_over_ = 0;
    Part part_ = Part::provider;
    decltype(field_rows)::const_iterator row_ = field_rows.end();
    FieldValues values_;
    std::uint32_t met_fields_ = 0;
    static_assert(static_cast<std::size_t>(Field::count) <= 32);
    bool left_ = false, met_body_ = false, met_signature_ = false, met_provider_ = false, met_unit_ = false, met_filing_ = false, met_forms_ = false;

    Form* form_ = nullptr;
    bool met_content_ = false, content_read_ = false;
    std::string_view content_;
    std::vector<FormState> states_;
    std::size_t decoded_ = 0, form_nodes_ = 0;
};

std::optional<SweptDossier> sweep_dossier(std::shared_ptr<std::string const> bytes, EnvelopeLimits const& limits, Validator const& validator,
                                          std::chrono::sys_days day, Attendant& attendant)
{
    thread_local Room room;
    return OneSweep{std::move(bytes), limits, validator, day, attendant, room}.read();
}

}  // namespace schemas
