#pragma once

// What the room of one-time passwords says when it says no. Nothing here tells whether a person is registered.

#include "gateway/store/failure.hpp"

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

namespace otp {

enum class Refusal {
    malformed,    // a person, address or code not of its format
    wrong,        // no such challenge of this caller, or not its code, person or content
    expired,      // out of date, or a newer one was asked for
    exhausted,    // too many wrong tries
    used,         // it stands for another request
    too_soon,     // a limit said no: `wait` says until when
    unavailable,  // no key, no sender, or no room in the queue of messages
    store,        // the database: `store` says what
};

struct Failure {
    Refusal     why;
    std::string detail;  // for our log
    std::chrono::seconds wait{0};
    store::Failure store{store::Refusal::internal, {}};
};

template <class T>
using Result = boost::system::result<T, Failure>;

[[noreturn]] inline void throw_exception_from_error(Failure const& failure, boost::source_location const&)
{
    throw std::logic_error("otp::Result::value() on a failure: " + failure.detail);
}

}  // namespace otp
