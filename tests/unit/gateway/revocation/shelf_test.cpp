// Evidence on disk and in memory: verified, kept, never rolled back.

#include "gateway/revocation/shelf.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace std::chrono_literals;
using revocation::Arrival;
using revocation::Kind;
using revocation::Outcome;
using revocation::Schedule;
using revocation::Shelf;
using support::Pki;

constexpr char const* url = "http://ca.example.vn/ca.crl";
std::string const key = Schedule::key_of(Kind::crl, url);

struct ShelfTest : testing::Test {
    Pki const& pki = Pki::shared();
    support::TemporaryDirectory directory;
    revocation::RevocationConfig config;
    std::vector<std::string> authorities{*signing::certificate_der(pki.root.certificate_pem), *signing::certificate_der(pki.issuing_ca.certificate_pem)};
    revocation::Instant now = pki.now;

    [[nodiscard]] std::string list(unsigned number, std::chrono::seconds age = 1h, std::vector<signing::dev::Revoked> const& revoked = {}) const
    {
        return signing::dev::make_crl(pki.issuing_ca, revoked, now - age, now + 24h, number);
    }
    static std::vector<Arrival> arrival(std::string bytes)
    {
        std::vector<Arrival> made;
        made.push_back({key, Kind::crl, url, std::move(bytes), {"\"e\"", ""}});
        return made;
    }
    [[nodiscard]] std::vector<std::filesystem::path> files() const
    {
        std::vector<std::filesystem::path> found;
        auto const folder = directory.path() / "fetched";
        if (!std::filesystem::exists(folder)) return found;
        for (auto const& entry : std::filesystem::directory_iterator{folder}) found.push_back(entry.path());
        return found;
    }
};

TEST_F(ShelfTest, WhatVerifiesIsTakenAndFoundAgainAfterARestart)
{
    auto const unit = pki.unit("0101300842");
    Shelf shelf{config, directory.path()};
    auto const put = shelf.put(arrival(list(1, 1h, {{unit.certificate_pem, now - 2h}})), authorities, nullptr, now);
    EXPECT_EQ(put.verdicts.at(key).outcome, Outcome::fetched) << put.verdicts.at(key).trouble;
    EXPECT_EQ(put.verdicts.at(key).next_update, now + 24h);
    EXPECT_EQ(put.revocations->revoked(), 1u);
    EXPECT_EQ(files().size(), 1u);

    Shelf after{config, directory.path()};
    after.load();
    EXPECT_EQ(after.put({}, authorities, nullptr, now).revocations->revoked(), 1u);
    ASSERT_EQ(after.known().size(), 1u);
    EXPECT_EQ(after.known()[0].url, url);
    EXPECT_EQ(after.known()[0].next_update, now + 24h);
    EXPECT_EQ(after.known()[0].version.etag, "\"e\"");
}

TEST_F(ShelfTest, WhatDoesNotVerifyIsRefusedWithItsReasonAndTheOldStays)
{
    Shelf shelf{config, directory.path()};
    auto const first = shelf.put(arrival(list(1)), authorities, nullptr, now);
    auto broken = list(2);
    broken[broken.size() / 2] ^= 1;
    for (auto const& bytes : {broken, std::string{"no list"}, signing::dev::make_crl(pki.unknown_root, {}, now - 1h, now + 24h, 9)}) {
        auto const put = shelf.put(arrival(bytes), authorities, first.revocations, now);
        EXPECT_EQ(put.verdicts.at(key).outcome, Outcome::refused);
        EXPECT_FALSE(put.verdicts.at(key).trouble.empty());
        EXPECT_EQ(put.verdicts.at(key).next_update, now + 24h) << "of what is held";
        EXPECT_EQ(put.revocations->facts().size(), 1u);
    }
    Shelf after{config, directory.path()};
    after.load();
    EXPECT_EQ(after.put({}, authorities, nullptr, now).revocations->facts().size(), 1u) << "the disk holds the good one";
}

TEST_F(ShelfTest, AnOlderListIsNotTakenByNumberNorByDateAlsoAfterARestart)
{
    auto const unit = pki.unit("0101300842");
    Shelf shelf{config, directory.path()};
    auto const first = shelf.put(arrival(list(5, 1h, {{unit.certificate_pem, now - 2h}})), authorities, nullptr, now);
    EXPECT_EQ(shelf.put(arrival(list(4)), authorities, first.revocations, now).verdicts.at(key).outcome, Outcome::refused);
    EXPECT_EQ(shelf.put(arrival(list(5, 2h)), authorities, first.revocations, now).verdicts.at(key).outcome, Outcome::refused);

    Shelf after{config, directory.path()};
    after.load();
    auto const begun = after.put({}, authorities, nullptr, now);
    auto const played_back = after.put(arrival(list(4)), authorities, begun.revocations, now);
    EXPECT_EQ(played_back.verdicts.at(key).outcome, Outcome::refused);
    EXPECT_EQ(played_back.revocations->revoked(), 1u);
    EXPECT_EQ(after.put(arrival(list(6, 0h)), authorities, played_back.revocations, now).verdicts.at(key).outcome, Outcome::fetched);
}

