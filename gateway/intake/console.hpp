#pragma once

// The operators' page: a handful of files read once at start, and the numbers behind it. On the operations' listener
// only. No file name of a request ever reaches the file system.
//
// Threads: immutable after start; the numbers come from parts that lock themselves. Errors: every outcome is a Reply.

#include "gateway/intake/health.hpp"
#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/runtime/task.hpp"

#include <boost/json/object.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace intake {

class Console {
public:
    struct Parts {
        observe::Metrics& metrics;  // outlives the console, as does health
        Health& health;
        std::function<boost::json::object()> delivery;  // what the root knows of the dispatcher and its alarms
    };
    // Reads the files of the page from `directory`; one that is missing is answered 404, and the chart's are optional.
    Console(std::filesystem::path const& directory, Parts parts);

    [[nodiscard]] runtime::Task<Reply> file(Request request);     // GET /console/ and /console/{file}
    [[nodiscard]] runtime::Task<Reply> metrics(Request request);  // GET /metrics
    [[nodiscard]] bool has(std::string_view name) const { return files_.contains(name); }

private:
    [[nodiscard]] Reply data() const;  // /console/data.json

    Parts parts_;
    std::map<std::string, std::string, std::less<>> files_;
};

// Sums a counter of the exposition text over all labels but one: {"GW-2009": 12, …}. Pure.
[[nodiscard]] std::map<std::string, double> sum_by(std::string_view exposition, std::string_view metric, std::string_view label);

}  // namespace intake
