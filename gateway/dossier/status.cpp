#include "gateway/dossier/status.hpp"

namespace dossier {

StatusText const& text_of(Status status)
{
    for (auto const& row : statuses)
        if (row.status == status) return row;
    __builtin_unreachable();
}

std::optional<Status> status_from(std::string_view id)
{
    for (auto const& row : statuses)
        if (row.id == id) return row.status;
    return std::nullopt;
}

}  // namespace dossier
