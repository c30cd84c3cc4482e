#include "loadtest/drill/ledger.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace loadtest::drill
{

namespace
{

std::int64_t microseconds(runtime::Instant at)
{
    return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

runtime::Instant instant_of(std::string const& text, std::string const& file)
{
    std::int64_t value = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size()) throw std::runtime_error(file + ": not a time: " + text);
    return runtime::Instant{std::chrono::microseconds{value}};
}

Taken::As taken_as(std::string const& word, std::string const& file)
{
    if (word == "taken") return Taken::As::fresh;
    if (word == "again") return Taken::As::again;
    if (word == "refused") return Taken::As::refused;
    if (word == "overlap") return Taken::As::overlap;
    throw std::runtime_error(file + ": not a way to take a dossier: " + word);
}

// Lines of `count` words between tabs. A line cut off in the middle is the end: its writer was killed.
template <class Visit>
void for_each_line(std::string const& file, std::size_t count, Visit visit)
{
    std::ifstream in{file};
    if (!in) throw std::runtime_error("cannot read " + file);
    for (std::string line; std::getline(in, line) && !in.eof();) {
        std::vector<std::string> words{{}};
        for (char const c : line) {
            if (c == '\t') words.emplace_back();
            else words.back() += c;
        }
        if (words.size() != count) throw std::runtime_error(file + ": not a line of ours: " + line);
        visit(words);
    }
}

} // namespace

Ledger::Ledger(std::string const& file) : out_{file, std::ios::app}
{
    if (!out_) throw std::runtime_error("cannot write " + file);
}

void Ledger::write(Entry const& e)
{
    out_ << fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", microseconds(e.at), e.key, e.content_sha256, e.dossier_id, e.case_code,
                        e.unit_code, e.agency, e.receipt_sha256, e.xml ? "xml" : "json")
         << std::flush;
    if (!out_) throw std::runtime_error("the ledger cannot be written");
}

std::vector<Entry> read_ledger(std::string const& file)
{
    std::vector<Entry> entries;
    for_each_line(file, 9, [&](std::vector<std::string>& w) {
        entries.push_back({instant_of(w[0], file), w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8] == "xml"});
    });
    return entries;
}

std::vector<Taken> read_record(std::string const& file)
{
    std::vector<Taken> taken;
    for_each_line(file, 8, [&](std::vector<std::string>& w) {
        taken.push_back({instant_of(w[0], file), taken_as(w[1], file), w[2], w[3], w[4], w[5], w[6], w[7]});
    });
    return taken;
}

std::vector<Fault> read_faults(std::string const& file)
{
    std::vector<Fault> faults;
    for_each_line(file, 3, [&](std::vector<std::string>& w) { faults.push_back({w[0], instant_of(w[1], file), instant_of(w[2], file)}); });
    return faults;
}

} // namespace loadtest::drill
