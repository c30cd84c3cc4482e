#include "gateway/intake/notices.hpp"

#include "gateway/intake/refuse.hpp"
#include "gateway/dossier/time.hpp"
#include "gateway/intake/parameter.hpp"
#include "gateway/intake/status.hpp"
#include "gateway/runtime/steady.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace intake {
namespace {

namespace json = boost::json;
using fault::FaultCode;

Reply page(std::vector<store::Notice> const& rows, std::int64_t after)
{
    json::array notices;
    for (auto const& row : rows)
        notices.push_back(json::object{{"cursor", row.cursor},
                                       {"kind", row.kind},
                                       {"dossier_id", row.dossier_id},
                                       {"case_code", row.case_code},
                                       {"status", status_json(row.status)},
                                       {"at", dossier::vietnam_time(row.at)},
                                       {"note", row.note}});
    json::object body{{"notices", std::move(notices)}, {"cursor", rows.empty() ? after : rows.back().cursor}};
    return Reply::json(200, json::serialize(body));
}

}  // namespace

// One place among the waiters of a provider, given back whatever happens.
class Notices::Waiter {
public:
    Waiter(Notices& owner, std::string provider) : owner_{owner}, provider_{std::move(provider)}
    {
        std::lock_guard const lock{owner_.mutex_};
        auto& count = owner_.waiting_[provider_];
        got_ = count < owner_.config_.waiters_max;
        if (got_) ++count;
    }
    ~Waiter()
    {
        std::lock_guard const lock{owner_.mutex_};
        auto const found = owner_.waiting_.find(provider_);
        if (got_ && found != owner_.waiting_.end() && --found->second == 0) owner_.waiting_.erase(found);
    }
    Waiter(Waiter const&) = delete;
    Waiter& operator=(Waiter const&) = delete;
    [[nodiscard]] bool got() const noexcept { return got_; }

private:
    Notices& owner_;
    std::string provider_;
    bool got_ = false;
};

runtime::Task<Reply> Notices::handle(Request request)
{
    auto const after = whole_parameter(request, "after", 0, std::numeric_limits<std::int64_t>::max());
    auto const wait = whole_parameter(request, "wait", 0, config_.wait_max.count());
    auto const limit = whole_parameter(request, "limit", 100, static_cast<std::int64_t>(config_.rows_max));
    if (!after || !wait || !limit || *limit == 0) co_return refuse(FaultCode::parameter_invalid, "after, wait, limit", request);

    auto const provider = request.admitted->provider().code;
    std::optional<Waiter> waiter;
    if (*wait > 0) {
        waiter.emplace(*this, provider);
        if (!waiter->got()) co_return refuse(FaultCode::quota_exceeded, "too many long polls", request);
    }

    // A second is kept back from the request's own deadline, for the last look and the answer.
    auto const until = std::min(runtime::Steady::now() + std::chrono::seconds{*wait},
                                request.deadline.at() - std::chrono::seconds{1});
    runtime::Timer timer{co_await net::this_coro::executor};
    for (;;) {
        auto const rows = co_await archive_.notices(provider, *after, static_cast<std::size_t>(*limit), request.deadline);
        if (!rows) co_return refuse(rows.error(), request);
        auto const now = runtime::Steady::now();
        if (!rows->empty() || now >= until || stopping_) co_return page(*rows, *after);

        timer.expires_at(std::min(now + config_.poll_interval, until));
        auto const [cancelled] = co_await timer.async_wait(runtime::as_result);
        if (cancelled) co_return page(*rows, *after);
    }
}

}  // namespace intake
