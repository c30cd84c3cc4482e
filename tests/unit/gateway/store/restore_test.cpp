// ops/restore-body knows the format of stored values on its own: what we pack, it gives back.

#include "gateway/store/detail/compress.hpp"
#include "schemas/base64.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

namespace {

using namespace store::detail;

bool have(std::string const& program) { return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0; }

class Restore : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!have("python3")) GTEST_SKIP() << "python3 is not installed";
    }
    // What the script writes; its message where it refuses.
    std::string restored(std::string const& packed)
    {
        auto const folder = directory_.path();
        std::ofstream{folder / "packed", std::ios::binary} << packed;
        auto const command = IVAN_SOURCE_DIR "/ops/restore-body <" + (folder / "packed").string() + " >" + (folder / "out").string() + " 2>" +
                             (folder / "said").string();
        std::ifstream in{folder / (std::system(command.c_str()) == 0 ? "out" : "said"), std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }

private:
    support::TemporaryDirectory directory_;
};

std::string dossier(std::size_t people)
{
    std::mt19937 random{3};
    std::string certificate, form = "<D02-TS><NoiDung>\n";
    for (std::size_t i = 0; i < 901; ++i) certificate += static_cast<char>(random());
    for (std::size_t i = 0; i < people; ++i) form += "<LaoDong><HoTen>Lê Văn " + std::to_string(random()) + "</HoTen><GioiTinh>0</GioiTinh></LaoDong>\n";
    auto wrapped = schemas::base64_encode(certificate);
    for (auto at = wrapped.size() / 64 * 64; at > 0; at -= 64) wrapped.insert(at, "\r\n");
    form += "</NoiDung><X509Certificate>" + wrapped + "</X509Certificate></D02-TS>";
    return "<Hoso><NoiDungFile>" + schemas::base64_encode(form) + "</NoiDungFile><X509Certificate>" + schemas::base64_encode(certificate) +
           "</X509Certificate></Hoso>";
}

TEST_F(Restore, GivesBackWhatWasPackedInEveryWay)
{
    for (auto const codec : {Codec::none, Codec::lz4, Codec::zstd}) {
        if (codec == Codec::zstd && !have("zstd")) continue;
        for (auto const& bytes : {dossier(0), dossier(20), dossier(1000), std::string{"x"}})
            ASSERT_TRUE(restored(pack(codec, bytes)) == bytes) << bytes.size();
    }
}

TEST_F(Restore, RefusesADamagedValue)
{
    auto const packed = pack(Codec::lz4, dossier(20));
    for (auto const& damaged : {packed.substr(0, packed.size() / 2), "x" + packed.substr(1), packed.substr(0, 6) + '\x7f' + packed.substr(7)})
        EXPECT_EQ(restored(damaged).substr(0, 17), "ops/restore-body:");
}

}  // namespace
