// The contract providers code against says what the router does: the same paths and methods, and the same callers.
// providers/openapi.yaml keeps to a subset that this scanner of lines understands: two blanks a level, one key a line.

#include "gateway/routes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace {

struct Call {
    std::set<std::string> roles;
    bool body = false;
    bool operator==(Call const&) const = default;
};
using Calls = std::map<std::pair<std::string, std::string>, Call>;  // (method, path)

std::string text_of(providers::Role role)
{
    switch (role) {
        case providers::Role::provider: return "provider";
        case providers::Role::portal: return "portal";
        case providers::Role::backend: return "backend";
    }
    return "";
}

std::set<std::string> words_of(std::string_view list)
{
    std::string plain{list};
    std::ranges::replace_if(plain, [](char c) { return c == '[' || c == ']' || c == ','; }, ' ');
    std::istringstream words{plain};
    std::set<std::string> found;
    for (std::string word; words >> word;) found.insert(word);
    return found;
}

Calls calls_of_the_contract()
{
    std::ifstream file{IVAN_SOURCE_DIR "/providers/openapi.yaml"};
    Calls calls;
    std::string path;
    Call* call = nullptr;
    bool in_paths = false;
    for (std::string line; std::getline(file, line);) {
        auto const indent = line.find_first_not_of(' ');
        if (indent == std::string::npos || line[indent] == '#') continue;
        auto const key = line.substr(indent, line.find(':', indent) - indent);
        if (indent == 0) in_paths = key == "paths";
        if (!in_paths) continue;
        if (indent == 2) path = key;
        if (indent == 4) {
            auto method = key;
            std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
            call = &calls[{method, path}];
        }
        if (indent == 6 && key == "x-roles") call->roles = words_of(line.substr(line.find(':') + 1));
        if (indent == 6 && key == "requestBody") call->body = true;
    }
    return calls;
}

Calls calls_of_the_router()
{
    Calls calls;
    for (auto const& route : gateway::public_routes({})) {
        auto& call = calls[{route.method, route.path}];
        call.body = route.body;
        for (auto const role : route.roles) call.roles.insert(text_of(role));
    }
    return calls;
}

TEST(OpenApi, SaysWhatTheRouterDoes)
{
    auto const contract = calls_of_the_contract(), router = calls_of_the_router();
    for (auto const& [name, call] : router) {
        auto const found = contract.find(name);
        ASSERT_NE(found, contract.end()) << name.first << " " << name.second << " is served, but not in providers/openapi.yaml";
        EXPECT_EQ(found->second.roles, call.roles) << name.first << " " << name.second << ": x-roles";
        EXPECT_EQ(found->second.body, call.body) << name.first << " " << name.second << ": requestBody";
    }
    for (auto const& [name, call] : contract)
        EXPECT_TRUE(router.contains(name)) << name.first << " " << name.second << " is in providers/openapi.yaml, but not served";
}

TEST(OpenApi, OperationsAreNeverOnThePublicListener)
{
    for (auto const& route : gateway::public_routes({})) EXPECT_TRUE(route.path.starts_with("/v1/")) << route.path;
    for (auto const& route : gateway::operations_routes({})) EXPECT_FALSE(route.path.starts_with("/v1/")) << route.path;
}

TEST(OpenApi, WhoeverIsNotOpenNamesItsRoles)
{
    for (auto const& route : gateway::public_routes({}))
        EXPECT_EQ(route.access == intake::Access::party, !route.roles.empty()) << route.method << " " << route.path;
}

}  // namespace
