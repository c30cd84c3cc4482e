#include "gateway/intake/health.hpp"

#include "gateway/runtime/assert.hpp"
#include "gateway/runtime/steady.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace intake {

namespace json = boost::json;

Health::Health(std::vector<std::string> parts, std::chrono::milliseconds fresh, observe::Metrics& metrics)
    : fresh_{fresh}, metrics_{metrics}
{
    for (auto& part : parts) parts_.emplace(std::move(part), Part{});
}

void Health::report(std::string_view part, bool ok, std::string detail, std::chrono::milliseconds took, Time now)
{
    {
        std::lock_guard const lock{mutex_};
        auto const found = parts_.find(part);
        GW_ASSERT(found != parts_.end());
        found->second = Part{ok, std::move(detail), took, now, true};
    }
    metrics_.ready(ready(now));
}

void Health::stopping()
{
    {
        std::lock_guard const lock{mutex_};
        stopping_ = true;
    }
    metrics_.ready(false);
}

bool Health::ready(Time now) const
{
    std::lock_guard const lock{mutex_};
    return !stopping_ && std::all_of(parts_.begin(), parts_.end(), [&](auto const& part) { return fresh(part.second, now); });
}

runtime::Task<Reply> Health::healthz(Request)
{
    co_return Reply::json(200, R"({"alive":true})");
}

runtime::Task<Reply> Health::readyz(Request)
{
    auto const now = runtime::Steady::now();
    json::object words;
    bool stopping = false;
    {
        std::lock_guard const lock{mutex_};
        stopping = stopping_;
        for (auto const& [name, part] : parts_) {
            auto const age = std::chrono::duration_cast<std::chrono::milliseconds>(now - part.at);
            words[name] = json::object{{"ok", fresh(part, now)},
                                       {"detail", part.detail},
                                       {"took_ms", part.took.count()},
                                       {"age_ms", part.reported ? json::value(age.count()) : json::value(nullptr)}};
        }
    }
    bool const is_ready = ready(now);
    json::object body{{"ready", is_ready}, {"stopping", stopping}, {"parts", std::move(words)}};
    co_return Reply::json(is_ready ? 200 : 503, json::serialize(body));
}

}  // namespace intake
