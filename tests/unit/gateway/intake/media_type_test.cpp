#include "gateway/intake/media_type.hpp"

#include <gtest/gtest.h>

namespace {

using intake::accepts;

TEST(MediaType, TakesXmlInUtf8UnderBothNames)
{
    for (auto const* type : {"application/xml", "text/xml", "APPLICATION/XML;charset=UTF-8", "text/xml ; charset=\"utf-8\"", "application/xml;x=y"})
        EXPECT_TRUE(intake::xml_body(type)) << type;
    for (auto const* type : {"", "application/xml;charset=utf-16", "application/xhtml+xml", "application/xmlx", "xml", ";", "application/xml,text/xml", "\xff"})
        EXPECT_FALSE(intake::xml_body(type)) << type;
}

TEST(MediaType, TheMostExactRangeDecides)
{
    EXPECT_TRUE(accepts("", "application/json"));
    EXPECT_TRUE(accepts("*/*", "application/json"));
    EXPECT_TRUE(accepts("text/html, application/*;q=0.1", "application/json"));
    EXPECT_FALSE(accepts("application/json;q=0, */*", "application/json"));
    EXPECT_FALSE(accepts("application/*;q=0.000, */*;q=1", "application/json"));
    EXPECT_TRUE(accepts("application/*;q=0, application/json", "application/json"));
    EXPECT_FALSE(accepts("text/*", "application/json"));
}

TEST(MediaType, RubbishIsANoAndNothingWorse)
{
    for (auto const* text : {",", ";;;", "a/b;q=", "/", "*", "q=0", ",,,;,;=;", "application/json/x"}) EXPECT_FALSE(accepts(text, "application/json")) << text;
}

}  // namespace
