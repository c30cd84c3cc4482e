#include "gateway/otp/outbox.hpp"

#include "gateway/observe/log.hpp"
#include "gateway/runtime/thread.hpp"

#include <algorithm>
#include <exception>

namespace otp {

Outbox::Outbox(OutboxConfig config, signing::OtpKey const& key, runtime::Clock const& clock, std::unique_ptr<Sender> sms, std::unique_ptr<Sender> mail,
               observe::Metrics* metrics)
    : config_{config}, key_{key}, clock_{clock}, sms_{std::move(sms)}, mail_{std::move(mail)}, metrics_{metrics}
{
    for (std::uint32_t i = 0; i < config_.workers; ++i) workers_.emplace_back([this] { serve(); });
}

Outbox::~Outbox()
{
    {
        std::unique_lock lock{mutex_};
        stopping_ = true;
        changed_.notify_all();
        changed_.wait_for(lock, config_.stop_timeout, [this] { return under_way_ == 0; });
    }
    stop_.request_stop();
    for (auto& worker : workers_) worker.join();
    std::erase_if(jobs_, [](Job const& job) { return job.sealed.empty(); });
    for (auto const& job : jobs_) count(job.message.channel, "dropped");
    if (!jobs_.empty()) observe::log(observe::Level::warning, "one-time passwords dropped at the end", {{"messages", jobs_.size()}});
}

std::optional<Outbox::Place> Outbox::reserve()
{
    std::lock_guard const lock{mutex_};
    if (stopping_ || places_ >= config_.waiting_max) return std::nullopt;
    ++places_;
    return std::optional<Place>{std::in_place, *this};
}

void Outbox::give_back()
{
    std::lock_guard const lock{mutex_};
    --places_;
}

void Outbox::Place::put(Message message, std::string sealed, std::string purpose)
{
    std::exchange(outbox_, nullptr)->put({std::move(message), std::move(sealed), std::move(purpose), 0, {}});
}

void Outbox::put(Job job)
{
    {
        std::lock_guard const lock{mutex_};
        jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
}

bool Outbox::serves(signing::OtpChannel channel) const noexcept { return sender_of(channel) != nullptr; }

Sender* Outbox::sender_of(signing::OtpChannel channel) const noexcept
{
    return channel == signing::OtpChannel::sms ? sms_.get() : mail_.get();
}

Outbox::Counts Outbox::counts() const
{
    std::lock_guard const lock{mutex_};
    auto counts = counts_;
    counts.waiting = places_;
    return counts;
}

// The first job that is due; waits for one. Nothing: stopping.
std::optional<Outbox::Job> Outbox::next(std::unique_lock<std::mutex>& lock)
{
    for (;;) {
        if (stopping_) return std::nullopt;
        auto const now = std::chrono::steady_clock::now();
        auto soonest = Time::max();
        for (auto job = jobs_.begin(); job != jobs_.end(); ++job) {
            if (job->not_before <= now) {
                std::optional<Job> found{std::move(*job)};
                jobs_.erase(job);
                return found;
            }
            soonest = std::min(soonest, job->not_before);
        }
        if (soonest == Time::max()) changed_.wait(lock);
        else changed_.wait_until(lock, soonest);
    }
}

void Outbox::serve()
{
    runtime::name_thread("otp");
    std::unique_lock lock{mutex_};
    while (auto job = next(lock)) {
        ++under_way_;
        lock.unlock();
        perform(std::move(*job));
        lock.lock();
        if (--under_way_ == 0 && stopping_) changed_.notify_all();
    }
}

void Outbox::perform(Job job)
{
    if (job.sealed.empty()) return give_back();
    auto* const sender = sender_of(job.message.channel);
    auto const address = key_.open(job.purpose, job.sealed);
    Outcome outcome{Sent::refused, {}};
    if (!sender) outcome.detail = "no sender for this channel";
    else if (!address) outcome.detail = "an address sealed with another key";
    else if (clock_.now() >= job.message.expires_at) outcome.detail = "its code has ended";
    else {
        job.message.to = *address;
        ++job.attempts;
        try {
            outcome = sender->send(job.message, stop_.get_token());
        } catch (std::exception const& error) {  // a surprise of a library
            outcome = {Sent::not_now, error.what()};
        }
        job.message.to.clear();
    }
    settle(std::move(job), outcome);
}

void Outbox::count(signing::OtpChannel channel, std::string_view outcome)
{
    if (metrics_) metrics_->otp_message(signing::name_of(channel), outcome);
}

void Outbox::settle(Job job, Outcome const& outcome)
{
    auto const channel = job.message.channel;
    std::unique_lock lock{mutex_};
    if (outcome.sent == Sent::taken) {
        count(channel, "sent");
        ++counts_.sent;
        counts_.lost_in_a_row = 0;
        --places_;
        return;
    }
    counts_.last_trouble = outcome.detail;
    if (outcome.sent == Sent::not_now && job.attempts < config_.attempts_max) {
        ++counts_.retried;
        count(channel, "retried");
        auto const shift = std::min(job.attempts - 1, 16u);
        job.not_before = std::chrono::steady_clock::now() + std::min(config_.backoff_max, config_.backoff_first * (1u << shift));
        jobs_.push_back(std::move(job));
        lock.unlock();
        changed_.notify_one();
        return;
    }
    ++counts_.lost;
    count(channel, "lost");
    ++counts_.lost_in_a_row;
    --places_;
    lock.unlock();
    observe::log(observe::Level::warning, "one-time password not sent",
                 {{"message", job.message.id}, {"channel", signing::name_of(channel)}, {"attempts", job.attempts}, {"detail", outcome.detail}});
}

}  // namespace otp
