#pragma once

// The files of gateway/store/migrations, compiled in by CMake, in order of their names.

#include <span>
#include <string_view>

namespace store::detail {

struct Migration {
    std::string_view version;  // "0001_journal"
    std::string_view sql;
};
[[nodiscard]] std::span<Migration const> migrations();

}  // namespace store::detail
