// A snapshot of revocation evidence, asked about certificates: which list counts, what it says, what is shared.

#include "signing/revocation.hpp"

#include "signing/detail/revocations.hpp"
#include "tests/support/evidence.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace {

using namespace std::chrono_literals;
using namespace support;
using signing::Instant;
using signing::Revocations;
using signing::detail::Standing;
using State = Standing::State;

Instant const now = support::began;

char const* name_of(State state)
{
    switch (state) {
        case State::good: return "good";
        case State::revoked: return "revoked";
        case State::stale: return "stale";
        case State::unknown: return "unknown";
    }
    return "?";
}
[[maybe_unused]] void PrintTo(State state, std::ostream* out) { *out << name_of(state); }

struct RevocationTest : ::testing::Test {
    Certified root = certify(nullptr, {.name = "Root", .extensions = authority});
    Certified ca = certify(&root, {.name = "CA", .extensions = authority});
    Certified leaf = certify(&ca, {.name = "Leaf"});
    std::vector<std::string> authorities{root.der(), ca.der()};
    std::vector<Revocations::Piece> crls;
    std::shared_ptr<Revocations const> held;
    std::vector<Revocations::Refused> refused;

    RevocationTest& add(CrlText const& text)
    {
        crls.push_back({"crl " + std::to_string(crls.size() + 1), text.der()});
        return *this;
    }
    void make()
    {
        auto made = Revocations::make(authorities, crls, {}, held);
        held = std::move(made.revocations);
        refused = std::move(made.refused);
    }
    Standing ask(Certified const& one, Certified const& issuer, Instant at = now)
    {
        make();
        EXPECT_TRUE(refused.empty()) << refused.front().name << ": " << refused.front().why;
        return signing::detail::standing_of(*held, one.get(), issuer.get(), at);
    }
    Standing ask(Instant at = now) { return ask(leaf, ca, at); }
    [[nodiscard]] CrlText text() const { return CrlText{ca}; }
    [[nodiscard]] CrlText revoking() const { return text().revoke(serial(leaf), now - 2h, reason(1)); }
};

TEST_F(RevocationTest, WithoutEvidenceNothingIsKnown)
{
    auto const standing = ask();
    EXPECT_EQ(standing.state, State::unknown);
    EXPECT_EQ(standing.evidence.source, "none");
    add(CrlText{root});
    EXPECT_EQ(ask().state, State::unknown) << "another issuer's list says nothing";
}

TEST_F(RevocationTest, AFreshListSaysGoodUntilItEnds)
{
    add(text());
    auto const standing = ask();
    EXPECT_EQ(standing.state, State::good);
    EXPECT_EQ(standing.evidence.source, "crl:CA");
    EXPECT_EQ(standing.evidence.age(now), 1h);
    EXPECT_EQ(standing.holds_until, now + 24h);
    EXPECT_EQ(ask(now + 24h).state, State::good);
    auto const ended = ask(now + 24h + 1s);
    EXPECT_EQ(ended.state, State::stale);
    EXPECT_EQ(ended.evidence.next_update, now + 24h);
}

TEST_F(RevocationTest, AListedCertificateIsRevokedEvenByAListThatHasEnded)
{
    add(revoking());
    for (auto const at : {now, now + 48h}) {
        auto const standing = ask(at);
        EXPECT_EQ(standing.state, State::revoked);
        EXPECT_EQ(standing.revoked_at, now - 2h);
        EXPECT_EQ(standing.evidence.source, "crl:CA");
    }
    EXPECT_EQ(ask(certify(&ca, {.name = "Other"}), ca).state, State::good);
}

// RFC 5280 §6.3.3 asks for the serial alone.
TEST_F(RevocationTest, AListedCertificateIsRevokedWhateverTheDateBesideIt)
{
    add(text().revoke(serial(leaf), now + 24h));
    EXPECT_EQ(ask().state, State::revoked);
}

TEST_F(RevocationTest, AListNotYetIssuedSaysNothingGoodButKnowsWhoWasRevokedBefore)
{
    add(text().revoke("\x05", now - 2h).dated(now + 1h, now + 25h));
    auto const standing = ask();
    EXPECT_EQ(standing.state, State::unknown);
    EXPECT_LT(standing.holds_until, now + 1h) << "the answer changes when the list comes into force";
    EXPECT_GT(standing.holds_until, now);
    EXPECT_EQ(ask(now + 1h).state, State::good);
    EXPECT_EQ(ask(now + 1h - 60s).state, State::good) << "clocks may differ by two minutes";
    add(text().revoke(serial(leaf), now - 2h).dated(now + 2h, now + 25h));
    EXPECT_EQ(ask().state, State::revoked);
    EXPECT_EQ(ask(now - 3h).state, State::unknown) << "before it was revoked";
}

