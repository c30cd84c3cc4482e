#include "gateway/config.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>

namespace {

using gateway::parse_config;
using std::chrono::milliseconds;

std::string const needed = R"(
[signing]
trust_directory = "trust"
receipt_key_file = "receipt.key"
receipt_certificate_file = "receipt.pem"
[schemas]
xsd_directory = "xsd"
rules_directory = "rules"
)";

bool complains(gateway::ConfigRead const& read, std::string_view text)
{
    return std::ranges::any_of(read.problems, [&](auto const& problem) { return problem.find(text) != std::string::npos; });
}

TEST(Config, DefaultsAreUsableOnceTheFilesAreNamed)
{
    auto const read = parse_config(needed);
    EXPECT_TRUE(read.problems.empty()) << read.problems.front();
    EXPECT_EQ(read.config.server.port, 8443u);
}

TEST(Config, ReadsEveryKindOfValue)
{
    auto const read = parse_config(needed + R"(
[server]
address = "0.0.0.0"
port = 9000
stop_timeout = "5m"
drain_wait = "1m"
[delivery]
enabled = false
trouble_share = 0.25
lease = "2m"
[[store.case_code]]
pattern = "{agency_id}-{yymmdd}-{number:04}"
from = "2027-01-01"
[[store.case_code]]
pattern = "{number:05}.G/{year}/{agency}"
from = "1970-01-01"
)");
    ASSERT_TRUE(read.problems.empty()) << read.problems.front();
    EXPECT_EQ(read.config.server.address, "0.0.0.0");
    EXPECT_EQ(read.config.server.port, 9000u);
    EXPECT_EQ(read.config.server.stop_timeout, std::chrono::minutes{5});
    EXPECT_EQ(read.config.server.drain_wait, std::chrono::minutes{1});
    EXPECT_FALSE(read.config.delivery_switch.enabled);
    EXPECT_DOUBLE_EQ(read.config.delivery.window.trouble_share, 0.25);
    EXPECT_EQ(read.config.delivery.lease, std::chrono::minutes{2});
    ASSERT_EQ(read.config.store.case_code.size(), 2u);
    EXPECT_LT(read.config.store.case_code[0].from, read.config.store.case_code[1].from) << "sorted by their first day";
}

TEST(Config, NamesEveryProblemAtOnceWithItsKeyAndReason)
{
    auto const read = parse_config(R"(
nonsense = 1
[unknown]
x = 1
[server]
port = 70000
adress = "0.0.0.0"
stop_timeout = 5
certificate_file = "server.pem"
[intake]
body_bytes_max = "large"
idle_timeout = "75 s"
[log]
level = "loud"
)");
    for (auto const* problem : {"nonsense: unknown section", "unknown: unknown section", "server.port: must be between 0 and 65535",
                                "server.adress: unknown key", "server.stop_timeout: must be a time", "server.certificate_file, server.key_file",
                                "intake.body_bytes_max: must be a whole number", "intake.idle_timeout: must be a time", "log.level: must be",
                                "signing.trust_directory: must be given", "schemas.xsd_directory: must be given"})
        EXPECT_TRUE(complains(read, problem)) << problem;
}

