// The two ways of reading give one verdict: whatever the tree engine says of a dossier, the sweep says too, word for word,
// place by place. The tree is the oracle; limits choose the engine.

#include "loadtest/bad_cases.hpp"
#include "loadtest/corpus.hpp"
#include "schemas/catalogue.hpp"
#include "schemas/envelope.hpp"
#include "schemas/rules.hpp"
#include "schemas/tree.hpp"
#include "schemas/validator.hpp"
#include "signing/dev/issuer.hpp"
#include "signing/dev/pki.hpp"
#include "signing/verifier.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using loadtest::Corpus;
using loadtest::PlainForm;

schemas::EnvelopeLimits all_trees()
{
    schemas::EnvelopeLimits limits;
    limits.tree_bytes_max = 64u << 20;
    limits.tree_nodes_max = 4'000'000;
    return limits;
}

schemas::EnvelopeLimits all_swept()
{
    auto limits = all_trees();
    limits.tree_bytes_max = 0;
    return limits;
}

class World {
public:
    static World& shared()
    {
        static World world;
        return world;
    }

    World()
    {
        signing::initialise();
        auto const authorities = signing::dev::make_authorities(now);
        auto const foreign = signing::dev::make_authorities(now);
        signing::dev::write_trust(directory_.path(), authorities, {});
        verifier = std::make_unique<signing::Verifier>(signing::TrustStore::load(directory_.path(), {}), signing::Policy{});
        validator = std::make_unique<schemas::Validator>(schemas::Catalogue::load(IVAN_SOURCE_DIR "/schemas/xsd"),
                                                         schemas::Rules::load(IVAN_SOURCE_DIR "/schemas/rules"));
        keys.good = key(authorities, "0101300842");
        keys.other_owner = key(authorities, "0100109106");
        keys.unknown_ca = key(foreign, "0101300842");
    }
    static std::shared_ptr<signing::KeyPair const> key(signing::dev::Authorities const& authorities, std::string tax_code)
    {
        signing::dev::Request request;
        request.common_name = "Công ty TNHH Thử Nghiệm";
        request.tax_code = std::move(tax_code);
        request.key = signing::dev::KeyKind::p256;
        auto const unit = signing::dev::issue(authorities.issuing_ca, request);
        return signing::KeyPair::from_pem(unit.key_pem, unit.certificate_pem);
    }

    signing::Instant now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    std::chrono::sys_days day = std::chrono::floor<std::chrono::days>(now);
    std::unique_ptr<signing::Verifier> verifier;
    std::unique_ptr<schemas::Validator> validator;
    loadtest::BadCaseKeys keys;

private:
    support::TemporaryDirectory directory_;
};

Corpus corpus(std::uint64_t seed = 1)
{
    loadtest::CorpusConfig config;
    config.seed = seed;
    config.day = World::shared().day;
    return Corpus{config};
}

void put(std::string& text, schemas::Finding const& finding)
{
    text += finding.form + " | " + finding.path + " | " + std::to_string(finding.line) + " | " + finding.code + " | " + finding.message_en + " | " +
            finding.message_vi + "\n";
}

// Everything a dossier's examination says, as one text. `broken` validates without a signature, so that the schema and
// the rules are asked about forms that nobody signed.
std::string verdict(std::string const& bytes, schemas::EnvelopeLimits const& limits, bool unsigned_too = false)
{
    auto& world = World::shared();
    std::string text;
    auto const say = [&](schemas::Failure const& failure) {
        text += std::string{schemas::name_of(failure.why)} + "\n";
        for (auto const& finding : failure.findings) put(text, finding);
    };
    auto envelope = schemas::read_envelope(bytes, limits);
    if (!envelope) return say(envelope.error()), text;
    if (unsigned_too) {
        auto valid = world.validator->validate(*envelope, world.day);
        if (valid) text += "valid\n";
        else say(valid.error());
    }
    auto verified = world.verifier->verify(std::move(*envelope), world.now);
    if (!verified) {
        auto const& no = verified.error();
        return text + std::string{signing::name_of(no.why)} + " | " + no.form + " | " + no.path + "\n";
    }
    for (auto const& signer : verified->signers())
        text += signer.form + " " + signer.certificate.subject + " " + signer.signature_algorithm + " " + signer.digest_algorithm + " " +
                signer.canonicalisation + " " + signer.reference + " " + signer.signed_path + "\n";
    auto valid = world.validator->validate(verified->envelope(), world.day);
    if (!valid) return say(valid.error()), text;
    for (auto const& form : valid->forms()) text += form.form + " " + form.version + "\n";
    return text;
}

