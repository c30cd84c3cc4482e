#pragma once

// Our own reader of XML against libxml2's, on one document.

#include "schemas/document.hpp"
#include "schemas/events.hpp"
#include "schemas/scanner.hpp"
#include "tests/support/event_record.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// Compares the two readers, once with the whole and then with `cuttings` series of windows. True: the scanner took it.
inline bool expect_same(std::string_view bytes, schemas::XmlLimits const& limits, std::string const& what, unsigned cuttings = 0)
{
    EventRecord ours;
    // A copy that ends where its memory ends.
    std::vector<char> const copy{bytes.begin(), bytes.end()};
    std::string_view const window{copy.data(), copy.size()};
    ours.expect_raw_in(window);
    thread_local schemas::Scanner scanner;
    scanner.begin(limits, ours);
    scanner.feed(window, true);
    EXPECT_TRUE(ours.sound()) << what;
    EXPECT_NE(scanner.whole(), scanner.declined()) << what;
    if (!scanner.whole()) return false;
    auto const nodes = scanner.nodes();

    EventRecord theirs;
    EXPECT_TRUE(schemas::sweep(bytes, limits, theirs)) << what;
    EXPECT_EQ(ours.record(), theirs.record()) << what;
    auto const document = schemas::Document::parse(bytes, limits);
    EXPECT_TRUE(document) << what;
    if (document) {
        EXPECT_EQ(nodes, document->nodes()) << what;
    }

    std::mt19937 random{static_cast<unsigned>(bytes.size())};
    for (unsigned i = 0; i < cuttings; ++i) {
        std::uniform_int_distribution<std::size_t> size{1, i == 0 && bytes.size() < 20'000 ? 1 : std::size_t{4} << (i % 10)};
        EventRecord cut;
        EXPECT_TRUE(support::scan_in_windows(scanner, bytes, limits, cut, [&] { return size(random); })) << what << ", cutting " << i;
        EXPECT_TRUE(cut.sound()) << what << ", cutting " << i;
        EXPECT_EQ(cut.record(), theirs.record()) << what << ", cutting " << i;
        EXPECT_EQ(scanner.nodes(), nodes) << what << ", cutting " << i;
    }
    return true;
}

}  // namespace support