TEST_F(RevocationTest, TheNewestListOfAScopeCounts)
{
    add(revoking().number(1).dated(now - 9h, now + 9h)).add(text().number(2).dated(now - 3h, now + 3h));
    EXPECT_EQ(ask().state, State::good) << "taken off hold";
    EXPECT_EQ(ask().evidence.this_update, now - 3h);
    EXPECT_EQ(ask(now - 4h).state, State::revoked) << "at that time the older one was the newest";
}

TEST_F(RevocationTest, ADeltaAddsToTheListItFits)
{
    add(text().number(4).dated(now - 9h, now + 1h));
    add(revoking().number(6).base(4).dated(now - 1h, now + 2h));
    auto const standing = ask();
    EXPECT_EQ(standing.state, State::revoked);
    EXPECT_EQ(standing.evidence.source, "crl+delta:CA");
    auto const other = ask(certify(&ca, {.name = "Other"}), ca);
    EXPECT_EQ(other.state, State::good);
    EXPECT_EQ(other.evidence.source, "crl+delta:CA");
    EXPECT_EQ(other.evidence.this_update, now - 1h);
    EXPECT_EQ(other.holds_until, now + 2h) << "the delta renews the list it fits";
}

TEST_F(RevocationTest, ADeltaTakesOffHold)
{
    add(text().number(4).revoke(serial(leaf), now - 12h, reason(6)).dated(now - 9h, now + 9h));
    EXPECT_EQ(ask().state, State::revoked);
    add(text().number(6).base(4).revoke(serial(leaf), now - 2h, reason(8)).dated(now - 1h, now + 1h));
    EXPECT_EQ(ask().state, State::good);
    EXPECT_EQ(ask(now + 2h).state, State::good) << "its end does not put the certificate on hold again";
    EXPECT_EQ(ask(now + 2h).evidence.source, "crl:CA");
    EXPECT_EQ(ask(now - 2h).state, State::revoked) << "before the delta";
}

TEST_F(RevocationTest, ADeltaWithoutAListItFitsSaysNothingGood)
{
    add(text().number(6).base(4).revoke("\x05", now - 2h, reason(1)));
    EXPECT_EQ(ask().state, State::unknown);
    add(text().number(3).dated(now - 9h, now - 8h));
    EXPECT_EQ(ask().state, State::stale) << "the list is older than the delta's base";
    add(text().number(5).dated(now - 5h, now - 4h));
    EXPECT_EQ(ask().state, State::good) << "a list newer than the base does as well";
    crls.clear();
    held.reset();
    add(revoking().number(6).base(4));
    EXPECT_EQ(ask().state, State::revoked) << "what it lists is revoked all the same";
}

TEST_F(RevocationTest, ADeltaOlderThanTheListIsPassedOver)
{
    add(text().number(7).dated(now - 1h, now + 1h)).add(revoking().number(6).base(4).dated(now - 2h, now + 2h));
    EXPECT_EQ(ask().state, State::good);
    EXPECT_EQ(ask().evidence.source, "crl:CA");
}

TEST_F(RevocationTest, ADeltaOfAnotherScopeOrKeyDoesNotCombine)
{
    auto const renewed = certify(&root, {.name = "CA", .extensions = authority});
    authorities.push_back(renewed.der());
    add(text().number(4).dated(now - 9h, now - 1h));
    add(text().number(6).base(4).point(only_user()));
    add(CrlText{renewed}.number(6).base(4));
    EXPECT_EQ(ask().state, State::stale);
}

TEST_F(RevocationTest, ListsOfUsersOnlyAndOfAuthoritiesOnlySpeakOfTheirOwn)
{
    auto const below = certify(&ca, {.name = "Below", .extensions = authority});
    add(text().point(only_user()));
    EXPECT_EQ(ask().state, State::good);
    EXPECT_EQ(ask(below, ca).state, State::unknown);
    crls.clear();
    add(text().point(only_ca()));
    EXPECT_EQ(ask().state, State::unknown);
    EXPECT_EQ(ask(below, ca).state, State::good);
}

