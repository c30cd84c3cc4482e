// OCSP responses: who may answer, what is believed, how long, and what a stapled one may do.

#include "signing/detail/ocsp.hpp"

#include "signing/detail/revocations.hpp"
#include "tests/support/evidence.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include <malloc.h>

namespace {

using namespace std::chrono_literals;
using namespace support;
using signing::Instant;
using signing::Revocations;
using signing::detail::Standing;
using State = Standing::State;

Instant const now = support::began;
Extensions const responder_extensions{{NID_key_usage, "critical,digitalSignature"}, {NID_ext_key_usage, "OCSPSigning"}};

[[maybe_unused]] void PrintTo(State state, std::ostream* out)
{
    *out << (state == State::good ? "good" : state == State::revoked ? "revoked" : state == State::stale ? "stale" : "unknown");
}

struct OcspTest : ::testing::Test {
    Certified ca = certify(nullptr, {.name = "CA", .extensions = authority});
    Certified leaf = certify(&ca, {.name = "Leaf"});
    std::vector<std::string> authorities{ca.der()};
    std::vector<Revocations::Piece> crls, pieces;
    std::shared_ptr<Revocations const> held;
    std::vector<Revocations::Refused> refused;
    signing::EvidenceRules rules;

    [[nodiscard]] OcspText::Answer answer(int status = V_OCSP_CERTSTATUS_GOOD) const { return {leaf.get(), status, now - 1h, now + 1h, now - 2h}; }
    [[nodiscard]] OcspText text(int status = V_OCSP_CERTSTATUS_GOOD) const
    {
        OcspText made{.issuer = &ca, .responder = &ca, .answers = {}};
        made.answers.push_back(answer(status));
        return made;
    }
    void make()
    {
        auto made = Revocations::make(authorities, crls, pieces, held, rules);
        held = std::move(made.revocations);
        refused = std::move(made.refused);
    }
    Standing ask(std::string const& der, Instant at = now)
    {
        pieces = {{"answer", der}};
        held.reset();
        make();
        return signing::detail::standing_of(*held, leaf.get(), ca.get(), at);
    }
    std::string why() { return refused.empty() ? "taken" : refused.front().why; }
    Standing stapled(std::string const& der, Instant at = now)
    {
        make();
        return signing::detail::standing_of(*held, leaf.get(), ca.get(), at, std::vector{der});
    }
};

TEST_F(OcspTest, TheIssuersOwnAnswerIsBelieved)
{
    auto const good = ask(text().der());
    EXPECT_EQ(good.state, State::good) << why();
    EXPECT_EQ(good.evidence.source, "ocsp:CA");
    EXPECT_EQ(good.evidence.this_update, now - 1h);
    EXPECT_EQ(good.holds_until, now + 1h);
    auto const revoked = ask(text(V_OCSP_CERTSTATUS_REVOKED).der());
    EXPECT_EQ(revoked.state, State::revoked);
    EXPECT_EQ(revoked.revoked_at, now - 2h);
    EXPECT_EQ(ask(text(V_OCSP_CERTSTATUS_UNKNOWN).der()).state, State::unknown);
    EXPECT_EQ(ask(text().der(), now + 2h).state, State::stale);
    EXPECT_EQ(ask(text(V_OCSP_CERTSTATUS_REVOKED).der(), now + 2h).state, State::revoked);
}

TEST_F(OcspTest, FactsSayWhatAResponseSpeaksOf)
{
    (void)ask(text(V_OCSP_CERTSTATUS_REVOKED).der());
    ASSERT_EQ(held->facts().size(), 1u);
    auto const facts = held->facts().front();
    EXPECT_TRUE(facts.ocsp);
    EXPECT_EQ(facts.revoked, 1u);
    EXPECT_EQ(facts.issuer, "CN=CA");
    EXPECT_EQ(facts.evidence.next_update, now + 1h);
    EXPECT_EQ(held->revoked(), 0u) << "entries of CRLs";
}

TEST_F(OcspTest, AnAnswerOfAnotherTimeIsNotGood)
{
    auto future = text();
    future.answers.front().from = now + 1h;
    future.answers.front().until = now + 2h;
    EXPECT_EQ(ask(future.der()).state, State::unknown);
    EXPECT_EQ(ask(future.der(), now + 1h).state, State::good);
    auto backwards = text();
    backwards.answers.front().until = now - 2h;
    EXPECT_EQ(ask(backwards.der()).state, State::unknown);
    EXPECT_EQ(why(), "nextUpdate before thisUpdate");
}

TEST_F(OcspTest, AnAnswerWithoutAnEndHasTheBoundsLife)
{
    auto made = text();
    made.answers.front().until = std::nullopt;
    EXPECT_EQ(ask(made.der()).state, State::good);
    EXPECT_EQ(held->facts().front().evidence.next_update, now - 1h + rules.ocsp_life);
    EXPECT_EQ(ask(made.der(), now + 1s).state, State::stale);
    rules.ocsp_life = 2h;
    EXPECT_EQ(ask(made.der(), now + 1s).state, State::good);
}

TEST_F(OcspTest, ADelegatedResponderIsBelievedOnlyWithThePurposeFromTheVeryIssuer)
{
    auto const judge = [&](Certified const& responder) {
        auto made = text();
        made.responder = &responder;
        return ask(made.der());
    };
    auto const good = judge(certify(&ca, {.name = "Responder", .extensions = responder_extensions}));
    EXPECT_EQ(good.state, State::good) << why();
    EXPECT_EQ(good.evidence.source, "ocsp:Responder");

    EXPECT_EQ(judge(certify(&ca, {.name = "Responder"})).state, State::unknown);
    EXPECT_EQ(why(), "the responder's certificate is not for OCSP signing");
    EXPECT_EQ(judge(certify(&ca, {.name = "Responder", .extensions = {{NID_ext_key_usage, "anyExtendedKeyUsage"}}})).state, State::unknown);
    EXPECT_EQ(why(), "the responder's certificate is not for OCSP signing");
    EXPECT_EQ(judge(certify(&ca, {.name = "Responder", .extensions = {{NID_key_usage, "critical,keyEncipherment"}, {NID_ext_key_usage, "OCSPSigning"}}})).state,
              State::unknown);
    EXPECT_EQ(why(), "the responder's key usage forbids signing");

    auto const stranger = certify(nullptr, {.name = "Stranger", .extensions = authority});
    EXPECT_EQ(judge(certify(&stranger, {.name = "Responder", .extensions = responder_extensions})).state, State::unknown);
    EXPECT_EQ(why(), "the responder's certificate was not issued by the certificate's issuer");
    auto const impostor = certify(nullptr, {.name = "CA", .extensions = authority});
    EXPECT_EQ(judge(certify(&impostor, {.name = "Responder", .extensions = responder_extensions})).state, State::unknown);
    auto const below = certify(&ca, {.name = "Below", .extensions = authority});
    EXPECT_EQ(judge(certify(&below, {.name = "Responder", .extensions = responder_extensions})).state, State::unknown);
}

TEST_F(OcspTest, AnAnswerDoesNotOutliveItsResponder)
{
    auto const judge = [&](Instant from, Instant until) {
        auto const responder = certify(&ca, {.name = "Responder", .extensions = responder_extensions, .not_before = from, .not_after = until});
        auto made = text();
        made.responder = &responder;
        return ask(made.der());
    };
    EXPECT_EQ(judge(now - 9h, now - 1h).state, State::unknown);
    EXPECT_EQ(why(), "the responder's certificate was not valid when it answered");
    EXPECT_EQ(judge(now + 1h, now + 9h).state, State::unknown);
    EXPECT_EQ(judge(now - 9h, now + 30min).holds_until, now + 30min);
}

TEST_F(OcspTest, ARevokedResponderIsNotBelievedUnlessItsCertificateSaysNotToAsk)
{
    for (bool const nocheck : {false, true}) {
        auto extensions = responder_extensions;
        if (nocheck) extensions.emplace_back(NID_id_pkix_OCSP_noCheck, "ignored");
        auto const responder = certify(&ca, {.name = "Responder", .extensions = extensions});
        crls = {{"list", CrlText{ca}.revoke(serial(responder), now - 2h).dated(now - 9h, now - 8h).der()}};
        auto made = text();
        made.responder = &responder;
        EXPECT_EQ(ask(made.der()).state, nocheck ? State::good : State::stale) << "the ended list is all that is left";
    }
}

TEST_F(OcspTest, AnotherIssuersAnswerIsNotTaken)
{
    auto const other = certify(nullptr, {.name = "Other", .extensions = authority});
    auto made = text();
    made.issuer = &other;
    made.responder = &other;
    EXPECT_EQ(ask(made.der()).state, State::unknown);
    EXPECT_EQ(why(), "speaks of no certificate of our authorities");
    authorities.push_back(other.der());
    EXPECT_EQ(ask(made.der()).state, State::unknown) << "the same serial, of another issuer";
    EXPECT_EQ(why(), "taken");
    made.issuer = &ca;
    EXPECT_EQ(ask(made.der()).state, State::unknown);
    EXPECT_NE(why(), "taken") << "another authority may not answer for this one";
}

TEST_F(OcspTest, AlteredOctetsAreNeverBelieved)
{
    auto const good = text(V_OCSP_CERTSTATUS_REVOKED).der();
    std::size_t refusals = 0;
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto altered = good;
        altered[i] = static_cast<char>(altered[i] ^ 0x01);
        auto const standing = ask(altered);
        EXPECT_NE(standing.state, State::good) << i;
        refusals += standing.state != State::revoked;
    }
    EXPECT_GT(refusals, good.size() / 2);
    EXPECT_EQ(ask(good + "x").state, State::unknown);
    EXPECT_EQ(ask("").state, State::unknown);
}