void expect_same(std::string const& bytes, std::string const& what, bool unsigned_too = false)
{
    EXPECT_EQ(verdict(bytes, all_swept(), unsigned_too), verdict(bytes, all_trees(), unsigned_too)) << what;
}

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    auto const at = text.find(from);
    if (at == text.npos) throw std::logic_error("not there: " + std::string{from});
    return text.replace(at, from.size(), to);
}

std::vector<signing::SignOptions> ways_to_sign()
{
    std::vector<signing::SignOptions> ways;
    for (bool const exclusive : {false, true})
        for (bool const c14n11 : {false, true})
            for (auto const* digest : {"sha256", "sha512"}) {
                signing::SignOptions sign;
                sign.exclusive = exclusive;
                sign.c14n11 = c14n11;
                sign.digest = digest;
                ways.push_back(sign);
            }
    return ways;
}

TEST(Swept, EveryFormOfTheCorpusIsJudgedAlike)
{
    for (auto const& code : Corpus::form_codes()) {
        for (unsigned const people : {1u, 7u}) {
            auto made = corpus(people);
            auto const bytes = made.dossier(Corpus::procedure_for(code), {made.form(code, people), made.attachment()}, *World::shared().keys.good);
            auto const said = verdict(bytes, all_swept());
            EXPECT_EQ(said, verdict(bytes, all_trees())) << code;
            EXPECT_NE(said.find(code), said.npos) << said;
        }
    }
}

TEST(Swept, EveryWayOfSigningIsJudgedAlike)
{
    auto made = corpus();
    for (auto const& sign : ways_to_sign()) {
        auto const bytes = made.dossier("600", {made.form("D02-TS", 3)}, *World::shared().keys.good, sign);
        auto const said = verdict(bytes, all_swept());
        EXPECT_EQ(said, verdict(bytes, all_trees()));
        EXPECT_NE(said.find("D02-TS 1040"), said.npos) << said;
    }
}

TEST(Swept, EveryBadCaseIsRefusedAlike)
{
    auto made = corpus();
    auto const cases = loadtest::bad_cases(made, World::shared().keys);
    ASSERT_GT(cases.size(), 10u);
    for (auto const& bad : cases) expect_same(bad.bytes, bad.name);
}

// A form of the test's own text, signed as all are.
std::string dossier_of(std::string const& xml, signing::SignOptions const& sign = {}, std::string const& code = "D02-TS")
{
    auto made = corpus();
    auto form = made.form(code, 1);
    form.xml_or_bytes = xml;
    return made.dossier(Corpus::procedure_for(code), {form}, *World::shared().keys.good, sign);
}

std::string employees(unsigned people)
{
    auto made = corpus(people);
    return made.form("D02-TS", people).xml_or_bytes;
}

