#include "gateway/intake/doors.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

namespace intake {
namespace {

namespace ip = boost::asio::ip;
using Seconds = std::chrono::duration<double>;
constexpr std::chrono::seconds sweep_interval{1};

// An IPv4 address in IPv6 clothes is the IPv4 address.
ip::address plain(ip::address const& address)
{
    if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

template <class Bytes>
bool same_net(Bytes const& a, Bytes const& b, unsigned bits)
{
    auto const whole = bits / 8;
    if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
    if (bits % 8 == 0) return true;
    auto const mask = static_cast<unsigned char>(0xFFu << (8 - bits % 8));
    return (a[whole] & mask) == (b[whole] & mask);
}

std::string_view trimmed(std::string_view text)
{
    auto const first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

void Doors::Bucket::refill(double per_second, double most, Time now)
{
    tokens = std::min(most, tokens + std::max(0.0, Seconds{now - since}.count()) * per_second);
    since = std::max(since, now);
}

Doors::Doors(DoorsConfig const& config)
    : config_{config}, others_{0, {static_cast<double>(config.handshakes_burst), {}}}, all_{static_cast<double>(config.handshakes_burst_all), {}}
{
    std::string ignored;
    nets_ = read(config.unlimited, ignored);
}

std::vector<Doors::Net> Doors::read(std::string const& text, std::string& problem)
{
    std::vector<Net> nets;
    for (std::string_view rest = text; !rest.empty();) {
        auto const item = trimmed(rest.substr(0, rest.find(',')));
        rest.remove_prefix(std::min(rest.size(), rest.find(',') == std::string_view::npos ? rest.size() : rest.find(',') + 1));
        if (item.empty()) continue;
        auto const slash = item.find('/');
        boost::system::error_code error;
        auto const address = ip::make_address(std::string{item.substr(0, slash)}, error);
        unsigned const most = address.is_v4() ? 32 : 128;
        unsigned bits = most;
        bool ok = !error;
        if (slash != std::string_view::npos) {
            auto const* const end = item.data() + item.size();
            auto const read_bits = std::from_chars(item.data() + slash + 1, end, bits);
            ok = ok && read_bits.ec == std::errc{} && read_bits.ptr == end && bits <= most;
        }
        if (ok) nets.push_back({address, bits});
        else problem = std::string{item} + " is no address and no net such as 10.0.0.0/8";
    }
    return nets;
}

std::string unlimited_problem(std::string const& text)
{
    std::string problem;
    Doors::read(text, problem);
    return problem;
}

bool Doors::unlimited(Address const& address) const
{
    return std::any_of(nets_.begin(), nets_.end(), [&](Net const& net) {
        if (net.from.is_v4() != address.is_v4()) return false;
        return address.is_v4() ? same_net(net.from.to_v4().to_bytes(), address.to_v4().to_bytes(), net.bits)
                               : same_net(net.from.to_v6().to_bytes(), address.to_v6().to_bytes(), net.bits);
    });
}

Doors::Key Doors::key_of(Address const& address)
{
    if (address.is_v4()) return {address.to_v4().to_uint(), false};
    auto const bytes = address.to_v6().to_bytes();
    Key key{0, true};
    std::memcpy(&key.net, bytes.data(), sizeof key.net);  // the first 64 bits
    return key;
}

std::pair<Doors::Row*, Doors::Seat> Doors::row_of(Address const& address, Time now)
{
    auto const key = key_of(address);
    Seat const own{Seat::Of::address, key};
    auto const found = rows_.find(key);
    if (found != rows_.end()) return {&found->second, own};
    if (rows_.size() >= config_.addresses_max) forget_quiet_ones(now);
    if (rows_.size() >= config_.addresses_max) return {&others_, {Seat::Of::others, {}}};
    return {&rows_.emplace(key, Row{0, {static_cast<double>(config_.handshakes_burst), now}}).first->second, own};
}

// A row that holds nothing and whose bucket is full again says nothing.
void Doors::forget_quiet_ones(Time now)
{
    if (now - swept_ < sweep_interval && swept_ != Time{}) return;
    swept_ = now;
    std::erase_if(rows_, [&](auto const& entry) {
        auto bucket = entry.second.bucket;
        bucket.refill(config_.handshakes_per_second, config_.handshakes_burst, now);
        return entry.second.open == 0 && bucket.tokens >= config_.handshakes_burst;
    });
}

Doors::Answer Doors::knock(Address const& from, Time now)
{
    auto const address = plain(from);
    if (unlimited(address)) return {Verdict::come_in, {}};
    auto const [row, seat] = row_of(address, now);
    if (row->open >= config_.connections_max) return {Verdict::too_many, {}};
    row->bucket.refill(config_.handshakes_per_second, config_.handshakes_burst, now);
    if (row->bucket.tokens < 1) return {Verdict::too_often, {}};
    row->bucket.tokens -= 1;
    ++row->open;
    all_.refill(config_.handshakes_per_second_all, config_.handshakes_burst_all, now);
    all_.tokens -= 1;  // below zero: pause() says how long
    return {Verdict::come_in, seat};
}

void Doors::leave(Seat const& seat, Time now)
{
    if (seat.of == Seat::Of::nobody) return;
    auto const found = seat.of == Seat::Of::address ? rows_.find(seat.key) : rows_.end();
    auto& row = found == rows_.end() ? others_ : found->second;
    if (row.open > 0) --row.open;
    if (rows_.size() > config_.addresses_max / 2) forget_quiet_ones(now);
}

std::chrono::nanoseconds Doors::pause(Time now) const
{
    auto all = all_;
    all.refill(config_.handshakes_per_second_all, config_.handshakes_burst_all, now);
    if (all.tokens >= 0) return std::chrono::nanoseconds{0};
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Seconds{-all.tokens / config_.handshakes_per_second_all});
}

}  // namespace intake
