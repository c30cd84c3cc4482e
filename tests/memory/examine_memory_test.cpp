// The promise: the peak RSS of examining one dossier grows by no more than 4 × body + 8 MiB, the body itself counted, whatever
// the dossier is. Each is examined by a process of its own (probe.cpp), so that one pays nothing of another's bill.

#include "loadtest/corpus.hpp"
#include "schemas/base64.hpp"
#include "signing/dev/issuer.hpp"
#include "signing/dev/pki.hpp"
#include "signing/signer.hpp"
#include "signing/verifier.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using loadtest::Corpus;
using loadtest::PlainForm;

constexpr std::size_t spare = 8u << 20;

std::string repeated(std::string_view piece, std::size_t times)
{
    std::string text;
    text.reserve(piece.size() * times);
    for (std::size_t i = 0; i < times; ++i) text += piece;
    return text;
}

// Pieces that differ: `make(i)` for each i, up to about `bytes`.
template <class Make>
std::string grown(std::size_t bytes, Make const& make)
{
    std::string text;
    for (std::size_t i = 0; text.size() < bytes; ++i) text += make(i);
    return text;
}

using support::sanitized;

class ExamineMemory : public testing::Test {
protected:
    void SetUp() override
    {
        if (sanitized) GTEST_SKIP() << "a sanitizer's own memory is no measure";
    }

    static void SetUpTestSuite()
    {
        signing::initialise();
        folder.emplace();
        directory = folder->path();
        now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        auto const authorities = signing::dev::make_authorities(now);
        signing::dev::write_trust(directory / "trust", authorities, {});
        signing::dev::Request request;
        request.common_name = "Công ty TNHH Thử Nghiệm";
        request.tax_code = "0101300842";
        request.key = signing::dev::KeyKind::p256;
        auto const unit = signing::dev::issue(authorities.issuing_ca, request);
        key = signing::KeyPair::from_pem(unit.key_pem, unit.certificate_pem);
        auto made = corpus();
        write("warm_up.xml", made.dossier("600", {made.form("D02-TS", 5)}, *key));
    }
    static void TearDownTestSuite() { folder.reset(); }

    static Corpus corpus()
    {
        loadtest::CorpusConfig config;
        config.day = std::chrono::floor<std::chrono::days>(now);
        return Corpus{config};
    }

    static void write(std::string const& name, std::string const& bytes)
    {
        std::ofstream stream{directory / name, std::ios::binary};
        stream << bytes;
        if (!stream.flush()) throw std::runtime_error("cannot write " + name);
    }

    struct Cost {
        std::size_t growth = 0, body = 0;
        std::string verdict;
    };
    // Examines dossier.xml in a fresh process.
    static Cost cost(std::string const& engine)
    {
        std::ostringstream command;
        command << '\'' << IVAN_MEMORY_PROBE << "' " << engine << " '" << (directory / "trust").string() << "' " << now.time_since_epoch() / std::chrono::seconds{1} << " '"
                << (directory / "warm_up.xml").string() << "' '" << (directory / "dossier.xml").string() << '\'';
        std::unique_ptr<FILE, int (*)(FILE*)> const pipe{popen(command.str().c_str(), "r"), pclose};
        std::array<char, 200> line{};
        if (!pipe || !std::fgets(line.data(), line.size(), pipe.get())) throw std::runtime_error("the probe says nothing");
        std::istringstream read{line.data()};
        Cost said;
        if (!(read >> said.growth >> said.body >> said.verdict)) throw std::runtime_error(line.data());
        return said;
    }
    static void print(std::string const& what, std::string const& engine, Cost const& said)
    {
        auto const mib = [](std::size_t size) { return static_cast<double>(size) / (1u << 20); };
        std::printf("  %-44s %-5s %8.3f MiB body, %8.3f MiB growth, %5.2f x, of its bound %3.0f %%: %s\n", what.c_str(), engine.c_str(), mib(said.body),
                    mib(said.growth), static_cast<double>(said.growth) / static_cast<double>(said.body),
                    100.0 * static_cast<double>(said.growth) / static_cast<double>(4 * said.body + spare), said.verdict.c_str());
    }

    // As intake does it, and by the tree alone, which whatever the sweep leaves meets. The verdict is part of the test, so that none
    // is cheap because it was refused early.
    static void costs_little(std::string const& what, std::string const& bytes, std::string const& verdict)
    {
        write("dossier.xml", bytes);
        std::vector<std::string> engines{"both"};
        if (verdict == "valid") engines.push_back("tree");
        for (auto const& engine : engines) {
            auto const said = cost(engine);
            print(what, engine, said);
            EXPECT_LE(said.growth, 4 * said.body + spare) << what << " by " << engine;
            EXPECT_EQ(said.verdict, verdict) << what << " by " << engine;
        }
    }

