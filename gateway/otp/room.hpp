#pragma once

// The parts of one-time passwords, put together: key, outbox, desk. The composition root owns one, or none where they are off.

#include "gateway/otp/config.hpp"
#include "gateway/otp/desk.hpp"
#include "gateway/otp/outbox.hpp"
#include "gateway/otp/sender.hpp"
#include "gateway/store/otp.hpp"
#include "signing/otp.hpp"

#include <memory>
#include <string>

namespace otp {

// The key of otp.key_file. Throws std::runtime_error: not readable, or fewer than 32 bytes.
[[nodiscard]] signing::OtpKey read_key(std::string const& file);

// Threads: immutable but for its parts, which are locked inside.
class Room {
public:
    // `store`, `clock` and `metrics`, where there are any, outlive the room.
    Room(Config const& config, signing::OtpKey key, std::unique_ptr<Sender> sms, std::unique_ptr<Sender> mail, store::Otp& store,
         runtime::Clock const& clock, observe::Metrics* metrics = nullptr)
        : key_{std::move(key)}, outbox_{config.outbox, key_, clock, std::move(sms), std::move(mail), metrics}, desk_{config.desk, key_, store, outbox_}
    {
    }
    Room(Room const&) = delete;
    Room& operator=(Room const&) = delete;

    [[nodiscard]] Desk& desk() noexcept { return desk_; }
    [[nodiscard]] Outbox const& outbox() const noexcept { return outbox_; }

private:
    signing::OtpKey const key_;
    Outbox outbox_;
    Desk desk_;
};

}  // namespace otp
