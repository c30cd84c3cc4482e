// One CRL: what is read of it, what is refused, and that it agrees with OpenSSL's own reader.

#include "signing/detail/crl.hpp"

#include "signing/detail/authority.hpp"
#include "tests/support/evidence.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <random>
#include <set>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using namespace support;
using signing::EvidenceRules;
using signing::Instant;
using signing::detail::Crl;
using signing::detail::load_crl;
using signing::detail::X509Ptr;

Instant const now = support::began;

struct CrlTest : ::testing::Test {
    Certified root = certify(nullptr, {.name = "Root", .extensions = authority});
    std::vector<X509Ptr> authorities;
    CrlTest() { authorities.push_back(signing::detail::share(root.get())); }

    [[nodiscard]] Crl load(std::string const& bytes, EvidenceRules const& rules = {}) const { return load_crl(bytes, authorities, rules); }
    [[nodiscard]] std::string refusal(std::string const& bytes, EvidenceRules const& rules = {}) const
    {
        try {
            (void)load_crl(bytes, authorities, rules);
        } catch (std::runtime_error const& error) {
            return error.what();
        }
        return "taken";
    }
    void expect_refused(CrlText const& text, std::string_view part) const
    {
        auto const why = refusal(text.der());
        EXPECT_NE(why.find(part), std::string::npos) << "expected \"" << part << "\", got \"" << why << '"';
    }
    [[nodiscard]] CrlText text() const { return CrlText{root}; }
};

std::optional<signing::detail::Serial> of(std::string_view octets) { return signing::detail::serial_of_content(octets); }

TEST_F(CrlTest, KnowsTheSerialsItListsAndWhenAndNoOthers)
{
    auto const crl = load(text().revoke("\x05", now - 2h, reason(1)).revoke(number(300), now - 3h).revoke(std::string("\0\x80", 2), now - 4h).der());
    EXPECT_EQ(crl.revoked.size(), 3u);
    EXPECT_EQ(crl.revoked_at(*of("\x05")), now - 2h);
    EXPECT_EQ(crl.revoked_at(*of(number(300))), now - 3h);
    EXPECT_EQ(crl.revoked_at(*of(std::string("\0\x80", 2))), now - 4h);
    EXPECT_EQ(crl.revoked_at(*of("\x80")), std::nullopt) << "-128 is not 128";
    EXPECT_EQ(crl.revoked_at(*of("\x06")), std::nullopt);
    EXPECT_EQ(crl.evidence.source, "crl:Root");
    EXPECT_EQ(crl.evidence.this_update, now - 1h);
    EXPECT_EQ(crl.issuer_name, "CN=Root");
}

TEST_F(CrlTest, TellsSerialsOfDifferentLengthsAndSignsApart)
{
    std::vector<std::string> const serials{std::string(1, '\0'), "\x01", std::string("\x01\0", 2), std::string("\x01\0\0", 3), "\xff", "\x81",
                                           std::string(20, '\x7f'), std::string(19, '\x7f')};
    for (auto const& listed : serials) {
        auto const crl = load(text().revoke(listed, now - 2h).der());
        for (auto const& asked : serials) EXPECT_EQ(crl.revoked_at(*of(asked)).has_value(), asked == listed) << signing::hex(listed) << ' ' << signing::hex(asked);
    }
}

