#pragma once

// Vocabularies that compressors start from: the names and phrases that stand in every dossier and receipt, so that a short one
// need not say them itself. They travel with the program; a stored value names the one it was packed with.
//
// Threads: immutable.

#include <string_view>

namespace store::detail {

inline constexpr unsigned dictionary_newest = 1;  // what is packed today is packed with it
// Nothing where there is none of the number; 0 stands for none.
[[nodiscard]] std::string_view dictionary(unsigned number);

}  // namespace store::detail