    // One sweep keeps the body and nothing that grows with it. Pages are counted, so a few more than the bytes.
    static void sweeps_beside_the_body(std::string const& what, std::string const& bytes, std::size_t beside_max)
    {
        write("dossier.xml", bytes);
        auto const said = cost("sweep");
        print(what, "sweep", said);
        EXPECT_EQ(said.verdict, "valid") << what;
        EXPECT_LE(said.growth, said.body + beside_max) << what;
    }

    // A D02-TS whose content is `inside`, signed, in a signed envelope: its shape is judged too.
    static std::string signed_dossier(std::string const& inside, std::string const& root_attributes = {})
    {
        auto made = corpus();
        return made.dossier("600", {PlainForm{"D02-TS", "D02-TS.xml", ".xml", "", "<D02-TS" + root_attributes + ">" + inside + "</D02-TS>", true}}, *key);
    }
    // The same, signed by nobody: read and refused.
    static std::string plain_dossier(std::string const& form)
    {
        auto made = corpus();
        return made.unsigned_envelope("600", {PlainForm{"D02-TS", "D02-TS.xml", ".xml", "", form, true}});
    }

    static inline std::optional<support::TemporaryDirectory> folder;
    static inline std::filesystem::path directory;
    static inline signing::Instant now;
    static inline std::shared_ptr<signing::KeyPair const> key;
};

TEST_F(ExamineMemory, OfDossiersAsEmployersSendThem)
{
    auto made = corpus();
    for (unsigned const people : {1u, 10u, 100u, 200u, 1000u, 3000u, 10'000u, 14'000u})
        costs_little("D02-TS, " + std::to_string(people) + " employees", made.dossier("600", {made.form("D02-TS", people)}, *key), "valid");
    signing::SignOptions exclusive;
    exclusive.exclusive = true;
    costs_little("exclusive, 5000 employees", made.dossier("600", {made.form("D02-TS", 5000)}, *key, exclusive), "valid");
    costs_little("TK1-TS, 2000 persons", made.dossier(Corpus::procedure_for("TK1-TS"), {made.form("TK1-TS", 2000)}, *key), "valid");
    auto pdf = made.attachment();
    pdf.xml_or_bytes.append(20u << 20, 'x');
    costs_little("an attachment of 20 MB", made.dossier("600", {made.form("D02-TS", 10), pdf}, *key), "valid");
}

