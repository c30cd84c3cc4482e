#include "gateway/otp/vector.hpp"

#include "signing/certificate.hpp"
#include "signing/ocra.hpp"
#include "signing/otp.hpp"

#include <boost/json.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace otp {
namespace {

namespace json = boost::json;

std::string lower(std::string_view text)
{
    std::string out{text};
    std::erase(out, '-');
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

[[noreturn]] void wrong(std::string const& what) { throw std::runtime_error("otp case: " + what); }

json::value const* member(json::object const& object, std::string_view name)
{
    auto const* const value = object.if_contains(name);
    return value && !value->is_null() ? value : nullptr;
}

std::optional<std::string> text_of(json::object const& object, std::string_view name)
{
    auto const* const value = member(object, name);
    if (!value) return std::nullopt;
    if (auto const* const text = value->if_string()) return std::string{*text};
    if (value->is_int64() || value->is_uint64()) return json::serialize(*value);
    wrong(std::string{name} + " is not a text");
}

std::optional<std::uint64_t> number_of(json::object const& object, std::string_view name)
{
    auto const text = text_of(object, name);
    if (!text) return std::nullopt;
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size()) wrong(std::string{name} + " is not a whole number");
    return value;
}

std::optional<std::string> hex_of(json::object const& object, std::string_view name)
{
    auto const text = text_of(object, name);
    if (!text) return std::nullopt;
    auto bytes = signing::bytes_of_hex(*text);
    if (bytes.empty() && !text->empty()) wrong(std::string{name} + " is not hexadecimal");
    return bytes;
}

std::optional<std::uint64_t> hex_number_of(json::object const& object, std::string_view name)
{
    auto const text = text_of(object, name);
    if (!text) return std::nullopt;
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(text->data(), text->data() + text->size(), value, 16);
    if (error != std::errc{} || end != text->data() + text->size()) wrong(std::string{name} + " is not hexadecimal");
    return value;
}

std::chrono::sys_seconds time_of(json::object const& object, std::string_view name)
{
    auto const text = text_of(object, name);
    auto const time = text ? read_time(*text) : std::nullopt;
    if (!time) wrong(std::string{name} + " is missing, or neither seconds since 1970 nor a date and time");
    return *time;
}

std::string secret_of(json::object const& object)
{
    if (auto bytes = hex_of(object, "secret_hex")) return *bytes;
    if (auto text = text_of(object, "secret_ascii")) return *text;
    if (auto const text = text_of(object, "secret_base32")) {
        auto bytes = bytes_of_base32(*text);
        if (!bytes) wrong("secret_base32 is not base32");
        return *bytes;
    }
    wrong("no secret_hex, secret_ascii or secret_base32");
}

void read_ocra(json::object const& object, Vector& vector)
{
    auto suite = text_of(object, "suite");
    auto question = text_of(object, "question");
    if (!suite || !question) wrong("OCRA needs suite and question");
    vector.suite = std::move(*suite);
    vector.question = std::move(*question);
    vector.ocra_counter = number_of(object, "counter");
    vector.pin = text_of(object, "pin");
    for (auto const* const name : {"pin_sha1", "pin_sha256", "pin_sha512"})
        if (auto bytes = hex_of(object, name)) vector.pin_hash = std::move(bytes);
    vector.session = hex_of(object, "session_hex");
    if (!vector.session) vector.session = text_of(object, "session");
    vector.time_step = hex_number_of(object, "timestamp_step_hex");
    if (!vector.time_step && member(object, "time")) vector.at = time_of(object, "time");
}

std::string digest_of(std::string const& name, std::string_view text)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, name.c_str(), nullptr, text.data(), text.size(), digest.data(), &size) != 1) wrong("digest " + name);
    return {digest.begin(), digest.begin() + static_cast<std::ptrdiff_t>(size)};
}

