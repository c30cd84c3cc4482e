#include "gateway/revocation/shelf.hpp"

#include "gateway/observe/log.hpp"
#include "signing/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

namespace revocation {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view extension = ".evidence";
// Evidence that has ended still knows what was revoked, and serves an anchor's grace; after so long it serves nobody.
constexpr std::chrono::hours kept_after_end{90 * 24};

std::optional<std::string> read_file(fs::path const& path, std::size_t bytes_max)
{
    std::error_code error;
    auto const size = fs::file_size(path, error);
    if (error || size > bytes_max) return std::nullopt;
    std::ifstream in{path, std::ios::binary};
    if (!in) return std::nullopt;
    return std::string{std::istreambuf_iterator<char>{in}, {}};
}

signing::Revocations::Piece piece_of(std::string name, std::string bytes) { return {std::move(name), std::move(bytes)}; }

std::vector<signing::Revocations::Piece> pieces_in(fs::path const& directory, std::size_t bytes_max)
{
    std::vector<signing::Revocations::Piece> pieces;
    std::error_code error;
    for (fs::directory_iterator it{directory, error}, end; !error && it != end; it.increment(error)) {
        auto const end_of_name = it->path().extension();
        if (end_of_name != ".pem" && end_of_name != ".der" && end_of_name != ".crl") continue;
        if (auto bytes = read_file(it->path(), bytes_max)) pieces.push_back(piece_of(it->path().string(), std::move(*bytes)));
    }
    std::sort(pieces.begin(), pieces.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
    return pieces;
}

// Whole or not at all, also where the power fails: a new file beside the old one, then renamed. Empty: done.
std::string write_atomically(fs::path const& path, std::string_view header, std::string_view bytes)
{
    auto const beside = fmt::format("{}.{}.new", path.string(), ::getpid());  // gateways may share the folder
    int const file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return std::strerror(errno);
    std::string trouble;
    for (auto part : {header, bytes})
        while (!part.empty() && trouble.empty()) {
            auto const written = ::write(file, part.data(), part.size());
            if (written > 0) part.remove_prefix(static_cast<std::size_t>(written));
            else if (errno != EINTR) trouble = std::strerror(errno);
        }
    if (trouble.empty() && ::fsync(file) != 0) trouble = std::strerror(errno);
    ::close(file);
    if (trouble.empty() && ::rename(beside.c_str(), path.c_str()) != 0) trouble = std::strerror(errno);
    if (!trouble.empty()) ::unlink(beside.c_str());
    return trouble;
}

// -1, 0, 1 as of whole numbers in hex.
int compare_hex(std::string_view a, std::string_view b)
{
    auto const plain = [](std::string_view digits) { return digits.substr(std::min(digits.find_first_not_of('0'), digits.size())); };
    a = plain(a);
    b = plain(b);
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
    int const order = a.compare(b);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
}

}  // namespace

Shelf::Shelf(RevocationConfig const& config, fs::path trust_directory)
    : config_{config}, trust_directory_{std::move(trust_directory)},
      state_directory_{config.state_directory.empty() ? trust_directory_ / "fetched" : fs::path{config.state_directory}}
{
}

fs::path Shelf::file_of(std::string_view key) const { return state_directory_ / (signing::hex(signing::sha256(key)) + std::string{extension}); }

void Shelf::load()
{
    std::error_code error;
    std::size_t total = 0;
    for (fs::directory_iterator it{state_directory_, error}, end; !error && it != end; it.increment(error)) {
        if (it->path().extension() != extension) continue;
        auto const whole = read_file(it->path(), config_.crl_bytes_max + kept_header_bytes_max);
        auto read = whole ? read_kept(*whole) : std::nullopt;
        if (!read || file_of(read->key) != it->path() || total + whole->size() > config_.evidence_bytes_max) {
            observe::log(observe::Level::warning, "a file of fetched evidence is passed over", {{"file", it->path().string()}});
            continue;
        }
        total += read->piece.bytes.size();
        items_.insert_or_assign(std::move(read->key), std::move(read->piece));
    }
}

void Shelf::read_directory()
{
    directory_crls_ = pieces_in(trust_directory_ / "crls", config_.crl_bytes_max);
    directory_ocsp_ = pieces_in(trust_directory_ / "ocsp", config_.ocsp_bytes_max);
}

std::size_t Shelf::bytes() const
{
    std::size_t total = 0;
    for (auto const& [key, item] : items_) total += item.bytes.size();
    return total;
}

signing::Revocations::Made Shelf::make(std::vector<std::string> const& authorities,
                                       std::shared_ptr<signing::Revocations const> const& former) const
{
    Pieces crls = directory_crls_, ocsp = directory_ocsp_;
    for (auto const& [key, item] : items_) (item.kind == Kind::ocsp ? ocsp : crls).push_back(piece_of(key, item.bytes));
    return signing::Revocations::make(authorities, crls, ocsp, former);
}

std::map<std::string, Shelf::Mark, std::less<>> Shelf::marks_of(signing::Revocations const& revocations) const
{
    std::map<std::string, Mark, std::less<>> marks;
    for (auto const& facts : revocations.facts())
        marks.insert_or_assign(facts.name, Mark{facts.issuer, facts.number, facts.evidence.this_update, facts.evidence.next_update});
    // The same bytes from several addresses, or from the trust directory too, are one piece: the first one's name has it.
    std::vector<std::pair<std::string_view, std::string_view>> named;  // bytes, name
    for (auto const* pieces : {&directory_crls_, &directory_ocsp_})
        for (auto const& piece : *pieces) named.emplace_back(piece.bytes, piece.name);
    for (auto const& [key, item] : items_) named.emplace_back(item.bytes, key);
    for (auto const& [key, item] : items_) {
        if (marks.contains(key)) continue;
        auto const same = std::find_if(named.begin(), named.end(), [&](auto const& one) { return one.first == item.bytes && marks.contains(one.second); });
        if (same != named.end()) marks.emplace(key, marks.find(same->second)->second);
    }
    return marks;
}

Put Shelf::put(std::vector<Arrival> arrivals, std::vector<std::string> const& authorities,
               std::shared_ptr<signing::Revocations const> const& former, Instant now)
{
    Put result;
    std::map<std::string, std::optional<Kept>> before;  // of each arrival's key: nothing where we held nothing
    auto total = bytes();
    for (auto& arrival : arrivals) {
        auto const held = items_.find(arrival.key);
        auto const freed = held == items_.end() ? 0 : held->second.bytes.size();
        auto& verdict = result.verdicts[arrival.key];
        if (held != items_.end() && held->second.bytes == arrival.bytes && marks_.contains(arrival.key)) {
            held->second.version = std::move(arrival.version);
            verdict.outcome = Outcome::unchanged;
            continue;
        }
        if (total - freed + arrival.bytes.size() > config_.evidence_bytes_max) {
            verdict.trouble = "no room: revocation.evidence_bytes_max";
            result.troubles.push_back(verdict.trouble);
            continue;
        }
        total += arrival.bytes.size() - freed;
        before.emplace(arrival.key, held == items_.end() ? std::nullopt : std::optional{std::move(held->second)});
        items_.insert_or_assign(arrival.key, Kept{arrival.kind, std::move(arrival.url), std::move(arrival.version), now, std::move(arrival.bytes)});
    }

    if (before.empty() && !arrivals.empty() && former) {
        describe(result);
        result.revocations = former;
        return result;
    }

    auto made = make(authorities, former);
    auto marks = marks_of(*made.revocations);
    bool taken_back = false;
    for (auto& [key, old] : before) {
        auto& verdict = result.verdicts[key];
        auto const refused = std::find_if(made.refused.begin(), made.refused.end(), [&](auto const& r) { return r.name == key; });
        auto const mark = marks.find(key);
        if (refused != made.refused.end()) verdict.trouble = refused->why;
        else if (mark == marks.end()) verdict.trouble = "it says nothing";
        else if (auto const last = marks_.find(key); last != marks_.end() && last->second.issuer == mark->second.issuer) {
            bool const numbered = !last->second.number.empty() && !mark->second.number.empty();
            bool const older = numbered && compare_hex(mark->second.number, last->second.number) < 0;
            if (older || mark->second.this_update < last->second.this_update) verdict.trouble = "older than what is held";
        }
        if (verdict.trouble.empty()) {
            verdict.outcome = Outcome::fetched;
            continue;
        }
        taken_back = true;
        if (old) items_.insert_or_assign(key, std::move(*old));
        else items_.erase(key);
    }
    if (taken_back) {
        made = make(authorities, former);
        marks = marks_of(*made.revocations);
    }
    marks_ = std::move(marks);
    std::set<std::string> refused_now;
    for (auto const& refused : made.refused)
        if (refused_now.insert(refused.name + ": " + refused.why).second && !refused_.contains(refused.name + ": " + refused.why))
            observe::log(observe::Level::warning, "evidence refused", {{"name", refused.name}, {"why", refused.why}});
    refused_ = std::move(refused_now);
    for (auto const& [key, verdict] : result.verdicts)
        if (verdict.outcome == Outcome::fetched) write(key, items_.at(key), result.troubles);
    describe(result);
    make_room(now);
    result.revocations = std::move(made.revocations);
    return result;
}

void Shelf::describe(Put& result) const
{
    for (auto& [key, verdict] : result.verdicts) {
        if (auto const mark = marks_.find(key); mark != marks_.end()) verdict.next_update = mark->second.next_update;
        verdict.version = version_of(key);
        if (verdict.outcome == Outcome::refused)
            observe::log(observe::Level::warning, "fetched evidence refused", {{"source", key}, {"why", verdict.trouble}});
    }
}

// What it drops leaves the next snapshot: the one just made may keep it.
void Shelf::make_room(Instant now)
{
    std::vector<std::pair<Instant, std::string>> responses;
    std::vector<std::string> old;
    for (auto const& [key, item] : items_) {
        auto const mark = marks_.find(key);
        auto const ends = mark == marks_.end() ? item.fetched_at : mark->second.next_update;
        if (ends + kept_after_end < now) old.push_back(key);
        else if (item.kind == Kind::ocsp) responses.emplace_back(ends, key);
    }
    std::sort(responses.begin(), responses.end());
    for (std::size_t i = 0; i + config_.responses_max < responses.size(); ++i) old.push_back(responses[i].second);
    for (auto const& key : old) drop(key);
}

void Shelf::drop(std::string const& key)
{
    std::error_code ignored;
    fs::remove(file_of(key), ignored);
    items_.erase(key);
    marks_.erase(key);
}

void Shelf::write(std::string const& key, Kept const& item, std::vector<std::string>& troubles) const
{
    std::error_code error;
    fs::create_directories(state_directory_, error);
    auto const trouble = write_atomically(file_of(key), kept_header(key, item), item.bytes);
    if (!trouble.empty()) troubles.push_back(fmt::format("{} cannot be written: {}", state_directory_.string(), trouble));
}

std::vector<Shelf::Known> Shelf::known() const
{
    std::vector<Known> known;
    for (auto const& [key, item] : items_) {
        auto const mark = marks_.find(key);
        if (item.kind == Kind::ocsp || mark == marks_.end()) continue;
        known.push_back({item.kind, item.url, item.fetched_at, mark->second.next_update, item.version});
    }
    return known;
}

Version Shelf::version_of(std::string_view key) const
{
    auto const found = items_.find(key);
    // A piece that does not verify must come whole again, not be told "unchanged".
    return found == items_.end() || !marks_.contains(key) ? Version{} : found->second.version;
}

}  // namespace revocation
