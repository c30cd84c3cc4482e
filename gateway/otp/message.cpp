#include "gateway/otp/message.hpp"

#include <fmt/format.h>

namespace otp {
namespace {

using signing::OtpChannel;
using std::chrono::seconds;

std::string life_text(seconds life, std::string_view minutes, std::string_view second)
{
    if (life.count() % 60 == 0) return fmt::format("{} {}", life.count() / 60, minutes);
    return fmt::format("{} {}", life.count(), second);
}

Message made(OtpChannel channel, std::string_view code, seconds life, std::string_view plain_for, std::string_view accented_for)
{
    Message message;
    message.channel = channel;
    message.id = signing::random_id();
    if (channel == OtpChannel::sms) {
        message.text = fmt::format("BHXH: Ma xac thuc {} de {}. Hieu luc {}. Khong cho ai biet ma nay.", code, plain_for,
                                   life_text(life, "phut", "giay"));
        return message;
    }
    message.subject = "Mã xác thực giao dịch BHXH";
    message.text = fmt::format("Mã xác thực của Ông/Bà: {}\n\nMã dùng để {}.\nMã có hiệu lực {} và chỉ dùng một lần.\n\n"
                               "Không cho bất kỳ ai biết mã này. Nếu không phải Ông/Bà yêu cầu, vui lòng bỏ qua thư này.\n",
                               code, accented_for, life_text(life, "phút", "giây"));
    return message;
}

}  // namespace

// The first digits of the hash let a person compare the message with what the provider's program shows.
Message dossier_message(OtpChannel channel, std::string_view code, seconds life, std::string_view content_sha256)
{
    auto const mark = content_sha256.substr(0, 8);
    return made(channel, code, life, fmt::format("nop ho so {}", mark), fmt::format("nộp hồ sơ BHXH điện tử (dấu nhận biết {})", mark));
}

Message contact_message(OtpChannel channel, std::string_view code, seconds life)
{
    return made(channel, code, life, "dang ky so dien thoai nhan ma", "đăng ký hộp thư này làm nơi nhận mã xác thực");
}

Message approval_message(OtpChannel channel, std::string_view code, seconds life)
{
    return made(channel, code, life, "DONG Y doi noi nhan ma xac thuc", "ĐỒNG Ý thay đổi hoặc thêm nơi nhận mã xác thực");
}

}  // namespace otp
