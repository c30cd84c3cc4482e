#include "gateway/intake/public.hpp"

#include "tests/support/canned_archive.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/submitting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace {

using support::CannedArchive;
using support::code_of;

std::shared_ptr<providers::Registry const> a_registry()
{
    using std::chrono::year;
    providers::Provider in_contract, ended, last_day, backend;
    in_contract.code = "VNPT";
    in_contract.name = "VNPT";
    in_contract.aliases = {"IVAN-VNPT"};
    in_contract.certificates = {std::string(64, 'a')};
    in_contract.key_hashes = {std::string(64, 'b')};
    ended.code = "ENDED";
    ended.contract_until = std::chrono::sys_days{year{2026} / 11 / 20};
    last_day.code = "LAST";
    last_day.contract_until = std::chrono::sys_days{year{2026} / 11 / 21};
    backend.code = "TST";
    backend.role = providers::Role::backend;
    return std::make_shared<providers::Registry const>(std::vector{in_contract, ended, last_day, backend});
}

struct Desk {
    CannedArchive archive;
    support::ManualClock clock;
    intake::Limits limits;
    intake::PublicPages pages{{archive, clock, limits, {}, schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules"), a_registry}};
    net::io_context context{1};

    intake::Reply lookup(std::map<std::string, std::string> query)
    {
        intake::Request request;
        request.query = std::move(query);
        request.trace = observe::new_trace();
        return support::run_task(context, pages.lookup(std::move(request)));
    }
};

TEST(PublicPages, TheLookUpShowsTheFiveFieldsAndNothingOfThePeople)
{
    Desk desk;
    store::LookupView view;
    view.agency = "00108";
    view.agency_name = "BHXH quận (dữ liệu thử)";
    view.department = "Bộ phận Thu";
    view.received_at = desk.clock.now();
    view.status = dossier::Status::done;
    desk.archive.view = view;
    auto const body = boost::json::parse(desk.lookup({{"code", "04486.G/2026/00108"}}).body);
    ASSERT_TRUE(body.is_object());
    EXPECT_EQ(body.at("status").at("vi").as_string(), "đã xử lý xong và đã có kết quả");
    EXPECT_EQ(body.get_object().size(), 7u) << "the code asked for, five fields, and the agency's name";
}

TEST(PublicPages, TheLookUpTakesACodeAsPeopleTypeIt)
{
    Desk desk;
    EXPECT_EQ(code_of(desk.lookup({{"code", "04486_G/2026/00108"}})), "GW-4006");
    EXPECT_EQ(desk.archive.asked.back(), "lookup 04486.G/2026/00108");
    for (auto const* typed : {"", "%", "1", "04486.G/2026/00108; drop", "ＡＢＣ"}) EXPECT_EQ(code_of(desk.lookup({{"code", typed}})), "GW-1013") << typed;
    EXPECT_EQ(code_of(desk.lookup({})), "GW-1013");
    EXPECT_EQ(desk.archive.asked.size(), 1u);
}

TEST(PublicPages, ListsOnlyProvidersInContractTodayAndNoneOfTheirCredentials)
{
    Desk desk;
    auto const reply = support::run_task(desk.context, desk.pages.providers({}));
    auto const body = boost::json::parse(reply.body);
    std::vector<std::string> codes;
    for (auto const& row : body.at("providers").as_array()) codes.emplace_back(row.at("code").as_string());
    EXPECT_EQ(codes, (std::vector<std::string>{"VNPT", "LAST"})) << "the last day still counts; the backend is no provider";
    EXPECT_EQ(reply.body.find(std::string(64, 'a')), std::string::npos);
    EXPECT_EQ(reply.body.find(std::string(64, 'b')), std::string::npos);
}

TEST(PublicPages, ListsEveryCodeWithBothSentences)
{
    Desk desk;
    auto const body = boost::json::parse(support::run_task(desk.context, desk.pages.codes({})).body);
    EXPECT_EQ(body.at("faults").as_array().size(), fault::catalogue().size());
    EXPECT_EQ(body.at("findings").as_array().size(), schemas::finding_codes().size());
    for (auto const& row : body.at("faults").as_array()) {
        EXPECT_FALSE(row.at("message_vi").as_string().empty());
        EXPECT_FALSE(row.at("message_en").as_string().empty());
    }
}

TEST(PublicPages, ListsTheProceduresInForceWithTheirForms)
{
    Desk desk;
    auto const body = boost::json::parse(support::run_task(desk.context, desk.pages.procedures({})).body);
    auto const& rows = body.at("procedures").as_array();
    auto const found = std::ranges::find_if(rows, [](auto const& row) { return row.at("code").as_string() == "600"; });
    ASSERT_NE(found, rows.end());
    EXPECT_FALSE(found->at("must").as_array().empty());
}

TEST(PublicPages, TheCallerSeesItsOwnStandingAndWhyItIsHeldBackInBothLanguages)
{
    Desk desk;
    intake::Admission::Standing standing;
    standing.limit = 40;
    standing.filings = {20, 7, 3};
    standing.filings_quota = providers::QuotaMeter::Snapshot{1000, 12, std::chrono::seconds{2}, 9};
    standing.held_to = 2.5;
    standing.held_back = intake::Want::backlog;
    intake::PublicPages pages{{desk.archive, desk.clock, desk.limits, {}, schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules"), a_registry,
                               [&](providers::Provider const&) { return standing; }}};
    intake::Request request;
    request.admitted = *a_registry()->admit({std::string(64, 'a'), ""}, {providers::Role::provider}, runtime::vietnam_day(desk.clock.now()));
    auto const body = boost::json::parse(support::run_task(desk.context, pages.limits(std::move(request))).body);
    EXPECT_EQ(body.at("provider").as_string(), "VNPT");
    auto const& filings = body.at_pointer("/now/filings");
    EXPECT_EQ(filings.at("share").to_number<int>(), 20);
    EXPECT_EQ(filings.at("inside").to_number<int>(), 7);
    EXPECT_EQ(filings.at("waiting").to_number<int>(), 3);
    EXPECT_EQ(filings.at("limit_of_all").to_number<int>(), 40);
    EXPECT_EQ(filings.at("remaining").to_number<int>(), 12);
    EXPECT_EQ(body.at_pointer("/now/look_ups/remaining").to_number<int>(), 1000) << "has not asked yet: the whole burst";
    auto const& held = body.at_pointer("/now/held_back");
    EXPECT_TRUE(held.at("is").as_bool());
    EXPECT_EQ(held.at("why").as_string(), "backlog");
    EXPECT_EQ(held.at("backend_per_minute").to_number<int>(), 150);
    EXPECT_FALSE(held.at("title_vi").as_string().empty());
    EXPECT_FALSE(held.at("title_en").as_string().empty());
}

}  // namespace
