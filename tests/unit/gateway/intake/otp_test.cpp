// A person's dossier with a one-time password, through the coordinator; and the bodies of the calls around it.

#include "gateway/intake/otp.hpp"
#include "tests/support/personal.hpp"

#include <gtest/gtest.h>

namespace {

using support::code_of;

class PersonsDossier : public testing::Test {
protected:
    support::Submitting hub;
    support::Personal person{hub};

    static std::string other_than(std::string code)
    {
        code[0] = code[0] == '9' ? '0' : static_cast<char>(code[0] + 1);
        return code;
    }
};

TEST_F(PersonsDossier, IsAcceptedWithTheRightCodeAndItsReceiptSaysHowThePersonWasKnown)
{
    auto const body = person.dossier();
    auto const password = person.password(body);
    auto const reply = person.send(body, "key-1", password);
    EXPECT_EQ(reply.status, 201) << reply.body;
    auto const entries = hub.memory.entries();
    ASSERT_EQ(entries.size(), 1u);
    auto const& facts = entries[0].row.facts;
    ASSERT_TRUE(facts.one_time_password);
    EXPECT_EQ(facts.one_time_password->challenge_id, password.challenge_id);
    EXPECT_TRUE(facts.signers.empty());
    EXPECT_EQ(facts.tax_code, support::individual);
    EXPECT_NE(entries[0].stored.receipt.xml.find(password.challenge_id), std::string::npos) << entries[0].stored.receipt.xml;
    EXPECT_EQ(entries[0].stored.receipt.xml.find(password.code), std::string::npos);
}

TEST_F(PersonsDossier, TheSameRequestAgainGetsTheSameReceipt_AnotherKeyDoesNot)
{
    auto const body = person.dossier();
    auto const password = person.password(body);
    auto const first = person.send(body, "key-1", password), again = person.send(body, "key-1", password);
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(first.body, again.body);
    auto const other = person.send(body, "key-2", password);
    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(code_of(other), "GW-2033");
    EXPECT_EQ(hub.memory.entries().size(), 1u);
}

TEST_F(PersonsDossier, AWrongCodeIsRefusedAndCounted_AndTheRightOneStillServes)
{
    auto const body = person.dossier();
    auto const password = person.password(body);
    auto wrong = password;
    wrong.code = other_than(wrong.code);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(code_of(person.send(body, "key-1", wrong)), "GW-2021") << i;
    EXPECT_EQ(person.send(body, "key-1", password).status, 201);
}

TEST_F(PersonsDossier, AfterItsTriesNoCodeServes)
{
    auto const body = person.dossier();
    auto const password = person.password(body);
    auto wrong = password;
    wrong.code = other_than(wrong.code);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(code_of(person.send(body, "key-1", wrong)), "GW-2021") << i;
    EXPECT_EQ(code_of(person.send(body, "key-1", password)), "GW-2032");
    EXPECT_TRUE(hub.memory.entries().empty());
}

TEST_F(PersonsDossier, ACodeForOtherBytesIsWrong)
{
    auto const password = person.password(person.dossier());
    EXPECT_EQ(code_of(person.send(person.dossier(), "key-1", password)), "GW-2021");
}

TEST_F(PersonsDossier, OneThatIsRefusedForItsContentDoesNotUseUpTheCode)
{
    auto const body = person.dossier("607", "D05-TS");  // a form the procedure does not know
    auto const password = person.password(body);
    for (int i = 0; i < 7; ++i) EXPECT_EQ(code_of(person.send(body, "key-" + std::to_string(i), password)), "GW-3013") << i;
    EXPECT_TRUE(person.store.redeem(password.challenge_id, "THAISON", "key", {}));
}

TEST_F(PersonsDossier, AStoreThatIsAwayDoesNotUseUpTheCode)
{
    auto const body = person.dossier();
    auto const password = person.password(body);
    hub.memory.down = true;
    for (int i = 0; i < 7; ++i) EXPECT_EQ(code_of(person.send(body, "key-1", password)), "GW-4001") << i;
    hub.memory.down = false;
    EXPECT_EQ(person.send(body, "key-1", password).status, 201);
}

TEST_F(PersonsDossier, AnEmployersProcedureIsSigned)
{
    auto const body = person.dossier("600", "D02-TS");
    EXPECT_EQ(code_of(person.send(body, "key-1", person.password(body))), "GW-2035");
}

TEST_F(PersonsDossier, WithoutSignatureAndWithoutCodeSaysWhatIsMissing)
{
    auto const reply = hub.send(person.dossier(), "key-1");
    EXPECT_EQ(reply.status, 422);
    EXPECT_EQ(code_of(reply), "GW-2030");
}

TEST_F(PersonsDossier, AnOrganisationNeverUsesACode_AndNoTryIsCounted)
{
    auto const mine = person.dossier();
    auto const password = person.password(mine);
    auto const theirs = hub.corpus().unsigned_envelope("607", {hub.corpus().form("TK1-TS", 1)});
    for (int i = 0; i < 6; ++i) EXPECT_EQ(code_of(person.send(theirs, "key-1", password)), "GW-2020") << i;
    EXPECT_EQ(code_of(person.send(hub.dossier(), "key-2", password)), "GW-2020");
    EXPECT_EQ(code_of(hub.send(theirs, "key-1")), "GW-2001");
    EXPECT_EQ(person.send(mine, "key-1", password).status, 201);
}

TEST_F(PersonsDossier, HalfOrMalformedHeaderFieldsAreAMistakeOfTheRequestAndCostNoTry)
{
    auto const body = person.dossier();
    auto const password = person.password(body);
    auto half = hub.request(body, "key-1");
    half.headers.emplace_back("OTP-Challenge", password.challenge_id);
    EXPECT_EQ(code_of(hub.send(half)), "GW-1013");
    for (auto const* const code : {"", "12345", "123456789", "12345a", " 123456", "123456\r\nX: y"}) {
        auto bad = password;
        bad.code = code;
        EXPECT_EQ(code_of(person.send(body, "key-1", bad)), "GW-1013") << code;
    }
    EXPECT_EQ(person.send(body, "key-1", password).status, 201);
}

TEST_F(PersonsDossier, WhereCodesAreOffTheAnswerSaysSo)
{
    auto const body = person.dossier();
    auto const password = person.password(body);
    hub.desk = nullptr;
    auto const reply = person.send(body, "key-1", password);
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(code_of(reply), "GW-2036");
}

class OtpRoutes : public testing::Test {
protected:
    support::Submitting hub;
    support::Personal person{hub};

