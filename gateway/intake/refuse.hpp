#pragma once

// How a handler says no: a fault by its code, or what the store said, as a problem with the request's trace.

#include "gateway/fault/fault.hpp"
#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"

#include <string>
#include <utility>

namespace intake {

[[nodiscard]] inline Reply refuse(fault::FaultCode code, std::string detail, Request const& request)
{
    return Reply::problem(fault::Fault{code, std::move(detail), {}, {}}, request.trace);
}

[[nodiscard]] inline Reply refuse(store::Failure const& failure, Request const& request)
{
    return Reply::problem(fault::fault_of(failure), request.trace);
}

}  // namespace intake
