#include "gateway/intake/otp.hpp"

#include "gateway/otp/address.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace intake {
namespace {

namespace json = boost::json;
using fault::Fault;
using fault::FaultCode;

Fault malformed(std::string detail) { return Fault{FaultCode::json_malformed, std::move(detail), {}, {}}; }

bool digits(std::string_view text, std::size_t min, std::size_t max)
{
    return text.size() >= min && text.size() <= max && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool hex_digits(std::string_view text, std::size_t size)
{
    return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool id_ok(std::string_view text) { return hex_digits(text, 32); }
bool code_ok(std::string_view text) { return digits(text, 6, 8); }

// One flat object of texts, with these members and no others.
fault::Result<json::object> parse_texts(std::string_view body, std::initializer_list<std::string_view> known)
{
    if (body.size() > otp_bytes_max) return Fault{FaultCode::body_too_large, "of " + std::to_string(body.size()), {}, {}};
    json::parse_options options;
    options.max_depth = 2;
    boost::system::error_code error;
    auto value = json::parse(json::string_view{body.data(), body.size()}, error, json::storage_ptr{}, options);
    if (error || !value.is_object()) return malformed("not a JSON object");
    for (auto const& member : value.get_object()) {
        std::string_view const name{member.key()};
        if (std::find(known.begin(), known.end(), name) == known.end()) return malformed("unknown member");
        if (!member.value().is_string()) return malformed(std::string{name} + " is not a text");
    }
    return std::move(value.get_object());
}

// Empty where it is not there.
std::string text_of(json::object const& object, std::string_view name)
{
    auto const* const value = object.if_contains(name);
    return value ? std::string{value->get_string()} : std::string{};
}

fault::Result<otp::Asking> asking_of(json::object const& object)
{
    otp::Asking asking;
    asking.person = text_of(object, "person");
    if (!otp::person_ok(asking.person)) return malformed("person");
    auto const channel = text_of(object, "channel");
    asking.channel = signing::otp_channel_from(channel);
    if (object.contains("channel") && !asking.channel) return malformed("channel");
    return asking;
}

}  // namespace

fault::Result<otp::Asking> parse_otp_challenge(std::string_view body)
{
    auto const object = parse_texts(body, {"person", "content_sha256", "channel"});
    if (!object) return object.error();
    auto asking = asking_of(*object);
    if (!asking) return asking;
    auto content = text_of(*object, "content_sha256");
    std::transform(content.begin(), content.end(), content.begin(), [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (!hex_digits(content, 64)) return malformed("content_sha256");
    asking->content_sha256 = std::move(content);
    return asking;
}

fault::Result<otp::Asking> parse_otp_contact(std::string_view body)
{
    auto const object = parse_texts(body, {"person", "channel", "address"});
    if (!object) return object.error();
    auto asking = asking_of(*object);
    if (!asking) return asking;
    if (!asking->channel) return malformed("channel");
    auto const written = text_of(*object, "address");
    auto address = *asking->channel == signing::OtpChannel::sms ? otp::phone(written) : otp::email(written);
    if (!address) return malformed("address");
    asking->address = std::move(*address);
    return asking;
}

fault::Result<OtpConfirmation> parse_otp_confirmation(std::string_view body)
{
    auto const object = parse_texts(body, {"code", "old_code"});
    if (!object) return object.error();
    OtpConfirmation confirmation{text_of(*object, "code"), text_of(*object, "old_code")};
    if (!code_ok(confirmation.code)) return malformed("code");
    if (object->contains("old_code") && !code_ok(confirmation.old_code)) return malformed("old_code");
    return confirmation;
}

fault::Result<std::optional<otp::Password>> read_password(Request const& request)
{
    auto const challenge = request.header("OTP-Challenge"), code = request.header("OTP-Code");
    if (challenge.empty() && code.empty()) return std::optional<otp::Password>{};
    if (!id_ok(challenge) || !code_ok(code)) return Fault{FaultCode::parameter_invalid, "OTP-Challenge, OTP-Code", {}, {}};
    return std::optional{otp::Password{std::string{challenge}, std::string{code}}};
}

}  // namespace intake
