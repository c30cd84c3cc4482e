#include "gateway/ctl/statement_file.hpp"

#include "gateway/dossier/receipt.hpp"
#include "gateway/dossier/time.hpp"
#include "schemas/base64.hpp"
#include "signing/signer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace ctl {
namespace {

// One line without its line feed, bounded; false at the end.
class LineReader {
public:
    explicit LineReader(std::filesystem::path const& file) : name_{file.string()}, in_{file, std::ios::binary}, room_(ledger::statement_line_bytes_max + 2)
    {
        if (!in_) throw std::runtime_error("cannot read " + name_);
    }
    bool next(std::string_view& line)
    {
        in_.getline(room_.data(), static_cast<std::streamsize>(room_.size()));
        auto const read = static_cast<std::size_t>(in_.gcount());
        if (in_.bad()) throw std::runtime_error("cannot read " + name_);
        if (read == 0 && in_.eof()) return false;
        too_long_ = in_.fail();
        whole_ = !in_.eof() && !too_long_;
        line = {room_.data(), whole_ ? read - 1 : read};
        return true;
    }
    [[nodiscard]] bool whole() const noexcept { return whole_; }  // ended by a line feed
    [[nodiscard]] bool too_long() const noexcept { return too_long_; }

private:
    std::string name_;
    std::ifstream in_;
    std::vector<char> room_;
    bool whole_ = false, too_long_ = false;
};

void find(StatementFile& file, std::string finding)
{
    if (file.findings.size() < StatementFile::findings_max) file.findings.push_back(std::move(finding));
}

// The text up to its signature and the empty line behind it; false where the file is no statement.
bool read_text(LineReader& reader, StatementFile& file)
{
    constexpr std::string_view mark = "signature ";
    std::string_view line;
    while (reader.next(line) && reader.whole()) {
        if (!line.starts_with(mark)) {
            file.text.append(line).append("\n");
            if (file.text.size() > ledger::statement_bytes_max) return false;
            continue;
        }
        auto const signature = schemas::base64_decode(line.substr(mark.size()));
        if (signature && line != "signature -") file.signature = *signature;
        if (!reader.next(line) || !line.empty()) return false;
        auto statement = ledger::read_statement(file.text);
        if (!statement) return false;
        file.statement = std::move(*statement);
        return true;
    }
    return false;
}

void compare(StatementFile& file, ledger::Statement const& counted)
{
    auto const& said = *file.statement;
    if (counted.accepted != said.accepted) find(file, fmt::format("{} accepted are listed, {} were signed for", counted.accepted, said.accepted));
    for (auto const& [code, count] : said.refused)
        if (auto const found = counted.refused.find(code); found == counted.refused.end() || found->second != count)
            find(file, fmt::format("{} refused with {} are listed, {} were signed for", found == counted.refused.end() ? 0 : found->second, code, count));
    for (auto const& [code, count] : counted.refused)
        if (!said.refused.contains(code)) find(file, fmt::format("{} refused with {} are listed, none were signed for", count, code));
    if (counted.entries != said.entries)
        find(file, fmt::format("the list is not the one that was signed: its SHA-256 is {}, not {}", signing::hex(counted.entries), signing::hex(said.entries)));
}

}  // namespace

StatementWriter::StatementWriter(std::string const& file) : name_{file}
{
    if (name_.empty() || name_ == "-") return;
    file_.open(name_, std::ios::binary | std::ios::trunc);
    if (!file_) throw std::runtime_error("cannot write " + name_);
}

void StatementWriter::begin(std::string_view text, std::string_view signature)
{
    write(text);
    write(fmt::format("signature {}\n\n", signature.empty() ? "-" : schemas::base64_encode(signature)));
}

void StatementWriter::line(std::string_view line) { write(line); }

void StatementWriter::end()
{
    if (file_.is_open()) file_.flush();
    if (!file_) throw std::runtime_error("cannot write " + name_);
}

void StatementWriter::write(std::string_view bytes)
{
    if (name_ == "-") std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    else if (file_.is_open()) file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

StatementFile check_statement(std::filesystem::path const& name, std::function<void(ledger::StatementLine const&)> const& visit)
{
    StatementFile file;
    LineReader reader{name};
    if (!read_text(reader, file)) {
        find(file, "not a statement: text, signature, empty line, list");
        return file;
    }
    auto const& said = *file.statement;
    ledger::StatementTally tally;
    std::vector<std::uint64_t> places;
    std::string_view text;
    while (reader.next(text)) {
        ++file.lines;
        auto const where = fmt::format("line {} of the list", file.lines);
        if (reader.too_long()) {
            find(file, where + " is too long, the rest was not read");
            return file;
        }
        auto const line = ledger::read_line(text, said.provider);
        if (!line || !reader.whole()) {
            find(file, fmt::format("{}: {}", where, line ? "it does not end" : line.error().detail));
            continue;
        }
        if (!ledger::belongs(*line, said.day, said.from, said.size))
            find(file, fmt::format("{}: place {} of the log, filed {}, does not belong to this statement", where, line->index,
                                   dossier::vietnam_time(ledger::time_of(line->entry))));
        places.push_back(line->index);
        tally.add(*line, std::string{text} + "\n");
        if (visit) visit(*line);
    }
    std::sort(places.begin(), places.end());
    if (auto const twice = std::adjacent_find(places.begin(), places.end()); twice != places.end())
        find(file, fmt::format("place {} of the log is listed twice", *twice));
    ledger::Statement counted;
    tally.finish(counted);
    compare(file, counted);
    return file;
}

std::string trouble_of_signature(std::vector<KnownCertificate> const& known, ledger::Hash const& key_id, std::string_view text,
                                 std::string_view signature, std::chrono::system_clock::time_point at)
{
    if (signature.empty()) return "there is no signature";
    auto const key = std::find_if(known.begin(), known.end(), [&](auto const& one) { return one.facts.fingerprint == key_id; });
    if (key == known.end()) return "none of the certificates is the key " + signing::hex(key_id);
    if (!signing::verify_text(key->der, text, signature)) return "the signature is not over this text";
    if (at < key->facts.not_before || at > key->facts.not_after) return "the certificate was not valid at " + dossier::vietnam_time(at);
    return {};
}

}  // namespace ctl
