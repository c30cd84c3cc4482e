#pragma once

// The second opinion: a share of what the fast engine accepted is examined once more by the reference, beside the path, on the
// CPU pool. Both must come to the same account of the dossier (signing/account.hpp), word for word; where they do not, an alarm stands until a restart
// and the log names the dossier. The dossier stays accepted: its receipt is out.
//
// Threads: offer() from any core, never waiting; the work runs on the pool. Errors: none leave. What finds the pool's queue full
// is not examined again, and counted.

#include "gateway/intake/examine.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/runtime/net.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace intake {

struct CrossCheckConfig {
    std::string share = "sample";          // off, sample, all
    std::size_t one_in = 100;              // of a sample: every so many-th
    std::size_t each_second_max = 5;       // of a sample: a second opinion costs as much as fifteen first ones
    std::size_t waiting_max = 32;          // on the pool or waiting for it
    std::size_t bytes_max = 16u << 20;     // of their bodies together
};

class CrossCheck {
public:
    struct Parts {
        net::thread_pool& cpu;
        observe::Metrics& metrics;
        // On the pool's thread: what the two say, and of which content.
        std::function<void(std::string_view content_sha256, std::string_view difference)> disagreed;
    };
    // All references outlive the pool's last piece of work.
    CrossCheck(CrossCheckConfig config, Parts parts);

    // What one examination was asked. All but the body is copied or shared.
    struct Case {
        std::shared_ptr<Criteria const> criteria;
        providers::Admitted const& sender;
        Lane lane;
        std::shared_ptr<std::string const> body;
        runtime::Instant at;
        std::optional<signing::OtpProof> proof;  // of a dossier that nobody signed
    };
    // Takes the share it is meant to; `examined` is what the path goes on with.
    void offer(Case const& one, Examined const& examined);

    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }

private:
    class Place;
    [[nodiscard]] bool chosen() noexcept;
    [[nodiscard]] bool in_this_second() noexcept;
    void compare(Criteria const& criteria, providers::Admitted const& sender, Lane lane, std::shared_ptr<std::string const> body,
                 runtime::Instant at, std::optional<signing::OtpProof> const& proof, std::string const& account);

    CrossCheckConfig config_;
    Parts parts_;
    std::atomic<std::uint64_t> seen_{0};
    std::atomic<std::uint64_t> second_{0};  // which one, and how many were taken in it: seconds << 16 | taken
    std::atomic<std::size_t> waiting_{0}, bytes_{0};
};

}  // namespace intake
