#pragma once

// Form × version × date → compiled schema. Loaded from schemas/xsd/catalogue.toml, compiled once at start.

#include "schemas/envelope.hpp"
#include "schemas/failure.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemas {

// One published schema of our own, modelled on a decision of BHXH.
struct SchemaEntry {
    std::string form;                // "D02-TS"
    std::string version;             // "1040"
    std::string root;                // root element: the form code, or Hoso for registrations
    std::string models;              // the decision it models, as "QĐ 1040/QĐ-BHXH 2020"
    std::chrono::sys_days from;      // first day in force
    std::optional<std::chrono::sys_days> until;  // last day in force
};

// Threads: immutable after load.
class Catalogue {
public:
    // Throws std::runtime_error naming every problem: a bad start, not bad input.
    [[nodiscard]] static std::shared_ptr<Catalogue const> load(std::filesystem::path const& xsd_directory);
    ~Catalogue();

    [[nodiscard]] std::vector<SchemaEntry> const& entries() const noexcept;

    // The entry for a form on a day: the version asked for, or the newest in force where none is asked.
    // Failure: form_unknown or form_version_unknown.
    [[nodiscard]] Result<SchemaEntry const*> find(std::string_view form, std::string_view version,
                                                  std::chrono::sys_days day) const;

    // Appends one finding for each violation. True: valid.
    bool check(SchemaEntry const& entry, Form const& form, std::vector<Finding>& findings) const;

private:
    struct Compiled;
    Catalogue();
    std::unique_ptr<Compiled> compiled_;
};

}  // namespace schemas
