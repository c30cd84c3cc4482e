#include "gateway/alarms.hpp"

#include "gateway/observe/log.hpp"

namespace gateway {

void Alarms::set(std::string_view name, bool raised, std::string_view detail)
{
    bool changed = false;
    {
        std::lock_guard const lock{mutex_};
        auto const [entry, first] = state_.try_emplace(std::string{name}, false);
        changed = entry->second != raised;
        entry->second = raised;
        if (!first && !changed) return;
    }
    metrics_.alarm(name, raised);
    if (changed)
        observe::log(raised ? observe::Level::error : observe::Level::info, raised ? "alarm raised" : "alarm over",
                     {{"alarm", name}, {"detail", detail}});
}

std::vector<std::string> Alarms::raised() const
{
    std::lock_guard const lock{mutex_};
    std::vector<std::string> names;
    for (auto const& [name, raised] : state_)
        if (raised) names.push_back(name);
    return names;
}

}  // namespace gateway
