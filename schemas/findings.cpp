#include "schemas/findings.hpp"

#include "schemas/detail/findings.hpp"

#include <fmt/format.h>

namespace schemas {

std::vector<Finding> Findings::take() &&
{
    if (total_ > kept_.size()) {
        if (!kept_.empty()) kept_.pop_back();  // Its place is for the one that says how many more.
        auto const more = total_ - kept_.size();
        kept_.push_back(detail::make_finding(detail::FindingId::findings_more, {}, {}, 0, fmt::format("{} more.", more),
                                             fmt::format("Còn {} lỗi nữa.", more)));
    }
    return std::move(kept_);
}

}  // namespace schemas
