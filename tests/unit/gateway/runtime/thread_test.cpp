#include "gateway/runtime/thread.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace {

std::string name_within(std::string_view given)
{
    std::array<char, 16> name{};
    std::thread{[&] {
        runtime::name_thread(given);
        pthread_getname_np(pthread_self(), name.data(), name.size());
    }}.join();
    return name.data();
}

TEST(NameThread, IsWhatTheSystemShows) { EXPECT_EQ(name_within("commit"), "commit"); }
TEST(NameThread, IsCutWhereTheSystemEnds) { EXPECT_EQ(name_within("a name much too long"), "a name much too"); }

}  // namespace
