#pragma once

// Each form is a shape we publish, in force that day, and keeps the rules of that day.

#include "schemas/catalogue.hpp"
#include "schemas/envelope.hpp"
#include "schemas/failure.hpp"
#include "schemas/rules.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace schemas {

namespace detail {
class FormPlan;
class LawOfDay;
}  // namespace detail

// Evidence: every form of one envelope passed its schema and the rules of `day`.
class Valid {
public:
    struct FormVersion {
        std::string form;     // "D02-TS"
        std::string version;  // "1040"; empty for an attachment
    };
    [[nodiscard]] std::vector<FormVersion> const& forms() const noexcept { return forms_; }  // in envelope order
    [[nodiscard]] std::chrono::sys_days day() const noexcept { return day_; }

private:
    friend class Validator;
    friend class OneSweep;
    Valid() = default;
    std::vector<FormVersion> forms_;
    std::chrono::sys_days day_{};
};

// Threads: immutable after construction; validate() may run anywhere.
// Errors:  a Failure with every finding of the dossier, bounded by findings_max (the last says how many more).
class Validator {
public:
    static constexpr std::size_t findings_max = 200;

    Validator(std::shared_ptr<Catalogue const> catalogue, std::shared_ptr<Rules const> rules);

    // `day` is the filing day in Vietnam (UTC+7), by the hub's clock.
    [[nodiscard]] Result<Valid> validate(Envelope const& envelope, std::chrono::sys_days day) const;

private:
    // For one sweep over a dossier (one_sweep.hpp), which comes to the same verdict without trees, or leaves it to validate().
    friend class OneSweep;
    [[nodiscard]] Catalogue const& catalogue() const noexcept { return *catalogue_; }
    [[nodiscard]] detail::FormPlan const* plan(SchemaEntry const& entry) const noexcept;  // null where the schema has no table
    [[nodiscard]] detail::LawOfDay law(std::chrono::sys_days day) const noexcept;

    struct Plans;
    std::shared_ptr<Catalogue const> catalogue_;
    std::shared_ptr<Rules const> rules_;
    std::shared_ptr<Plans const> plans_;  // shared with copies of this
};

}  // namespace schemas
