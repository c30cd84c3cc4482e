#pragma once

// XPaths of elements met in a sweep. Whether an element is /A/B or /A/B[1] is known only once its last sibling has gone by,
// so a finding keeps the chain of elements it stands in, by their ordinals, and its path is made by one more sweep over the
// document, which counts what these few chains ask for and nothing else: memory is bounded by the findings.
//
// The paths are those of xmlGetNodePath, letter by letter. Threads: one validation's.

#include "schemas/detail/sweep.hpp"
#include "schemas/document.hpp"
#include "schemas/findings.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace schemas::detail {

// One element on the way from the root: its place among all start tags of the document, from 1, and how XPath calls it.
struct Step {
    std::size_t ordinal;
    std::string name;  // "B", "p:B", or "*": of a default namespace, for which XPath has no name
};
using Chain = std::vector<Step>;

[[nodiscard]] std::string step_name(xmlChar const* name, xmlChar const* prefix, xmlChar const* uri);

// The open elements of a sweep.
class Trail {
public:
    void enter(xmlParserCtxt const& parser, Tag const& tag);
    void leave() noexcept { open_.pop_back(); }
    // One open element: the innermost, or `outwards` from there.
    [[nodiscard]] std::size_t ordinal(std::size_t outwards) const noexcept { return at(outwards).ordinal; }
    [[nodiscard]] std::string_view name(std::size_t outwards) const noexcept;  // local
    [[nodiscard]] long line(std::size_t outwards) const noexcept { return at(outwards).line; }
    [[nodiscard]] Chain chain(std::size_t outwards) const;
    [[nodiscard]] std::size_t depth() const noexcept { return open_.size(); }

private:
    struct Open {
        std::size_t    ordinal;
        long           line;
        xmlChar const* name;  // of the parser's dictionary
        xmlChar const* prefix;
        xmlChar const* uri;
    };
    [[nodiscard]] Open const& at(std::size_t outwards) const noexcept { return open_[open_.size() - 1 - outwards]; }
    std::size_t met_ = 0;
    std::vector<Open> open_;
};

// Findings that wait for their paths.
class Places {
public:
    // Finding number `finding` of the kept ones stands at the end of `chain`; `behind` follows its path, as "/@a".
    void wait(std::size_t finding, Chain chain, std::string behind = {}) { waiting_.push_back({finding, std::move(chain), std::move(behind)}); }

    // One sweep, where anything waits.
    void resolve(Document const& document, Findings& findings) const;

private:
    struct Waiting {
        std::size_t finding;
        Chain       chain;
        std::string behind;
    };
    std::vector<Waiting> waiting_;
};

}  // namespace schemas::detail