TEST_F(CrlTest, FindsEveryOneOfManyWhateverTheirOrder)
{
    std::mt19937 random{7};
    std::set<unsigned long> listed;
    auto made = text();
    while (listed.size() < 3000) {
        auto const one = random() % 100'000 + 1;
        if (listed.insert(one).second) made.revoke(number(one), now - 2h);
    }
    auto const crl = load(made.der());
    for (unsigned long one = 1; one <= 100'001; ++one) ASSERT_EQ(crl.revoked_at(*of(number(one))).has_value(), listed.contains(one)) << one;
}

TEST_F(CrlTest, OfASerialListedTwiceTheEarlierDateCounts)
{
    EXPECT_EQ(load(text().revoke("\x05", now - 2h).revoke("\x05", now - 9h).revoke("\x05", now - 3h).der()).revoked_at(*of("\x05")), now - 9h);
}

TEST_F(CrlTest, ReadsPemAndDerAlike)
{
    auto const der = text().revoke("\x05", now - 2h).der();
    auto const parsed = signing::detail::parse_crl(der);
    ASSERT_TRUE(parsed);
    auto const crl = load("Some words before.\n" + signing::detail::pem_of(parsed.get()));
    EXPECT_EQ(crl.revoked_at(*of("\x05")), now - 2h);
    EXPECT_EQ(refusal("-----BEGIN X509 CRL-----\nAAAA\n"), "holds no PEM CRL that can be read");
}

// Found by the fuzz target crl.
TEST_F(CrlTest, DerIsNotTakenForPemBecauseOfAWordInIt)
{
    EXPECT_EQ(refusal(text().with(extension(oid_ours, "-----BEGIN X509 CRL-----")).der()), "taken");
}

TEST_F(CrlTest, RefusesWhatItsIssuerDidNotSign)
{
    auto const stranger = certify(nullptr, {.name = "Stranger", .extensions = authority});
    auto const impostor = certify(nullptr, {.name = "Root", .extensions = authority});
    EXPECT_EQ(refusal(CrlText{stranger}.der()), "its issuer is none of our authorities");
    EXPECT_EQ(refusal(CrlText{impostor}.der()), "its signature does not verify with its issuer's key");
    auto altered = text().revoke("\x05", now - 2h).der();
    altered[altered.find(std::string("\x02\x01\x05", 3)) + 2] = '\x06';
    EXPECT_EQ(refusal(altered), "its signature does not verify with its issuer's key");
}

TEST_F(CrlTest, RefusesAnIssuerThatMayNotSignCrlsButTakesOneWithoutKeyUsage)
{
    auto const certificates_only = certify(nullptr, {.name = "A", .extensions = {{NID_key_usage, "critical,keyCertSign"}}});
    auto const unrestricted = certify(nullptr, {.name = "B", .extensions = {{NID_basic_constraints, "critical,CA:TRUE"}}});
    authorities.push_back(signing::detail::share(certificates_only.get()));
    authorities.push_back(signing::detail::share(unrestricted.get()));
    EXPECT_NE(refusal(CrlText{certificates_only}.der()).find("cRLSign"), std::string::npos);
    EXPECT_EQ(refusal(CrlText{unrestricted}.der()), "taken");
}

TEST_F(CrlTest, FindsTheSignerAmongAuthoritiesOfOneName)
{
    auto const renewed = certify(nullptr, {.name = "Root", .extensions = authority});
    authorities.push_back(signing::detail::share(renewed.get()));
    EXPECT_EQ(load(text().der()).signer.get(), root.get());
    EXPECT_EQ(load(CrlText{renewed}.der()).signer.get(), renewed.get());
}

TEST_F(CrlTest, RefusesSha1AndMd5AndShortKeysUnlessTheRulesAllowThem)
{
    signing::detail::KeyPtr const rsa{EVP_RSA_gen(2048)};
    signing::detail::KeyPtr const small{EVP_RSA_gen(1024)};
    auto const big_ca = certify(nullptr, {.name = "RSA", .extensions = authority, .key = rsa.get()});
    auto const small_ca = certify(nullptr, {.name = "Small", .extensions = authority, .key = small.get()});
    authorities.push_back(signing::detail::share(big_ca.get()));
    authorities.push_back(signing::detail::share(small_ca.get()));
    auto const signed_with = [](Certified const& by, EVP_MD const* md, char last) {
        CrlText made{by};
        made.md = md;
        made.algorithm = tlv(0x30, tlv(0x06, std::string("\x2a\x86\x48\x86\xf7\x0d\x01\x01") + last) + tlv(0x05, ""));
        return made.der();
    };
    EXPECT_EQ(refusal(signed_with(big_ca, EVP_sha256(), '\x0b')), "taken");
    EXPECT_EQ(refusal(signed_with(big_ca, EVP_sha512(), '\x0d')), "taken");
    EXPECT_EQ(refusal(signed_with(big_ca, EVP_sha1(), '\x05')), "signed with SHA1, which is not allowed");
    EXPECT_EQ(refusal(signed_with(big_ca, EVP_md5(), '\x04')), "signed with MD5, which is not allowed");
    EXPECT_EQ(refusal(signed_with(small_ca, EVP_sha256(), '\x0b')), "signed with an RSA key of 1024 bits");
    EXPECT_EQ(refusal(signed_with(big_ca, EVP_sha1(), '\x05'), {.sha1 = true}), "taken");
    EXPECT_EQ(refusal(signed_with(big_ca, EVP_md5(), '\x04'), {.sha1 = true}), "signed with MD5, which is not allowed");
    // An EC signature that calls itself RSA.
    auto lying = text();
    lying.algorithm = tlv(0x30, tlv(0x06, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b") + tlv(0x05, ""));
    EXPECT_EQ(refusal(lying.der()), "signed with an algorithm that is not of its key");
}

TEST_F(CrlTest, WantsANextUpdateACrlNumberAndDatesInOrder)
{
    expect_refused(text().dated(now, std::nullopt), "no nextUpdate");
    expect_refused(text().dated(now, now - 1s), "nextUpdate before thisUpdate");
    expect_refused(text().number(std::nullopt), "no CRL number");
    EXPECT_EQ(refusal(text().number(std::nullopt).der(), {.crl_number_required = false}), "taken");
    expect_refused(text().number(std::nullopt).with(extension(oid_number, tlv(0x02, "\x01"), true)), "critical");
    expect_refused(text().number(std::nullopt).with(extension(oid_number, tlv(0x02, "\xff"))), "negative");
    expect_refused(text().number(std::nullopt).with(extension(oid_number, tlv(0x02, std::string(21, '\x01')))), "20 octets");
}

TEST_F(CrlTest, KeepsToTheRulesOfTheTwoVersions)
{
    auto first = text();
    first.version.clear();
    expect_refused(first, "version 1");
    first.number(std::nullopt);
    EXPECT_EQ(refusal(first.der(), {.crl_number_required = false}), "taken");
    first.revoke("\x05", now - 2h, reason(1));
    EXPECT_NE(refusal(first.der(), {.crl_number_required = false}).find("version 1"), std::string::npos);
    auto third = text();
    third.version = tlv(0x02, "\x02");
    expect_refused(third, "neither version 1 nor version 2");
}

TEST_F(CrlTest, RefusesCriticalExtensionsItDoesNotKnowAndPassesOverOthers)
{
    expect_refused(text().with(extension(oid_ours, "x", true)), "critical extension");
    expect_refused(text().revoke("\x05", now - 2h, extension(oid_ours, "x", true)), "critical extension");
    EXPECT_EQ(refusal(text().with(extension(oid_ours, "x")).revoke("\x05", now - 2h, extension(oid_ours, "x")).der()), "taken");
    expect_refused(text().with(extension(oid_ours, "x")).with(extension(oid_ours, "x")), "stands twice");
    expect_refused(text().revoke("\x05", now - 2h, reason(1) + reason(1)), "stands twice");
}

TEST_F(CrlTest, RefusesScopesThatCannotBeHonouredWhole)
{
    expect_refused(text().point(only_attributes()), "attribute certificates");
    expect_refused(text().point(only_user() + only_ca()), "no certificates");
    expect_refused(text().point("\x99\x99"), "cannot be read");
    expect_refused(text().revoke("\x05", now - 2h, extension(oid_issuer, tlv(0x30, directory_name(root)), true)), "not indirect");
    expect_refused(text().revoke("\x05", now - 2h, reason(8)), "removeFromCRL");
}

TEST_F(CrlTest, RefusesTimesThatAreNoneAndIntegersThatArePadded)
{
    auto const with_time = [&](std::string_view time) {
        auto made = text();
        made.entries = tlv(0x30, tlv(0x02, "\x05") + std::string{time});
        return refusal(made.der());
    };
    EXPECT_EQ(with_time(tlv(0x17, "250101000000Z")), "taken");
    EXPECT_EQ(with_time(tlv(0x18, "20510101000000Z")), "taken");
    for (auto const* const bad : {"250101000000", "2501010000Z", "250101000000+0700", "251301000000Z", "250230000000Z", "250101240000Z", "2501010000x0Z", ""}) {
        EXPECT_NE(with_time(tlv(0x17, bad)), "taken") << bad;
    }
    EXPECT_NE(with_time(tlv(0x18, "20250101000000.5Z")), "taken");
    EXPECT_NE(with_time(tlv(0x04, "250101000000Z")), "taken");
    expect_refused(text().revoke(std::string("\0\x05", 2), now - 2h), "no DER INTEGER");
    expect_refused(text().revoke("\xff\x85", now - 2h), "no DER INTEGER");
    expect_refused(text().revoke("", now - 2h), "no DER INTEGER");
}

TEST_F(CrlTest, KeepsItsBounds)
{
    auto made = text();
    for (unsigned i = 1; i <= 11; ++i) made.revoke(number(i), now - 2h);
    EXPECT_EQ(refusal(made.der(), {.crl_entries_max = 11}), "taken");
    EXPECT_EQ(refusal(made.der(), {.crl_entries_max = 10}), "more than 10 entries");
    EXPECT_EQ(refusal(made.der(), {.crl_bytes_max = 100}), "more than 100 octets");
    EXPECT_EQ(load(text().revoke(std::string(21, '\x01'), now - 2h).revoke("\x05", now - 2h).der()).revoked.size(), 1u)
        << "a serial that no certificate may have is passed over";
}

// What OpenSSL reads of the same octets: serials as hex with their dates, sorted.
using Listed = std::multiset<std::pair<std::string, std::int64_t>>;

std::optional<Listed> read_by_openssl(std::string const& der)
{
    auto const crl = signing::detail::parse_crl(der);
    if (!crl) return std::nullopt;
    Listed listed;
    auto* const entries = X509_CRL_get_REVOKED(crl.get());
    for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
        auto const* const one = sk_X509_REVOKED_value(entries, i);
        auto const at = signing::detail::instant_of(X509_REVOKED_get0_revocationDate(one));
        auto const serial = signing::detail::serial_of(X509_REVOKED_get0_serialNumber(one));
        if (!serial) continue;  // passed over by us
        auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
        listed.emplace(signing::detail::serial_hex(X509_REVOKED_get0_serialNumber(one)), std::max<std::int64_t>(seconds, 0));
    }
    return listed;
}

std::optional<Listed> read_by_us(std::string const& der)
{
    Listed listed;
    try {
        EvidenceRules const rules{.crl_number_required = false};
        auto const frame = signing::detail::read_frame(der, rules);
        for (auto const& entry : signing::detail::read_list(frame, rules).revoked) {
            bool const negative = (entry.serial.size & 0x80) != 0;
            std::string octets(reinterpret_cast<char const*>(entry.serial.octets.data()), entry.serial.size & 0x7f);
            if (!negative) octets.insert(0, 1, '\0');
            // Into OpenSSL's own notation by its own reader of INTEGERs.
            auto const whole = tlv(0x02, octets.size() > 1 && octets[0] == '\0' && static_cast<unsigned char>(octets[1]) < 0x80 ? octets.substr(1) : octets);
            auto const* at = reinterpret_cast<unsigned char const*>(whole.data());
            signing::detail::Asn1IntegerPtr const integer{d2i_ASN1_INTEGER(nullptr, &at, static_cast<long>(whole.size()))};
            if (!integer) return std::nullopt;
            listed.emplace(signing::detail::serial_hex(integer.get()), entry.at);
        }
    } catch (std::runtime_error const&) {
        return std::nullopt;
    }
    return listed;
}

TEST_F(CrlTest, ReadsTheSameEntriesAsOpenSslOrRefuses)
{
    std::mt19937 random{42};
    std::size_t taken = 0, compared = 0;
    for (int round = 0; round < 60; ++round) {
        auto made = text();
        auto const count = random() % 12;
        for (unsigned i = 0; i < count; ++i) {
            std::string serial;
            for (auto size = 1 + random() % 20; size > 0; --size) serial += static_cast<char>(random());
            static constexpr std::array codes{0, 1, 2, 3, 4, 5, 6, 9, 10};
            auto const more = random() % 3 == 0 ? reason(codes[random() % codes.size()]) : std::string{};
            made.revoke(serial, now - std::chrono::seconds{random() % 1'000'000'000}, more);
        }
        auto const whole = made.der();
        for (int change = 0; change < 400; ++change) {
            auto bytes = whole;
            for (auto flips = change == 0 ? 0 : 1 + random() % 3; flips > 0; --flips) bytes[random() % bytes.size()] = static_cast<char>(random());
            if (change % 50 == 49) bytes.resize(random() % bytes.size());
            auto const ours = read_by_us(bytes);
            if (!ours) continue;
            ++taken;
            auto const theirs = read_by_openssl(bytes);
            ASSERT_TRUE(theirs.has_value()) << "we take what OpenSSL refuses: " << signing::hex(bytes);
            ASSERT_EQ(*ours, *theirs) << signing::hex(bytes);
            compared += ours->size();
        }
    }
    EXPECT_GT(taken, 1000u) << "most changes must leave a CRL that can be read, or nothing was compared";
    EXPECT_GT(compared, 5000u);
}

// Peak memory of this process, KiB.
std::size_t peak()
{
    std::ifstream status{"/proc/self/status"};
    for (std::string word; status >> word;) {
        if (word == "VmHWM:") {
            std::size_t kib = 0;
            status >> kib;
            return kib;
        }
    }
    return 0;
}

TEST_F(CrlTest, NineteenMegabytesAreLoadedWithinFortyMegabytes)
{
    constexpr std::size_t count = 500'000;
    support::TemporaryDirectory const folder;
    auto const file = folder.path() / "large.crl";
    std::string last;
    {
        std::mt19937_64 random{19};
        auto made = text();
        made.entries.reserve(count * 40);
        for (std::size_t i = 0; i < count; ++i) {
            last.assign(1, '\x40');
            while (last.size() < 19) last += static_cast<char>(random());
            made.revoke(last, now - 2h);
        }
        std::ofstream{file, std::ios::binary} << made.der();
    }
    // In a process of its own: what was needed to make the file must not count.
    pid_t const child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        std::ofstream{"/proc/self/clear_refs"} << "5";  // the peak starts anew
        auto const before = peak();
        auto const start = std::clock();
        std::ifstream in{file, std::ios::binary | std::ios::ate};
        std::vector<signing::Revocations::Piece> pieces(1);
        auto& bytes = pieces.front().bytes;
        bytes.resize(static_cast<std::size_t>(in.tellg()));
        in.seekg(0);
        in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        auto const made = signing::Revocations::make({root.der()}, pieces, {});
        auto const loaded = std::clock();
        auto const growth = peak() - before;
        bool const all = made.refused.empty() && made.revocations->revoked() == count;
        auto const crl_bytes = made.revocations->memory_bytes();
        auto const issuer = made.revocations->facts().front().issuer;
        auto const hex = signing::hex(last);
        bool found = true;
        auto const looking = std::chrono::steady_clock::now();
        for (int i = 0; i < 1000; ++i) found = found && made.revocations->listed(issuer, hex).has_value();
        std::chrono::duration<double, std::micro> const looked = std::chrono::steady_clock::now() - looking;
        if (!found) ::_exit(5);
        std::printf("[  figures ] a look-up takes %.2f us\n", looked.count() / 1000);
        std::printf("[  figures ] %zu entries: loaded in %.0f ms of CPU, peak growth %.1f MB with the file's octets, index %.1f MB\n", count,
                    1000.0 * static_cast<double>(loaded - start) / CLOCKS_PER_SEC, static_cast<double>(growth) / 1000.0,
                    static_cast<double>(crl_bytes) / 1e6);
        std::fflush(stdout);
        ::_exit(!all ? 2 : growth > 40'000 ? 3 : growth < 10'000 ? 4 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 2);  // a sanitizer's own memory is not the program's
#else
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0) << "2: entries are missing, 3: more than 40 MB, 4: nothing was measured, 5: not found";
#endif
}

}  // namespace