TEST(Swept, FindingsStandAtTheSamePlaces)
{
    auto const good = employees(5);
    std::vector<std::pair<std::string, std::string>> const cases{
        {"a foreign element in a row", replaced(good, "<STT>", "<La/><STT>")},
        {"a foreign element of a namespace", replaced(good, "<STT>", "<x:La xmlns:x=\"urn:x\"><x:b/></x:La><STT>")},
        {"a default namespace inside", replaced(good, "<STT>", "<La xmlns=\"urn:x\"><b/><b/></La><STT>")},
        {"a foreign attribute", replaced(good, "<STT>", "<STT la=\"a &amp; b\">")},
        {"two foreign attributes", replaced(good, "<STT>", "<STT la=\"1\" Id=\"x\">")},
        {"text between elements", replaced(good, "<STT>", "words<STT>")},
        {"an element inside a value", replaced(good, "<STT>", "<STT><a/>")},
        {"an empty value", replaced(good, "<HoTen>", "<HoTen></HoTen><HoTen>")},
        {"a comment inside a value", replaced(good, "<HoTen>", "<HoTen><!-- -->")},
        {"a long value", replaced(good, "<HoTen>", "<HoTen>" + std::string(5000, 'x'))},
        {"an instruction before the root", replaced(good, "<D02-TS", "<?la di?><D02-TS")},
        {"comments and instructions around", replaced(good, "<D02-TS", "<!-- --><?la?>\n<D02-TS") + "\n<?di la?><!-- -->\n"},
        {"nothing where rows should be", "<D02-TS><NoiDung/></D02-TS>"},
        {"an empty root", "<D02-TS/>"},
        {"another root", "<D03-TS/>"},
        {"xsi:nil", replaced(good, "<HoTen>", "<HoTen xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\">")},
        {"xsi:type", replaced(good, "<HoTen>", "<HoTen xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"la\">")},
        {"a schema's place", replaced(good, "<HoTen>", "<HoTen xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                                                       "xsi:noNamespaceSchemaLocation=\"file:///la\">")},
        {"xml:lang", replaced(good, "<HoTen>", "<HoTen xml:lang=\"vi\" xml:space=\"preserve\">")},
    };
    for (auto const& [what, xml] : cases) {
        expect_same(dossier_of(xml), what);
        auto sign = signing::SignOptions{};
        sign.exclusive = true;
        expect_same(dossier_of(xml, sign), what + ", exclusive");
    }
}

TEST(Swept, RulesFindTheSameRows)
{
    for (auto const& code : Corpus::form_codes()) {
        auto made = corpus(4);
        auto const good = made.form(code, 4).xml_or_bytes;
        std::mt19937 random{7};
        // Digits of values become others, some of them wrong: the schema takes them, the rules judge them.
        for (int round = 0; round < 40; ++round) {
            auto xml = good;
            for (int change = 0; change < 6; ++change) {
                auto const at = std::uniform_int_distribution<std::size_t>{0, xml.size() - 2}(random);
                auto const value = xml.find_first_of("0123456789", at);
                if (value != xml.npos && xml.rfind('>', value) > xml.rfind('<', value)) xml[value] = static_cast<char>('0' + round % 10);
            }
            auto const bytes = made.unsigned_envelope(Corpus::procedure_for(code), {PlainForm{code, code + ".xml", ".xml", "", xml, true}});
            expect_same(bytes, code, true);
        }
    }
}

TEST(Swept, ThousandsOfMutatedFormsAreJudgedAlike)
{
    std::mt19937 random{20261121};
    auto made = corpus(3);
    std::vector<std::string> const pieces{"<a/>", "<a>", "</a>", "<STT>1</STT>", " x=\"1\"", " Id=\"d\"", "<!-- c -->", "<![CDATA[x]]>", "&amp;", "&#13;", "<?p i?>",
                                          " xmlns=\"urn:a\"", " xmlns:p=\"urn:b\"", "<p:b xmlns:p=\"urn:c\"/>", "<NoiDung>", "<LaoDong/>", "words", "\n",
                                          "<Cky/>", "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>", "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>"};
    std::size_t taken = 0;
    std::vector<std::pair<std::string, std::string>> seeds;
    for (auto const* code : {"D02-TS", "TK1-TS", "D03-TS", "04_DK-IVAN"}) {
        signing::SignOptions sign;
        sign.holder = Corpus::signature_holder(code);
        seeds.emplace_back(code, Corpus::signed_form(made.form(code, 2), *World::shared().keys.good, sign).xml_or_bytes);
    }
    for (int round = 0; round < 2000; ++round) {
        auto const& [code, seed] = seeds[static_cast<std::size_t>(round) % seeds.size()];
        auto xml = seed;
        int const changes = 1 + round % 2;
        for (int change = 0; change < changes; ++change) {
            auto const& piece = pieces[random() % pieces.size()];
            bool const in_tag = piece[0] == ' ';
            auto at = random() % xml.size();
            at = in_tag ? xml.find('>', at) : xml.find('<', at);
            if (at == xml.npos || at == 0) continue;
            if (in_tag && (xml[at - 1] == '/' || xml[at - 1] == '?')) --at;
            if (random() % 3 != 0) {
                xml.insert(at, piece);
            } else {
                auto const end = xml.find('<', at + 1);
                if (end != xml.npos) xml.erase(at, end - at);
            }
        }
        auto const bytes = made.unsigned_envelope(Corpus::procedure_for(code), {PlainForm{code, "f.xml", ".xml", "", xml, true}});
        auto const tree = verdict(bytes, all_trees(), true);
        ASSERT_EQ(verdict(bytes, all_swept(), true), tree) << round << "\n" << xml;
        taken += tree.find("xml_malformed") == tree.npos;
    }
    EXPECT_GT(taken, 300u) << "too many mutants are not even XML: the test asks nothing";
}

