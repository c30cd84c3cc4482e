// The lane of each route: which flood can hold up what.

#include "gateway/routes.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

namespace {

using intake::Track;

std::map<std::string, Track> lanes_of(std::vector<intake::Route> const& routes)
{
    std::map<std::string, Track> lanes;
    for (auto const& route : routes)
        lanes[route.method + " " + route.path] = route.access == intake::Access::open ? Track::open : route.track;  // Admission::who()
    return lanes;
}

TEST(Routes, EachHasItsLane)
{
    std::map<std::string, Track> const expected{
        {"POST /v1/dossiers", Track::filings},
        {"POST /v1/registrations", Track::filings},
        {"POST /v1/otp/challenges", Track::asks},
        {"POST /v1/otp/contacts", Track::asks},
        {"POST /v1/otp/contacts/{id}/confirm", Track::asks},
        {"GET /v1/dossiers", Track::asks},
        {"GET /v1/dossiers/{id}", Track::asks},
        {"GET /v1/dossiers/{id}/receipt", Track::asks},
        {"GET /v1/log/head", Track::asks},
        {"GET /v1/log/proof", Track::asks},
        {"GET /v1/log/consistency", Track::asks},
        {"GET /v1/log/statement", Track::asks},
        {"GET /v1/log/statement/entries", Track::asks},
        {"GET /v1/notices", Track::waits},
        {"GET /v1/limits", Track::asks},
        {"POST /v1/workflow/events", Track::events},
        {"GET /v1/lookup", Track::open},
        {"GET /v1/providers", Track::open},
        {"GET /v1/procedures", Track::open},
        {"GET /v1/receipt-certificates", Track::open},
        {"GET /v1/receipt-certificates/{key_id}", Track::open},
        {"GET /v1/codes", Track::open},
    };
    EXPECT_EQ(lanes_of(gateway::public_routes({})), expected);
}

TEST(Routes, TheOperationsPortHasNoneButOpenOnes)
{
    for (auto const& [route, lane] : lanes_of(gateway::operations_routes({}))) EXPECT_EQ(lane, Track::open) << route;
}

}  // namespace