TEST_F(RevocationTest, APartitionSpeaksOfTheCertificatesThatNameIt)
{
    auto const named = certify(&ca, {.name = "Named", .extensions = {{NID_crl_distribution_points, "URI:http://a.example/1.crl"}}});
    auto const elsewhere = certify(&ca, {.name = "Elsewhere", .extensions = {{NID_crl_distribution_points, "URI:http://a.example/2.crl"}}});
    add(text().point(point_name(uri("http://a.example/1.crl"))));
    EXPECT_EQ(ask(named, ca).state, State::good);
    EXPECT_EQ(ask(elsewhere, ca).state, State::unknown);
    EXPECT_EQ(ask().state, State::unknown) << "no distribution point at all";
    add(text());
    EXPECT_EQ(ask(elsewhere, ca).state, State::good) << "a list of everything";
    // Two partitions are two scopes: the newer does not replace the older.
    add(text().point(point_name(uri("http://a.example/2.crl"))).revoke(serial(elsewhere), now - 2h));
    EXPECT_EQ(ask(elsewhere, ca).state, State::revoked);
}

TEST_F(RevocationTest, ListsOfSomeReasonsAreGoodOnlyTogether)
{
    add(text().point(some_reasons(std::string("\x05\x60", 2))));  // keyCompromise, cACompromise
    EXPECT_EQ(ask().state, State::unknown);
    add(text().point(some_reasons(std::string("\x07\x9f\x80", 3))).dated(now - 30min, now + 1h));  // all others
    auto const standing = ask();
    EXPECT_EQ(standing.state, State::good);
    EXPECT_EQ(standing.holds_until, now + 1h) << "until the first of them ends";
    EXPECT_EQ(ask(now + 2h).state, State::stale);
    add(text().point(some_reasons(std::string("\x05\x60", 2))).revoke(serial(leaf), now - 2h).dated(now - 10min, now + 1h));
    EXPECT_EQ(ask().state, State::revoked);
}

TEST_F(RevocationTest, AnIndirectListSpeaksForTheIssuersItNamesWhereTheCertificateNamesIt)
{
    auto const lister = certify(&root, {.name = "Lister", .extensions = {{NID_key_usage, "critical,cRLSign"}}});
    authorities.push_back(lister.der());
    // DistributionPoint ::= SEQUENCE { cRLIssuer [2] }
    auto const points = "DER:" + signing::hex(tlv(0x30, tlv(0x30, tlv(0xa2, directory_name(lister)))));
    auto const named = certify(&ca, {.name = "Named", .extensions = {{NID_crl_distribution_points, points}}});
    auto const also = certify(&ca, {.name = "Also", .extensions = {{NID_crl_distribution_points, points}}});
    auto const by = [](Certified const& one) { return extension(oid_issuer, tlv(0x30, directory_name(one)), true); };
    CrlText list{lister};
    list.point(indirect()).revoke(serial(named), now - 9h).revoke(serial(named), now - 2h, by(ca)).revoke("\x05", now - 2h);
    add(list);
    EXPECT_EQ(ask(named, ca).state, State::revoked);
    EXPECT_EQ(ask(named, ca).revoked_at, now - 2h) << "not the lister's own certificate of that number";
    EXPECT_EQ(ask(also, ca).state, State::good);
    EXPECT_EQ(ask(also, ca).evidence.source, "crl:Lister");
    EXPECT_EQ(ask().state, State::unknown) << "the leaf does not name the lister";
}

TEST_F(RevocationTest, AnIndirectListOfAStrangerIsNotHeard)
{
    auto const other_root = certify(nullptr, {.name = "Other root", .extensions = authority});
    auto const stranger = certify(&other_root, {.name = "Stranger", .extensions = {{NID_key_usage, "critical,cRLSign"}}});
    authorities.push_back(other_root.der());
    authorities.push_back(stranger.der());
    auto const points = "DER:" + signing::hex(tlv(0x30, tlv(0x30, tlv(0xa2, directory_name(stranger)))));
    auto const named = certify(&ca, {.name = "Named", .extensions = {{NID_crl_distribution_points, points}}});
    add(CrlText{stranger}.point(indirect()));
    EXPECT_EQ(ask(named, ca).state, State::unknown);
}