TEST_F(OcspTest, CertificateIdsOfBothDigestsAreUnderstood)
{
    auto made = text();
    made.id_md = EVP_sha256();
    EXPECT_EQ(ask(made.der()).state, State::good);
    made.id_md = EVP_md5();
    EXPECT_EQ(ask(made.der()).state, State::unknown);
    made.id_md = EVP_sha1();
    made.flags = OCSP_RESPID_KEY;
    EXPECT_EQ(ask(made.der()).state, State::good) << "the responder named by its key";
}

TEST_F(OcspTest, Sha1SignaturesAreRefusedUnlessTheRulesAllowThem)
{
    auto made = text();
    made.md = EVP_sha1();
    EXPECT_EQ(ask(made.der()).state, State::unknown);
    EXPECT_EQ(why(), "signed with SHA1, which is not allowed");
    rules.sha1 = true;
    EXPECT_EQ(ask(made.der()).state, State::good);
}

TEST_F(OcspTest, RefusesFailuresAndKeepsItsBounds)
{
    EXPECT_EQ(ask(text().der(OCSP_RESPONSE_STATUS_TRYLATER)).state, State::unknown);
    EXPECT_EQ(why(), "the responder answered: trylater");
    rules.ocsp_bytes_max = 100;
    (void)ask(text().der());
    EXPECT_EQ(why(), "more than 100 octets");
    rules = {.ocsp_answers_max = 2};
    auto made = text();
    made.answers = {answer(), answer(), answer()};
    (void)ask(made.der());
    EXPECT_EQ(why(), "more answers than we take");
}

