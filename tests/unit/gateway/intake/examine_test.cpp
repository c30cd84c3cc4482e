#include "gateway/intake/examine.hpp"

#include "tests/support/submitting.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using fault::FaultCode;
using intake::examine;
using intake::Lane;
using intake::StageTimer;
using support::Office;

struct Desk {
    std::shared_ptr<intake::Criteria const> criteria = Office::shared().criteria();
    providers::Admitted sender = support::admitted_provider({"00040"});
    loadtest::Corpus corpus{Office::shared().corpus_config(7)};

    std::string dossier(std::string const& form = "D02-TS", signing::KeyPair const* key = nullptr)
    {
        return corpus.dossier(loadtest::Corpus::procedure_for(form), {corpus.form(form, 2)}, key ? *key : *Office::shared().unit_key);
    }
    fault::Result<intake::Examined> look(std::string body, Lane lane = Lane::dossiers)
    {
        return examine(*criteria, sender, lane, std::move(body), Office::shared().pki.now, StageTimer{nullptr});
    }
    FaultCode code(std::string body, Lane lane = Lane::dossiers)
    {
        auto const examined = look(std::move(body), lane);
        EXPECT_FALSE(examined.has_value());
        return examined ? FaultCode::internal : examined.error().code;
    }
};

TEST(Examine, TurnsAGoodDossierIntoEvidenceOfItsVeryBytes)
{
    Desk desk;
    auto const body = desk.dossier();
    auto const examined = desk.look(body);
    ASSERT_TRUE(examined.has_value()) << examined.error().detail;
    EXPECT_EQ(examined->verified.envelope().bytes(), body);
    EXPECT_EQ(examined->verified.signers().size(), 2u) << "the form, then the envelope";
    EXPECT_EQ(examined->valid.forms().size(), 1u);
    EXPECT_EQ(examined->verified.at(), Office::shared().pki.now);
}

TEST(Examine, NamesTheFirstStepThatSaysNo)
{
    Desk desk;
    EXPECT_EQ(desk.code(""), FaultCode::length_required);
    EXPECT_EQ(desk.code("<!DOCTYPE Hoso><Hoso/>"), FaultCode::xml_doctype);
    EXPECT_EQ(desk.code("<HoSo/>"), FaultCode::envelope_invalid);
    EXPECT_EQ(desk.code(desk.corpus.unsigned_envelope("600", {desk.corpus.form("D02-TS", 1)})), FaultCode::signature_missing);
    EXPECT_EQ(desk.code(desk.dossier("D02-TS", Office::shared().stranger_key.get())), FaultCode::certificate_untrusted);
}

TEST(Examine, RefusesAnotherProvidersDossierWithThePlaceOfItsAlias)
{
    Desk desk;
    desk.sender = support::admitted_provider({"IVAN-OTHER"});
    auto const examined = desk.look(desk.dossier());
    ASSERT_FALSE(examined.has_value());
    EXPECT_EQ(examined.error().code, FaultCode::provider_alias_mismatch);
    ASSERT_EQ(examined.error().findings.size(), 1u);
    EXPECT_EQ(examined.error().findings[0].path, "/Hoso/NoiDung/ThongTinIVAN/MaIVAN");
    EXPECT_NE(examined.error().findings[0].message_en.find("00040"), std::string::npos);
}

TEST(Examine, AsksForTheSignatureBeforeTheSender)
{
    Desk desk;
    desk.sender = support::admitted_provider({"IVAN-OTHER"});
    EXPECT_EQ(desk.code(desk.dossier("D02-TS", Office::shared().stranger_key.get())), FaultCode::certificate_untrusted)
        << "nobody vouches for MaIVAN yet";
}

TEST(Examine, RefusesAnAgencyThatIsNotInTheDirectory)
{
    Desk desk;
    auto criteria = *desk.criteria;
    criteria.directory = std::make_shared<providers::Directory const>(std::vector<providers::Agency>{});
    desk.criteria = std::make_shared<intake::Criteria const>(std::move(criteria));
    EXPECT_EQ(desk.code(desk.dossier()), FaultCode::agency_unknown);
}

TEST(Examine, TakesOnlyRegistrationsOnTheirOwnAddress)
{
    Desk desk;
    EXPECT_EQ(desk.code(desk.dossier("D02-TS"), Lane::registrations), FaultCode::registration_form);
    auto const examined = desk.look(desk.dossier("04_DK-IVAN"), Lane::registrations);
    EXPECT_TRUE(examined.has_value()) << examined.error().detail;
}

TEST(Examine, TimesEachStageOfItsEngineOnce)
{
    Desk desk;
    auto const stages_of = [&](intake::Engine engine) {
        auto criteria = *desk.criteria;
        criteria.engine = engine;
        observe::Metrics metrics;
        EXPECT_TRUE(examine(criteria, desk.sender, Lane::dossiers, desk.dossier(), Office::shared().pki.now, StageTimer{&metrics}).has_value());
        auto const text = metrics.exposition();
        std::string timed;
        for (std::string const stage : {"sweep", "parse", "verify", "validate"})
            if (text.find("_count{stage=\"" + stage + "\"} 1") != std::string::npos) timed += stage + " ";
        return timed;
    };
    EXPECT_EQ(stages_of(intake::Engine::sweep), "sweep ");
    EXPECT_EQ(stages_of(intake::Engine::tree), "parse verify validate ");
}

}  // namespace