TEST_F(RevocationTest, ACaThatChangesItsKeyIsHeardWithBoth)
{
    auto const renewed = certify(&root, {.name = "CA", .extensions = authority});
    authorities.push_back(renewed.der());
    add(CrlText{renewed}.revoke(serial(leaf), now - 2h));
    EXPECT_EQ(ask().state, State::revoked) << "the same root certified both keys";
    EXPECT_EQ(ask(certify(&renewed, {.name = "New"}), renewed).state, State::good);
    EXPECT_EQ(ask(certify(&ca, {.name = "Old"}), ca).state, State::good);
}

TEST_F(RevocationTest, AKeyForListsAloneIsHeardWhenTheCaCertifiedIt)
{
    auto const lister = certify(&ca, {.name = "CA", .extensions = {{NID_key_usage, "critical,cRLSign"}}});
    authorities.push_back(lister.der());
    add(CrlText{lister}.revoke(serial(leaf), now - 2h));
    EXPECT_EQ(ask().state, State::revoked);
    EXPECT_EQ(ask(certify(&ca, {.name = "Old"}), ca).state, State::good);
    add(CrlText{ca}.dated(now - 9h, now - 8h).revoke(serial(lister), now - 12h));
    EXPECT_EQ(ask(certify(&ca, {.name = "Old"}), ca).state, State::stale) << "a revoked key is not heard; the CA's own list has ended";
}

TEST_F(RevocationTest, AnotherAnchorOfTheSameNameIsNotHeard)
{
    auto const other_root = certify(nullptr, {.name = "Root", .extensions = authority});
    auto const impostor = certify(&other_root, {.name = "CA", .extensions = authority});
    authorities.push_back(other_root.der());
    authorities.push_back(impostor.der());
    add(CrlText{impostor});
    EXPECT_EQ(ask().state, State::unknown);
}

TEST_F(RevocationTest, ARenewedCertificateOfTheSameKeyIsTheSameIssuer)
{
    auto const renewed = certify(&root, {.name = "CA", .extensions = authority, .key = ca.key.get()});
    add(text());
    EXPECT_EQ(ask(leaf, renewed).state, State::good);
}

TEST_F(RevocationTest, ToolsMayAskByIssuerAndNumber)
{
    add(text().revoke(number(0x4d2), now - 2h).revoke(std::string("\0\x80", 2), now - 3h));
    make();
    EXPECT_EQ(held->listed("CN=CA", "04D2"), now - 2h);
    EXPECT_EQ(held->listed("CN=CA", "80"), now - 3h);
    EXPECT_EQ(held->listed("CN=CA", "04D3"), std::nullopt);
    EXPECT_EQ(held->listed("CN=Root", "04D2"), std::nullopt);
    EXPECT_EQ(held->listed("CN=CA", "no number"), std::nullopt);
}

TEST_F(RevocationTest, WhatIsRefusedIsNamedAndTheRestIsUsed)
{
    add(text());
    crls.push_back({"broken", "garbage"});
    crls.push_back({"empty", ""});
    make();
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_EQ(refused[0].name, "broken");
    EXPECT_FALSE(refused[0].why.empty());
    ASSERT_EQ(held->facts().size(), 1u);
    auto const facts = held->facts().front();
    EXPECT_EQ(facts.name, "crl 1");
    EXPECT_EQ(facts.issuer, "CN=CA");
    EXPECT_EQ(facts.number, "01");
    EXPECT_FALSE(facts.delta);
}

TEST_F(RevocationTest, WhatDidNotChangeIsSharedAndWhatIsGoneIsGone)
{
    add(text().revoke("\x05", now - 2h)).add(CrlText{root});
    make();
    auto const before = held;
    crls[1] = {"newer", CrlText{root}.number(2).dated(now - 30min, now + 1h).der()};
    crls[0].name = "another name";
    make();
    EXPECT_TRUE(refused.empty());
    EXPECT_EQ(held->data().crls[0].crl, before->data().crls[0].crl) << "the same object, not read again";
    EXPECT_EQ(held->facts()[0].name, "another name");
    EXPECT_NE(held->data().crls[1].crl, before->data().crls[1].crl);
    crls.erase(crls.begin());
    make();
    EXPECT_EQ(held->facts().size(), 1u);
}

TEST_F(RevocationTest, ASharedListIsReadAnewWhenItsSignerIsNoAuthorityAnyMore)
{
    add(text());
    make();
    authorities = {root.der()};
    make();
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused.front().why, "its issuer is none of our authorities");
    EXPECT_TRUE(held->facts().empty());
}

