#include "gateway/intake/request.hpp"

#include "gateway/intake/framing.hpp"

namespace intake {

std::string_view Request::header(std::string_view name) const
{
    for (auto const& [known, value] : headers)
        if (equal_ignoring_case(known, name)) return value;
    return {};
}

}  // namespace intake
