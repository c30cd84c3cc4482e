#pragma once

// The hub's database as a command's options name it. What an operator does here does not need a gateway to be up.

#include "gateway/ctl/call.hpp"
#include "gateway/ctl/context.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/store/postgres.hpp"

#include <string>

namespace ctl {

struct DatabaseOption {
    std::string url;
    void declare(CLI::App& command);  // --database-url
};

// A connection for one command. It cannot seal receipts: only a gateway gives promises.
//
// The context that answers come back on is here too: a thread of the store may still be putting its end of an answer away
// when the command has long read it, so the context goes only after the store's threads have.
class Database {
public:
    explicit Database(std::string const& url);
    // What a part of the store answers.
    template <class T>
    [[nodiscard]] T answer(runtime::Task<T> asked)
    {
        return finish(context_, std::move(asked));
    }
    [[nodiscard]] store::Queue& queue() { return postgres_.queue(); }
    [[nodiscard]] store::Reference& reference() { return postgres_.reference(); }
    [[nodiscard]] store::Grace& grace() { return postgres_.grace(); }
    [[nodiscard]] store::Otp& otp() { return postgres_.otp(); }

private:
    net::io_context context_{1};  // outlives postgres_
    observe::Metrics metrics_;
    store::Postgres postgres_;
};

// The value, or std::runtime_error with what the store said.
template <class T>
T need(store::Result<T> result, std::string_view doing)
{
    if (!result) throw std::runtime_error(std::string{doing} + ": " + std::string{store::name_of(result.error().why)} + ": " + result.error().detail);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace ctl