TEST_F(OcspTest, TheNewestOfSeveralAnswersCounts)
{
    auto older = text(V_OCSP_CERTSTATUS_REVOKED);
    older.answers.front().from = now - 5h;
    pieces = {{"older", older.der()}, {"newer", text().der()}};
    make();
    EXPECT_EQ(signing::detail::standing_of(*held, leaf.get(), ca.get(), now).state, State::good);
    EXPECT_EQ(signing::detail::standing_of(*held, leaf.get(), ca.get(), now - 2h).state, State::revoked);
}

TEST_F(OcspTest, AnOlderAnswerDoesNotReplaceTheOneHeld)
{
    pieces = {{"revoked", text(V_OCSP_CERTSTATUS_REVOKED).der()}};
    make();
    auto replayed = text();
    replayed.answers.front().from = now - 5h;
    pieces = {{"replayed", replayed.der()}};
    make();
    EXPECT_EQ(why(), "older than the one held, which stays");
    EXPECT_EQ(signing::detail::standing_of(*held, leaf.get(), ca.get(), now).state, State::revoked);
}

TEST_F(OcspTest, WhoSaysRevokedIsBelievedBeforeWhoSaysGood)
{
    crls = {{"list", CrlText{ca}.revoke(serial(leaf), now - 2h).der()}};
    EXPECT_EQ(ask(text().der()).state, State::revoked);
    crls = {{"list", CrlText{ca}.der()}};
    EXPECT_EQ(ask(text(V_OCSP_CERTSTATUS_REVOKED).der()).state, State::revoked);
    auto fresher = text();
    fresher.answers.front().from = now - 10min;
    EXPECT_EQ(ask(fresher.der()).evidence.source, "ocsp:CA") << "issued after the list";
    EXPECT_EQ(ask(fresher.der(), now + 2h).evidence.source, "crl:CA") << "the answer has ended, the list has not";
}

