#include "gateway/intake/router.hpp"

#include <gtest/gtest.h>

namespace intake {
namespace {

Route route(std::string method, std::string path)
{
    Route made;
    made.method = std::move(method);
    made.path = std::move(path);
    return made;
}

Router table()
{
    return Router{{route("GET", "/v1/dossiers/{id}"), route("POST", "/v1/dossiers"), route("GET", "/v1/dossiers"),
                   route("GET", "/v1/dossiers/{id}/receipt"), route("GET", "/v1/dossiers/recent"), route("GET", "/")}};
}

TEST(Router, FindsByMethodAndPath)
{
    auto const router = table();
    EXPECT_EQ(router.find("POST", "/v1/dossiers")->route->method, "POST");
    EXPECT_EQ(router.find("GET", "/")->route->path, "/");
    auto const receipt = router.find("GET", "/v1/dossiers/D-1/receipt");
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->route->path, "/v1/dossiers/{id}/receipt");
    EXPECT_EQ(receipt->path_parameter, "D-1");
}

TEST(Router, HeadFindsWhatGetDoes) { EXPECT_EQ(table().find("HEAD", "/v1/dossiers")->route->method, "GET"); }

TEST(Router, AWrittenOutPathStandsBeforeAParameter)
{
    EXPECT_EQ(table().find("GET", "/v1/dossiers/recent")->route->path, "/v1/dossiers/recent");
}

TEST(Router, ASlashInsideAParameterIsPartOfIt)
{
    auto const router = table();
    auto const found = router.find("GET", "/v1/dossiers/04486.G%2F2019%2F08708");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->path_parameter, "04486.G/2019/08708");
}

TEST(Router, WhatIsNotThereIsUnknown)
{
    auto const router = table();
    for (auto const* path : {"", "v1/dossiers", "/v1", "/v1/dossiers/", "/v1/dossiers//receipt", "/v1/dossiers/a/b", "/v1/dossiers/a/receipt/",
                             "//", "/v1/../v1/dossiers", "/v1/dossiers/%zz", "/V1/dossiers"}) {
        auto const found = router.find("GET", path);
        ASSERT_FALSE(found) << path;
        EXPECT_EQ(found.error().code, fault::FaultCode::route_unknown) << path;
    }
}

TEST(Router, AnotherMethodIsToldWhichAreAllowed)
{
    auto const found = table().find("DELETE", "/v1/dossiers");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, fault::FaultCode::method_not_allowed);
    EXPECT_EQ(found.error().detail, "POST, GET, HEAD");
}

}  // namespace
}  // namespace intake
