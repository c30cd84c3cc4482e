#pragma once

// A statement as a file: the signed text (gateway/ledger/statement.hpp), a line "signature BASE64" (- where there is none), an empty
// line, and the list. Read and written a line at a time, whatever the day has.
//
// Threads: one. Errors: std::runtime_error for trouble with the file; what is wrong with what it says is a finding.

#include "gateway/ctl/certificates.hpp"
#include "gateway/ledger/statement.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

class StatementWriter {
public:
    explicit StatementWriter(std::string const& file);  // - is standard output; empty: nowhere
    void begin(std::string_view text, std::string_view signature);
    void line(std::string_view line);  // with its line feed
    void end();

private:
    void write(std::string_view bytes);
    std::string name_;
    std::ofstream file_;
};

struct StatementFile {
    std::optional<ledger::Statement> statement;  // nothing: the file is none
    std::string text, signature;                 // octets
    std::vector<std::string> findings;           // in words; as many as findings_max
    std::uint64_t lines = 0;
    [[nodiscard]] bool sound() const noexcept { return statement && findings.empty(); }
    static constexpr std::size_t findings_max = 100;
};

// Every line read, counted, hashed and compared with what was signed; `visit` sees each. The signature is not looked at.
[[nodiscard]] StatementFile check_statement(std::filesystem::path const& file, std::function<void(ledger::StatementLine const&)> const& visit = {});

// What is wrong with a signature over a text by the key of this id; empty where nothing is.
[[nodiscard]] std::string trouble_of_signature(std::vector<KnownCertificate> const& known, ledger::Hash const& key_id, std::string_view text,
                                               std::string_view signature, std::chrono::system_clock::time_point at);

}  // namespace ctl
