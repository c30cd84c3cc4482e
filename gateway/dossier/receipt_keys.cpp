#include "gateway/dossier/receipt_keys.hpp"

#include "gateway/dossier/time.hpp"
#include "schemas/base64.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

namespace dossier {
namespace {

namespace fs = std::filesystem;
using Problems = std::vector<std::string>;
using runtime::Instant;

// A dossier that was received before a key's end may be sealed a little after it.
constexpr std::chrono::hours late{1};

void raise_if_any(Problems const& problems)
{
    if (!problems.empty()) throw std::runtime_error(fmt::format("{}", fmt::join(problems, "\n")));
}

std::string read_file(fs::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    if (!in) throw std::runtime_error("cannot read " + file.string());
    return {std::istreambuf_iterator<char>{in}, {}};
}

// RFC 7468: lines of 64.
std::string pem_of(std::string_view der)
{
    auto const base64 = schemas::base64_encode(der);
    std::string pem = "-----BEGIN CERTIFICATE-----\n";
    for (std::size_t at = 0; at < base64.size(); at += 64) pem.append(base64, at, 64).append("\n");
    return pem + "-----END CERTIFICATE-----\n";
}

ReceiptKey certificate_alone(fs::path const& file)
{
    auto const text = read_file(file);
    auto const der = signing::certificate_der(text);
    auto const facts = signing::read_certificate(text);
    if (!der || !facts) throw std::runtime_error(file.string() + ": not exactly one certificate");
    return {key_id_of(*facts), file.stem().string(), nullptr, *facts, pem_of(*der), facts->not_before, facts->not_after};
}

// A date and time with its zone, or a day: its first instant in Vietnam.
std::optional<Instant> instant_of(toml::node const& node)
{
    using namespace std::chrono;
    auto const day_of = [](toml::date const& d) { return sys_days{year{d.year} / d.month / d.day}; };
    if (auto const day = node.value_exact<toml::date>()) return day_of(*day) - hours{7};
    auto const time = node.value_exact<toml::date_time>();
    if (!time || !time->offset) return std::nullopt;
    return day_of(time->date) + hours{time->time.hour} + minutes{time->time.minute} + seconds{time->time.second} -
           minutes{time->offset->minutes};
}

struct Said {
    std::string key;
    std::optional<Instant> from, until;
};

Said read_toml(fs::path const& file)
{
    toml::table table;
    try {
        table = toml::parse_file(file.string());
    } catch (toml::parse_error const& error) {
        throw std::runtime_error(fmt::format("{}: {}", file.string(), error.description()));
    }
    Said said;
    for (auto const& [name, node] : table) {
        if (name == "key" && node.is_string()) said.key = **node.as_string();
        else if (name == "from" && instant_of(node)) said.from = instant_of(node);
        else if (name == "until" && instant_of(node)) said.until = instant_of(node);
        else
            throw std::runtime_error(fmt::format("{}: {}: must be key = \"file:…\" or \"pkcs11:…\", from or until = a date, or a date and time with its zone",
                                                 file.string(), name.str()));
    }
    return said;
}

// A path in NAME.toml starts at its directory.
std::string beside(fs::path const& directory, std::string key)
{
    if (key.starts_with("pkcs11:")) return key;
    if (key.starts_with("file:")) key.erase(0, 5);
    return (directory / key).string();
}

ReceiptKey read_key(fs::path const& certificate, signing::TokenConfig const& token, Instant now)
{
    auto const directory = certificate.parent_path();
    auto const with = [&](char const* extension) { return fs::path{certificate}.replace_extension(extension); };
    auto made = certificate_alone(certificate);
    Said said;
    if (fs::exists(with(".toml"))) said = read_toml(with(".toml"));
    if (said.key.empty() && fs::exists(with(".key"))) said.key = with(".key").filename().string();
    made.from = said.from.value_or(made.from);
    made.until = said.until.value_or(made.until);
    if (made.from >= made.until) throw std::runtime_error(certificate.string() + ": ends before it begins");
    if (!said.key.empty() && made.until + late > now) made.pair = signing::KeyPair::open(beside(directory, said.key), certificate.string(), token);
    return made;
}

std::vector<fs::path> certificates_in(std::string const& directory)
{
    std::vector<fs::path> found;
    for (auto const& entry : fs::directory_iterator{directory})
        if (entry.path().extension() == ".pem") found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

std::shared_ptr<ReceiptKeys const> ReceiptKeys::load(ReceiptKeysConfig const& config, Instant now)
{
    std::vector<ReceiptKey> keys;
    if (config.directory.empty()) {
        auto only = certificate_alone(config.certificate_file);
        only.pair = signing::KeyPair::open(config.key, config.certificate_file, config.token);
        keys.push_back(std::move(only));
        return std::make_shared<ReceiptKeys const>(std::move(keys), now);
    }
    Problems problems;
    for (auto const& certificate : certificates_in(config.directory)) {
        try {
            keys.push_back(read_key(certificate, config.token, now));
        } catch (std::exception const& error) {
            problems.emplace_back(error.what());
        }
    }
    raise_if_any(problems);
    return std::make_shared<ReceiptKeys const>(std::move(keys), now);
}

std::string ReceiptKeys::stamp_of(ReceiptKeysConfig const& config)
{
    std::string stamp;
    auto const note = [&](fs::path const& file) {
        std::error_code error;
        auto const size = fs::file_size(file, error);
        auto const time = fs::last_write_time(file, error);
        stamp += fmt::format("{}|{}|{}\n", file.string(), error ? 0 : size, error ? 0 : time.time_since_epoch().count());
    };
    if (config.directory.empty()) {
        note(config.key.starts_with("file:") ? config.key.substr(5) : config.key);
        note(config.certificate_file);
        return stamp;
    }
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::directory_iterator at{config.directory, error}, end; !error && at != end; at.increment(error)) files.push_back(at->path());
    std::sort(files.begin(), files.end());
    for (auto const& file : files) note(file);
    return stamp;
}

ReceiptKeys::ReceiptKeys(std::vector<ReceiptKey> keys, Instant now) : keys_{std::move(keys)}
{
    std::stable_sort(keys_.begin(), keys_.end(), [](auto const& a, auto const& b) { return a.from < b.from; });
    Problems problems;
    auto covered = now;
    ReceiptKey const* before = nullptr;  // the signing key that begins before
    for (auto const& key : keys_) {
        if (find(key.id) != &key) problems.push_back(fmt::format("receipt keys {} and {} have one certificate", find(key.id)->name, key.name));
        if (key.from < key.certificate.not_before || key.until > key.certificate.not_after)
            problems.push_back(fmt::format("receipt key {}: in force outside its certificate's validity", key.name));
        if (!key.pair) continue;
        if (before && before->from == key.from) problems.push_back(fmt::format("receipt keys {} and {} begin at one instant", before->name, key.name));
        before = &key;
        if (key.until <= covered) continue;
        if (key.from > covered)
            problems.push_back(fmt::format("no receipt key is in force from {} to {}", covered == now ? "now" : vietnam_time(covered), vietnam_time(key.from)));
        covered = key.until;
    }
    if (covered == now) problems.emplace_back("no receipt key is in force now");
    raise_if_any(problems);
}

ReceiptKey const* ReceiptKeys::in_force(Instant at) const noexcept
{
    auto const found = std::find_if(keys_.rbegin(), keys_.rend(), [at](auto const& key) { return key.pair && key.from <= at && at < key.until; });
    return found == keys_.rend() ? nullptr : &*found;
}

ReceiptKey const* ReceiptKeys::find(std::string_view id) const noexcept
{
    auto const found = std::find_if(keys_.begin(), keys_.end(), [id](auto const& key) { return key.id == id; });
    return found == keys_.end() ? nullptr : &*found;
}

Instant ReceiptKeys::ends() const noexcept
{
    Instant last{};
    for (auto const& key : keys_)
        if (key.pair) last = std::max(last, key.until);
    return last;
}

std::string_view ReceiptKeys::status_of(ReceiptKey const& key, Instant now) const noexcept
{
    if (&key == in_force(now)) return "current";
    return key.from > now ? "next" : "past";
}

Receipt seal(ReceiptFacts const& facts, ReceiptKeys const& keys)
{
    auto const* const key = keys.in_force(facts.received_at);
    if (key == nullptr) throw signing::KeyTrouble{"no receipt key was in force at " + vietnam_time(facts.received_at)};
    return seal(facts, *key->pair);
}

}  // namespace dossier
