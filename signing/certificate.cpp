#include "signing/certificate.hpp"

#include "signing/detail/openssl.hpp"

#include <algorithm>
#include <charconv>

namespace signing {

CertificatePath::CertificatePath(Certificates whole)
{
    if (whole.empty()) return;
    first_ = std::move(whole.front());
    whole.erase(whole.begin());
    if (!whole.empty()) issuers_ = std::make_shared<Certificates const>(std::move(whole));
}

std::optional<CertificateFacts> read_certificate(std::string_view pem_or_der)
{
    auto const certificate = detail::parse_certificate(pem_or_der);
    if (!certificate) return std::nullopt;
    return detail::facts_of(certificate.get(), detail::der_of(certificate.get()));
}

std::optional<std::string> certificate_der(std::string_view pem_or_der)
{
    auto const certificate = detail::parse_certificate(pem_or_der);
    if (!certificate) return std::nullopt;
    return detail::der_of(certificate.get());
}

std::optional<std::string> public_key_der(std::string_view pem_or_der) { return detail::public_key_der(pem_or_der); }

std::optional<Instant> read_instant(std::string_view text)
{
    constexpr std::string_view space = " \t\r\n";
    auto const begin = text.find_first_not_of(space);
    if (begin == std::string_view::npos) return std::nullopt;
    text = text.substr(begin, text.find_last_not_of(space) + 1 - begin);

    bool good = true;
    auto const number = [&](std::size_t digits) {
        int value = 0;
        auto const part = text.substr(0, digits);
        good = good && part.size() == digits && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
        if (good) std::from_chars(part.data(), part.data() + digits, value);
        text.remove_prefix(std::min(digits, text.size()));
        return value;
    };
    auto const sign = [&](char c) {
        good = good && text.starts_with(c);
        if (!text.empty()) text.remove_prefix(1);
    };
    int const y = number(4);
    sign('-');
    int const m = number(2);
    sign('-');
    int const d = number(2);
    sign('T');
    int const hour = number(2);
    sign(':');
    int const minute = number(2);
    sign(':');
    int const second = number(2);
    if (good && text.starts_with('.')) {
        auto const end = std::min(text.find_first_not_of("0123456789", 1), text.size());
        good = end > 1 && end <= 20;
        text.remove_prefix(end);
    }
    std::chrono::minutes offset{7 * 60};
    if (text == "Z") {
        offset = std::chrono::minutes{0};
    } else if (!text.empty()) {
        bool const west = text.front() == '-';
        good = good && (west || text.front() == '+');
        text.remove_prefix(1);
        int const hours = number(2);
        sign(':');
        int const minutes = number(2);
        good = good && text.empty() && hours <= 14 && minutes < 60;
        offset = std::chrono::minutes{(west ? -1 : 1) * (hours * 60 + minutes)};
    }
    auto const date = std::chrono::year{y} / m / d;
    if (!good || !date.ok() || y < 1900 || y > 2199 || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return Instant{std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                   std::chrono::seconds{second} - offset};
}

}  // namespace signing
