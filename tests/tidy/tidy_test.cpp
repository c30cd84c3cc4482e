// The walls of the house, read from the sources themselves: arrows between folders, private folders, known traps.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
fs::path const root{IVAN_SOURCE_DIR};

std::string text_of(fs::path const& path)
{
    std::ifstream in{path, std::ios::binary};
    EXPECT_TRUE(in) << path;
    return {std::istreambuf_iterator<char>{in}, {}};
}

// Every file of ours with one of the endings, by its path from the root; what is built, private or fetched is not ours.
std::vector<std::string> files(std::set<std::string> const& endings)
{
    static std::set<std::string> const not_ours{"build", "var", ".git", "node_modules", ".cache"};
    std::vector<std::string> found;
    for (auto it = fs::recursive_directory_iterator{root}; it != fs::recursive_directory_iterator{}; ++it) {
        if (it->is_directory() && not_ours.contains(it->path().filename().string())) it.disable_recursion_pending();
        if (it->path().filename() == ".git") continue;  // a file in a second working tree
        if (it->is_regular_file() && (endings.empty() || endings.contains(it->path().extension().string())))
            found.push_back(fs::relative(it->path(), root).generic_string());
    }
    std::sort(found.begin(), found.end());
    return found;
}
std::vector<std::string> sources() { return files({".cpp", ".hpp"}); }

bool within(std::string_view path, std::string_view folder)
{
    return path == folder || (path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/');
}

struct Arrows {
    std::map<std::string, std::vector<std::string>> may_use;  // folder → folders, or "*"
    std::vector<std::pair<std::string, std::vector<std::string>>> only;  // beginning of an include → folders that may

    [[nodiscard]] std::string folder_of(std::string_view path) const
    {
        std::string longest;
        for (auto const& [folder, used] : may_use)
            if (within(path, folder) && folder.size() > longest.size()) longest = folder;
        return longest;
    }
    [[nodiscard]] bool allows(std::string const& from, std::string const& to) const
    {
        if (from == to) return true;
        auto const& used = may_use.at(from);
        return std::any_of(used.begin(), used.end(), [&](auto const& u) { return u == "*" || u == to; });
    }
};

Arrows read_arrows()
{
    Arrows arrows;
    std::istringstream in{text_of(root / "tests/tidy/arrows.txt")};
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#') continue;
        auto const colon = line.find(':');
        EXPECT_NE(colon, std::string::npos) << line;
        std::istringstream left{line.substr(0, colon)}, right{line.substr(colon + 1)};
        std::string name;
        left >> name;
        std::vector<std::string> const used{std::istream_iterator<std::string>{right}, {}};
        if (name == "only") {
            left >> name;
            arrows.only.emplace_back(name, used);
        } else {
            arrows.may_use[name] = used;
        }
    }
    return arrows;
}

struct Include {
    std::string file;  // that includes
    std::string what;
    bool ours;         // "..." rather than <...>
};

std::vector<Include> const& includes()
{
    static std::vector<Include> const all = [] {
        std::vector<Include> found;
        static std::regex const line{R"(^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"])", std::regex::multiline};
        for (auto const& file : sources()) {
            auto const text = text_of(root / file);
            for (std::sregex_iterator it{text.begin(), text.end(), line}, end; it != end; ++it)
                found.push_back({file, (*it)[2], (*it)[1] == "\""});
        }
        return found;
    }();
    return all;
}

