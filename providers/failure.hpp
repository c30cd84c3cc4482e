#pragma once

// What `providers` says when it says no.

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace providers {

enum class Refusal {
    credentials_missing,      // neither a client certificate nor a bearer key
    credentials_unknown,      // a certificate or key that no party of the registry holds
    contract_not_started,
    contract_ended,
    role_forbidden,           // known, but not for this call (a provider posting backend events)
    alias_mismatch,           // MaIVAN is not an alias of the caller
    quota_exceeded,           // rate; retry_after says when
    too_many_in_flight,       // concurrent requests of one provider
};

struct Failure {
    Refusal                   why;
    std::string               detail;
    std::chrono::milliseconds retry_after{0};
};

template <class T>
using Result = boost::system::result<T, Failure>;

[[nodiscard]] std::string_view name_of(Refusal why) noexcept;

[[noreturn]] inline void throw_exception_from_error(Failure const& failure, boost::source_location const&)
{
    throw std::logic_error("providers::Result::value() on a failure: " + failure.detail);
}

}  // namespace providers
