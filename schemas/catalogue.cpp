#include "schemas/catalogue.hpp"

#include "schemas/detail/dated.hpp"
#include "schemas/detail/libxml2.hpp"
#include "schemas/detail/schema_errors.hpp"
#include "schemas/detail/shape_table.hpp"
#include "schemas/detail/swept_schema.hpp"
#include "schemas/tree.hpp"

#include <libxml/xmlschemas.h>
#include <libxml/xmlschemastypes.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace schemas {

namespace {

struct FreeSchema {
    void operator()(xmlSchema* schema) const noexcept { xmlSchemaFree(schema); }
};
using SchemaPtr = std::unique_ptr<xmlSchema, FreeSchema>;

struct FreeSchemaParser {
    void operator()(xmlSchemaParserCtxt* context) const noexcept { xmlSchemaFreeParserCtxt(context); }
};
struct FreeSchemaRun {
    void operator()(xmlSchemaValidCtxt* context) const noexcept { xmlSchemaFreeValidCtxt(context); }
};

void keep_first_error(void* text, xmlError* error) noexcept
{
    auto& said = *static_cast<std::string*>(text);
    if (!error || !error->message || !said.empty()) return;
    try {
        said = "line " + std::to_string(error->line) + ": " + error->message;
    } catch (...) {
        // The empty text then says no more than that it does not compile.
    }
}

// libxml2 would fetch what a schema includes by itself, from the network too: ours stand alone.
bool stands_alone(xmlDoc const* doc)
{
    if (doc->intSubset || doc->extSubset) return false;
    auto const* at = xmlDocGetRootElement(const_cast<xmlDoc*>(doc));
    for (at = at ? at->children : nullptr; at; at = at->next) {
        auto const name = at->type == XML_ELEMENT_NODE ? detail::local_name(at) : std::string_view{};
        if (name == "include" || name == "import" || name == "redefine") return false;
    }
    return true;
}

}  // namespace

// The tree lives as long as what was compiled from it: components point into it.
struct Catalogue::Schema {
    detail::DocPtr doc;
    SchemaPtr      compiled;
    std::shared_ptr<detail::ShapeTable const> shape;
    std::string    why_no_shape;

    static Schema compile(std::filesystem::path const& file, std::string& problem);
};

Catalogue::Schema Catalogue::Schema::compile(std::filesystem::path const& file, std::string& problem)
{
    Schema schema;
    std::ifstream stream{file, std::ios::binary};
    std::string const text{std::istreambuf_iterator<char>{stream}, {}};
    if (!stream || text.empty()) return problem = "cannot be read", Schema{};

    schema.doc.reset(xmlReadMemory(text.data(), static_cast<int>(text.size()), file.filename().c_str(), nullptr,
                                   XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
    if (!schema.doc) return problem = "is not well-formed", Schema{};
    if (!stands_alone(schema.doc.get())) return problem = "holds a DTD, or includes, imports or redefines another schema", Schema{};

    std::unique_ptr<xmlSchemaParserCtxt, FreeSchemaParser> const parser{xmlSchemaNewDocParserCtxt(schema.doc.get())};
    if (!parser) throw std::bad_alloc{};
    std::string said;
    xmlSchemaSetParserStructuredErrors(parser.get(), [](void* text_of, xmlError* error) { keep_first_error(text_of, error); }, &said);
    schema.compiled.reset(xmlSchemaParse(parser.get()));
    if (!schema.compiled) return problem = "does not compile: " + said, Schema{};
    schema.shape = detail::ShapeTable::of(schema.doc.get(), schema.why_no_shape);
    return schema;
}

struct Catalogue::Compiled {
    std::vector<SchemaEntry> entries;
    std::vector<Schema>      schemas;  // one for each entry
};

Catalogue::Catalogue() : compiled_{std::make_unique<Compiled>()} {}
Catalogue::~Catalogue() = default;

std::shared_ptr<Catalogue const> Catalogue::load(std::filesystem::path const& xsd_directory)
{
    detail::initialise();
    xmlSchemaInitTypes();  // Lazily done otherwise, and not thread-safe.

    std::shared_ptr<Catalogue> catalogue{new Catalogue};
    auto& entries = catalogue->compiled_->entries;
    auto& schemas = catalogue->compiled_->schemas;
    detail::Problems problems;
    detail::for_each_entry(xsd_directory / "catalogue.toml", "schema", problems, [&](detail::Entry const& entry) {
        entry.only({"form", "version", "root", "models", "from", "until"});
        auto const dates = entry.in_force();
        SchemaEntry const made{entry.text("form"), entry.text("version"), entry.text("root"), entry.text("models"), dates.from, dates.until};
        for (auto const& other : entries) {
            detail::InForce const theirs{other.from, other.until};
            if (other.form == made.form && other.version == made.version && theirs.overlaps(dates))
                entry.problem(made.form + " " + made.version + " is there twice");
        }
        auto const file = xsd_directory / made.form / made.version / (made.form + ".xsd");
        std::string problem;
        auto schema = Schema::compile(file, problem);
        if (!schema.compiled) entry.problem(file.string() + " " + problem);
        entries.push_back(made);
        schemas.push_back(std::move(schema));
    });
    problems.raise("The schema catalogue cannot be used:");
    return catalogue;
}

std::vector<SchemaEntry> const& Catalogue::entries() const noexcept { return compiled_->entries; }

Result<SchemaEntry const*> Catalogue::find(std::string_view form, std::string_view version, std::chrono::sys_days day) const
{
    bool form_known = false;
    SchemaEntry const* newest = nullptr;
    for (auto const& entry : compiled_->entries) {
        if (entry.form != form) continue;
        form_known = true;
        if (!version.empty() && entry.version != version) continue;
        if (detail::InForce{entry.from, entry.until}.on(day) && (!newest || newest->from < entry.from)) newest = &entry;
    }
    if (newest) return newest;
    if (!form_known) return Failure{.why = Refusal::form_unknown, .detail = "no schema for the form", .findings = {}};
    return Failure{.why = Refusal::form_version_unknown, .detail = "no schema for the version on the day", .findings = {}};
}

Catalogue::Schema const& Catalogue::schema_of(SchemaEntry const& entry) const
{
    return compiled_->schemas.at(static_cast<std::size_t>(&entry - compiled_->entries.data()));
}

std::shared_ptr<detail::ShapeTable const> const& Catalogue::shape(SchemaEntry const& entry) const { return schema_of(entry).shape; }
std::string const& Catalogue::why_no_shape(SchemaEntry const& entry) const { return schema_of(entry).why_no_shape; }

bool Catalogue::check(SchemaEntry const& entry, Form const& form, Findings& findings) const
{
    return check(entry, *form.xml(), form.label(), findings);
}

bool Catalogue::check(SchemaEntry const& entry, Document const& document, std::string const& label, Findings& findings) const
{
    std::unique_ptr<xmlSchemaValidCtxt, FreeSchemaRun> const run{xmlSchemaNewValidCtxt(schema_of(entry).compiled.get())};
    if (!run) throw std::bad_alloc{};

    auto const before = findings.total();
    if (document.swept()) {
        detail::check_swept(run.get(), document, label, findings);
        return findings.total() == before;
    }
    detail::SchemaErrors errors{label, findings};
    xmlSchemaSetValidStructuredErrors(run.get(), &detail::SchemaErrors::receive, &errors);
    int const outcome = xmlSchemaValidateDoc(run.get(), tree_of(document));
    errors.rethrow();
    if (outcome < 0) throw std::bad_alloc{};  // The library's own trouble: no memory is the one that can happen here.
    return findings.total() == before;
}

}  // namespace schemas
