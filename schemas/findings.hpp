#pragma once

// Findings of one dossier, all of them and yet bounded: the first `max` are kept, the rest are counted. A hostile
// form with a million wrong values costs a million counts, not a million texts and paths.
//
// Threads: a value of one thread.

#include "schemas/failure.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace schemas {

class Findings {
public:
    explicit Findings(std::size_t max) : max_{max} {}

    // `make` returns the Finding; it is called only where there is room for it.
    template <class Make>
    void add(Make&& make)
    {
        if (total_++ < max_) kept_.push_back(std::forward<Make>(make)());
    }

    // The path of kept()[index], where it is known only later.
    void amend(std::size_t index, std::string path) { kept_.at(index).path = std::move(path); }

    [[nodiscard]] std::size_t total() const noexcept { return total_; }
    [[nodiscard]] std::vector<Finding> const& kept() const noexcept { return kept_; }
    // What was kept; where some were only counted, the last is E-1999 and says how many.
    [[nodiscard]] std::vector<Finding> take() &&;

private:
    std::size_t max_;
    std::size_t total_ = 0;
    std::vector<Finding> kept_;
};

}  // namespace schemas
