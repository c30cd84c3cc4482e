#include "gateway/intake/certificates.hpp"

#include "tests/support/manual_clock.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>

namespace {

using namespace std::chrono_literals;
using support::Pki;

// Three keys: one past, one that signs now, one that waits.
struct Desk {
    Pki const& pki = Pki::shared();
    runtime::Instant const now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 2h;
    support::ManualClock clock;
    std::shared_ptr<dossier::ReceiptKeys const> keys;
    intake::ReceiptCertificates page{[this] { return keys; }, clock};
    net::io_context context{1};

    Desk()
    {
        clock.at = now;
        std::vector<dossier::ReceiptKey> made;
        made.push_back(key("2024", -900 * 24h, -200 * 24h));
        made.push_back(key("2026", -300 * 24h, 60 * 24h));
        made.push_back(key("2027", 30 * 24h, 400 * 24h));
        made[0].pair = nullptr;
        keys = std::make_shared<dossier::ReceiptKeys const>(std::move(made), now);
    }
    dossier::ReceiptKey key(std::string name, std::chrono::hours from, std::chrono::hours until) const
    {
        auto request = pki.request("0100109106");
        request.not_before = now + from;
        request.not_after = now + until;
        auto const identity = signing::dev::issue(pki.issuing_ca, request);
        auto const facts = signing::read_certificate(identity.certificate_pem).value();
        return {dossier::key_id_of(facts), std::move(name), Pki::key(identity), facts, identity.certificate_pem, now + from, now + until};
    }
    intake::Reply list() { return support::run_task(context, page.list({})); }
    intake::Reply pem(std::string id)
    {
        intake::Request request;
        request.path_parameter = std::move(id);
        return support::run_task(context, page.pem(std::move(request)));
    }
};

std::string header(intake::Reply const& reply, std::string const& name)
{
    for (auto const& [key, value] : reply.headers)
        if (key == name) return value;
    return "";
}

TEST(ReceiptCertificates, ListsThemPastCurrentAndNext)
{
    Desk desk;
    auto const reply = desk.list();
    ASSERT_EQ(reply.status, 200);
    auto const rows = boost::json::parse(reply.body).at("certificates").as_array();
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].at("status"), "past");
    EXPECT_EQ(rows[1].at("status"), "current");
    EXPECT_EQ(rows[2].at("status"), "next");
    EXPECT_EQ(rows[1].at("from"), "2026-01-25T09:00:00.000+07:00");
    for (auto const& row : rows) {
        auto const facts = signing::read_certificate(std::string_view{row.at("certificate_pem").as_string()});
        ASSERT_TRUE(facts);
        EXPECT_EQ(std::string_view{row.at("key_id").as_string()}, dossier::key_id_of(*facts));
    }
    EXPECT_NE(header(reply, "Cache-Control").find("public"), std::string::npos);
    EXPECT_EQ(reply.body.find("PRIVATE"), std::string::npos);
    desk.clock.at = desk.now + 31 * 24h;
    EXPECT_EQ(boost::json::parse(desk.list().body).at("certificates").as_array()[2].at("status"), "current");
}

TEST(ReceiptCertificates, GivesOneByItsKeyForGood)
{
    Desk desk;
    for (auto const& key : desk.keys->all()) {
        auto const reply = desk.pem(key.id);
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.body, key.certificate_pem);
        EXPECT_NE(header(reply, "Cache-Control").find("immutable"), std::string::npos);
    }
    EXPECT_EQ(desk.pem(std::string(64, '0')).status, 404);
    EXPECT_EQ(desk.pem("../../etc/passwd").status, 404);
}

}  // namespace
