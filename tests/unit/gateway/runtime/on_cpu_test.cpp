#include "gateway/runtime/on_cpu.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/config_field.hpp"
#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/utf8.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>

namespace runtime {
namespace {

using namespace std::chrono_literals;

TEST(OnCpu, WorksOnThePoolAndComesBackToTheCore)
{
    net::thread_pool pool{1};
    net::io_context context{1};
    auto const home = std::this_thread::get_id();
    std::thread::id worked, resumed;
    auto task = [&]() -> Task<std::string> {
        auto work = [&worked] {
            worked = std::this_thread::get_id();
            return std::string(100, 'x');
        };
        auto value = co_await on_cpu(pool, work);
        resumed = std::this_thread::get_id();
        co_return value;
    };
    EXPECT_EQ(support::run_task(context, task()), std::string(100, 'x'));
    EXPECT_NE(worked, home);
    EXPECT_EQ(resumed, home);
    pool.join();
}

TEST(OnCpu, AnExceptionOfTheWorkIsThrownAtTheWait)
{
    net::thread_pool pool{1};
    net::io_context context{1};
    auto task = [&]() -> Task<int> {
        auto work = []() -> int { throw std::runtime_error("work failed"); };
        co_return co_await on_cpu(pool, work);
    };
    EXPECT_THROW(support::run_task(context, task()), std::runtime_error);
    pool.join();
}

TEST(Deadline, WhatIsLeftNeverGoesBelowNothing)
{
    EXPECT_TRUE(Deadline::after(0ms).passed());
    EXPECT_EQ(Deadline{std::chrono::steady_clock::now() - 1h}.left(), 0ms);
    auto const later = Deadline::after(1h);
    EXPECT_FALSE(later.passed());
    EXPECT_GT(later.left(), 59min);
    EXPECT_LE(later.left(), 1h);
}

TEST(Clock, TheDayIsVietnams)
{
    auto const day = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};
    EXPECT_EQ(vietnam_day(day + 16h + 59min), day);
    EXPECT_EQ(vietnam_day(day + 17h), day + std::chrono::days{1});
}

TEST(Utf8, OnlyWellFormedTextPasses)
{
    EXPECT_TRUE(is_utf8("Bảo hiểm xã hội \xF0\x9F\x98\x80"));
    for (auto const* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE0\x80\x80", "\xFF", "\xE1\xBA", "a\x80", "\xF0\x8F\xBF\xBF"})
        EXPECT_FALSE(is_utf8(bad)) << bad;
}

struct Example {
    std::uint64_t bytes = 1;
    std::chrono::milliseconds wait{1};
    std::string name;
    bool on = false;
};
constexpr std::tuple example_fields{
    Field{"example.bytes", &Example::bytes, 1u, 10u, "Bytes."},
    Field{"example.wait", &Example::wait, std::chrono::milliseconds{1}, std::chrono::seconds{2}, "Wait."},
    TextField{"example.name", &Example::name, "Name."},
    FlagField{"example.on", &Example::on, "On."},
};

TEST(ConfigField, ARowReachesItsMemberAndKnowsItsBounds)
{
    Example example;
    example.*std::get<0>(example_fields).member = 7;
    example.*std::get<2>(example_fields).member = "x";
    EXPECT_EQ(example.bytes, 7u);
    EXPECT_EQ(example.name, "x");
    EXPECT_EQ(std::get<1>(example_fields).max, 2000ms);
    EXPECT_EQ(std::get<3>(example_fields).key, "example.on");
}

}  // namespace
}  // namespace runtime
