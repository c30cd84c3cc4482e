#pragma once

// The five public statuses of QĐ 352/QĐ-BHXH art. 12.1, and only the lawful moves between them.

#include <array>
#include <optional>
#include <string_view>

namespace dossier {

enum class Status { received, processing, done, returned, refused };

struct StatusText {
    Status status;
    std::string_view id, vi, en;
};
inline constexpr std::array<StatusText, 5> statuses{{
    {Status::received, "received", "đã tiếp nhận", "received"},
    {Status::processing, "processing", "đang xử lý", "being processed"},
    {Status::done, "done", "đã xử lý xong và đã có kết quả", "processed, result available"},
    {Status::returned, "returned", "đã trả kết quả", "result returned"},
    {Status::refused, "refused", "đã từ chối", "refused"},
}};

struct Move {
    Status from, to;
};
inline constexpr std::array<Move, 5> moves{{
    {Status::received, Status::processing},
    {Status::received, Status::refused},
    {Status::processing, Status::done},
    {Status::processing, Status::refused},
    {Status::done, Status::returned},
}};

[[nodiscard]] constexpr bool lawful(Status from, Status to)
{
    for (auto const& move : moves)
        if (move.from == from && move.to == to) return true;
    return false;
}
[[nodiscard]] constexpr bool final_status(Status status)
{
    for (auto const& move : moves)
        if (move.from == status) return false;
    return true;
}
static_assert(final_status(Status::returned) && final_status(Status::refused), "what was returned or refused never moves again");

[[nodiscard]] StatusText const& text_of(Status status);
[[nodiscard]] std::optional<Status> status_from(std::string_view id);

}  // namespace dossier
