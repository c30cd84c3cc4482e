#pragma once

// What a failure means outside is decided once, here: one row per fault in faults.def, one exhaustive switch per
// module below. Leaves know nothing of HTTP.

#include "gateway/otp/failure.hpp"
#include "gateway/store/failure.hpp"
#include "providers/failure.hpp"
#include "schemas/failure.hpp"
#include "signing/failure.hpp"

#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fault {

enum class Blame { provider, backend, hub, peer };
enum class Retry { never, same, after };  // what sending again is worth: nothing · the same bytes · after a while

enum class FaultCode {
#define FAULT(name, id, blame, http, retry, en, vi) name,
#include "gateway/fault/faults.def"
#undef FAULT
};

struct Row {
    FaultCode        code;
    std::string_view name, id;  // "signature_invalid", "GW-2001"
    Blame            blame;
    int              http;
    Retry            retry;
    std::string_view en, vi;    // the sentences the peer may read
};

struct Fault {
    FaultCode   code;
    std::string detail;  // for our log alone
    std::vector<schemas::Finding> findings;
    std::chrono::seconds retry_after{0};  // for Retry::after; 0: the default of admission
    std::vector<std::string> wanted = {};  // revocation_unknown: what evidence was lacking (signing::Failure::wanted)
    std::optional<store::Original> original = {};  // content_duplicate: whose content it is
    std::vector<std::pair<std::string, std::string>> headers = {};  // of the answer, beside those every problem has
};

template <class T>
using Result = boost::system::result<T, Fault>;

[[nodiscard]] Row const& row_of(FaultCode code);
[[nodiscard]] std::span<Row const> catalogue();

[[nodiscard]] Fault fault_of(schemas::Failure const& failure);
[[nodiscard]] Fault fault_of(signing::Failure const& failure);
[[nodiscard]] Fault fault_of(providers::Failure const& failure);
[[nodiscard]] Fault fault_of(store::Failure const& failure);
[[nodiscard]] Fault fault_of(otp::Failure const& failure);

[[noreturn]] void throw_exception_from_error(Fault const& fault, boost::source_location const&);

}  // namespace fault