TEST_F(ExamineMemory, OfOneSweepIsTheBodyAndLittleBesideWhateverItsSize)
{
    auto made = corpus();
    for (unsigned const people : {100u, 1000u, 10'000u})
        sweeps_beside_the_body(std::to_string(people) + " employees", made.dossier("600", {made.form("D02-TS", people)}, *key), 256u << 10);
    auto pdf = made.attachment();
    pdf.xml_or_bytes.append(20u << 20, 'x');
    sweeps_beside_the_body("an attachment of 20 MB", made.dossier("600", {made.form("D02-TS", 10), pdf}, *key), 256u << 10);
}

TEST_F(ExamineMemory, OfManyForms)
{
    auto made = corpus();
    for (unsigned const people : {5u, 40u, 150u}) {
        std::vector<PlainForm> forms{made.form("D02-TS", people)};
        for (int i = 1; i < 99; ++i) {
            forms.push_back(forms.front());
            forms.back().file_name = "form-" + std::to_string(i) + ".xml";
        }
        costs_little("99 forms of " + std::to_string(people) + " employees", made.dossier("600", forms, *key), "valid");
    }
}

// Every tree as large as it may be, all at once: the envelope's own, those of small forms, and the skeletons of swept ones.
TEST_F(ExamineMemory, OfADossierThatFillsEveryRoom)
{
    auto made = corpus();
    auto const form = [](std::string const& name, std::string const& inside) {
        return PlainForm{"D02-TS", name + ".xml", ".xml", "", "<D02-TS>" + inside + "</D02-TS>", true};
    };
    std::vector<PlainForm> forms;
    for (int i = 0; i < 4; ++i) forms.push_back(form("tree-" + std::to_string(i), repeated("<a b=\"a value of some length\"/>", 1600)));
    for (int i = 0; i < 2; ++i) forms.push_back(form("swept-" + std::to_string(i), repeated("<a Id=\"\"/>", 1800) + repeated("<a/>", 70'000)));
    auto bytes = made.unsigned_envelope("600", forms);
    bytes.insert(bytes.find("<NoiDung>"), repeated("<!--a comment of some length-->", 11'000));
    costs_little("all rooms full", bytes, "signature_missing");
}

TEST_F(ExamineMemory, OfSignedFormsThatAreNoForms)
{
    for (std::size_t const size : {10'000u, 200'000u, 4'000'000u}) {
        auto const name = [&](char const* what) { return std::string{what} + ", " + std::to_string(size) + " bytes"; };
        costs_little(name("dense: <a/> × n"), signed_dossier(repeated("<a/>", size / 4)), "schema_violation");
        costs_little(name("dense: <STT/> in rows"), signed_dossier("<NoiDung>" + repeated("<LaoDong><STT/></LaoDong>", size / 25) + "</NoiDung>"), "schema_violation");
        costs_little(name("deep, again and again"), signed_dossier(repeated(repeated("<a>", 25) + repeated("</a>", 25), size / 175)), "schema_violation");
        costs_little(name("references"), signed_dossier(repeated("<a>" + repeated("&lt;", 1000) + "</a>", size / 4000)), "schema_violation");
        costs_little(name("text"), signed_dossier(repeated("<a>" + std::string(100'000, 'x') + "</a>", 1 + size / 100'000)), "schema_violation");
        costs_little(name("comments"), signed_dossier(repeated("<!--x-->", size / 8)), "schema_violation");
        costs_little(name("CDATA"), signed_dossier(repeated("<a><![CDATA[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]]></a>", size / 53)), "schema_violation");
    }
}

TEST_F(ExamineMemory, OfFormsThatKeepToNoBound)
{
    constexpr std::size_t size = 12u << 20;
    auto const in = [](std::string const& inside) { return plain_dossier("<D02-TS>" + inside + "</D02-TS>"); };
    costs_little("more nodes than are taken", in(repeated("<a/>", size / 4)), "xml_too_large");
    costs_little("attributes", in(repeated("<a b=\"1\" c=\"2\" d=\"3\"/>", size / 24)), "xml_too_large");
    costs_little("ids", in(grown(size, [](std::size_t i) { return "<a Id=\"" + std::to_string(i) + "\"/>"; })), "xml_too_large");
    costs_little("namespaces", in(repeated("<a xmlns:p=\"urn:p\"/>", size / 20)), "xml_too_large");
    costs_little("namespaces, each another", in(grown(size, [](std::size_t i) { return "<a xmlns=\"urn:" + std::to_string(i) + "\"/>"; })), "xml_too_large");
    costs_little("names, each another", in(grown(size, [](std::size_t i) { return "<a" + std::to_string(i) + "/>"; })), "xml_too_large");
    costs_little("references to nothing", in(grown(size, [](std::size_t i) { return "&a" + std::to_string(i) + ";"; })), "xml_malformed");
    costs_little("one text", in(std::string(size, 'x')), "xml_too_large");
    costs_little("one CDATA section", in("<![CDATA[" + std::string(size, 'x') + "]]>"), "xml_too_large");
    costs_little("one text of references", in(repeated("&#65;", size / 5)), "xml_too_large");
    costs_little("one comment", in("<!--" + std::string(size, 'x') + "-->"), "xml_too_large");
    costs_little("one attribute", in("<a b=\"" + std::string(size, 'x') + "\"/>"), "xml_too_large");
    costs_little("never ends", "<D02-TS>" + repeated("<a>", 10), "xml_malformed");
    costs_little("texts in a Signature", in("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">" + repeated("<a>" + std::string(900, 'x') + "</a>", size / 907) +
                                           "</ds:Signature>"), "xml_too_large");
    costs_little("a SignatureValue of a megabyte", in("<Cky><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignatureValue>" +
                                                     repeated(std::string(76, 'A') + "\n", 13'000) + "</ds:SignatureValue></ds:Signature></Cky>"),
                 "signature_malformed");
}

TEST_F(ExamineMemory, OfEnvelopesThatAreNone)
{
    constexpr std::size_t size = 30u << 20;
    auto const good = plain_dossier("<D02-TS/>");
    auto const with = [&](std::string const& inside) {
        auto text = good;
        return text.insert(text.find("<NoiDung>"), inside);
    };
    costs_little("nodes within the bound", with(repeated("<a/>", 11'000)), "envelope_field");
    costs_little("nodes", with(repeated("<a/>", size / 4)), "xml_too_large");
    costs_little("text", with(std::string(size, 'x')), "envelope_field");
    costs_little("text in CDATA", with("<![CDATA[" + std::string(size, 'x') + "]]>"), "envelope_field");
    costs_little("names, each another", with(grown(size, [](std::size_t i) { return "<a" + std::to_string(i) + "/>"; })), "xml_too_large");
    costs_little("references to nothing", with(grown(size, [](std::size_t i) { return "&a" + std::to_string(i) + ";"; })), "xml_malformed");
    costs_little("one comment", with("<!--" + std::string(size, 'x') + "-->"), "xml_too_large");
    costs_little("spaces", with(std::string(size, ' ')), "signature_missing");
    costs_little("not XML", std::string(size, 'x'), "xml_malformed");
    costs_little("base64 of nothing known", plain_dossier(std::string(15u << 20, 'x')), "form_kind_mismatch");
    auto broken = plain_dossier(std::string(15u << 20, 'x'));
    costs_little("base64 that is none", broken.replace(broken.find("<NoiDungFile>") + 13, 1, "*"), "form_base64");
    auto cut = plain_dossier("<D02-TS>" + std::string(900'000, ' ') + "</D02-TS>");
    cut.insert(cut.find("<NoiDungFile>") + 13, "<![CDATA[");
    cut.insert(cut.find("</NoiDungFile>"), "]]>");
    costs_little("base64 in CDATA", cut, "signature_missing");
}

}  // namespace
