#pragma once

// What became of the cases of one topic of other people's test material: how many ran, agreed, differ on purpose, do
// not apply, failed. Every test of tests/vectors keeps one, and `ops/test` adds them up into the table it prints.
//
//   Tally tally{"xsd", differences};                        // the table: id and why, for cases where we differ on purpose
//   auto const folder = tally.vectors("xsd/manifest.json"); // $IVAN_VECTORS/xsd; notes the topic as skipped where absent
//   if (!folder) GTEST_SKIP() << tally.skipped();
//   for (auto const& one : cases) tally.judge(one.id, verdict == one.expected, "we say " + verdict);
//
// It can fail: a case that failed, a case recorded twice, a difference on purpose that in truth agrees or that no case
// met, and a tally without any case each fail the test. What it writes (<build>/vectors/<topic>/<test>.json) says
// "unfinished" until the tally has ended, so that a test that crashes is seen in the table as well.
//
// Threads: one. Errors: failures of the running test. Own choice of ours, no standard behind it.

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace vectors {

// Where we differ on purpose: which case, and why that is right.
struct Difference {
    std::string_view id, why;
};

// The folder of $IVAN_VECTORS that holds this file ("xsd/manifest.json" gives …/xsd), where there is one.
[[nodiscard]] std::optional<std::filesystem::path> folder_of(std::string_view file);

class Tally {
public:
    explicit Tally(std::string topic, std::span<Difference const> differences = {});
    // The same, written elsewhere: for tests of the tally itself.
    Tally(std::string topic, std::span<Difference const> differences, std::filesystem::path const& folder);
    ~Tally();
    Tally(Tally const&) = delete;
    Tally& operator=(Tally const&) = delete;

    // folder_of(); the topic is noted as skipped where there is none.
    [[nodiscard]] std::optional<std::filesystem::path> vectors(std::string_view file);
    void skip(std::string why);
    [[nodiscard]] std::string const& skipped() const { return skipped_; }

    // One case: does our verdict agree with what was expected? If not, and the table of differences names the case, it
    // differs on purpose; if it agrees although the table names it, the table is stale, which is a failure.
    void judge(std::string_view id, bool agrees, std::string_view what_we_say = {});

    // The same by hand, where a test decides for itself.
    void agreed(std::string_view id);
    void differs(std::string_view id, std::string_view why);
    void not_applicable(std::string_view id, std::string_view why);
    void failed(std::string_view id, std::string_view what);

    [[nodiscard]] std::size_t run() const { return agreed_ + differing_.size() + failed_.size(); }
    [[nodiscard]] std::size_t agreed_count() const { return agreed_; }
    [[nodiscard]] std::size_t failed_count() const { return failed_.size(); }

    // Writes the file, prints one line, and fails the test for what must not be. The destructor does it at the latest.
    void finish();

private:
    using Notes = std::map<std::string, std::string, std::less<>>;

    [[nodiscard]] bool first_time(std::string_view id);
    void write(bool finished) const;

    std::string topic_;
    std::map<std::string, std::string, std::less<>> expected_;  // differences on purpose
    std::filesystem::path file_;
    std::string skipped_;
    std::set<std::string, std::less<>> seen_;
    std::size_t agreed_ = 0;
    Notes differing_, not_applicable_, failed_;
    bool finished_ = false;
};

}  // namespace vectors
