// Commands of ivanctl that ask the database themselves: that they end as they should.

#include "tests/support/ivanctl.hpp"
#include "tests/support/postgres.hpp"

#include <gtest/gtest.h>

#include <sched.h>

namespace {

// This process, and what it starts, on one processor.
class OneProcessor {
public:
    OneProcessor()
    {
        ::sched_getaffinity(0, sizeof before_, &before_);
        cpu_set_t one;
        CPU_ZERO(&one);
        int first = 0;
        while (first < CPU_SETSIZE - 1 && !CPU_ISSET(first, &before_)) ++first;
        CPU_SET(first, &one);
        ::sched_setaffinity(0, sizeof one, &one);
    }
    ~OneProcessor() { ::sched_setaffinity(0, sizeof before_, &before_); }
    OneProcessor(OneProcessor const&) = delete;
    OneProcessor& operator=(OneProcessor const&) = delete;

private:
    cpu_set_t before_;
};

// The thread that answers may still be at its last instructions when the command has read the answer and ends: on one
// processor more often than not. It then found the context of its answer gone, and the command ended by SIGSEGV.
TEST(IvanctlDatabase, ACommandEndsWellThoughTheThreadThatAnsweredItIsNotDoneYet)
{
    auto& database = support::Database::shared();
    database.reset();
    OneProcessor const crowded;
    for (int i = 0; i < 25; ++i) {
        auto const ran = support::ivanctl({"deadletter", "list", "--json", "--database-url", database.url()});
        ASSERT_EQ(ran.status, 0) << "run " << i << ": " << ran.text;
        ASSERT_EQ(ran.json(), boost::json::array{});
    }
}

}  // namespace
