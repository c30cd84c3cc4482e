#pragma once

// What waits, in a line for each party, taken in rounds: the first of each, then the second of each; of one party, who came first.
// So a party that has one waiting is among the next, however many another one has.
//
// Threads: none of its own; the caller locks. Errors: none.
// Bounds:  the caller's, of what it puts in; a party is remembered only while it waits.

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace runtime {

template <class Waiting>
class Rounds {
public:
    Rounds() = default;
    Rounds(Rounds const&) = delete;
    Rounds& operator=(Rounds const&) = delete;

    void put(std::string_view party, Waiting one)
    {
        auto const line = lines_.try_emplace(std::string{party}).first;
        if (line->second.empty()) round_.push_back(line);
        line->second.push_back(std::move(one));
        ++size_;
    }

    [[nodiscard]] Waiting const& next() const { return round_.front()->second.front(); }  // not where empty()

    [[nodiscard]] Waiting take()  // not where empty()
    {
        auto const line = round_.front();
        round_.pop_front();
        auto one = std::move(line->second.front());
        line->second.pop_front();
        if (line->second.empty()) lines_.erase(line);
        else round_.push_back(line);
        --size_;
        return one;
    }

    [[nodiscard]] std::size_t parties() const noexcept { return lines_.size(); }  // that wait
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

private:
    using Lines = std::map<std::string, std::deque<Waiting>, std::less<>>;

    Lines lines_;
    std::deque<typename Lines::iterator> round_;
    std::size_t size_ = 0;
};

}  // namespace runtime