TEST_F(RevocationTest, AnOlderListDoesNotReplaceTheOneHeld)
{
    add(text().number(7).revoke(serial(leaf), now - 2h));
    make();
    crls.clear();
    add(text().number(6).dated(now - 9h, now + 9h));
    make();
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused.front().why, "older than the one held, which stays");
    EXPECT_EQ(signing::detail::standing_of(*held, leaf.get(), ca.get(), now).state, State::revoked);
    make();
    EXPECT_EQ(signing::detail::standing_of(*held, leaf.get(), ca.get(), now).state, State::revoked) << "nor the second time";
    EXPECT_EQ(held->facts().size(), 1u);
    crls.front() = {"newest", text().number(8).dated(now - 30min, now + 9h).der()};
    make();
    EXPECT_TRUE(refused.empty());
    EXPECT_EQ(signing::detail::standing_of(*held, leaf.get(), ca.get(), now).state, State::good);
}

TEST_F(RevocationTest, ARevocationIsSeenByEveryThreadRightAfterTheSwap)
{
    add(text());
    make();
    auto later = crls;
    later.front().bytes = text().number(2).dated(now - 30min, now + 9h).revoke(serial(leaf), now - 1h).der();
    auto const next = Revocations::make(authorities, later, {}, held).revocations;

    std::atomic<std::shared_ptr<Revocations const>> current{held};
    std::atomic<bool> swapped{false}, stop{false};
    std::atomic<int> wrong{0}, before{0}, after{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            while (!stop) {
                bool const must_see = swapped;  // read before asking: whoever asks after the swap must see it
                auto const snapshot = current.load();
                auto const state = signing::detail::standing_of(*snapshot, leaf.get(), ca.get(), now).state;
                if (state == State::revoked) {
                    ++after;
                } else {
                    ++before;
                    if (must_see || state != State::good) ++wrong;
                }
            }
        });
    }
    while (before < 200) std::this_thread::yield();
    held.reset();
    current.store(next);
    swapped = true;
    while (after < 200) std::this_thread::yield();
    stop = true;
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST(EvidenceSources, AreTheHttpAddressesOfTheCertificateAndNothingElse)
{
    auto const root = certify(nullptr, {.name = "Root", .extensions = authority});
    auto const leaf = certify(&root, {.name = "Leaf",
                                      .extensions = {{NID_crl_distribution_points, "URI:http://a.example/1.crl,URI:ldap://a.example/x,URI:HTTP://b.example/2.crl,URI:http://a.example/1.crl"},
                                                     {NID_freshest_crl, "URI:http://a.example/delta.crl"},
                                                     {NID_info_access, "OCSP;URI:http://ocsp.example/,OCSP;URI:https://ocsp.example/,caIssuers;URI:http://a.example/ca.crt"}}});
    auto const wanted = signing::evidence_sources(leaf.der(), root.der());
    EXPECT_EQ(wanted.crl_urls, (std::vector<std::string>{"http://a.example/1.crl", "HTTP://b.example/2.crl"}));
    EXPECT_EQ(wanted.delta_urls, std::vector<std::string>{"http://a.example/delta.crl"});
    EXPECT_EQ(wanted.ocsp_urls, std::vector<std::string>{"http://ocsp.example/"});
    EXPECT_EQ(wanted.certificate, leaf.der());
    EXPECT_EQ(wanted.issuer, root.der());
    EXPECT_TRUE(signing::evidence_sources("garbage", "").crl_urls.empty());
}

TEST(EvidenceSources, PassOverAddressesThatWouldBreakARequestLine)
{
    auto const root = certify(nullptr, {.name = "Root", .extensions = authority});
    auto const point = [](std::string_view address) { return tlv(0x30, tlv(0xa0, tlv(0xa0, uri(address)))); };
    std::string points = point("http://a.example/x\r\nHost: evil") + point("http://a.example/a b") + point("http://") + point("http://a.example/" + std::string(2000, 'a'));
    for (int i = 0; i < 12; ++i) points += point("http://a.example/" + std::to_string(i));
    auto const leaf = certify(&root, {.name = "Leaf", .extensions = {{NID_crl_distribution_points, "DER:" + signing::hex(tlv(0x30, points))}}});
    auto const wanted = signing::evidence_sources(leaf.der(), root.der());
    ASSERT_EQ(wanted.crl_urls.size(), 8u) << "no more than eight";
    EXPECT_EQ(wanted.crl_urls.front(), "http://a.example/0");
}

}  // namespace
