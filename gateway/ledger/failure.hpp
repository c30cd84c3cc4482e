#pragma once

// What `ledger` says when it says no.

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace ledger {

enum class Refusal {
    size_over,          // more leaves than size_max
    sizes_wrong,        // a tree of no leaves, a leaf outside the tree, or an older tree larger than the newer
    seam_wrong,         // two ranges that do not meet
    nodes_wrong,        // as many hashes as were asked for did not come
    proof_length,       // more or fewer hashes than a tree of this size needs
    root_mismatch,      // the proof leads to another root: the tree is not the one that was promised
    field_wrong,        // a field of an entry or of a head outside its bounds
    bytes_wrong,        // not the bytes of a frontier, an entry or a head of a version we know
};

struct Failure {
    Refusal     why;
    std::string detail;
};

template <class T>
using Result = boost::system::result<T, Failure>;

[[nodiscard]] std::string_view name_of(Refusal why) noexcept;

[[noreturn]] inline void throw_exception_from_error(Failure const& failure, boost::source_location const&)
{
    throw std::logic_error("ledger::Result::value() on a failure: " + failure.detail);
}

}  // namespace ledger
