#pragma once

// Our own reader of the XML that dossiers are written in, fed window by window, for the common path. It never refuses: what it
// does not read in full certainty it *declines*, and the document then goes to libxml2's parser, which gives the verdict. Whatever
// it does not decline, libxml2 takes too and tells the same events (tests/fuzz/scanner.cpp compares the two).
//
// Declined: a DOCTYPE, CDATA, instructions, references other than the five names and characters, any encoding but UTF-8, XML
// other than 1.0, everything that is not namespace-well-formed, attributes of xml:, namespace names that are not plainly absolute,
// names beyond ASCII, more than 256 different names, and every bound of XmlLimits that is passed or nearly. One text between two
// tags has no bound here, for the base64 of an envelope: whoever asks one (a form does) looks at text_bytes_max().
//
// Source: XML 1.0 5th ed., Namespaces in XML 1.0 3rd ed., Unicode 15 table 3-7.
// Threads: one thread's; reusable by begin(), which keeps its memory. Errors: a state, never an exception for bad input.

#include "schemas/events.hpp"
#include "schemas/limits.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace schemas {

class Scanner {
public:
    Scanner();
    ~Scanner();
    Scanner(Scanner const&) = delete;
    Scanner& operator=(Scanner const&) = delete;

    // A new document. `limits` and `events` live until it ends.
    void begin(XmlLimits const& limits, Events& events);

    // Reads what is whole in `window` and returns how many of its bytes are done with: what is left begins the next window.
    // Text is told as far as it goes, in pieces of whole characters; tags and comments only whole, so that a window must
    // have room for XmlLimits::token_bytes_max, or what is longer is declined. `last`: nothing follows this window. 0: nothing is
    // done with; the same bytes and more must come, and whoever has no room for more leaves the document to the parser.
    // A text that does not end in the window waits for the next one, unless it is all that is in the window.
    // Ends with events.views_end(). REQUIRES: not declined, `last` not given before.
    std::size_t feed(std::string_view window, bool last);

    [[nodiscard]] bool declined() const noexcept;
    [[nodiscard]] bool whole() const noexcept;         // the last window was read and ended a document; not declined
    [[nodiscard]] std::size_t nodes() const noexcept;  // as XmlLimits::nodes_max counts them; at least as many as libxml2's reader counts
    [[nodiscard]] std::size_t text_bytes_max() const noexcept;  // the longest text between two tags so far, comments in it aside

private:
    struct State;
    std::unique_ptr<State> state_;
};

// A whole document at once, by a scanner of the calling thread's. False: declined.
[[nodiscard]] bool scan_whole(std::string_view bytes, XmlLimits const& limits, Events& events);

}  // namespace schemas