std::string ocra_code(Vector const& vector)
{
    auto const suite = signing::read_ocra_suite(vector.suite);
    if (!suite) wrong("the suite is not one of RFC 6287");
    signing::OcraInputs inputs;
    inputs.question = vector.question;
    inputs.counter = vector.ocra_counter;
    inputs.pin_hash = vector.pin_hash;
    if (!inputs.pin_hash && vector.pin && !suite->pin.empty()) inputs.pin_hash = digest_of(suite->pin, *vector.pin);
    inputs.session = vector.session;
    inputs.time = vector.time_step;
    if (!inputs.time && suite->time_step_s != 0 && vector.at != std::chrono::sys_seconds{})
        inputs.time = static_cast<std::uint64_t>(vector.at.time_since_epoch().count()) / suite->time_step_s;
    auto const code = signing::ocra(vector.suite, vector.secret, inputs);
    if (!code) wrong("the suite asks for an input that is missing or not of its format");
    return *code;
}

}  // namespace

std::string code_of(Vector const& vector)
{
    if (vector.type == "ocra") return ocra_code(vector);
    std::optional<std::string> code;
    if (vector.type == "hotp" && vector.algorithm == "sha1") {
        code = signing::hotp(vector.secret, vector.counter, vector.digits);
    } else if (vector.type == "hotp") {
        // liboath's HOTP is RFC 4226's, over SHA-1; over other digests it is TOTP with one step a second.
        if (vector.counter > 1'000'000'000'000) wrong("a counter this large is taken with SHA1 only");
        code = signing::totp(vector.secret, std::chrono::sys_seconds{std::chrono::seconds{vector.counter}}, std::chrono::seconds{1},
                             vector.digits, vector.algorithm);
    } else if (vector.type == "totp") {
        code = signing::totp(vector.secret, vector.at, vector.step, vector.digits, vector.algorithm, vector.start);
    } else {
        wrong("type is none of HOTP, TOTP, OCRA");
    }
    if (!code) wrong("no code: 6 to 8 digits, SHA1 SHA256 or SHA512, a step of a second or more, a time not before t0");
    return *code;
}

Case read_case(json::object const& object)
{
    Case made;
    made.id = text_of(object, "id").value_or("");
    made.expected = text_of(object, "expected").value_or("");
    auto& vector = made.vector;
    vector.type = lower(text_of(object, "type").value_or(""));
    vector.secret = secret_of(object);
    if (vector.type == "ocra") {
        read_ocra(object, vector);
        return made;
    }
    vector.digits = static_cast<unsigned>(std::min<std::uint64_t>(number_of(object, "digits").value_or(6), 100));
    vector.algorithm = lower(text_of(object, "algorithm").value_or("SHA1"));
    if (vector.type == "hotp") {
        auto const counter = number_of(object, "counter");
        if (!counter) wrong("HOTP needs counter");
        vector.counter = *counter;
    } else {
        vector.at = time_of(object, "time");
        if (member(object, "t0")) vector.start = time_of(object, "t0");
        vector.step = std::chrono::seconds{std::min<std::uint64_t>(number_of(object, "period").value_or(30), 1u << 31)};
    }
    return made;
}

std::vector<json::object> cases_of(std::string_view text)
{
    boost::system::error_code error;
    auto const parsed = json::parse(json::string_view{text.data(), text.size()}, error);
    if (error) wrong("not JSON");
    auto const* list = parsed.if_array();
    std::vector<json::object> out;
    if (auto const* const object = parsed.if_object()) {
        auto const* const cases = object->if_contains("cases");
        if (!cases) return {*object};
        list = cases->if_array();
    }
    if (!list) wrong("neither a case nor a list of cases");
    for (auto const& one : *list) {
        if (!one.is_object()) wrong("a case is not an object");
        out.push_back(one.get_object());
    }
    return out;
}

std::optional<std::string> bytes_of_base32(std::string_view text)
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    while (text.ends_with('=')) text.remove_suffix(1);
    std::string bytes;
    std::uint32_t held = 0;
    int bits = 0;
    for (auto c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        auto const value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        held = held << 5 | static_cast<std::uint32_t>(value);
        if ((bits += 5) >= 8) bytes += static_cast<char>(held >> (bits -= 8) & 0xff);
    }
    return bytes;
}

std::optional<std::chrono::sys_seconds> read_time(std::string_view text)
{
    std::int64_t seconds = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc{} && end == text.data() + text.size()) {
        if (seconds < 0) return std::nullopt;
        return std::chrono::sys_seconds{std::chrono::seconds{seconds}};
    }
    auto const at = signing::read_instant(text);
    if (!at) return std::nullopt;
    return std::chrono::floor<std::chrono::seconds>(*at);
}

}  // namespace otp
