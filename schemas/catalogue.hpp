#pragma once

// Form × version × date → compiled schema. Loaded from schemas/xsd/catalogue.toml, compiled once at start.

#include "schemas/envelope.hpp"
#include "schemas/failure.hpp"
#include "schemas/findings.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemas {

namespace detail {
class ShapeTable;
}

// One published schema of our own, modelled on a decision of BHXH.
struct SchemaEntry {
    std::string form;                // "D02-TS"
    std::string version;             // "1040"
    std::string root;                // root element: the form code, or Hoso for registrations
    std::string models;              // the decision it models, as "QĐ 1040/QĐ-BHXH 2020"
    std::chrono::sys_days from;      // first day in force
    std::optional<std::chrono::sys_days> until;  // last day in force
};

// Threads: immutable after load; find() and check() may run anywhere at once (each check has a context of its own,
//          libxml2 does not write into a compiled schema while it validates).
// Errors:  a form that breaks its schema is findings; std::bad_alloc passes.
class Catalogue {
public:
    // Throws std::runtime_error naming every problem: a bad start, not bad input. Reads only the files of the
    // directory: a schema that includes or imports another is refused.
    [[nodiscard]] static std::shared_ptr<Catalogue const> load(std::filesystem::path const& xsd_directory);
    ~Catalogue();

    [[nodiscard]] std::vector<SchemaEntry> const& entries() const noexcept;

    // The entry for a form on a day: the version asked for, or the newest in force where none is asked.
    // Failure: form_unknown or form_version_unknown.
    [[nodiscard]] Result<SchemaEntry const*> find(std::string_view form, std::string_view version,
                                                  std::chrono::sys_days day) const;

    // Adds one finding for each violation, on the very tree of the form, or by a sweep over it where it has none. True: none added.
    // REQUIRES: `entry` is one of entries(); form.xml() is not null.
    bool check(SchemaEntry const& entry, Form const& form, Findings& findings) const;
    // The same for a document that stands in no envelope; `label` names it in the findings.
    bool check(SchemaEntry const& entry, Document const& document, std::string const& label, Findings& findings) const;

    // The schema as a table (detail/shape_table.hpp), which says of sound forms that they are, and quickly. Null where its XSD
    // uses what tables do not know; why_no_shape() then names that. REQUIRES: `entry` is one of entries().
    [[nodiscard]] std::shared_ptr<detail::ShapeTable const> const& shape(SchemaEntry const& entry) const;
    [[nodiscard]] std::string const& why_no_shape(SchemaEntry const& entry) const;

private:
    struct Schema;
    struct Compiled;
    Catalogue();
    [[nodiscard]] Schema const& schema_of(SchemaEntry const& entry) const;
    std::unique_ptr<Compiled> compiled_;
};

}  // namespace schemas
