// Two readings of one document, and no difference: the tree with libxml2's canonicaliser, and the sweep with our own; the
// whole tree and the skeleton as a signature's profile sees them. The tree is the oracle.

#include "schemas/document.hpp"
#include "schemas/events.hpp"
#include "schemas/tree.hpp"
#include "signing/detail/canonical_writer.hpp"
#include "signing/detail/profile.hpp"
#include "signing/policy.hpp"
#include "tests/fuzz/must.hpp"

#include <optional>
#include <string>
#include <string_view>

using fuzz::must;

namespace {

using signing::detail::C14n;
using signing::detail::Canonicalisation;

void same_canonical_form(schemas::Document const& tree, schemas::Document const& swept, Canonicalisation const& how)
{
    std::string theirs, ours;
    bool const has_form = signing::detail::canonicalise(schemas::tree_of(tree), {}, how, [&](std::string_view bytes) { theirs += bytes; });
    signing::detail::CanonicalWriter writer{how, [&](std::string_view bytes) { ours += bytes; }};
    schemas::sweep(swept, writer);
    writer.finish();
    must(writer.has_form() == has_form);
    must(!has_form || ours == theirs);
}

void same_profile(schemas::Document const& tree, schemas::Document const& swept)
{
    static signing::Policy const policy;
    static signing::Instant const at{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
    signing::Place const place{"D02-TS", "D02-TS", "Cky"};
    auto const whole = signing::detail::read_signature(schemas::tree_of(tree), place, policy, at);
    auto const skeleton = signing::detail::read_signature(schemas::skeleton_of(swept), place, policy, at);
    must(whole.has_value() == skeleton.has_value());
    if (!whole) {
        must(whole.error().why == skeleton.error().why && whole.error().path == skeleton.error().path && whole.error().detail == skeleton.error().detail);
    } else {
        must(whole->digest == skeleton->digest && whole->value == skeleton->value && whole->certificates == skeleton->certificates);
        must((whole->target == nullptr) == (skeleton->target == nullptr));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static schemas::XmlLimits const limits{.bytes_max = 1u << 16, .nodes_max = 5000};
    std::string const text{reinterpret_cast<char const*>(data), size};
    auto const tree = schemas::Document::parse(text, limits);
    schemas::TreeRoom room{.bytes_max = 0, .nodes = 0, .kept = 5000};
    auto const swept = schemas::Document::read(text, limits, room);
    must(tree.has_value() == swept.has_value());
    if (!tree) {
        must(tree.error().why == swept.error().why);
        return 0;
    }
    must(swept->swept() && !tree->swept());
    must(tree->root_name() == swept->root_name() && tree->root_namespace() == swept->root_namespace());
    for (auto const& how : {Canonicalisation{C14n::inclusive, {}}, Canonicalisation{C14n::inclusive11, {}}, Canonicalisation{C14n::exclusive, {}},
                            Canonicalisation{C14n::exclusive, {"a", "#default"}}}) {
        same_canonical_form(*tree, *swept, how);
    }
    same_profile(*tree, *swept);
    return 0;
}
