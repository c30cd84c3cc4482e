#include "gateway/intake/doors.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace intake {
namespace {

using namespace std::chrono_literals;
using Verdict = Doors::Verdict;
constexpr Doors::Time start{};

Doors::Address at(char const* text) { return boost::asio::ip::make_address(text); }

// Doors, with what each address holds kept by the test.
struct House {
    explicit House(DoorsConfig const& config) : doors{config} {}
    Verdict knock(Doors::Address const& address, Doors::Time now)
    {
        auto const answer = doors.knock(address, now);
        if (answer.verdict == Verdict::come_in) seats[address].push_back(answer.seat);
        return answer.verdict;
    }
    void leave(Doors::Address const& address, Doors::Time now)
    {
        doors.leave(seats.at(address).back(), now);
        seats.at(address).pop_back();
    }
    Doors doors;
    std::map<Doors::Address, std::vector<Doors::Seat>> seats;
};

DoorsConfig tight()
{
    DoorsConfig config;
    config.connections_max = 3;
    config.handshakes_per_second = 1;
    config.handshakes_burst = 5;
    return config;
}

TEST(Doors, OneAddressHoldsSoManyConnectionsAndOthersTheirs)
{
    House doors{tight()};
    for (int n = 0; n < 3; ++n) EXPECT_EQ(doors.knock(at("203.0.113.7"), start), Verdict::come_in);
    EXPECT_EQ(doors.knock(at("203.0.113.7"), start), Verdict::too_many);
    EXPECT_EQ(doors.knock(at("203.0.113.8"), start), Verdict::come_in);
    doors.leave(at("203.0.113.7"), start);
    EXPECT_EQ(doors.knock(at("203.0.113.7"), start), Verdict::come_in);
}

TEST(Doors, WhoComesAndGoesWithoutEndIsTurnedAwayAfterItsBurst)
{
    House doors{tight()};
    for (int n = 0; n < 5; ++n) {
        ASSERT_EQ(doors.knock(at("203.0.113.7"), start), Verdict::come_in);
        doors.leave(at("203.0.113.7"), start);
    }
    EXPECT_EQ(doors.knock(at("203.0.113.7"), start), Verdict::too_often);
    EXPECT_EQ(doors.knock(at("203.0.113.7"), start + 999ms), Verdict::too_often);
    EXPECT_EQ(doors.knock(at("203.0.113.7"), start + 1s), Verdict::come_in) << "one a second from then on";
}

TEST(Doors, ANetOfIpv6IsOnePeerAndAMappedAddressIsItsIpv4)
{
    House doors{tight()};
    for (auto const* address : {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::3"}) EXPECT_EQ(doors.knock(at(address), start), Verdict::come_in);
    EXPECT_EQ(doors.knock(at("2001:db8:1:2::4"), start), Verdict::too_many);
    EXPECT_EQ(doors.knock(at("2001:db8:1:3::1"), start), Verdict::come_in);
    for (int n = 0; n < 3; ++n) EXPECT_EQ(doors.knock(at("198.51.100.1"), start), Verdict::come_in);
    EXPECT_EQ(doors.knock(at("::ffff:198.51.100.1"), start), Verdict::too_many);
}

TEST(Doors, ThisMachineAndNamedProxiesAreNotCounted)
{
    auto config = tight();
    config.unlimited = "127.0.0.0/8, ::1 ,10.1.2.3,172.16.0.0/12,2001:db8:f000::/36";
    EXPECT_EQ(unlimited_problem(config.unlimited), "");
    House doors{config};
    for (auto const* address : {"127.0.0.1", "127.9.9.9", "::1", "10.1.2.3", "172.31.255.1", "2001:db8:ff00::1", "::ffff:127.0.0.1"})
        for (int n = 0; n < 100; ++n) ASSERT_EQ(doors.knock(at(address), start), Verdict::come_in) << address;
    EXPECT_EQ(doors.doors.addresses(), 0u);
    EXPECT_EQ(doors.doors.pause(start), 0ns) << "nor in the sum of all";
    for (auto const* address : {"10.1.2.4", "172.32.0.1", "2001:db8:e000::1", "126.255.255.255"}) {
        for (int n = 0; n < 3; ++n) ASSERT_EQ(doors.knock(at(address), start), Verdict::come_in) << address;
        EXPECT_EQ(doors.knock(at(address), start), Verdict::too_many) << address;
    }
}

TEST(Doors, AListThatCannotBeReadIsNamed)
{
    for (auto const* text : {"localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "::/129", "1.2.3"})
        EXPECT_NE(unlimited_problem(text).find(text), std::string::npos) << text;
    EXPECT_EQ(unlimited_problem(""), "");
    EXPECT_EQ(unlimited_problem(" , ,"), "");
}

TEST(Doors, ManyAddressesTogetherMakeAcceptingPause)
{
    DoorsConfig config;
    config.handshakes_per_second_all = 100;
    config.handshakes_burst_all = 50;
    House doors{config};
    for (unsigned n = 0; n < 50; ++n) ASSERT_EQ(doors.knock(boost::asio::ip::address_v4{0x0B000000 + n}, start), Verdict::come_in);
    EXPECT_EQ(doors.doors.pause(start), 0ns);
    for (unsigned n = 50; n < 60; ++n) ASSERT_EQ(doors.knock(boost::asio::ip::address_v4{0x0B000000 + n}, start), Verdict::come_in);
    EXPECT_EQ(doors.doors.pause(start), 100ms) << "ten too many at a hundred a second";
    EXPECT_EQ(doors.doors.pause(start + 100ms), 0ns);
}

TEST(Doors, AnyNumberOfAddressesTakesBoundedMemoryAndLaterOnesShareARow)
{
    auto config = tight();
    config.addresses_max = 100;
    House doors{config};
    auto const address = [](unsigned n) { return boost::asio::ip::address_v4{0x0B000000 + n}; };
    for (unsigned n = 0; n < 100; ++n) ASSERT_EQ(doors.knock(address(n), start), Verdict::come_in);
    for (unsigned n = 100; n < 103; ++n) ASSERT_EQ(doors.knock(address(n), start + 2s), Verdict::come_in);
    EXPECT_EQ(doors.knock(address(103), start + 2s), Verdict::too_many);
    EXPECT_EQ(doors.doors.addresses(), 100u);
    for (unsigned n = 0; n < 103; ++n) doors.leave(address(n), start + 3s);
    for (unsigned n = 104; n < 106; ++n) EXPECT_EQ(doors.knock(address(n), start + 60s), Verdict::come_in);
    EXPECT_LT(doors.doors.addresses(), 10u) << "the quiet ones are forgotten";
}

TEST(DoorsProperty, AnyComingAndGoingKeepsTheBounds)
{
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        std::mt19937_64 random{seed};
        auto config = tight();
        config.addresses_max = 8;
        House doors{config};
        std::vector<Doors::Address> open;
        std::map<Doors::Address, unsigned> held;
        auto now = start;
        for (int step = 0; step < 5000; ++step) {
            now += std::chrono::milliseconds{random() % 400};
            if (random() % 2 == 0 || open.empty()) {
                Doors::Address const from = boost::asio::ip::address_v4{0x0B000000 + static_cast<unsigned>(random() % 16)};
                if (doors.knock(from, now) == Verdict::come_in) {
                    open.push_back(from);
                    ASSERT_LE(++held[from], 2 * config.connections_max) << "its own row, and the shared one where it came before";
                }
            } else {
                auto const n = random() % open.size();
                doors.leave(open[n], now);
                --held[open[n]];
                open.erase(open.begin() + static_cast<std::ptrdiff_t>(n));
            }
            ASSERT_LE(doors.doors.addresses(), 8u);
            ASSERT_LE(open.size(), 9 * config.connections_max);
        }
    }
}

}  // namespace
}  // namespace intake