// Comments and the insides of literals become blanks, so that what is left is code, at the same places.
std::string code_of(std::string text)
{
    for (std::size_t i = 0; i < text.size();) {
        auto blank_until = [&](std::size_t end) {
            for (; i < std::min(end, text.size()); ++i)
                if (text[i] != '\n') text[i] = ' ';
        };
        if (text.compare(i, 2, "//") == 0) {
            blank_until(text.find('\n', i));
        } else if (text.compare(i, 2, "/*") == 0) {
            auto const end = text.find("*/", i + 2);
            blank_until(end == std::string::npos ? end : end + 2);
        } else if (text.compare(i, 2, "R\"") == 0) {
            auto const open = text.find('(', i);
            auto const close = ")" + text.substr(i + 2, open - i - 2) + "\"";
            auto const end = text.find(close, open);
            blank_until(end == std::string::npos ? end : end + close.size());
        } else if (text[i] == '"' || (text[i] == '\'' && (i == 0 || !std::isalnum(static_cast<unsigned char>(text[i - 1]))))) {
            char const quote = text[i++];
            auto end = i;
            while (end < text.size() && text[end] != quote && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
            blank_until(end);
            ++i;
        } else {
            ++i;
        }
    }
    return text;
}

std::size_t line_at(std::string_view text, std::size_t at)
{
    return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// The name that stands before a place, as "seconds" before the brace of std::chrono::seconds{1}.
std::string_view word_before(std::string_view code, std::size_t at)
{
    auto begin = at;
    while (begin > 0 && in_word(code[begin - 1])) --begin;
    return code.substr(begin, at - begin);
}

// Places of `co_await` whose operand holds a brace: an aggregate temporary, a braced argument or a lambda. Types whose
// destructor does nothing may be destroyed twice.
std::vector<std::size_t> braces_inside_co_await(std::string const& code)
{
    static std::set<std::string_view> const harmless{"milliseconds", "seconds", "minutes", "hours", "const_buffer", "mutable_buffer"};
    static std::string_view const word = "co_await";
    std::vector<std::size_t> places;
    for (auto at = code.find(word); at != std::string::npos; at = code.find(word, at + 1)) {
        if ((at > 0 && in_word(code[at - 1])) || in_word(code[at + word.size()])) continue;
        int depth = 0;
        for (auto i = at; i < code.size(); ++i) {
            char const c = code[i];
            if (c == '{' && !harmless.contains(word_before(code, i))) {
                places.push_back(at);
                break;
            }
            if (c == '(' || c == '[' || c == '{') ++depth;
            if (c == ')' || c == ']' || c == '}') --depth;
            if (depth < 0 || (depth == 0 && (c == ';' || c == ','))) break;
        }
    }
    return places;
}

// Places of an `if` or a `switch` that awaits in its condition and gives what came no name.
std::vector<std::size_t> nameless_awaited_conditions(std::string const& code)
{
    auto const is_word = [&](std::size_t at, std::string_view word) {
        return code.compare(at, word.size(), word) == 0 && (at == 0 || !in_word(code[at - 1])) && !in_word(code[at + word.size()]);
    };
    // "= ", and none of ==, !=, <=, >=: something is declared or given a value.
    auto const names = [&](std::size_t begin, std::size_t end) {
        for (auto i = begin + 1; i < end; ++i)
            if (code[i] == '=' && code[i + 1] != '=' && std::string_view{"=!<>"}.find(code[i - 1]) == std::string_view::npos) return true;
        return false;
    };
    std::vector<std::size_t> places;
    for (std::size_t at = 0; at + 1 < code.size(); ++at) {
        auto const size = is_word(at, "if") ? 2u : is_word(at, "switch") ? 6u : 0u;
        auto const open = size ? code.find_first_not_of(" \n", at + size) : std::string::npos;
        if (open == std::string::npos || code[open] != '(') continue;
        int depth = 0;
        for (auto i = open; i < code.size(); ++i) {
            if (code[i] == '(') ++depth;
            if (code[i] == ')' && --depth == 0) break;
            if (!is_word(i, "co_await")) continue;
            if (!names(open, i)) places.push_back(at);
            break;
        }
    }
    return places;
}

TEST(Arrows, EveryIncludeFollowsAnAllowedArrow)
{
    auto const arrows = read_arrows();
    ASSERT_GT(includes().size(), 100u);
    for (auto const& include : includes()) {
        if (!include.ours) continue;
        auto const from = arrows.folder_of(include.file), to = arrows.folder_of(include.what);
        ASSERT_FALSE(from.empty()) << include.file << " lies in no folder of arrows.txt";
        EXPECT_FALSE(to.empty()) << include.file << " includes \"" << include.what << "\": write the path from the root";
        if (!to.empty()) {
            EXPECT_TRUE(arrows.allows(from, to)) << include.file << " includes " << include.what << ": no arrow " << from << " -> " << to;
        }
    }
}

TEST(Arrows, TheListItselfHasNoCycle)
{
    auto const arrows = read_arrows();
    for (auto const& [from, used] : arrows.may_use)
        for (auto const& to : used)
            if (to != "*") {
                ASSERT_TRUE(arrows.may_use.contains(to)) << from << " may use " << to << ", which the list does not know";
                EXPECT_FALSE(arrows.allows(to, from)) << from << " and " << to << " point at each other";
            }
}

TEST(Arrows, IntakeAndDeliveryMeetOnlyAtTheJournal)
{
    auto const arrows = read_arrows();
    EXPECT_FALSE(arrows.allows("gateway/intake", "gateway/delivery"));
    EXPECT_FALSE(arrows.allows("gateway/delivery", "gateway/intake"));
}

TEST(Arrows, OnlyTheRootIncludesTheWholeConfiguration)
{
    for (auto const& include : includes())
        if (include.what == "gateway/config.hpp") {
            EXPECT_TRUE(fs::path{include.file}.parent_path() == "gateway" || within(include.file, "tests")) << include.file;
        }
}

TEST(Arrows, DetailFoldersArePrivateToTheFolderAboveThem)
{
    for (auto const& include : includes()) {
        auto const at = include.what.find("/detail/");
        bool const measures = within(include.file, "loadtest/bench"); // parts alone, as unit tests test them
        if (!include.ours || at == std::string::npos || measures || within(include.file, "tests")) continue;
        EXPECT_TRUE(within(include.file, include.what.substr(0, at))) << include.file << " includes " << include.what;
    }
}

TEST(Arrows, ThirdPartyHeadersStayInTheirPlace)
{
    auto const arrows = read_arrows();
    ASSERT_FALSE(arrows.only.empty());
    for (auto const& include : includes())
        for (auto const& [prefix, folders] : arrows.only)
            if (include.what.starts_with(prefix)) {
                EXPECT_TRUE(std::any_of(folders.begin(), folders.end(), [&](auto const& f) { return within(include.file, f); }))
                    << include.file << " includes " << include.what;
            }
}

TEST(Arrows, EveryHeaderIsGuardedByPragmaOnce)
{
    for (auto const& file : files({".hpp"})) EXPECT_TRUE(text_of(root / file).starts_with("#pragma once")) << file;
}

// g++ 12.2 destroys such a temporary twice (house style §6.8).
TEST(Traps, NoBracedTemporaryOrLambdaStandsInsideCoAwait)
{
    for (auto const& file : sources()) {
        auto const code = code_of(text_of(root / file));
        for (auto at : braces_inside_co_await(code)) ADD_FAILURE() << file << ":" << line_at(code, at) << ": name it on its own line and std::move it in";
    }
}

TEST(Traps, TheSearchForBracedTemporariesFindsThemAndOnlyThem)
{
    auto count = [](char const* text) { return braces_inside_co_await(code_of(text)).size(); };
    EXPECT_EQ(count("auto r = co_await client.send(Request{1}, d);"), 1u);
    EXPECT_EQ(count("co_await send({1, 2});"), 1u);
    EXPECT_EQ(count("co_await on_cpu(pool, [&] { return f(); });"), 1u);
    EXPECT_EQ(count("auto r = co_await client.send(std::move(q), d);"), 0u);
    EXPECT_EQ(count("co_await drained(std::chrono::seconds{1});"), 0u);
    EXPECT_EQ(count("co_await drained(std::chrono::seconds{1}, Request{2});"), 1u);
    EXPECT_EQ(count("bool next_co_await(int a) { return a; }"), 0u);
    EXPECT_EQ(count("while (co_await next(a)) { f(); }"), 0u);
    EXPECT_EQ(count("if (auto r = co_await next(a); r) { f(); }"), 0u);
    EXPECT_EQ(count("auto s = R\"(co_await {)\"; co_await f(R\"x({)x\");"), 0u);
    EXPECT_EQ(count("// co_await f({});\nco_await f(\"{}\");"), 0u);
}

// Where such a condition stands in a coroutine's outermost block and that block declares nothing, g++ 12.2 ends the awaited
// coroutine too early: the caller never goes on, or runs into an illegal instruction (clang 14 is right). A declaration that
// happens to stand beside it is a thin wall, so the result is named everywhere.
TEST(Traps, NoConditionAwaitsWithoutNamingWhatCame)
{
    for (auto const& file : sources()) {
        auto const code = code_of(text_of(root / file));
        for (auto at : nameless_awaited_conditions(code)) ADD_FAILURE() << file << ":" << line_at(code, at) << ": name what came on a line before";
    }
}

TEST(Traps, TheSearchForNamelessConditionsFindsThemAndOnlyThem)
{
    auto count = [](char const* text) { return nameless_awaited_conditions(code_of(text)).size(); };
    EXPECT_EQ(count("if (co_await next()) co_await say();"), 1u);
    EXPECT_EQ(count("if (co_await next()) { f(); }"), 1u);
    EXPECT_EQ(count("if (a && !co_await next(b(1), c)) return;"), 1u);
    EXPECT_EQ(count("if (a == co_await next()) f(); else if (co_await next()) g();"), 2u);
    EXPECT_EQ(count("if\n    (a <= 1 &&\n     co_await next()) f();"), 1u);
    EXPECT_EQ(count("switch (co_await next()) { default: f(); }"), 1u);
    EXPECT_EQ(count("bool const a = co_await next(); if (a) co_await say();"), 0u);
    EXPECT_EQ(count("if (auto no = co_await next()) co_return co_await say(no);"), 0u);
    EXPECT_EQ(count("if (auto r = co_await next(a); r) { f(); }"), 0u);
    EXPECT_EQ(count("if (a) co_await say();"), 0u);
    EXPECT_EQ(count("while (co_await next(a)) { f(); }"), 0u);
    EXPECT_EQ(count("// if (co_await next()) f();\nnotif (co_await next());"), 0u);
}

// Every coroutine has an owner: a detached one would outlive what it refers to.
TEST(Traps, CoroutinesAreDetachedOnlyByTheTaskGroup)
{
    for (auto const& file : sources()) {
        if (file == "gateway/runtime/task_group.cpp" || within(file, "tests") || within(file, "loadtest")) continue;
        EXPECT_EQ(code_of(text_of(root / file)).find("net::detached"), std::string::npos) << file;
    }
}

TEST(Traps, NothingSleepsForTime)
{
    for (auto const& file : sources()) {
        auto const code = code_of(text_of(root / file));
        for (auto const* trap : {"sleep_for", "sleep_until", "usleep("})
            if (auto const at = code.find(trap); at != std::string::npos && within(file, "tests/unit")) {
                ADD_FAILURE() << file << ":" << line_at(code, at) << ": wait for what happens, not for time";
            }
    }
}

// The simulator runs them in time of its own.
TEST(Traps, IntakeAndDeliveryAskNoClockOfTheMachine)
{
    for (auto const& file : sources()) {
        if (!within(file, "gateway/intake") && !within(file, "gateway/delivery")) continue;
        auto const code = code_of(text_of(root / file));
        if (auto const at = code.find("clock::now("); at != std::string::npos) {
            ADD_FAILURE() << file << ":" << line_at(code, at) << ": runtime::Steady, or a runtime::Clock as a parameter";
        }
    }
}

// Folders of a fixed name meet each other where tests run at once, and stay behind where one is killed.
TEST(Traps, TestsMakeTheirFoldersByTheOneHelper)
{
    static std::set<std::string_view> const excused{"tests/support/temporary_directory.hpp",
                                                    "tests/fuzz/provider_files.cpp"};  // one for all inputs of a process, in memory
    for (auto const& file : sources()) {
        if (!within(file, "tests") || excused.contains(file)) continue;
        auto const code = code_of(text_of(root / file));
        for (auto const* trap : {"mkdtemp", "temp_directory_path", "TempDir("})
            if (auto const at = code.find(trap); at != std::string::npos) {
                ADD_FAILURE() << file << ":" << line_at(code, at) << ": support::TemporaryDirectory";
            }
    }
}

TEST(Tree, NoFileNamesAPathOfOneMachine)
{
    std::regex const machine{R"((^|[^A-Za-z0-9_.])/(work|farm|home|Users)/[A-Za-z0-9_.])"};
    for (auto const& file : files({".cpp", ".hpp", ".txt", ".md", ".toml", ".json", ".yaml", ".sql", ".sh", ".js", ".html", ".cmake", ""})) {
        std::istringstream in{text_of(root / file)};
        for (std::string line; std::getline(in, line);) EXPECT_FALSE(std::regex_search(line, machine)) << file << ": " << line;
    }
}

TEST(Tree, EveryFileTheArchitectureNamesExists)
{
    auto const text = text_of(root / "ARCHITECTURE.md");
    std::regex const path{R"(`((schemas|signing|providers|gateway|loadtest|tests|ops)/[A-Za-z0-9_./-]+\.(cpp|hpp|txt|def|toml|md|yaml)))"};
    std::size_t named = 0;
    for (std::sregex_iterator it{text.begin(), text.end(), path}, end; it != end; ++it, ++named)
        EXPECT_TRUE(fs::exists(root / (*it)[1].str())) << (*it)[1];
    EXPECT_GT(named, 10u);
}

TEST(Tree, EveryModuleHasAReadme)
{
    for (auto const* module : {"schemas", "signing", "providers", "gateway", "loadtest", "tests"})
        EXPECT_TRUE(fs::exists(root / module / "README.md")) << module;
}

TEST(Tree, EverySourceIsUtf8WithoutTabsOrCarriageReturns)
{
    for (auto const& file : sources()) {
        auto const text = text_of(root / file);
        EXPECT_EQ(text.find('\t'), std::string::npos) << file;
        EXPECT_EQ(text.find('\r'), std::string::npos) << file;
        EXPECT_FALSE(text.starts_with("\xEF\xBB\xBF")) << file;
    }
}

}  // namespace
