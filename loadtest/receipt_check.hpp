#pragma once

// Computes a receipt again from the bytes it speaks of, with nothing of the code that made it: layout read as text,
// hashes and signature by OpenSSL.
//
// Threads: free functions, any thread. Errors: values.

#include <string>
#include <string_view>
#include <vector>

namespace loadtest
{

struct ReceiptWords {
    std::string case_code, dossier_id, content_sha256;
    struct FormWords {
        std::string code, sha256;
    };
    std::vector<FormWords> forms;
};
[[nodiscard]] ReceiptWords read_receipt(std::string_view receipt_xml);

// What is wrong with the receipt of an envelope; empty: nothing. Checks the SHA-256 of the envelope and of every form
// in it, the codes, the digest of the signed text and the signature value. The key comes from `certificate_pem`, or,
// where that is empty, from the receipt itself.
[[nodiscard]] std::string receipt_trouble(std::string_view receipt_xml, std::string const& envelope,
                                          std::string_view case_code, std::string_view dossier_id,
                                          std::string_view certificate_pem);

} // namespace loadtest
