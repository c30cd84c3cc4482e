#include "gateway/intake/status.hpp"

#include "tests/support/canned_archive.hpp"
#include "tests/support/submitting.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using support::CannedArchive;
using support::code_of;

std::string const an_id = "0192e4a0-0000-7000-8000-000000000001";

intake::Request asking(std::map<std::string, std::string> query, std::string parameter = {})
{
    intake::Request request;
    request.method = "GET";
    request.query = std::move(query);
    request.path_parameter = std::move(parameter);
    request.admitted = support::admitted_provider({"00040"});
    request.trace = observe::new_trace();
    return request;
}

store::DossierView a_view()
{
    store::DossierView view;
    view.dossier_id = an_id;
    view.case_code = "00001.G/2026/00108";
    view.received_at = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + std::chrono::hours{2};
    view.status = dossier::Status::processing;
    view.delivery = "delivered";
    view.history.push_back({view.received_at, dossier::Status::received, "", ""});
    view.history.push_back({view.received_at, dossier::Status::processing, "Bộ phận Thu", "ghi chú"});
    return view;
}

struct Desk {
    CannedArchive archive;
    intake::StatusQueries queries{archive};
    net::io_context context{1};

    intake::Reply by_id(std::string id) { return support::run_task(context, queries.by_id(asking({}, std::move(id)))); }
    intake::Reply find(std::map<std::string, std::string> query) { return support::run_task(context, queries.find(asking(std::move(query)))); }
    intake::Reply receipt(std::string id) { return support::run_task(context, queries.receipt(asking({}, std::move(id)))); }
};

TEST(Status, TellsStatusAndHistoryInBothLanguages)
{
    Desk desk;
    desk.archive.dossier = a_view();
    auto const reply = desk.by_id(an_id);
    ASSERT_EQ(reply.status, 200);
    auto const body = boost::json::parse(reply.body);
    EXPECT_EQ(body.at("status").at("vi").as_string(), "đang xử lý");
    EXPECT_EQ(body.at("status").at("en").as_string(), "being processed");
    EXPECT_EQ(body.at("received_at").as_string(), "2026-11-21T09:00:00.000+07:00");
    EXPECT_EQ(body.at("history").as_array().size(), 2u);
    EXPECT_TRUE(body.at("result_at").is_null());
    EXPECT_EQ(desk.archive.asked.back(), "id THAISON " + an_id) << "only the caller's own rows are asked for";
}

TEST(Status, NeverAsksTheDatabaseForWhatIsNoId)
{
    Desk desk;
    for (auto const* id : {"", "1", "../etc", "0192e4a0-0000-7000-8000-00000000000Z", "'; drop table dossier --"}) {
        EXPECT_EQ(code_of(desk.by_id(id)), "GW-4006") << id;
        EXPECT_EQ(code_of(desk.receipt(id)), "GW-4006") << id;
    }
    EXPECT_TRUE(desk.archive.asked.empty());
}

TEST(Status, AnswersTheLostResponseByContentHash)
{
    Desk desk;
    std::string const hash(64, 'a');
    desk.archive.found = store::Found{a_view(), {}};
    auto reply = desk.find({{"content_sha256", hash}});
    EXPECT_EQ(boost::json::parse(reply.body).at("outcome").as_string(), "accepted");

    desk.archive.found = store::Found{{}, store::RefusedView{hash, "GW-2009", R"({"code":"GW-2009"})", {}}};
    reply = desk.find({{"content_sha256", hash}});
    EXPECT_EQ(boost::json::parse(reply.body).at("refusal").at("problem").at("code").as_string(), "GW-2009");

    desk.archive.found = store::Found{};
    EXPECT_EQ(code_of(desk.find({{"content_sha256", hash}})), "GW-4006");
}

TEST(Status, WantsExactlyOneWellFormedQuestion)
{
    Desk desk;
    std::string const hash(64, 'a');
    EXPECT_EQ(code_of(desk.find({})), "GW-1013");
    EXPECT_EQ(code_of(desk.find({{"content_sha256", hash}, {"idempotency_key", "k"}})), "GW-1013");
    EXPECT_EQ(code_of(desk.find({{"content_sha256", std::string(64, 'A')}})), "GW-1013");
    EXPECT_EQ(code_of(desk.find({{"content_sha256", std::string(63, 'a')}})), "GW-1013");
    EXPECT_EQ(code_of(desk.find({{"idempotency_key", ""}})), "GW-1013");
    EXPECT_EQ(code_of(desk.find({{"idempotency_key", std::string(201, 'k')}})), "GW-1013");
    EXPECT_TRUE(desk.archive.asked.empty());
}

TEST(Status, GivesTheReceiptAsItWasStored)
{
    Desk desk;
    desk.archive.receipt_xml = "<PhieuTiepNhan/>";
    auto const reply = desk.receipt(an_id);
    EXPECT_EQ(reply.body, "<PhieuTiepNhan/>");
    EXPECT_TRUE(reply.content_type.starts_with("application/xml"));
}

TEST(Status, SaysUnavailableWhereTheStoreIs)
{
    Desk desk;
    desk.archive.dossier = CannedArchive::failure(store::Refusal::unavailable);
    EXPECT_EQ(desk.by_id(an_id).status, 503);
}

}  // namespace
