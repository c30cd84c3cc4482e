#pragma once

// A receipt read back, by whoever checks one: the words it signs about itself. Reads nothing but receipts as we write them
// (receipt.cpp): other bytes that mean the same to an XML parser are not the receipt we gave.
//
// Threads: free functions, anywhere. Errors: nothing for other text; never throws for what it holds.

#include "gateway/runtime/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dossier {

struct ReceiptWords {
    std::string layout;     // PhienBan
    std::string key_id;     // MaKhoa; empty in layout 1
    std::string case_code;  // MaHoSo
    std::string dossier_id;
    std::string content_sha256;
    runtime::Instant received_at{};
    std::string provider;                    // MaIVAN
    std::optional<std::uint64_t> log_index;  // ViTriNhatKy; nothing in receipts of before the log
};

// No comment, instruction, CDATA or DOCTYPE, and each of these elements once: so a search of the text finds what a parser
// would (V4, V7 of the threat model). The signature is not checked here.
[[nodiscard]] std::optional<ReceiptWords> read_receipt(std::string_view xml);

}  // namespace dossier
