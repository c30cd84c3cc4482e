// What a provider may hand to a verifier of statements: text and lines are refused or write back as they were.

#include "gateway/ledger/statement.hpp"
#include "tests/fuzz/must.hpp"

using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::text_of(data, size);
    if (auto const statement = ledger::read_statement(text)) {
        must(size <= ledger::statement_bytes_max);
        must(*ledger::canonical_statement(*statement) == text);
    }
    if (auto const line = ledger::read_line(text, "THAISON")) {
        must(size < ledger::statement_line_bytes_max);
        must(*ledger::written_line(*line) == std::string{text} + "\n");
        must(ledger::bytes_of(line->entry).has_value());
        ledger::StatementTally tally;
        tally.add(*line, text);
    }
    return 0;
}
