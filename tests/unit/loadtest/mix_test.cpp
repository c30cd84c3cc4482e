#include "loadtest/mix.hpp"

#include "schemas/envelope.hpp"
#include "schemas/rules.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <set>

namespace
{

struct MixTest : testing::Test {
    std::vector<loadtest::Unit> units =
        loadtest::make_units(3, support::Pki::shared().authorities.issuing_ca, {"00108", "07900"});
    loadtest::MixConfig config;

    void SetUp() override
    {
        config.count = 12;
        config.people = 2;
        config.main_forms = loadtest::parse_mix("D02-TS=2,TK1-TS");
        config.threads = 2;
    }
    std::vector<loadtest::Prepared> make(std::vector<loadtest::Prepared> const& bad = {})
    {
        return loadtest::make(config, units, bad, [](std::size_t) {});
    }
};

TEST_F(MixTest, UnitsHaveLawfulTaxCodesThatStayTheSame)
{
    auto const again = loadtest::make_units(3, support::Pki::shared().authorities.issuing_ca, {"00108"});
    std::set<std::string> codes;
    for (std::size_t n = 0; n < units.size(); ++n) {
        EXPECT_TRUE(schemas::tax_code_ok(units[n].tax_code)) << units[n].tax_code;
        EXPECT_EQ(units[n].tax_code, again[n].tax_code);
        EXPECT_EQ(units[n].unit_code, again[n].unit_code);
        EXPECT_EQ(units[n].key->certificate().tax_code, units[n].tax_code);
        codes.insert(units[n].unit_code);
    }
    EXPECT_EQ(codes.size(), units.size());
    EXPECT_EQ(units[1].agency, "07900");
}

TEST_F(MixTest, EveryDossierHasBytesOfItsOwnAndCanBeRead)
{
    config.forms_min = 1;
    config.forms_max = 5;
    std::set<std::string> hashes;
    std::size_t most = 0;
    for (auto const& prepared : make()) {
        hashes.insert(prepared.sha256);
        auto const envelope = schemas::read_envelope(prepared.bytes, schemas::EnvelopeLimits{});
        ASSERT_TRUE(envelope) << envelope.error().detail;
        EXPECT_EQ(envelope->forms().size(), prepared.forms);
        EXPECT_EQ(envelope->unit().code, prepared.unit_code);
        EXPECT_EQ(envelope->unit().agency, prepared.agency);
        most = std::max(most, prepared.forms);
    }
    EXPECT_EQ(hashes.size(), config.count);
    EXPECT_GT(most, 1u);
}

TEST_F(MixTest, RefuseShareDrawsFromTheBadOnes)
{
    loadtest::Prepared bad;
    bad.expected_code = "GW-3002";
    config.refuse_share = 0.5;
    config.count = 40;
    std::size_t drawn = 0;
    for (auto const& prepared : make({bad})) drawn += prepared.expected_code.empty() ? 0 : 1;
    EXPECT_GT(drawn, 5u);
    EXPECT_LT(drawn, 35u);
}

TEST_F(MixTest, EndsAtItsBoundOfMemory)
{
    config.bytes_max = 10'000;
    EXPECT_THROW(make(), std::runtime_error);
}

TEST_F(MixTest, RefusesFormsOutOfBounds)
{
    config.forms_min = 0;
    EXPECT_THROW(make(), std::runtime_error);
    config.forms_min = 3;
    config.forms_max = 2;
    EXPECT_THROW(make(), std::runtime_error);
}

TEST(ParseMix, ReadsFormsAndWeights)
{
    auto const mix = loadtest::parse_mix("D02-TS=6,TK1-TS");
    ASSERT_EQ(mix.size(), 2u);
    EXPECT_DOUBLE_EQ(mix[0].weight, 6);
    EXPECT_DOUBLE_EQ(mix[1].weight, 1);
    for (auto const* text : {"", "NO-SUCH=1", "D02-TS=0", "D02-TS=-1"})
        EXPECT_THROW((void)loadtest::parse_mix(text), std::runtime_error) << text;
}

} // namespace
