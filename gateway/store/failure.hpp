#pragma once

// What `store` says when it says no.

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace store {

enum class Refusal {
    busy,                 // a queue of ours is at its bound: nothing was tried
    unavailable,          // the database cannot be reached or refuses work: nothing was stored
    deadline_passed,      // nothing was stored before the deadline
    outcome_unknown,      // the connection died during commit: neither yes nor no; the same bytes again resolve it
    key_reused,           // this provider used this idempotency key for other bytes
    duplicate,            // this provider stored these bytes under another key: Failure::original
    correction_invalid,   // what it declares to correct is no accepted dossier of the same provider and unit
    unit_owner_mismatch,  // the unit code is registered with another tax code
    otp_used,             // the one-time password stands for another request already
    not_found,
    status_unlawful,      // a move QĐ 352 art. 12 does not know
    event_conflict,       // this event_id was used for another event
    behind,               // no signed head of the log covers this entry yet
    internal,             // the database refused a statement of ours: our bug
};

// The dossier that a duplicate repeats.
struct Original {
    std::string dossier_id, case_code;
};

struct Failure {
    Refusal     why;
    std::string detail;
    std::optional<Original> original = {};  // of a duplicate
};

template <class T>
using Result = boost::system::result<T, Failure>;

[[nodiscard]] std::string_view name_of(Refusal why) noexcept;

[[noreturn]] inline void throw_exception_from_error(Failure const& failure, boost::source_location const&)
{
    throw std::logic_error("store::Result::value() on a failure: " + failure.detail);
}

}  // namespace store