TEST_F(ShelfTest, TheSameBytesAgainChangeNothing)
{
    Shelf shelf{config, directory.path()};
    auto const bytes = list(1);
    auto const first = shelf.put(arrival(bytes), authorities, nullptr, now);
    auto const second = shelf.put(arrival(bytes), authorities, first.revocations, now);
    EXPECT_EQ(second.verdicts.at(key).outcome, Outcome::unchanged);
    EXPECT_EQ(second.revocations, first.revocations) << "no swap, so no verdict is forgotten";
}

TEST_F(ShelfTest, TheSameListFromTwoAddressesAndFromTheTrustDirectoryIsNoTrouble)
{
    std::filesystem::create_directories(directory.path() / "crls");
    auto const bytes = list(1);
    std::ofstream{directory.path() / "crls/ca.pem"} << bytes;
    Shelf shelf{config, directory.path()};
    shelf.read_directory();
    auto arrivals = arrival(bytes);
    arrivals.push_back({"crl:http://mirror.example.vn/ca.crl", Kind::crl, "http://mirror.example.vn/ca.crl", bytes, {}});
    auto const put = shelf.put(std::move(arrivals), authorities, nullptr, now);
    for (auto const& [source, verdict] : put.verdicts) {
        EXPECT_EQ(verdict.outcome, Outcome::fetched) << source << ": " << verdict.trouble;
        EXPECT_EQ(verdict.next_update, now + 24h) << source;
    }
    EXPECT_EQ(put.verdicts.size(), 2u);
}

TEST_F(ShelfTest, FilesNobodyWroteSoArePassedOver)
{
    Shelf shelf{config, directory.path()};
    (void)shelf.put(arrival(list(1)), authorities, nullptr, now);
    auto const good = files().at(0);
    auto const folder = directory.path() / "fetched";
    std::filesystem::copy(good, folder / "0000.evidence");  // not under its own name
    std::ofstream{folder / "empty.evidence"};
    std::ofstream{folder / "words.evidence"} << "no header\nbytes";
    std::ofstream{folder / "json.evidence"} << "[1]\nbytes";
    std::ofstream{folder / "half.evidence.new"} << "{\"key\"";
    Shelf after{config, directory.path()};
    after.load();
    EXPECT_EQ(after.put({}, authorities, nullptr, now).revocations->facts().size(), 1u);
}

TEST_F(ShelfTest, ADiskThatCannotBeWrittenIsToldAndTheEvidenceServesAllTheSame)
{
    std::ofstream{directory.path() / "fetched"} << "a file where the folder should be";
    Shelf shelf{config, directory.path()};
    auto const put = shelf.put(arrival(list(1)), authorities, nullptr, now);
    EXPECT_EQ(put.verdicts.at(key).outcome, Outcome::fetched);
    EXPECT_EQ(put.troubles.size(), 1u);
    EXPECT_EQ(put.revocations->facts().size(), 1u);
}

TEST_F(ShelfTest, WhatWouldOutgrowTheBoundIsNotTaken)
{
    config.evidence_bytes_max = 100;
    Shelf shelf{config, directory.path()};
    auto const put = shelf.put(arrival(list(1)), authorities, nullptr, now);
    EXPECT_EQ(put.verdicts.at(key).outcome, Outcome::refused);
    EXPECT_EQ(put.troubles.size(), 1u);
    EXPECT_EQ(shelf.bytes(), 0u);
}

TEST_F(ShelfTest, ResponsesBeyondTheBoundGoAndThoseThatEndFirstGoFirst)
{
    config.responses_max = 2;
    Shelf shelf{config, directory.path()};
    std::shared_ptr<signing::Revocations const> held;
    for (int i = 1; i <= 4; ++i) {
        auto const unit = pki.unit("0101300842");
        auto bytes = signing::dev::make_ocsp_response(pki.issuing_ca, pki.issuing_ca, {{unit.certificate_pem, signing::dev::OcspAnswer::Status::good, {}}},
                                                      now - 1min, now + std::chrono::hours{5 - i});
        std::vector<Arrival> arrivals;
        arrivals.push_back({"ocsp:" + std::to_string(i), Kind::ocsp, "http://ca.example.vn/ocsp", std::move(bytes), {}});
        auto const put = shelf.put(std::move(arrivals), authorities, held, now);
        EXPECT_EQ(put.verdicts.begin()->second.outcome, Outcome::fetched) << put.verdicts.begin()->second.trouble;
        held = put.revocations;
    }
    EXPECT_EQ(files().size(), 2u);
    EXPECT_EQ(shelf.put({}, authorities, held, now).revocations->facts().size(), 2u);
}

}  // namespace
