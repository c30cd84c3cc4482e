#pragma once

// One form as its events go by: its shape against a table, its leaves and rows against the rules of the day. It only says whether
// all of it is sound; where it is not, the tree's way says what is wrong. What it calls sound the tree's way finds nothing in, as
// long as the document holds no CDATA: between elements a schema refuses it, be it empty, and events tell it as text. Scanner
// declines it. Memory: open elements, one leaf's text, one row's fields; none is asked for once it is warm.
//
// Threads: a FormPlan is immutable, a FormRun one thread's. Errors: sound() is false for good.

#include "schemas/detail/law.hpp"
#include "schemas/detail/shape_table.hpp"
#include "schemas/events.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace schemas::detail {

// What the rules ask of each declaration of one schema, found once when schemas and rules are loaded.
class FormPlan {
public:
    // `form` is the canonical code ("D02-TS").
    [[nodiscard]] static std::shared_ptr<FormPlan const> of(std::shared_ptr<ShapeTable const> table, std::string_view form);
    ~FormPlan();
    [[nodiscard]] ShapeTable const& table() const noexcept;

private:
    friend class FormRun;
    struct Data;
    FormPlan();
    std::unique_ptr<Data> data_;
};

class FormRun : public Events {
public:
    FormRun();
    ~FormRun() override;

    // REQUIRES: `plan` and `law` outlive the run. `unit_tax_code`: the envelope's, which a registration must say again.
    void begin(FormPlan const& plan, LawOfDay const& law, std::string_view unit_tax_code);

    void start(StartEvent const& tag) override;
    void end(EndEvent const& tag) override;
    void text(TextEvent const& text) override;
    void comment(std::string_view text) override;  // inside a leaf: left to the tree
    void instruction(std::string_view target, std::string_view data) override;
    void views_end() override;

    [[nodiscard]] bool sound() const noexcept;  // so far; asked when the document has ended, of all of it

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace schemas::detail
