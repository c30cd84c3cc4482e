#include "gateway/fault/fault.hpp"

#include "gateway/runtime/assert.hpp"

#include <boost/assert/source_location.hpp>

#include <array>
#include <stdexcept>

namespace fault {
namespace {

constexpr std::array rows{
#define FAULT(name, id, blame, http, retry, en, vi) Row{FaultCode::name, #name, id, Blame::blame, http, Retry::retry, en, vi},
#include "gateway/fault/faults.def"
#undef FAULT
};

constexpr bool ids_are_unique()
{
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t j = i + 1; j < rows.size(); ++j)
            if (rows[i].id == rows[j].id) return false;
    return true;
}
static_assert(ids_are_unique(), "one id, one meaning");

}  // namespace

Row const& row_of(FaultCode code)
{
    auto const index = static_cast<std::size_t>(code);
    GW_ASSERT(index < rows.size() && rows[index].code == code);
    return rows[index];
}

std::span<Row const> catalogue() { return rows; }

void throw_exception_from_error(Fault const& fault, boost::source_location const&)
{
    throw std::logic_error("fault::Result::value() on a fault: " + std::string{row_of(fault.code).name} + ": " + fault.detail);
}

}  // namespace fault
