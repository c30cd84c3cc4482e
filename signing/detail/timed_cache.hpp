#pragma once

// Answers that hold for a time, by a SHA-256; bounded. Full, it forgets any other one. Private to signing/.
//
// Threads: any; one mutex for each of the shards.

#include "signing/certificate.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace signing::detail {

template <class Value>
class TimedCache {
public:
    explicit TimedCache(std::size_t entries_max) : shard_entries_max_{std::max<std::size_t>(1, entries_max / shards_count)} {}

    struct Entry {
        Value value;
        Instant from, until;
    };

    [[nodiscard]] std::optional<Entry> find(Sha256 const& key, Instant at) const
    {
        auto& shard = shard_of(key);
        std::lock_guard const lock{shard.mutex};
        auto const found = shard.entries.find(key);
        if (found == shard.entries.end() || at < found->second.from || at > found->second.until) return std::nullopt;
        return found->second;
    }

    void put(Sha256 const& key, Value value, Instant from, Instant until) const
    {
        auto& shard = shard_of(key);
        std::lock_guard const lock{shard.mutex};
        if (shard.entries.size() >= shard_entries_max_ && !shard.entries.contains(key)) shard.entries.erase(shard.entries.begin());
        shard.entries.insert_or_assign(key, Entry{std::move(value), from, until});
    }

    [[nodiscard]] std::size_t size() const
    {
        std::size_t sum = 0;
        for (auto& shard : shards_) {
            std::lock_guard const lock{shard.mutex};
            sum += shard.entries.size();
        }
        return sum;
    }

private:
    // A hash already: any eight octets of it will do.
    struct Hash {
        std::size_t operator()(Sha256 const& key) const noexcept
        {
            std::size_t value = 0;
            std::memcpy(&value, key.data(), sizeof value);
            return value;
        }
    };
    struct Shard {
        std::mutex mutex;
        std::unordered_map<Sha256, Entry, Hash> entries;
    };
    static constexpr std::size_t shards_count = 16;

    Shard& shard_of(Sha256 const& key) const { return shards_[key.back() % shards_count]; }

    std::size_t shard_entries_max_;
    mutable std::array<Shard, shards_count> shards_;
};

}  // namespace signing::detail
