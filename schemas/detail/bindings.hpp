#pragma once

// The namespaces in scope while a document is read. Every state of them has a number of its own, by which a name knows
// whether what it was resolved to still holds.
//
// Threads: one thread's. The views are the caller's to keep.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace schemas::detail {

class Bindings {
public:
    void clear() noexcept
    {
        bound_.clear();
        ++state_;
    }
    void push(std::string_view prefix, std::string_view uri)
    {
        bound_.push_back({prefix, uri});
        ++state_;
    }
    void pop(std::size_t count) noexcept
    {
        if (count == 0) return;
        bound_.resize(bound_.size() - count);
        ++state_;
    }
    [[nodiscard]] std::size_t size() const noexcept { return bound_.size(); }
    [[nodiscard]] std::uint64_t state() const noexcept { return state_; }  // never 0

    // Nothing: the prefix is not bound. No default namespace is one without a name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view prefix) const noexcept
    {
        for (auto at = bound_.rbegin(); at != bound_.rend(); ++at)
            if (at->prefix == prefix) return at->uri;
        if (prefix.empty()) return std::string_view{};
        return std::nullopt;
    }

private:
    struct Bound {
        std::string_view prefix, uri;
    };
    std::vector<Bound> bound_;
    std::uint64_t state_ = 1;
};

}  // namespace schemas::detail