TEST(Config, RefusesHostileValuesWithoutTrouble)
{
    for (auto const* line : {"port = -1", "port = 99999999999999999999", "port = 1.5", "port = [1]", "port = {a=1}", "stop_timeout = \"\"",
                             "stop_timeout = \"-5s\"", "stop_timeout = \"9223372036854775807h\"", "stop_timeout = \"1000000000000s\"",
                             "stop_timeout = \"5 m\"", "stop_timeout = \"5min\"", "address = 5", "port = 1\nport = 2", "\x01"})
        EXPECT_FALSE(parse_config(needed + "[server]\n" + line + "\n").problems.empty()) << line;
    for (auto const* codes : {"[store]\ncase_code = 5", "[store]\ncase_code = []", "[[store.case_code]]\npattern = \"x\"\nfrom = \"2026-01-01\"",
                              "[[store.case_code]]\npattern = \"{number:05}\"\nfrom = \"2026-13-01\"", "[[store.case_code]]\nfrom = 1"})
        EXPECT_TRUE(complains(parse_config(needed + codes), "store.case_code")) << codes;
    EXPECT_FALSE(parse_config("[").problems.empty());
    EXPECT_FALSE(parse_config(std::string(100'000, '[')).problems.empty());
}

TEST(Config, HoldsTheBoundsThatSpanTwoKeys)
{
    EXPECT_TRUE(complains(parse_config(needed + "[server]\nstop_timeout = \"2s\""), "server.drain_wait"));
    EXPECT_TRUE(complains(parse_config(needed + "[delivery]\nlease = \"10s\"\nattempt_timeout = \"15s\""), "delivery.lease"));
    EXPECT_TRUE(complains(parse_config(needed + "[probe]\ninterval = \"30s\"\nfresh = \"10s\""), "probe.fresh"));
    EXPECT_TRUE(complains(parse_config(needed + "[probe]\nkey_file = \"a\""), "probe.key_file"));
    EXPECT_TRUE(complains(parse_config(needed + "[intake]\nunpacked_bytes_max = 268435456"), "intake.unpacked_bytes_max"));
}

TEST(Config, SigningTextsBecomePolicy)
{
    auto const with = [](std::string const& lines) {
        auto text = needed;
        return parse_config(text.insert(text.find("[schemas]"), lines));
    };
    auto const read = with("sha1_until = \"2026-12-31\"\nbranch_rule = \"exact\"\n");
    ASSERT_TRUE(read.problems.empty()) << read.problems.front();
    EXPECT_EQ(read.config.signing.policy.sha1_until, std::chrono::sys_days{std::chrono::year{2026} / 12 / 31});
    EXPECT_EQ(read.config.signing.policy.branch_rule, signing::BranchRule::exact);
    EXPECT_TRUE(complains(with("sha1_until = \"soon\"\n"), "signing.sha1_until"));
    EXPECT_TRUE(complains(with("branch_rule = \"any\"\n"), "signing.branch_rule"));
}

TEST(Config, WhatIsPrintedReadsBackToTheSame)
{
    auto const first = parse_config(needed + "[server]\nport = 1234\n[notices]\npoll_interval = \"1500ms\"\n");
    ASSERT_TRUE(first.problems.empty());
    auto const printed = gateway::print_config(first.config);
    auto const second = parse_config(printed);
    ASSERT_TRUE(second.problems.empty()) << second.problems.front();
    EXPECT_EQ(gateway::print_config(second.config), printed);
    EXPECT_EQ(second.config.notices.poll_interval, milliseconds{1500});
}

TEST(Config, EverySectionStandsOnceInWhatIsPrintedAndInThePage)
{
    for (auto const& text : {gateway::print_config({}), gateway::config_markdown()}) {
        std::set<std::string> seen;
        std::istringstream in{text};
        for (std::string line; std::getline(in, line);) {
            bool const heading = (line.starts_with('[') && !line.starts_with("[[")) || line.starts_with("## [");
            EXPECT_TRUE(!heading || seen.insert(line).second) << line;
        }
        EXPECT_GT(seen.size(), 10u);
    }
}

TEST(Config, PrintsNoSecret)
{
    auto const read = parse_config(needed + "[delivery]\nbackend_bearer_key = \"hush\"\n[store]\ndatabase_url = \"postgresql://ivan:hush@db/ivan\"\n");
    ASSERT_TRUE(read.problems.empty()) << read.problems.front();
    auto const printed = gateway::print_config(read.config);
    EXPECT_EQ(printed.find("hush"), std::string::npos);
    EXPECT_NE(printed.find("postgresql://ivan:***@db/ivan"), std::string::npos);
}

TEST(Config, AFileThatCannotBeReadIsAProblemAndNotACrash)
{
    EXPECT_TRUE(complains(gateway::read_config("/no/such/file.toml"), "cannot be read"));
}

}  // namespace
