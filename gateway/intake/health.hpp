#pragma once

// Ready means that every part of the last probe went through, and just now. The prober (gateway/probe.cpp) reports; this
// board remembers, and answers /healthz and /readyz on the operations' listener.
//
// Threads: any; one mutex. Errors: every outcome is a Reply.

#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/runtime/task.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace intake {

class Health {
public:
    using Time = std::chrono::steady_clock::time_point;

    // Every part must have reported well within `fresh`, or the gateway is not ready.
    Health(std::vector<std::string> parts, std::chrono::milliseconds fresh, observe::Metrics& metrics);

    void report(std::string_view part, bool ok, std::string detail, std::chrono::milliseconds took, Time now);
    void stopping();  // from now on never ready, so that balancers turn away before the listener closes
    [[nodiscard]] bool ready(Time now) const;

    [[nodiscard]] runtime::Task<Reply> healthz(Request request);  // the process answers
    [[nodiscard]] runtime::Task<Reply> readyz(Request request);   // 200 or 503, with every part's word

private:
    struct Part {
        bool ok = false;
        std::string detail = "not probed yet";
        std::chrono::milliseconds took{0};
        Time at{};
        bool reported = false;
    };
    [[nodiscard]] bool fresh(Part const& part, Time now) const { return part.reported && part.ok && now - part.at <= fresh_; }

    std::chrono::milliseconds fresh_;
    observe::Metrics& metrics_;
    mutable std::mutex mutex_;
    std::map<std::string, Part, std::less<>> parts_;
    bool stopping_ = false;
};

}  // namespace intake
