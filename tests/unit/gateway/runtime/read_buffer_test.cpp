#include "gateway/runtime/read_buffer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace runtime {
namespace {

void put(ReadBuffer& buffer, std::string_view text)
{
    auto const room = buffer.room();
    ASSERT_GE(room.size(), text.size());
    std::copy(text.begin(), text.end(), room.begin());
    buffer.commit(text.size());
}

TEST(ReadBuffer, KeepsWhatWasNotUsedInOrder)
{
    BufferPool pool{8};
    ReadBuffer buffer{pool};
    EXPECT_TRUE(buffer.text().empty());
    put(buffer, "abcdef");
    buffer.consume(4);
    EXPECT_EQ(buffer.text(), "ef");
    EXPECT_EQ(buffer.room().size(), 6u) << "all that is not text";
    put(buffer, "ghijkl");
    EXPECT_EQ(buffer.text(), "efghijkl");
    EXPECT_TRUE(buffer.full());
    EXPECT_EQ(buffer.room().size(), 0u);
    buffer.consume(100);
    EXPECT_TRUE(buffer.empty());
}

TEST(ReadBuffer, RestsOnlyWhenNothingIsInIt)
{
    BufferPool pool{8};
    ReadBuffer buffer{pool};
    EXPECT_FALSE(buffer.held());
    put(buffer, "a");
    buffer.rest();
    EXPECT_TRUE(buffer.held());
    EXPECT_EQ(buffer.text(), "a");
    buffer.consume(1);
    buffer.rest();
    EXPECT_FALSE(buffer.held());
    EXPECT_EQ(pool.spare(), 1u);
    put(buffer, "b");
    EXPECT_EQ(pool.spare(), 0u) << "the same block again";
}

TEST(ReadBuffer, ThePoolKeepsNoMoreThanItsBound)
{
    BufferPool pool{8, 2};
    {
        ReadBuffer one{pool}, two{pool}, three{pool};
        for (auto* buffer : {&one, &two, &three}) put(*buffer, "x");
    }
    EXPECT_EQ(pool.spare(), 2u) << "given back also with something in them";
}

}  // namespace
}  // namespace runtime
