#pragma once

// A sender of one-time passwords that keeps what it was given. Threads: any (one mutex).

#include "gateway/otp/sender.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace support {

// Until it holds, within a bound of wall time that only a hang reaches. False: it hangs.
template <class Done>
bool becomes_true(Done done)
{
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!done()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
}

class SenderLog {
public:
    // Its answer to the nth message it is given, from 1.
    std::function<otp::Outcome(unsigned)> answer = [](unsigned) { return otp::Outcome{otp::Sent::taken, {}}; };

    [[nodiscard]] std::unique_ptr<otp::Sender> sender()  // outlived by the log
    {
        struct One final : otp::Sender {
            explicit One(SenderLog& given) : log{given} {}
            otp::Outcome send(otp::Message const& message, std::stop_token) override
            {
                unsigned count = 0;
                {
                    std::lock_guard const lock{log.mutex_};
                    log.messages_.push_back(message);
                    count = static_cast<unsigned>(log.messages_.size());
                }
                return log.answer(count);
            }
            SenderLog& log;
        };
        return std::make_unique<One>(*this);
    }
    [[nodiscard]] std::vector<otp::Message> messages() const
    {
        std::lock_guard const lock{mutex_};
        return messages_;
    }
    // The first run of six digits or more in the nth message, from 1; waits for it.
    [[nodiscard]] std::string code(std::size_t n)
    {
        static_cast<void>(becomes_true([&] { return messages().size() >= n; }));
        return code_in(messages().at(n - 1).text);
    }
    [[nodiscard]] static std::string code_in(std::string const& text)
    {
        auto const digit = [](char c) { return c >= '0' && c <= '9'; };
        for (auto begin = text.begin(); begin != text.end();) {
            begin = std::find_if(begin, text.end(), digit);
            auto const end = std::find_if_not(begin, text.end(), digit);
            if (end - begin >= 6) return {begin, end};
            begin = end;
        }
        return {};
    }

private:
    mutable std::mutex mutex_;
    std::vector<otp::Message> messages_;
};

}  // namespace support
