#include "gateway/store/detail/backlog.hpp"

#include <algorithm>

namespace store::detail {

void Backlog::head(Entry& entry)
{
    entry.ready_at = std::max(entry.waiting.due_at, entry.waiting.queued_at);
    heads_.emplace(entry.ready_at, entry.waiting.sequence);
}

void Backlog::behead(Entry const& entry) { heads_.erase({entry.ready_at, entry.waiting.sequence}); }

bool Backlog::add(Waiting given)
{
    auto const sequence = given.sequence;
    auto const [place, added] = entries_.try_emplace(sequence);
    if (!added) return false;
    auto& entry = place->second;
    entry.waiting = std::move(given);
    auto& line = lines_[entry.waiting.unit_key];
    auto const first_before = line.empty() ? 0 : *line.begin();
    line.insert(sequence);
    if (line.size() > 1 && *line.begin() != sequence) return true;
    if (line.size() > 1) {
        // It goes before one that was first until now. Where that one is in flight, it stays there: the line's order is made good after it.
        auto& before = entries_.at(first_before);
        if (before.taken) return true;
        behead(before);
    }
    head(entry);
    return true;
}

std::vector<Waiting> Backlog::take(Places places, std::size_t bytes_max, runtime::Instant now, std::chrono::seconds lease)
{
    std::vector<Waiting> out;
    std::size_t bytes = 0, retries = 0;
    for (auto next = heads_.begin(); out.size() < places.rows && next != heads_.end() && next->first <= now;) {
        auto& entry = entries_.at((next++)->second);
        bool const retry = entry.waiting.attempts > 0;
        if (retry && retries == places.retries) continue;
        if (!out.empty() && bytes + entry.waiting.content_bytes > bytes_max) break;
        bytes += entry.waiting.content_bytes;
        retries += retry ? 1 : 0;
        behead(entry);
        entry.taken = true;
        ++entry.waiting.attempts;
        entry.ready_at = now + lease;
        heads_.emplace(entry.ready_at, entry.waiting.sequence);
        out.push_back(entry.waiting);
    }
    return out;
}

Waiting const* Backlog::taken(std::int64_t sequence, std::uint32_t attempts_before) const
{
    auto const found = entries_.find(sequence);
    bool const by_it = found != entries_.end() && found->second.taken && found->second.waiting.attempts == attempts_before + 1;
    return by_it ? &found->second.waiting : nullptr;
}

void Backlog::give_back(std::int64_t sequence)
{
    auto const found = entries_.find(sequence);
    if (found == entries_.end() || !found->second.taken) return;
    auto& entry = found->second;
    behead(entry);
    entry.taken = false;
    --entry.waiting.attempts;
    head(entries_.at(*lines_.at(entry.waiting.unit_key).begin()));
}

void Backlog::defer(std::int64_t sequence, runtime::Instant due_at)
{
    auto const found = entries_.find(sequence);
    if (found == entries_.end() || !found->second.taken) return;
    auto& entry = found->second;
    behead(entry);
    entry.taken = false;
    entry.waiting.due_at = due_at;
    head(entries_.at(*lines_.at(entry.waiting.unit_key).begin()));  // an earlier one may have come meanwhile
}

void Backlog::remove(std::int64_t sequence)
{
    auto const found = entries_.find(sequence);
    auto const line = lines_.find(found->second.waiting.unit_key);
    line->second.erase(sequence);
    if (line->second.empty()) lines_.erase(line);
    entries_.erase(found);
}

void Backlog::settle(std::int64_t sequence)
{
    auto const found = entries_.find(sequence);
    if (found == entries_.end() || !found->second.taken) return;
    behead(found->second);
    auto const unit = found->second.waiting.unit_key;
    remove(sequence);
    auto const line = lines_.find(unit);
    if (line != lines_.end()) head(entries_.at(*line->second.begin()));
}

void Backlog::forget_untaken()
{
    std::vector<std::int64_t> going;
    for (auto const& [sequence, entry] : entries_)
        if (!entry.taken) going.push_back(sequence);
    for (auto const sequence : going) {
        behead(entries_.at(sequence));
        remove(sequence);
    }
}

std::size_t Backlog::taken(runtime::Instant now) const
{
    return static_cast<std::size_t>(std::count_if(heads_.begin(), heads_.end(), [&](auto const& one) {
        return one.first > now && entries_.at(one.second).taken;
    }));
}

std::optional<runtime::Instant> Backlog::oldest() const
{
    std::optional<runtime::Instant> out;
    for (auto const& [sequence, entry] : entries_) out = std::min(out.value_or(entry.waiting.queued_at), entry.waiting.queued_at);
    return out;
}

}  // namespace store::detail
