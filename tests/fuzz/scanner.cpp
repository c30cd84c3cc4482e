// Our own reader against libxml2's. Whatever it takes, libxml2 takes too, as a sweep and as a tree, tells the same events and
// counts no more nodes; and it makes no difference in what windows the bytes come. Declining is always allowed.
//
// The first byte chooses the bounds, the next three the sizes of windows.

#include "schemas/document.hpp"
#include "schemas/scanner.hpp"
#include "tests/fuzz/must.hpp"
#include "tests/support/event_record.hpp"

#include <cstddef>

using fuzz::must;

namespace {

constexpr schemas::XmlLimits wide{.bytes_max = 1u << 16, .nodes_max = 5000};
constexpr schemas::XmlLimits narrow{.bytes_max = 1000, .depth_max = 4, .nodes_max = 40, .attributes_max = 3, .namespaces_max = 3,
                                    .name_bytes_max = 8, .names_bytes_max = 400, .token_bytes_max = 40};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    constexpr std::size_t choices = 4;
    if (size < choices) return 0;
    auto const& limits = data[0] & 1 ? narrow : wide;
    auto const bytes = fuzz::text_of(data, size).substr(choices);
    static schemas::Scanner scanner;

    support::EventRecord whole;
    whole.expect_raw_in(bytes);
    scanner.begin(limits, whole);
    scanner.feed(bytes, true);
    must(whole.sound());
    bool const taken = scanner.whole();
    must(taken != scanner.declined());
    auto const nodes = scanner.nodes();

    unsigned turn = 0;
    support::EventRecord cut;
    bool const taken_in_windows = support::scan_in_windows(scanner, bytes, limits, cut, [&] { return std::size_t{data[1 + turn++ % 3]}; });
    must(cut.sound());
    must(taken || !taken_in_windows);
    must(taken_in_windows || !taken || &limits == &narrow);  // where a window may be too small for one tag
    if (!taken) return 0;
    must(scanner.nodes() == nodes || !taken_in_windows);

    support::EventRecord theirs;
    must(schemas::sweep(bytes, limits, theirs));
    must(whole.record() == theirs.record());
    must(cut.record() == theirs.record() || !taken_in_windows);
    auto const tree = schemas::Document::parse(bytes, limits);
    must(tree.has_value());
    must(nodes == tree->nodes());
    return 0;
}
