#pragma once

// What a commit costs: a part for each row and one beside the rows (round trips, the sync of the WAL), told apart by a straight line
// through rows and times of the commits of late (least squares; older ones fade). And with that, how many rows are worth one commit.
//
// Threads: one. Pure: times are parameters. Errors: none.

#include <chrono>
#include <cstddef>

namespace store::detail {

class CommitCost {
public:
    void took(std::size_t rows, std::chrono::nanoseconds time) noexcept;

    // As many rows as take `times` the time that the commit takes beside them: with two, two thirds of what the database could store at any
    // price in time; with one, half. `max` while that is not known, or where rows cost nothing. min above max counts as max. After every
    // fourth commit half as many again: of commits that are all of one size no line can be told, and in an overload they would be.
    [[nodiscard]] std::size_t rows_worth(double times, std::size_t min, std::size_t max) const noexcept;

    [[nodiscard]] double beside() const noexcept { return beside_; }  // seconds
    [[nodiscard]] double each() const noexcept { return each_; }      // seconds a row

private:
    double weight_ = 0, rows_ = 0, rows_squared_ = 0, time_ = 0, product_ = 0;  // sums over the commits, faded
    double beside_ = 0, each_ = 0;
    std::size_t commits_ = 0;
};

}  // namespace store::detail
