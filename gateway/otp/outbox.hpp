#pragma once

// Messages on their way out: a bounded queue and a few workers, off the path of every request. A message is tried again
// while its code lives; one that cannot be sent is dropped, counted, and after several in a row an alarm says so.
//
// A place in the queue is taken before the store is asked, and an empty message goes the whole way too, so that neither an
// answer nor its time tells whether there was somebody to send to.
//
// Threads: any; one mutex. Its workers are its own threads. Errors: none leave; counts() and the log tell.

#include "gateway/observe/metrics.hpp"
#include "gateway/otp/config.hpp"
#include "gateway/otp/sender.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace otp {

class Outbox {
public:
    // Either sender may be null: that channel is off. `key` opens the sealed addresses. References outlive the outbox, and
    // so do `metrics`, where there are any.
    Outbox(OutboxConfig config, signing::OtpKey const& key, runtime::Clock const& clock, std::unique_ptr<Sender> sms, std::unique_ptr<Sender> mail,
           observe::Metrics* metrics = nullptr);
    // What waits is dropped and counted. Attempts under way have stop_timeout to end; then they are told to stop, which a
    // sender does within about a second.
    ~Outbox();
    Outbox(Outbox const&) = delete;
    Outbox& operator=(Outbox const&) = delete;

    // A place in the queue, given back unless put() used it.
    class Place {
    public:
        explicit Place(Outbox& outbox) : outbox_{&outbox} {}
        Place(Place&& other) noexcept : outbox_{std::exchange(other.outbox_, nullptr)} {}
        Place& operator=(Place&&) = delete;
        ~Place()
        {
            if (outbox_) outbox_->give_back();
        }
        // `sealed` for `purpose`; empty: nobody, and nothing is sent.
        void put(Message message, std::string sealed, std::string purpose);

    private:
        Outbox* outbox_;
    };
    [[nodiscard]] std::optional<Place> reserve();
    [[nodiscard]] bool serves(signing::OtpChannel channel) const noexcept;

    struct Counts {
        std::uint64_t sent = 0, retried = 0, lost = 0;
        std::uint32_t lost_in_a_row = 0;
        std::size_t waiting = 0;  // places taken
        std::string last_trouble;
    };
    [[nodiscard]] Counts counts() const;

private:
    using Time = std::chrono::steady_clock::time_point;
    struct Job {
        Message message;
        std::string sealed, purpose;
        std::uint32_t attempts = 0;
        Time not_before{};
    };

    void give_back();
    void put(Job job);
    void serve();
    std::optional<Job> next(std::unique_lock<std::mutex>& lock);
    void perform(Job job);
    void settle(Job job, Outcome const& outcome);
    void count(signing::OtpChannel channel, std::string_view outcome);
    [[nodiscard]] Sender* sender_of(signing::OtpChannel channel) const noexcept;

    OutboxConfig const config_;
    signing::OtpKey const& key_;
    runtime::Clock const& clock_;
    std::unique_ptr<Sender> const sms_, mail_;
    observe::Metrics* const metrics_;  // null: nobody counts
    mutable std::mutex mutex_;  // guards all below but the threads
    std::condition_variable changed_;
    std::deque<Job> jobs_;
    std::size_t places_ = 0;    // reserved, waiting or under way
    Counts counts_;
    std::size_t under_way_ = 0; // attempts
    bool stopping_ = false;
    std::stop_source stop_;     // of the attempts
    std::vector<std::thread> workers_;
};

}  // namespace otp
