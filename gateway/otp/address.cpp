#include "gateway/otp/address.hpp"

#include <algorithm>

namespace otp {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool atom_character(char c)
{
    constexpr std::string_view others = "!#$%&'*+-/=?^_`{|}~";
    return letter(c) || digit(c) || others.find(c) != std::string_view::npos;
}

// Parts between dots, none empty.
template <class Ok>
bool dotted(std::string_view text, Ok ok)
{
    if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos) return false;
    return std::all_of(text.begin(), text.end(), [&](char c) { return c == '.' || ok(c); });
}

bool domain_ok(std::string_view domain)
{
    if (domain.size() > 253 || domain.find('.') == std::string_view::npos) return false;
    if (!dotted(domain, [](char c) { return letter(c) || digit(c) || c == '-'; })) return false;
    for (;;) {
        auto const dot = domain.find('.');
        auto const label = domain.substr(0, dot);
        if (label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
        if (dot == std::string_view::npos) return !std::all_of(label.begin(), label.end(), digit);
        domain.remove_prefix(dot + 1);
    }
}

}  // namespace

bool person_ok(std::string_view person) noexcept { return person.size() == 12 && std::all_of(person.begin(), person.end(), digit); }

std::optional<std::string> phone(std::string_view written)
{
    if (written.size() > 24) return std::nullopt;
    bool const plus = written.starts_with('+');
    if (plus) written.remove_prefix(1);
    std::string digits;
    for (auto const c : written) {
        if (digit(c)) digits += c;
        else if (c != ' ' && c != '.' && c != '-') return std::nullopt;
    }
    std::string_view rest{digits};
    if (rest.starts_with("84") && rest.size() == 11) rest.remove_prefix(2);
    else if (!plus && rest.starts_with('0') && rest.size() == 10) rest.remove_prefix(1);
    else return std::nullopt;
    if (std::string_view{"35789"}.find(rest.front()) == std::string_view::npos) return std::nullopt;
    return "+84" + std::string{rest};
}

std::optional<std::string> email(std::string_view written)
{
    auto const at = written.rfind('@');
    if (written.size() > 254 || at == std::string_view::npos || at > 64) return std::nullopt;
    if (!dotted(written.substr(0, at), atom_character) || !domain_ok(written.substr(at + 1))) return std::nullopt;
    std::string address{written};
    for (auto i = at; i < address.size(); ++i)
        if (address[i] >= 'A' && address[i] <= 'Z') address[i] = static_cast<char>(address[i] - 'A' + 'a');
    return address;
}

}  // namespace otp
