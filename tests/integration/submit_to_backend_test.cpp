// One signed dossier all the way, over real TLS and a real PostgreSQL, to a backend that answers; and its status back.

#include "gateway/dossier/time.hpp"
#include "tests/support/hub.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using support::Database;
using support::Hub;
using support::text_in;

boost::json::object event(std::string const& id, std::string const& case_code, std::string const& status)
{
    return {{"event_id", id},
            {"case_code", case_code},
            {"status", status},
            {"at", dossier::vietnam_time(std::chrono::system_clock::now())},
            {"department", "Bộ phận Quản lý Thu - Sổ, Thẻ"}};
}

TEST(SubmitToBackend, ADossierIsReceiptedStoredDeliveredAndItsStatusComesBack)
{
    Hub hub;
    hub.start();
    auto const body = hub.dossier();
    auto const answer = hub.submit(body, "key-1");
    ASSERT_EQ(answer.status, 201) << answer.body;
    auto const id = text_in(answer, "/dossier_id"), case_code = text_in(answer, "/case_code");
    EXPECT_EQ(answer.header("Location"), "/v1/dossiers/" + id);
    EXPECT_EQ(text_in(answer, "/content_sha256"), signing::hex(signing::sha256(body)));

    Hub::until("it is delivered", [&] { return text_in(hub.get("/v1/dossiers/" + id), "/delivery") == "delivered"; });
    auto const counts = hub.backend.counts();
    EXPECT_EQ(counts.cases, 1u);
    EXPECT_EQ(counts.mismatches(), 0u) << "headers and digest as promised";

    auto const moved = event("e-1", case_code, "processing");
    EXPECT_EQ(text_in(hub.event(moved), "/applied"), "true");
    EXPECT_EQ(text_in(hub.event(moved), "/applied"), "false") << "the same event changes nothing";
    auto const again = hub.event(event("e-2", case_code, "returned"));
    EXPECT_EQ(again.status, 409) << "from processing to returned there is no lawful move";
    EXPECT_EQ(text_in(again, "/code"), "GW-5001");
    EXPECT_EQ(hub.event(event("e-3", "99999.G/2026/00108", "processing")).status, 404);

    auto const view = hub.get("/v1/dossiers/" + id);
    EXPECT_EQ(text_in(view, "/status/id"), "processing");
    auto const public_view = hub.anonymous("/v1/lookup?code=" + case_code);
    EXPECT_EQ(public_view.status, 200) << public_view.body;
    EXPECT_EQ(text_in(public_view, "/status/vi"), "đang xử lý");
    EXPECT_EQ(text_in(public_view, "/agency"), "00108");
    auto const notices = hub.get("/v1/notices?after=0&wait=5");
    EXPECT_EQ(text_in(notices, "/notices/0/case_code"), case_code) << notices.body;
}

TEST(SubmitToBackend, TheReceiptIsTheSameBytesOnEveryRepeatAndOnRequest)
{
    Hub hub;
    hub.start();
    auto const body = hub.dossier();
    auto const first = hub.submit(body, "key-1");
    auto const repeat = hub.submit(body, "key-1");
    ASSERT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(repeat.status, 200);
    EXPECT_EQ(repeat.body, first.body);

    auto const xml = hub.get(text_in(first, "/receipt_url"));
    EXPECT_EQ(xml.status, 200);
    EXPECT_NE(xml.body.find(text_in(first, "/case_code")), std::string::npos);
    runtime::HttpRequest asking{"POST", "/v1/dossiers", {{"Content-Type", "application/xml"}, {"Idempotency-Key", "key-1"}, {"Accept", "application/xml"}}, body};
    EXPECT_EQ(hub.call(std::move(asking)).body, xml.body);
    EXPECT_EQ(Database::shared().count("select count(*) from ivan.dossiers"), 1);
}

TEST(SubmitToBackend, ARefusalIsExplainedRecordedAndFoundByItsContent)
{
    Hub hub;
    hub.start();
    auto body = hub.dossier();
    body.replace(body.find("<TenDoiTuong>") + 13, 1, "X");
    auto const answer = hub.submit(body, "key-1");
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(text_in(answer, "/code"), "GW-2009") << answer.body;
    EXPECT_FALSE(text_in(answer, "/message_vi").empty());

    auto const found = hub.get("/v1/dossiers?content_sha256=" + signing::hex(signing::sha256(body)));
    EXPECT_EQ(text_in(found, "/outcome"), "refused") << found.body;
    EXPECT_EQ(text_in(found, "/refusal/code"), "GW-2009");
    EXPECT_EQ(hub.submit(hub.dossier(), "key-2").status, 201) << "the connection's next dossier is served";
}

TEST(SubmitToBackend, WhoIsNobodyMayReadWhatIsPublicAndNothingElse)
{
    Hub hub;
    hub.start();
    for (auto const* path : {"/v1/providers", "/v1/procedures", "/v1/codes"}) EXPECT_EQ(hub.anonymous(path).status, 200) << path;
    for (auto const* path : {"/v1/limits", "/v1/notices", "/v1/dossiers?idempotency_key=k"}) EXPECT_EQ(hub.anonymous(path).status, 401) << path;
    for (auto const* path : {"/metrics", "/readyz", "/console/"}) EXPECT_EQ(hub.anonymous(path).status, 404) << path;
    EXPECT_EQ(hub.event({}).status, 400) << "the backend is known, its event is empty";
    EXPECT_EQ(hub.call({"POST", "/v1/workflow/events", {{"Content-Type", "application/json"}}, "{}"}).status, 403) << "a provider is not the backend";
}

TEST(SubmitToBackend, OperationsSeeTheNumbersAndThePageButNoOtherFile)
{
    Hub hub;
    hub.start();
    ASSERT_EQ(hub.submit(hub.dossier(), "key-1").status, 201);
    EXPECT_NE(hub.ops("/metrics").body.find("ivan_dossiers_accepted_total{provider=\"THAISON\"} 1"), std::string::npos);
    EXPECT_EQ(text_in(hub.ops("/console/data.json"), "/accepted"), "1");
    EXPECT_EQ(hub.ops("/console/").status, 200);
    EXPECT_EQ(hub.ops("/console/console.js").status, 200);
    for (auto const* path : {"/console/package.json", "/console/..%2f..%2fCMakeLists.txt", "/console/%2e%2e/server.cpp", "/v1/dossiers"})
        EXPECT_NE(hub.ops(path).status, 200) << path;
}

TEST(SubmitToBackend, ABackendThatIsDownStopsNothingAndGetsEverythingLater)
{
    Hub hub;
    loadtest::SinkConfig failing;
    failing.fail_rate = 1;
    hub.backend.change(failing);
    hub.start();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(hub.submit(hub.dossier(), "key-" + std::to_string(i)).status, 201);
    Hub::until("the backend was tried", [&] { return hub.backend.counts().failed > 0; });
    EXPECT_EQ(hub.backend.counts().cases, 0u);

    hub.backend.change({});
    Hub::until("all are delivered", [&] { return hub.backend.counts().cases == 5; });
    EXPECT_EQ(hub.backend.counts().mismatches(), 0u);
}

}  // namespace
