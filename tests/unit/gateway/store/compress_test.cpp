#include "gateway/store/detail/compress.hpp"
#include "gateway/store/detail/dictionary.hpp"
#include "gateway/store/failure.hpp"
#include "schemas/base64.hpp"
#include "signing/digest.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::string_literals;
using namespace store::detail;

constexpr std::size_t no_bound = 1u << 30;

std::string noise(std::size_t size)
{
    std::mt19937 random{7};
    std::string out;
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(random());
    return out;
}

TEST(Compress, GivesBackTheSameBytesInEveryCodec)
{
    for (auto const codec : {Codec::none, Codec::lz4, Codec::zstd})
        for (auto const& bytes : {std::string{}, std::string{"x"}, std::string(100'000, 'a'), noise(5000)}) {
            auto const packed = pack(codec, bytes);
            EXPECT_EQ(unpack(packed, no_bound), bytes);
        }
}

// A dossier in small: an envelope with a form in its base64, in which the unit's certificate stands again, its lines broken
// in another way.
std::string dossier()
{
    auto const certificate = noise(900);
    std::string form = "<D02-TS><NguoiLaoDong>";
    for (int i = 0; i < 20; ++i) form += "<Dong><HoTen>Nguyễn Văn " + std::to_string(i) + "</HoTen><MucDong>" + std::to_string(5'000'000 + i) + "</MucDong></Dong>";
    auto wrapped = schemas::base64_encode(certificate);
    for (auto at = wrapped.size() / 76 * 76; at > 0; at -= 76) wrapped.insert(at, "&#13;\n");
    form += "</NguoiLaoDong><X509Certificate>" + wrapped + "</X509Certificate></D02-TS>";
    return "<Hoso><NoiDungFile>" + schemas::base64_encode(form) + "</NoiDungFile><X509Certificate>" + schemas::base64_encode(certificate) +
           "</X509Certificate></Hoso>";
}

TEST(Compress, GivesBackADossierExactlyAndStoresItsCertificateOnce)
{
    auto const bytes = dossier();
    for (auto const codec : {Codec::lz4, Codec::zstd}) {
        auto const packed = pack(codec, bytes);
        EXPECT_EQ(packed[0], codec == Codec::lz4 ? 'L' : 'Z');
        EXPECT_EQ(packed[5], 2) << "the form, and the certificate in the form";
        EXPECT_LT(packed.size(), 900u + 700);
        EXPECT_EQ(unpack(packed, bytes.size()), bytes);
        EXPECT_FALSE(unpack(packed, bytes.size() - 1));
    }
    EXPECT_EQ(pack(Codec::none, bytes).substr(5), bytes) << "none is none";
}

TEST(Compress, KeepsAnAttachmentAsItsBytesWhereTheyDoNotShrink)
{
    auto const bytes = "<NoiDungFile>" + schemas::base64_encode(noise(30'000)) + "</NoiDungFile>";
    for (auto const codec : {Codec::lz4, Codec::zstd}) {
        auto const packed = pack(codec, bytes);
        EXPECT_EQ(packed[0], 'N');
        EXPECT_LT(packed.size(), 30'000u + 60);
        EXPECT_EQ(unpack(packed, no_bound), bytes);
    }
}

TEST(Compress, PacksTheSameBytesTheSameWayWhateverWasPackedBefore)
{
    auto const bytes = dossier();
    for (auto const codec : {Codec::lz4, Codec::zstd}) {
        auto const first = pack(codec, bytes);
        for (auto const& other : {std::string(700'000, 'a'), noise(3000), std::string{}, dossier() + dossier()}) {
            (void)unpack(pack(codec, other), no_bound);
            EXPECT_EQ(pack(codec, bytes), first);
        }
    }
}

// What has been stored is unpacked for ever: never change these values.
TEST(Compress, UnpacksWhatEarlierReleasesStored)
{
    EXPECT_EQ(unpack("n\3\0\0\0abc"s, 3), "abc");
    EXPECT_EQ(unpack("4\x40\0\0\0\x1F\x61\1\0\x27\x50\x61\x61\x61\x61\x61"s, 64), std::string(64, 'a'));
    EXPECT_EQ(unpack("z\x40\0\0\0\x28\xB5\x2F\xFD\x20\x40\x45\0\0\x10\x61\x61\1\0\x93\0\x16"s, 64), std::string(64, 'a'));
    // One run of 33 groups, in lines of 16 with CRLF between them.
    auto const text = "<a>" + std::string(64, 'A') + "\r\n" + std::string(64, 'A') + "\r\nAAAA</a>";
    auto const list = "\3\x21\x10\2\r\n\6\0\0\0"s;
    EXPECT_EQ(unpack("N\x8F\0\0\0\1\0\x74\0\0\0"s + "<a>" + std::string(99, '\0') + "</a>" + list, 143), text);
    EXPECT_EQ(unpack("L\x8F\0\0\0\1\0\x74\0\0\0\x4F<a>\0\1\0\x4F\xE0</a>"s + list, 143), text);
    EXPECT_EQ(unpack("Z\x8F\0\0\0\1\0\x74\0\0\0\x28\xB5\x2F\xFD\x20\x74\xC5\0\0\x90<a>\0</a>"s + list + "\1\0\x3F\1\x22"s, 143), text);
}

TEST(Compress, UnpacksWhatWasPackedWithTheFirstDictionary)
{
    auto const text = R"({"dossier_id":"x","case_code":"00001.G/2026/00108","received_at":"2026-11-22T14:36:26.240+07:00","agency":"00108"})"s;
    EXPECT_EQ(unpack("L\x72\0\0\0\0\1\x72\0\0\0#{\"\x3E\x0F{_id\":\"xZ\x10T00001\xFD\x0ET00108\x82\x0F\xF3\x10ved_at\":\"2026-11-22T14:36:26.24\xCF\x0A\x08"
                     "g\x10p00108\"}"s, 114), text);
    EXPECT_EQ(unpack("Z\x72\0\0\0\0\1\x72\0\0\0\x28\xB5\x2F\xFD\x20\x72\x25\2\0\x84\2x00001001082026-11-22T14:36:26.2400108\"}\7\0\x6A\x70\x38\x20\x2D"
                     "\x98\xFB\x0C\x4E\1\x85\x87\x44\x03\x1C\x12\xDA\5\xA7\x63\x2E\xE8\x8E\x15"s, 114), text);
}

// Values of every day since refer to it. A better dictionary has the next number, and a test of its own.
TEST(Dictionary, TheFirstNeverChanges)
{
    EXPECT_EQ(dictionary(1).size(), 10'014u);
    EXPECT_EQ(signing::hex(signing::sha256(dictionary(1))), "9f3d0e0dd82b3279999d6977703f4003a1199a5db051b34d6e953a02dee9b06d");
    EXPECT_EQ(dictionary(0), "");
    EXPECT_EQ(dictionary(dictionary_newest + 1), "");
    EXPECT_NE(dictionary(dictionary_newest), "");
}

TEST(Dictionary, ShortensWhatSaysTheWordsOfTheWire)
{
    auto const text = "<LaoDong>\n      <STT>1</STT>\n      <HoTen>Lê Thị Hoa</HoTen>\n      <MasoBHXH>3121616964</MasoBHXH>\n      <NgaySinh>"s +
                      "22/03/1998</NgaySinh>\n      <GioiTinh>0</GioiTinh>\n    </LaoDong>";
    for (auto const codec : {Codec::lz4, Codec::zstd}) {
        auto const packed = pack(codec, text);
        EXPECT_EQ(packed[6], 1);
        EXPECT_LT(packed.size(), text.size() * 2 / 3);
        EXPECT_EQ(unpack(packed, no_bound), text);
    }
}

TEST(Dictionary, LongBodiesAndThoseThatDoNotShrinkDoWithoutIt)
{
    auto const body = "<a>" + schemas::base64_encode(std::string(200'000, 'a')) + "</a>";
    EXPECT_EQ(pack(Codec::lz4, body)[6], 0);
    EXPECT_EQ(unpack(pack(Codec::lz4, body), no_bound), body);
    EXPECT_EQ(pack(Codec::lz4, "<a>" + schemas::base64_encode(noise(3000)) + "</a>")[6], 0);
}

TEST(Dictionary, AValueThatNamesNoneWeHaveIsRefused)
{
    for (auto const codec : {Codec::lz4, Codec::zstd}) {
        auto packed = pack(codec, dossier());
        ASSERT_TRUE(unpack(packed, no_bound));
        packed[6] = static_cast<char>(dictionary_newest + 1);
        EXPECT_FALSE(unpack(packed, no_bound)) << "of a later release";
    }
    auto plain = pack(Codec::lz4, "<a>" + schemas::base64_encode(noise(3000)) + "</a>");
    ASSERT_EQ(plain[0], 'N');
    plain[6] = 1;
    EXPECT_FALSE(unpack(plain, no_bound));
}

TEST(Compress, ManyThreadsShareTheDictionary)
{
    auto const bytes = dossier();
    auto const expected = pack(Codec::lz4, bytes), expected_zstd = pack(Codec::zstd, bytes);
    std::vector<std::thread> threads;
    std::atomic<unsigned> wrong = 0;
    for (unsigned i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (unsigned n = 0; n < 50; ++n)
                if (pack(Codec::lz4, bytes) != expected || unpack(expected_zstd, no_bound) != bytes) ++wrong;
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0u);
}

TEST(Compress, ShrinksWhatCanShrinkAndNeverGrowsByMoreThanItsHeader)
{
    EXPECT_LT(pack(Codec::lz4, std::string(100'000, 'a')).size(), 1000u);
    EXPECT_LT(pack(Codec::zstd, std::string(100'000, 'a')).size(), 1000u);
    EXPECT_EQ(pack(Codec::lz4, noise(5000)).size(), 5005u);
}

TEST(Compress, HoldsTheBoundOfTheUnpackedSize)
{
    auto const packed = pack(Codec::lz4, std::string(1000, 'a'));
    EXPECT_TRUE(unpack(packed, 1000));
    EXPECT_FALSE(unpack(packed, 999));
}

TEST(Compress, RefusesDamagedValues)
{
    for (auto const codec : {Codec::none, Codec::lz4, Codec::zstd}) {
        auto const packed = pack(codec, std::string(1000, 'a') + "tail");
        for (std::size_t cut = 0; cut < packed.size(); ++cut) EXPECT_FALSE(unpack(packed.substr(0, cut), no_bound)) << cut;
        auto larger = packed;
        larger[1] = static_cast<char>(larger[1] + 1);
        EXPECT_FALSE(unpack(larger, no_bound)) << "another size than it says";
        auto huge = packed;
        huge[4] = '\x7f';
        EXPECT_FALSE(unpack(huge, no_bound)) << "no memory is taken on a damaged word";
        auto unknown = packed;
        unknown[0] = 'x';
        EXPECT_FALSE(unpack(unknown, no_bound));
        EXPECT_FALSE(unpack(packed + "more", no_bound));
    }
}

TEST(Compress, RefusesDamagedValuesWithBase64Undone)
{
    auto const bytes = dossier();
    for (auto const codec : {Codec::lz4, Codec::zstd}) {
        auto const packed = pack(codec, bytes);
        for (std::size_t cut = 0; cut < packed.size(); ++cut) EXPECT_FALSE(unpack(packed.substr(0, cut), no_bound)) << cut;
        EXPECT_FALSE(unpack(packed + "more", no_bound));
        for (std::size_t at = 1; at < 11; ++at)
            for (int bit = 0; bit < 8; ++bit) {
                auto damaged = packed;
                damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
                EXPECT_FALSE(unpack(damaged, no_bound)) << at << ' ' << bit;
            }
    }
}

TEST(Compress, SurvivesAnyBytes)
{
    for (unsigned i = 0; i < 2000; ++i) {
        auto bytes = noise(40 + i % 60).substr(i % 40);
        bytes[0] = "n4zNLZ"[i % 6];
        bytes[3] = bytes[4] = 0;
        if (i % 2 == 0) {
            bytes[5] = static_cast<char>(i % 4);
            bytes[6] = bytes[9] = bytes[10] = 0;
        }
        (void)unpack(bytes, 1u << 20);
    }
    SUCCEED();
}

TEST(Compress, KnowsItsCodecsByName)
{
    EXPECT_EQ(codec_from("lz4"), Codec::lz4);
    EXPECT_EQ(codec_from("zstd"), Codec::zstd);
    EXPECT_EQ(codec_from("none"), Codec::none);
    EXPECT_FALSE(codec_from("pglz"));
}

TEST(Failure, EveryRefusalHasANameOfItsOwn)
{
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(store::Refusal::internal); ++i) EXPECT_TRUE(names.insert(store::name_of(static_cast<store::Refusal>(i))).second);
    EXPECT_FALSE(names.contains(""));
}

}  // namespace
