#include "gateway/otp/senders.hpp"

#include "gateway/dossier/time.hpp"
#include "gateway/otp/address.hpp"
#include "gateway/otp/detail/curl.hpp"

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace otp {
namespace {

namespace json = boost::json;

std::string base64(std::string_view bytes)
{
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    auto const size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<unsigned char const*>(bytes.data()),
                                      static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

// Encoded words of at most 75 characters, never cutting a character of UTF-8 (RFC 2047 §5).
std::string encoded_words(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        auto size = std::min<std::size_t>(text.size(), 42);
        while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u) --size;
        out += (out.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") + base64(text.substr(0, size)) + "?=";
        text.remove_prefix(size);
    }
    return out;
}

// RFC 5322 §3.3, in Vietnam's time.
std::string mail_date(runtime::Instant at)
{
    auto const local = std::chrono::floor<std::chrono::seconds>(at + runtime::vietnam_offset);
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0700", local);
}

bool worth_another(long status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

}  // namespace

SpoolSender::SpoolSender(std::filesystem::path directory) : directory_{std::move(directory)}
{
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (!std::filesystem::is_directory(directory_)) throw std::runtime_error("otp.spool_directory cannot be made: " + directory_.string());
}

Outcome SpoolSender::send(Message const& message, std::stop_token)
{
    json::object const body{{"id", message.id},
                            {"channel", signing::name_of(message.channel)},
                            {"to", message.to},
                            {"subject", message.subject},
                            {"text", message.text},
                            {"expires_at", dossier::vietnam_time(message.expires_at)}};
    auto const text = json::serialize(body) + "\n";
    auto const making = directory_ / (message.id + ".making"), done = directory_ / (message.id + ".json");
    auto const file = ::open(making.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return {Sent::not_now, std::strerror(errno)};
    auto const written = ::write(file, text.data(), text.size());
    bool const whole = ::close(file) == 0 && written == static_cast<ssize_t>(text.size());
    std::error_code error;
    if (whole) std::filesystem::rename(making, done, error);
    if (!whole || error) return {Sent::not_now, "the spool file cannot be written"};
    return {Sent::taken, {}};
}

Outcome SmsSender::send(Message const& message, std::stop_token stop)
{
    json::object const body{{"to", message.to}, {"from", config_.from}, {"text", message.text}, {"client_ref", message.id}};
    detail::HttpPost post;
    post.url = config_.url;
    post.ca_file = config_.ca_file;
    post.headers = {"Content-Type: application/json", "Idempotency-Key: " + message.id};
    if (!config_.bearer_key.empty()) post.headers.push_back("Authorization: Bearer " + config_.bearer_key);
    post.body = json::serialize(body);
    post.timeout = config_.timeout;
    post.stop = std::move(stop);
    auto const answer = detail::post(post);
    if (!answer.answered) return {Sent::not_now, answer.error};
    auto const said = fmt::format("the aggregator answered {}", answer.status);
    if (answer.status >= 200 && answer.status < 300) return {Sent::taken, said};
    return {worth_another(answer.status) ? Sent::not_now : Sent::refused, said};
}

Outcome MailSender::send(Message const& message, std::stop_token stop)
{
    detail::Mail mail;
    mail.url = config_.url;
    mail.ca_file = config_.ca_file;
    mail.user = config_.user;
    mail.password = config_.password;
    mail.plain = config_.plain;
    mail.from = config_.from;
    mail.to = message.to;
    mail.text = mail_text(message, config_.from, std::chrono::system_clock::now());
    mail.timeout = config_.timeout;
    mail.stop = std::move(stop);
    auto const answer = detail::send(mail);
    if (answer.answered) return {Sent::taken, {}};
    auto const said = fmt::format("{} (reply {})", answer.error, answer.status);
    return {answer.status >= 500 && answer.status < 600 ? Sent::refused : Sent::not_now, said};
}

std::string mail_text(Message const& message, std::string_view from, runtime::Instant at)
{
    std::string lines;
    auto const body = base64(message.text);
    for (std::size_t i = 0; i < body.size(); i += 76) lines += body.substr(i, 76) + "\r\n";
    auto const domain = from.substr(from.find('@') + 1);
    return fmt::format("Date: {}\r\nFrom: <{}>\r\nTo: <{}>\r\nSubject: {}\r\nMessage-ID: <{}@{}>\r\nAuto-Submitted: auto-generated\r\n"
                       "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
                       mail_date(at), from, message.to, encoded_words(message.subject), message.id, domain, lines);
}

std::unique_ptr<Sender> sms_sender(Config const& config)
{
    if (config.sms.sender == "off") return nullptr;
    if (config.sms.sender == "spool") return std::make_unique<SpoolSender>(config.spool_directory);
    if (config.sms.sender != "http") throw std::runtime_error("otp.sms_sender: must be off, spool or http");
    if (!config.sms.url.starts_with("http://") && !config.sms.url.starts_with("https://"))
        throw std::runtime_error("otp.sms_url: must begin with https:// or http://");
    return std::make_unique<SmsSender>(config.sms);
}

std::unique_ptr<Sender> mail_sender(Config const& config)
{
    if (config.mail.sender == "off") return nullptr;
    if (config.mail.sender == "spool") return std::make_unique<SpoolSender>(config.spool_directory);
    if (config.mail.sender != "smtp") throw std::runtime_error("otp.email_sender: must be off, spool or smtp");
    if (!config.mail.url.starts_with("smtp://") && !config.mail.url.starts_with("smtps://"))
        throw std::runtime_error("otp.smtp_url: must begin with smtp:// or smtps://");
    if (!email(config.mail.from)) throw std::runtime_error("otp.smtp_from: must be an e-mail address");
    return std::make_unique<MailSender>(config.mail);
}

}  // namespace otp
