#pragma once

// Alarms: conditions a person must hear of. Each is a metric (ivan_alarm) and one log line when it rises and when it
// falls.
//
// Threads: any; one mutex.

#include "gateway/observe/metrics.hpp"

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

class Alarms {
public:
    explicit Alarms(observe::Metrics& metrics) : metrics_{metrics} {}  // outlives the alarms

    void set(std::string_view name, bool raised, std::string_view detail);
    [[nodiscard]] std::vector<std::string> raised() const;

private:
    observe::Metrics& metrics_;
    mutable std::mutex mutex_;
    std::map<std::string, bool, std::less<>> state_;
};

}  // namespace gateway
