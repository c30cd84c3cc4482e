#include "tests/vectors/tally.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace vectors {
namespace {

namespace fs = std::filesystem;

// "Dossiers/Foreign.IsAccepted/java_rsa" as one part of a path.
std::string test_name()
{
    auto const* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = test ? std::string{test->test_suite_name()} + "." + test->name() : "outside_a_test";
    std::ranges::replace(name, '/', '_');
    return name;
}

boost::json::array listed(std::map<std::string, std::string, std::less<>> const& notes)
{
    boost::json::array made;
    for (auto const& [id, text] : notes) made.push_back({{"id", id}, {"why", text}});
    return made;
}

}  // namespace

std::optional<fs::path> folder_of(std::string_view file)
{
    auto const* const root = std::getenv("IVAN_VECTORS");
    if (root && fs::exists(fs::path{root} / file)) return (fs::path{root} / file).parent_path();
    return std::nullopt;
}

Tally::Tally(std::string topic, std::span<Difference const> differences)
    : Tally{std::move(topic), differences, fs::path{IVAN_BINARY_DIR} / "vectors"}
{
}

Tally::Tally(std::string topic, std::span<Difference const> differences, fs::path const& folder)
    : topic_{std::move(topic)}, file_{folder / topic_ / (test_name() + ".json")}
{
    for (auto const& one : differences) {
        if (!expected_.emplace(one.id, one.why).second) failed(one.id, "stands twice in the table of differences");
    }
    fs::create_directories(file_.parent_path());
    write(false);
}

Tally::~Tally() { finish(); }

std::optional<fs::path> Tally::vectors(std::string_view file)
{
    auto folder = folder_of(file);
    if (!folder) skip("IVAN_VECTORS names no folder with " + std::string{file} + " in it");
    return folder;
}

void Tally::skip(std::string why) { skipped_ = std::move(why); }

bool Tally::first_time(std::string_view id)
{
    if (seen_.emplace(id).second) return true;
    failed_[std::string{id}] = "recorded twice";
    return false;
}

void Tally::judge(std::string_view id, bool agrees, std::string_view what_we_say)
{
    auto const expected = expected_.find(id);
    if (expected == expected_.end()) {
        if (agrees) return agreed(id);
        return failed(id, what_we_say.empty() ? "does not agree" : what_we_say);
    }
    if (agrees) return failed(id, "agrees, but the table of differences says: " + expected->second);
    differs(id, expected->second);
}

void Tally::agreed(std::string_view id)
{
    if (first_time(id)) ++agreed_;
}

void Tally::differs(std::string_view id, std::string_view why)
{
    if (why.empty()) return failed(id, "differs, and nobody says why");
    if (first_time(id)) differing_.emplace(id, why);
}

void Tally::not_applicable(std::string_view id, std::string_view why)
{
    if (why.empty()) return failed(id, "is said not to apply, and nobody says why");
    if (first_time(id)) not_applicable_.emplace(id, why);
}

void Tally::failed(std::string_view id, std::string_view what)
{
    if (first_time(id)) failed_.emplace(id, what);
}

void Tally::finish()
{
    if (finished_) return;
    finished_ = true;
    if (skipped_.empty()) {
        for (auto const& [id, why] : expected_)
            if (!seen_.contains(id)) failed(id, "stands in the table of differences, but no case has this id");
        if (seen_.empty()) failed("(none)", "no case was recorded");
    }
    write(true);
    for (auto const& [id, what] : failed_) ADD_FAILURE() << topic_ << " " << id << ": " << what;
    if (skipped_.empty())
        std::printf("%s: %zu run, %zu agreed, %zu differing on purpose, %zu not applicable, %zu failed\n", topic_.c_str(), run(), agreed_,
                    differing_.size(), not_applicable_.size(), failed_.size());
    else
        std::printf("%s: skipped, %s\n", topic_.c_str(), skipped_.c_str());
}

void Tally::write(bool finished) const
{
    boost::json::object const made{{"topic", topic_},
                                   {"test", file_.stem().string()},
                                   {"finished", finished},
                                   {"skipped", skipped_},
                                   {"run", run()},
                                   {"agreed", agreed_},
                                   {"differing", listed(differing_)},
                                   {"not_applicable", listed(not_applicable_)},
                                   {"failed", listed(failed_)}};
    std::ofstream out{file_, std::ios::binary | std::ios::trunc};
    out << boost::json::serialize(made) << '\n';
    if (!out.flush()) ADD_FAILURE() << "cannot write " << file_;
}

}  // namespace vectors
