#include "gateway/dossier/case_code.hpp"
#include "gateway/dossier/id.hpp"
#include "gateway/dossier/state.hpp"
#include "gateway/dossier/status.hpp"
#include "gateway/dossier/time.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace dossier;
using namespace std::chrono_literals;

constexpr auto day = std::chrono::sys_days{2026y / 11 / 21};

TEST(Id, IsAVersion7UuidThatSortsByTime)
{
    auto const early = new_id(day + 1ms), late = new_id(day + 2ms);
    EXPECT_TRUE(id_ok(early));
    EXPECT_LT(early, late);
    // RFC 9562 §A.6 gives this instant as the first 48 bits 017F22E2-79B0.
    auto const known = new_id(runtime::Instant{1645557742000ms});
    EXPECT_EQ(known.substr(0, 13), "017f22e2-79b0");
    std::set<std::string> ids;
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(ids.insert(new_id(day)).second);
}

TEST(Id, RefusesWhatIsNoIdOfOurs)
{
    for (auto const* text : {"", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
                             "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-18c4-dc0c0c07398f", "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
                             "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "' OR 1=1; DROP TABLE dossiers; -- -"})
        EXPECT_FALSE(id_ok(text)) << text;
    EXPECT_TRUE(id_ok("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"));
}

TEST(Time, IsVietnamsWithMilliseconds)
{
    EXPECT_EQ(vietnam_time(day + 2h + 5min + 7s + 123ms + 999us), "2026-11-21T09:05:07.123+07:00");
    EXPECT_EQ(vietnam_time(day + 17h), "2026-11-22T00:00:00.000+07:00");
    EXPECT_EQ(vietnam_date(day), "2026-11-21");
    EXPECT_EQ(vietnam_time(runtime::Instant{} - 1ms), "1970-01-01T06:59:59.999+07:00");
}

TEST(Time, ReadsRfc3339InAnyOffset)
{
    auto const at = day + 2h + 5min + 7s;
    EXPECT_EQ(parse_rfc3339("2026-11-21T09:05:07+07:00"), at);
    EXPECT_EQ(parse_rfc3339("2026-11-21T02:05:07Z"), at);
    EXPECT_EQ(parse_rfc3339("2026-11-20t18:35:07-07:30"), at);
    EXPECT_EQ(parse_rfc3339("2026-11-21 02:05:07.25z"), at + 250ms);
    EXPECT_EQ(parse_rfc3339("2026-11-21T02:05:07.0000000001234Z"), at);
    EXPECT_EQ(parse_rfc3339(vietnam_time(at)), at);
}

TEST(Time, RefusesWhatIsNoTime)
{
    for (auto const* text : {"", "2026-11-21", "2026-11-21T09:05:07", "2026-11-21T09:05+07:00", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                             "2026-11-21T24:00:00Z", "2026-11-21T09:60:00Z", "2026-11-21T09:05:61Z", "2026-11-21T09:05:07.Z", "2026-11-21T09:05:07+7:00",
                             "2026-11-21T09:05:07+24:00", "2026-11-21T09:05:07Zx", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "-026-11-21T09:05:07Z"})
        EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Time, ReadsADateAndNothingElse)
{
    EXPECT_EQ(parse_date("2026-11-21"), day);
    EXPECT_EQ(parse_date("2024-02-29"), std::chrono::sys_days{std::chrono::year{2024} / 2 / 29});
    EXPECT_EQ(parse_date(vietnam_date(day)), day);
    for (auto const* text : {"", "2026-11", "2026-11-2", "2026-11-21T", "2026-11-21 ", " 2026-11-21", "2026-11-21T00:00:00Z", "21-11-2026", "2026/11/21",
                             "2026-00-01", "2026-13-01", "2026-02-29", "2026-11-00", "2026-11-31", "+026-11-21", "0001-01-01", "9999-12-31"})
        EXPECT_FALSE(parse_date(text)) << text;
}

CaseCodeTemplate const bhxh;
CaseCodeTemplate const national{"{agency_id}-{yymmdd}-{number:04}", {}};

TEST(CaseCode, IsBhxhsPrintedForm)
{
    EXPECT_EQ(format_case_code(bhxh, "08708", std::chrono::sys_days{2019y / 7 / 29}, 4486), "04486.G/2019/08708");
    EXPECT_EQ(counter_of(bhxh, "08708", day), "08708/2026");
}

TEST(CaseCode, IsTheNationalFormWhereThatIsInForce)
{
    EXPECT_EQ(format_case_code(national, "00108", day, 7), "00108-261121-0007");
    EXPECT_EQ(counter_of(national, "00108", day), "00108/261121");
}

TEST(CaseCode, GrowsPastItsWidthInsteadOfWrapping)
{
    EXPECT_EQ(format_case_code(bhxh, "00108", day, 99999), "99999.G/2026/00108");
    EXPECT_EQ(format_case_code(bhxh, "00108", day, 100000), "100000.G/2026/00108");
    EXPECT_EQ(format_case_code(national, "00108", day, 10000), "00108-261121-10000");
}

TEST(CaseCode, FollowsTheTemplateInForceThatDay)
{
    CaseCodeTemplate later = national;
    later.from = day;
    std::vector const templates{bhxh, later};
    EXPECT_EQ(in_force(templates, day - std::chrono::days{1}).pattern, bhxh.pattern);
    EXPECT_EQ(in_force(templates, day).pattern, national.pattern);
}

TEST(CaseCode, TellsTheNumberOfACodeThatItGave)
{
    CaseCodeTemplate const twice{"{number}{agency}/{number}/{year}", {}};
    for (auto const& form : {bhxh, national, CaseCodeTemplate{"H{year}{number:3}.{agency}", {}}, CaseCodeTemplate{"{agency}.{yymmdd}.{number}", {}}})
        for (std::uint64_t const number : {1u, 9u, 10u, 9999u, 99999u, 100000u, 4000000000u})
            EXPECT_EQ(number_in(form, "00108", day, format_case_code(form, "00108", day, number)), number) << form.pattern;
    for (auto const* code : {"", "00007.G/2026/00109", "00007.G/2025/00108", "7.G/2026/00108", "000007.G/2026/00108", ".G/2026/00108", "0x007.G/2026/00108",
                             "-0007.G/2026/00108", "00007.G/2026/001080", "1234567890123456789.G/2026/00108", "00108-261121-0007"})
        EXPECT_FALSE(number_in(bhxh, "00108", day, code)) << code;
    EXPECT_FALSE(number_in(twice, "00108", day, format_case_code(twice, "00108", day, 7)));
}

TEST(CaseCode, NamesWhatIsWrongWithAPattern)
{
    EXPECT_FALSE(problem_of(bhxh));
    EXPECT_FALSE(problem_of(national));
    for (auto const* pattern : {"", "{number}", "{number}/{agency}", "{year}/{agency}", "{number}/{year}", "{number:}/{year}/{agency}", "{number:x}/{year}/{agency}",
                                "{number:99}/{year}/{agency}", "{number/{year}/{agency}", "number}/{year}/{agency}", "{number}/{year}/{agency}/{colour}"})
        EXPECT_TRUE(problem_of({pattern, {}})) << pattern;
}

TEST(CaseCode, IsReadAsPeopleTypeIt)
{
    EXPECT_EQ(normalise_case_code("04486.G/2019/08708"), "04486.G/2019/08708");
    EXPECT_EQ(normalise_case_code(" 04486_G/2019/08708\n"), "04486.G/2019/08708");
    EXPECT_EQ(normalise_case_code("4486.g/2019/08708"), "04486.G/2019/08708");
    EXPECT_EQ(normalise_case_code("27885/2020/00108"), "27885/2020/00108");
    EXPECT_EQ(normalise_case_code("100000.G/2026/00108"), "100000.G/2026/00108");
    EXPECT_EQ(normalise_case_code("00108-261121-0007"), "00108-261121-0007");
}

TEST(CaseCode, RefusesWhatIsNoCaseCode)
{
    for (auto const* text : {"", "   ", "abc", "1/2", "/2019/08708", ".G/2019/08708", "1/19/08708", "1/2019/8708", "1/2019/08708/x", "1.H/2019/08708",
                             "1;/2019/08708", "00108-261121", "00108-261121-1", "00108-26112-0007", "0010-261121-0007", "%/2019/08708",
                             "1234567890123456789/2019/08708"})
        EXPECT_FALSE(normalise_case_code(text)) << text;
    EXPECT_FALSE(normalise_case_code(std::string(1 << 20, '1')));
}

TEST(Status, IsOneOfTheFiveOfTheDecision)
{
    for (auto const& row : statuses) {
        EXPECT_EQ(status_from(row.id), row.status);
        EXPECT_EQ(text_of(row.status).vi, row.vi);
    }
    EXPECT_FALSE(status_from("Received"));
    EXPECT_FALSE(status_from(""));
    EXPECT_EQ(text_of(Status::done).vi, "đã xử lý xong và đã có kết quả");
}

TEST(Status, MovesOnlyForward)
{
    for (auto const& from : statuses)
        for (auto const& to : statuses)
            EXPECT_FALSE(lawful(from.status, to.status) && lawful(to.status, from.status)) << from.id << " " << to.id;
    EXPECT_FALSE(lawful(Status::received, Status::done));
    EXPECT_FALSE(lawful(Status::done, Status::refused));
}

TEST(State, EveryStateCanReachAnEnd)
{
    EXPECT_EQ(next(State::stored, Event::claimed), State::sending);
    EXPECT_EQ(next(State::sending, Event::lease_expired), State::deferred);
    EXPECT_EQ(next(State::dead, Event::replayed), State::stored);
    EXPECT_FALSE(next(State::delivered, Event::replayed));
    EXPECT_FALSE(next(State::stored, Event::accepted)) << "nothing is delivered without a claim";
}

}  // namespace