TEST_F(OcspTest, AStapledAnswerIsJudgedLikeAnyOther)
{
    EXPECT_EQ(stapled(text().der()).state, State::good);
    EXPECT_EQ(stapled(text().der()).evidence.source, "ocsp:CA");
    EXPECT_EQ(stapled(text(V_OCSP_CERTSTATUS_REVOKED).der()).state, State::revoked);
    auto const forged = certify(nullptr, {.name = "CA", .extensions = authority});
    auto made = text();
    made.responder = &forged;
    auto const standing = stapled(made.der());
    EXPECT_EQ(standing.state, State::unknown);
    EXPECT_NE(standing.detail.find("passed over"), std::string::npos) << standing.detail;
    crls = {{"list", CrlText{ca}.revoke(serial(leaf), now - 2h).der()}};
    EXPECT_EQ(stapled(text().der()).state, State::revoked) << "an answer from before does not undo a revocation";
}

TEST_F(OcspTest, OnlySoManyStapledAnswersAreLookedAt)
{
    std::vector<std::string> many(signing::detail::stapled_max, "garbage");
    many.push_back(text().der());
    make();
    EXPECT_EQ(signing::detail::standing_of(*held, leaf.get(), ca.get(), now, many).state, State::unknown);
    many.erase(many.begin());
    EXPECT_EQ(signing::detail::standing_of(*held, leaf.get(), ca.get(), now, many).state, State::good);
}

TEST_F(OcspTest, ARequestNamesTheCertificateByTheDigestThatRespondersKnow)
{
    auto const der = signing::ocsp_request(leaf.der(), ca.der());
    ASSERT_TRUE(der.has_value());
    auto const* at = reinterpret_cast<unsigned char const*>(der->data());
    signing::detail::Owned<OCSP_REQUEST, OCSP_REQUEST_free> const request{d2i_OCSP_REQUEST(nullptr, &at, static_cast<long>(der->size()))};
    ASSERT_TRUE(request);
    ASSERT_EQ(OCSP_request_onereq_count(request.get()), 1);
    signing::detail::Owned<OCSP_CERTID, OCSP_CERTID_free> const id{OCSP_cert_to_id(EVP_sha1(), leaf.get(), ca.get())};
    EXPECT_EQ(OCSP_id_cmp(OCSP_onereq_get0_id(OCSP_request_onereq_get0(request.get(), 0)), id.get()), 0);
    EXPECT_EQ(OCSP_REQUEST_get_ext_count(request.get()), 0) << "no nonce: responders answer from their cache";
    EXPECT_FALSE(signing::ocsp_request("garbage", ca.der()).has_value());
    EXPECT_FALSE(signing::ocsp_request(leaf.der(), "").has_value());
}

// Every one comes with its responder's certificate, half of them before the other half. The gateway keeps up to 10,000
// (revocation.responses_max).
TEST_F(OcspTest, ThousandsOfResponsesAreSharedByTheNextSnapshotAndHoldTheirResponderOnce)
{
    auto const responder = certify(&ca, {.name = "Responder", .extensions = responder_extensions});
    constexpr std::size_t count = 2'000;
    for (std::size_t i = 0; i < count; ++i) {
        auto const one = certify(&ca, {.name = "Leaf", .key = leaf.key.get()});
        OcspText made{.issuer = &ca, .responder = &responder, .answers = {{one.get(), V_OCSP_CERTSTATUS_GOOD, now - 1h, now + 1h, now - 2h}}};
        pieces.push_back({"ocsp:" + std::to_string(i), made.der()});
    }
    auto const all = pieces;
    auto const before = ::mallinfo2().uordblks;
    pieces.resize(count / 2);
    make();
    ASSERT_TRUE(refused.empty()) << why();
    auto const half = held;
    pieces = all;
    make();
    ASSERT_TRUE(refused.empty()) << why();
    auto const after = ::mallinfo2().uordblks;

    auto const& data = held->data();
    ASSERT_EQ(data.ocsp.size(), count);
    EXPECT_EQ(data.answers.size(), count);
    std::set<X509*> responders, issuers;
    for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(i < count / 2, i < half->data().ocsp.size() && data.ocsp[i].responses == half->data().ocsp[i].responses) << "what is the same is shared: " << i;
        responders.insert(data.ocsp[i].responses->front().responder.get());
        issuers.insert(data.ocsp[i].responses->front().issuer.get());
    }
    EXPECT_EQ(responders.size(), 1u);
    EXPECT_EQ(issuers.size(), 1u);
    EXPECT_EQ(half->data().authorities.front().get(), data.authorities.front().get());
    // Both snapshots and their indexes, beside the bytes of the pieces. (Zero under a sanitizer's allocator.)
    auto const each = (after - std::min(before, after)) / count;
    RecordProperty("bytes_each", std::to_string(each));
    EXPECT_LT(each, 1024u);
}

}  // namespace