    intake::Reply call(runtime::Task<intake::Reply> (intake::OtpCalls::*what)(intake::Request), std::string body, std::string id = {})
    {
        auto request = hub.request(std::move(body), "unused");
        request.headers = {{"Content-Type", "application/json"}};
        request.path_parameter = std::move(id);
        net::io_context context{1};
        return support::run_task(context, (calls.*what)(std::move(request)));
    }
    intake::OtpCalls calls{&person.desk};
};

TEST_F(OtpRoutes, AChallengeIsAnsweredAlikeForAKnownAndAnUnknownPerson)
{
    auto const ask = [](std::string const& who) { return R"({"person":")" + who + R"(","content_sha256":")" + std::string(64, 'a') + "\"}"; };
    auto const known = call(&intake::OtpCalls::challenge, ask(support::individual)), unknown = call(&intake::OtpCalls::challenge, ask("001090999999"));
    EXPECT_EQ(known.status, 201) << known.body;
    EXPECT_EQ(unknown.status, 201);
    EXPECT_EQ(known.headers, unknown.headers);
    auto const one = boost::json::parse(known.body).as_object(), other = boost::json::parse(unknown.body).as_object();
    EXPECT_EQ(one.size(), 4u);
    for (auto const* const name : {"expires_at", "resend_after", "digits"}) EXPECT_EQ(one.at(name), other.at(name)) << name;
    EXPECT_EQ(one.at("challenge_id").as_string().size(), other.at("challenge_id").as_string().size());
    auto const again = call(&intake::OtpCalls::challenge, ask("001090999999"));
    EXPECT_EQ(again.status, 429);
    EXPECT_EQ(code_of(again), "GW-2034");
    bool told = false;
    for (auto const& [name, value] : again.headers) told = told || (name == "Retry-After" && value == "60");
    EXPECT_TRUE(told);
}

TEST_F(OtpRoutes, AContactIsRegisteredAndConfirmed)
{
    auto const asked = call(&intake::OtpCalls::contact, R"({"person":"001090000077","channel":"email","address":"an@Example.vn"})");
    EXPECT_EQ(asked.status, 201) << asked.body;
    auto const id = std::string{boost::json::parse(asked.body).as_object().at("contact_id").as_string()};
    auto const code = person.log.code(2);
    EXPECT_EQ(person.log.messages()[1].to, "an@example.vn");
    EXPECT_EQ(call(&intake::OtpCalls::confirm, R"({"code":")" + code + R"("})", id).status, 200);
    auto const again = call(&intake::OtpCalls::confirm, R"({"code":")" + code + R"("})", id);
    EXPECT_EQ(again.status, 422);
    EXPECT_EQ(code_of(again), "GW-2033");
}

TEST_F(OtpRoutes, BodiesAreReadStrictly)
{
    std::string const hash(64, 'a');
    for (auto const& bad :
         {std::string{""}, std::string{"[]"}, std::string{"{}"}, std::string{R"({"person":"001090000001"})"},
          R"({"person":"0101300842","content_sha256":")" + hash + "\"}", R"({"person":1090000001,"content_sha256":")" + hash + "\"}",
          R"({"person":"001090000001","content_sha256":")" + hash.substr(1) + "\"}", R"({"person":"001090000001","content_sha256":")" + hash + R"(","channel":"fax"})",
          R"({"person":"001090000001","content_sha256":")" + hash + R"(","channel":null})", R"({"person":"001090000001","content_sha256":")" + hash + R"(","more":"x"})"})
        EXPECT_FALSE(intake::parse_otp_challenge(bad)) << bad;
    auto const good = intake::parse_otp_challenge(R"({"person":"001090000001","content_sha256":")" + std::string(64, 'A') + R"(","channel":"email"})");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->content_sha256, hash);
    for (auto const* const bad : {R"({"person":"001090000001","channel":"sms"})", R"({"person":"001090000001","address":"0901234567"})",
                                  R"({"person":"001090000001","channel":"sms","address":"a@b.vn"})",
                                  R"({"person":"001090000001","channel":"email","address":"0901234567"})"})
        EXPECT_FALSE(intake::parse_otp_contact(bad)) << bad;
    for (auto const* const bad : {R"({})", R"({"code":"12345"})", R"({"code":"123456","old_code":""})", R"({"code":"123456","old_code":"x"})", R"({"code":123456})"})
        EXPECT_FALSE(intake::parse_otp_confirmation(bad)) << bad;
    EXPECT_EQ(intake::parse_otp_challenge(std::string(5000, ' ')).error().code, fault::FaultCode::body_too_large);
}

}  // namespace