TEST(Swept, ASweptDocumentHasNoTreeToBeTakenForIt)
{
    auto made = corpus();
    auto const bytes = made.dossier("600", {made.form("D02-TS", 2)}, *World::shared().keys.good);
    auto const envelope = schemas::read_envelope(bytes, all_swept());
    ASSERT_TRUE(envelope);
    auto const* const form = envelope->forms()[0].xml();
    ASSERT_NE(form, nullptr) << "an XML form without xml() would pass for an attachment";
    EXPECT_TRUE(form->swept());
    EXPECT_THROW(static_cast<void>(schemas::tree_of(*form)), std::logic_error);
    EXPECT_THROW(static_cast<void>(schemas::tree_of(envelope->xml())), std::logic_error);
    EXPECT_EQ(form->text(), envelope->forms()[0].bytes());
}

TEST(Swept, AnAlteredRowIsNoticed)
{
    auto made = corpus();
    signing::SignOptions sign;
    auto const form = Corpus::signed_form(made.form("D02-TS", 3), *World::shared().keys.good, sign).xml_or_bytes;
    auto const altered = replaced(form, "<STT>2</STT>", "<STT>9</STT>");
    for (auto const& [xml, said] : {std::pair{form, "signature_missing |  |"}, std::pair{altered, "digest_mismatch | D02-TS"}}) {
        auto const bytes = made.unsigned_envelope("600", {PlainForm{"D02-TS", "f.xml", ".xml", "", xml, true}});
        EXPECT_NE(verdict(bytes, all_swept()).find(said), std::string::npos) << verdict(bytes, all_swept());
    }
}

TEST(Swept, SmallFormsStayTreesAndLargeOnesAreSwept)
{
    auto made = corpus();
    auto const read = [&](unsigned people) {
        return schemas::read_envelope(made.unsigned_envelope("600", {made.form("D02-TS", people)}), schemas::EnvelopeLimits{});
    };
    EXPECT_FALSE(read(8)->forms()[0].xml()->swept());
    EXPECT_TRUE(read(2000)->forms()[0].xml()->swept());
}

TEST(Swept, IdsOfASweptFormAreBounded)
{
    std::string rows;
    for (int i = 0; i < 5000; ++i) rows += "<a Id=\"r" + std::to_string(i) + "\"/>";
    auto const xml = "<D02-TS>" + rows + "</D02-TS>";
    auto made = corpus();
    auto const bytes = made.unsigned_envelope("600", {PlainForm{"D02-TS", "f.xml", ".xml", "", xml, true}});
    auto limits = all_swept();
    EXPECT_NE(verdict(bytes, limits).find("xml_too_large"), std::string::npos);
    limits.kept_nodes_max = 20'000;
    EXPECT_EQ(verdict(bytes, limits).find("xml_too_large"), std::string::npos);
}

}  // namespace
