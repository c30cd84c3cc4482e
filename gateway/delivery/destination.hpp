#pragma once

// Where dossiers go: an interface, so that the simulator and tests may stand in. One suite checks every
// implementation (tests/contract/destination_contract_test.cpp).

#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/queue.hpp"

#include <chrono>
#include <string>

namespace delivery
{

struct Outcome {
    enum class Kind {
        accepted,       // 2xx, or 409: already there
        refused,        // another 4xx: a person must look
        failed_for_now, // 408, 425, 429, 5xx, or no answer
    };
    Kind kind = Kind::failed_for_now;
    int http_status = 0;                 // 0: no answer
    std::chrono::seconds retry_after{0}; // the destination's word; 0: none
    std::string reason;
};

class Destination {
public:
    virtual ~Destination() = default;
    // Hands one dossier over within the deadline. Never throws for what the peer does.
    virtual runtime::Task<Outcome> deliver(store::Claim const& claim, runtime::Deadline deadline) = 0;
};

} // namespace delivery
