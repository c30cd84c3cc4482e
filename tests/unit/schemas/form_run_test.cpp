// One form as its events go by: FormRun calls sound what the tree's way finds nothing in, and nothing else. The tree is the
// oracle: Catalogue::check, then the rules over the tree.

#include "schemas/detail/form_run.hpp"

#include "loadtest/bad_cases.hpp"
#include "schemas/detail/form_rules.hpp"
#include "schemas/scanner.hpp"
#include "signing/dev/issuer.hpp"
#include "signing/dev/pki.hpp"
#include "signing/verifier.hpp"
#include "tests/support/forms.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace test_support;
using loadtest::Corpus;
using loadtest::PlainForm;
using schemas::detail::FormPlan;
using schemas::detail::FormRun;
using schemas::detail::LawOfDay;
using std::chrono::sys_days;

namespace {

constexpr std::string_view tax_code = "0101300842";  // the corpus's unit

schemas::detail::Law const& law()
{
    static auto const loaded = schemas::detail::Law::load(IVAN_SOURCE_DIR "/schemas/rules");
    return loaded;
}

std::shared_ptr<FormPlan const> plan_of(schemas::SchemaEntry const& entry)
{
    static auto const plans = [] {
        std::vector<std::shared_ptr<FormPlan const>> made;
        for (auto const& each : catalogue()->entries()) made.push_back(FormPlan::of(catalogue()->shape(each), each.form));
        return made;
    }();
    return plans[static_cast<std::size_t>(&entry - catalogue()->entries().data())];
}

// The events of one document, to be told again in any pieces. What is told is overwritten at views_end(), so that whoever
// keeps a view longer reads nonsense.
class Told : public schemas::Events {
public:
    explicit Told(std::string_view xml) { whole_ = schemas::sweep(xml, {}, *this); }
    [[nodiscard]] bool whole() const noexcept { return whole_; }

    // Views end after every `events_a_window` events; texts come in pieces of at most `piece` bytes.
    void tell(schemas::Events& events, std::size_t events_a_window, std::size_t piece) const
    {
        std::vector<std::unique_ptr<std::string>> window;
        auto const show = [&](std::string_view text) -> std::string_view { return *window.emplace_back(std::make_unique<std::string>(text)); };
        auto const end_views = [&] {
            events.views_end();
            for (auto& text : window) std::ranges::fill(*text, '#');
            window.clear();
        };
        std::size_t told = 0;
        for (auto const& one : all_) {
            std::vector<schemas::AttributeEvent> const attributes(one.attributes, schemas::AttributeEvent{"a", "", "", "v"});
            switch (one.kind) {
                case Kind::start: events.start({show(one.text), "", show(one.uri), {}, attributes}); break;
                case Kind::end: events.end({show(one.text), ""}); break;
                case Kind::text:
                    for (std::string_view left = one.text; !left.empty(); left.remove_prefix(std::min(piece, left.size()))) {
                        events.text({show(left.substr(0, piece))});
                        if (++told % events_a_window == 0) end_views();
                    }
                    break;
                case Kind::comment: events.comment(show(one.text)); break;
                case Kind::instruction: events.instruction(show(one.text), {}); break;
            }
            if (++told % events_a_window == 0) end_views();
        }
        end_views();
    }

    void start(schemas::StartEvent const& tag) override { all_.push_back({Kind::start, std::string{tag.name}, std::string{tag.uri}, tag.attributes.size()}); }
    void end(schemas::EndEvent const& tag) override { all_.push_back({Kind::end, std::string{tag.name}, {}, 0}); }
    void text(schemas::TextEvent const& text) override
    {
        if (!all_.empty() && all_.back().kind == Kind::text) all_.back().text += text.text;
        else all_.push_back({Kind::text, std::string{text.text}, {}, 0});
    }
    void comment(std::string_view text) override { all_.push_back({Kind::comment, std::string{text}, {}, 0}); }
    void instruction(std::string_view target, std::string_view) override { all_.push_back({Kind::instruction, std::string{target}, {}, 0}); }

private:
    enum class Kind { start, end, text, comment, instruction };
    struct One {
        Kind kind;
        std::string text, uri;
        std::size_t attributes;
    };
    std::vector<One> all_;
    bool whole_ = false;
};

// What FormRun says, and that it says the same however the events come.
bool run_says(std::string const& xml, schemas::SchemaEntry const& entry, sys_days day)
{
    static FormRun run;  // one for all: what one form leaves must not be seen by the next
    LawOfDay const today{law(), day};
    auto const plan = plan_of(entry);
    run.begin(*plan, today, std::string{tax_code});
    bool const whole = schemas::sweep(xml, {}, run);
    bool const said = whole && run.sound();

    run.begin(*plan, today, std::string{tax_code});
    if (schemas::scan_whole(xml, {}, run)) {
        EXPECT_EQ(run.sound(), said) << xml;
    }
    Told const told{xml};
    EXPECT_EQ(told.whole(), whole);
    if (!whole) return false;
    for (auto const& [events_a_window, piece] : {std::pair<std::size_t, std::size_t>{1'000'000, 1'000'000}, {7, 1'000'000}, {5, 2}}) {
        run.begin(*plan, today, std::string{tax_code});
        told.tell(run, events_a_window, piece);
        EXPECT_EQ(run.sound(), said) << events_a_window << " " << piece << "\n" << xml;
    }
    return said;
}

// What the tree's way says of the envelope's form: no finding.
bool tree_says(schemas::Envelope const& envelope, schemas::Form const& form, schemas::SchemaEntry const& entry, sys_days day)
{
    schemas::Findings findings{1};
    if (!catalogue()->check(entry, form, findings)) return false;
    schemas::detail::check_form(LawOfDay{law(), day}, envelope, form, findings);
    return findings.total() == 0;
}

struct Verdicts {
    bool read = false;  // the envelope and the form are XML within bounds
    bool tree = false, run = false;
};

Verdicts verdicts_on(std::string const& code, std::string const& xml, sys_days day = filing_day)
{
    static auto wrapping = corpus_on(filing_day);
    auto const bytes = wrapping.unsigned_envelope(Corpus::procedure_for(code), {PlainForm{code, code + ".xml", ".xml", "", xml, true}});
    auto const envelope = schemas::read_envelope(bytes, {});
    auto const entry = catalogue()->find(code, "", day);
    if (!entry) throw std::logic_error("no schema that day");
    if (!envelope) return {};
    EXPECT_EQ(envelope->unit().tax_code, tax_code);
    return {true, tree_says(*envelope, envelope->forms()[0], **entry, day), run_says(xml, **entry, day)};
}

// Values that some field takes and others do not.
std::vector<std::string> const values{
    "", " ", "\n\t", "0", "1", "2", "01", "00", "22", "55", "99", "79", "000", "001A06.1", "005J06", "1 2", "VN", "Khác", "TM", "ON (ts)", "GH1", "DT", "XX",
    "0123456789", "001090123456", "012345678", "C1234567", "AB", "00108", "99999", "0101300842", "0100109106", "0101300842-001", "GD4010123456789",
    "29/02/2000", "30/02/2000", "31/12/2025", "01/01/2030", "16/03/2026", "03/2026", "04/2026", "12/2030", "13/2026", "2026", "1899", "01/01/1900",
    "2.34", "2,34", "100", "5000000", "2340000", "999999999999999", "1.23456", "3", "6", "12", "4.5", "70", "1500000", "Nguyễn Văn An", "a&amp;b", "&#32;1&#13;", "&#160;1",
    std::string(21, '7'), std::string(101, 'x'), std::string(600, 'y'), std::string(5000, 'z'), "  03/2026\n", "\r\n01 ", "x  y", std::string(40, ' ') + "1" + std::string(40, '\n')};

// A place of `xml` where a leaf's value stands: behind ">" and before "</".
std::pair<std::size_t, std::size_t> random_value(std::string const& xml, std::mt19937& random)
{
    for (;;) {
        auto const close = xml.find("</", random() % xml.size());
        if (close == xml.npos) continue;
        auto const behind_tag = xml.rfind('>', close);
        auto const tag = xml.rfind('<', behind_tag);
        if (xml[tag + 1] == '/' || xml[behind_tag - 1] == '/') continue;  // of a parent
        return {behind_tag + 1, close - behind_tag - 1};
    }
}

std::string signed_form(Corpus& made, std::string const& code, unsigned people)
{
    // What stands in a signature's holder is passed over; a small one keeps the tests quick.
    auto xml = made.form(code, people).xml_or_bytes;
    auto const holder = Corpus::signature_holder(code);
    auto const inside = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"s\"><ds:SignedInfo><NgaySinh>no day</NgaySinh></ds:SignedInfo>text</ds:Signature>";
    auto const root_end = xml.rfind("</");
    if (auto const at = xml.find("<" + holder); at != xml.npos) return xml.replace(at, root_end - at, "<" + holder + ">" + inside + "</" + holder + ">\n");
    return xml.insert(root_end, "<" + holder + ">" + inside + "</" + holder + ">");
}

}  // namespace

TEST(FormRun, EverySampleOfTheCorpusIsSoundOnItsDay)
{
    for (auto const& entry : catalogue()->entries()) {
        auto const day = std::max(entry.from, sys_days{2017y / 7 / 1}) + std::chrono::days{40};
        if (*catalogue()->find(entry.form, "", day) != &entry) continue;
        for (unsigned const people : {1u, 5u}) {
            auto made = corpus_on(day, people);
            for (auto const& xml : {made.form(entry.form, people).xml_or_bytes, signed_form(made, entry.form, people)}) {
                auto const said = verdicts_on(entry.form, xml, day);
                EXPECT_TRUE(said.tree && said.run) << entry.form << " " << entry.version << "\n" << xml;
            }
        }
    }
}

TEST(FormRun, TheFormsOfEveryBadCaseAreJudgedAsTheTreeJudgesThem)
{
    signing::initialise();
    auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    auto const authorities = signing::dev::make_authorities(now);
    signing::dev::Request request;
    request.common_name = "Công ty TNHH Thử Nghiệm";
    request.tax_code = tax_code;
    request.key = signing::dev::KeyKind::p256;
    auto const unit = signing::dev::issue(authorities.issuing_ca, request);
    loadtest::BadCaseKeys keys;
    keys.good = signing::KeyPair::from_pem(unit.key_pem, unit.certificate_pem);
    auto const day = std::chrono::floor<std::chrono::days>(now);
    auto made = corpus_on(day);

    std::size_t unsound = 0, sound = 0;
    for (auto const& bad : loadtest::bad_cases(made, keys)) {
        auto const envelope = schemas::read_envelope(bad.bytes, {});
        if (!envelope) continue;
        for (auto const& form : envelope->forms()) {
            auto const entry = form.xml() ? catalogue()->find(form.code(), form.version(), day) : schemas::Failure{};
            if (!entry || envelope->unit().tax_code != tax_code) continue;
            bool const said = run_says(form.bytes(), **entry, day);
            EXPECT_EQ(said, tree_says(*envelope, form, **entry, day)) << bad.name;
            ++(said ? sound : unsound);
        }
    }
    EXPECT_GT(unsound, 0u);
    EXPECT_GT(sound, 0u);
}

TEST(FormRun, TwoThousandFormsOfOtherValuesAreJudgedAsTheTreeJudgesThem)
{
    std::mt19937 random{20261122};
    std::size_t sound = 0, unsound = 0;
    for (auto const& code : Corpus::form_codes()) {
        auto made = corpus_on(filing_day, 4);
        auto const seed = signed_form(made, code, 2);
        for (int round = 0; round < 200; ++round) {
            auto xml = seed;
            for (auto changes = 1 + random() % 3; changes > 0; --changes) {
                auto const [at, size] = random_value(xml, random);
                // A value of the list, or one that stands elsewhere in the form.
                auto const [from, length] = random_value(xml, random);
                auto const value = random() % 3 == 0 ? xml.substr(from, length) : values[random() % values.size()];
                xml.replace(at, size, value);
            }
            auto const said = verdicts_on(code, xml);
            ASSERT_TRUE(said.read) << xml;
            ASSERT_EQ(said.run, said.tree) << code << " round " << round << "\n" << xml;
            ++(said.run ? sound : unsound);
        }
    }
    EXPECT_GT(sound, 300u) << "nearly all mutants are wrong: the test asks little";
    EXPECT_GT(unsound, 300u);
}

TEST(FormRun, EveryRowFieldAgainstEveryValueIsJudgedAsTheTreeJudgesIt)
{
    // Rules of rows need two or three values that fit: begin and end, money and months and days.
    std::mt19937 random{7};
    struct Case {
        std::string code;
        std::vector<std::pair<std::string, std::string>> fields;  // and before which element they may be put
        std::vector<std::string> values;
    };
    std::vector<Case> const cases{
        {"D02-TS", {{"VtvlNqlTungay", "tienLuong"}, {"VtvlNqlDenngay", "tienLuong"}}, {"", "01/02/2026", "28/02/2026", "02/2026", "2025", "xx"}},
        {"D02-TS", {{"tuThang", ""}, {"denThang", ""}}, {"01/2026", "02/2026", "12/2025", " 03/2026 "}},
        {"M01B-HSB", {{"TuNgay", ""}, {"DenNgay", ""}}, {"01/01/2026", "02/01/2026", "31/12/2025"}},
        {"TK1-TS", {{"QuocTich", "DanToc"}, {"CMND", ""}}, {"VN", "US", "", "C1234567", "001090123456"}},
        {"D03-TS", {{"Tiendong", ""}, {"Sothang", ""}, {"NgayBienLai", ""}}, {"", "3", "12", "1263600", "100000", "01/03/2026", "15/03/2026"}},
        {"D03-TS", {{"TyleNSNN", ""}, {"TyleNSDP", "TuNgay"}, {"HotroKhac", "TuNgay"}, {"Tiendong", ""}}, {"", "30", "100", "300000"}},
        {"D03-TS", {{"NgayBienLai", ""}, {"TuNgay", ""}, {"NgayHetHanThe", ""}}, {"", "01/03/2026", "31/03/2026", "01/05/2026", "01/07/2026"}},
    };
    std::size_t sound = 0, unsound = 0;
    for (auto const& one : cases) {
        auto made = corpus_on(filing_day, 2);
        auto const seed = made.form(one.code, 2).xml_or_bytes;
        std::size_t all = 1;
        for (std::size_t i = 0; i < one.fields.size(); ++i) all *= one.values.size();
        for (std::size_t pick = 0; pick < all; ++pick) {
            auto xml = seed;
            auto left = pick;
            bool there = true;
            for (auto const& [element, before] : one.fields) {
                bool const stands = xml.find("<" + element + ">") != xml.npos || xml.find("<" + element + "/>") != xml.npos;
                there = there && (stands || (!before.empty() && xml.find("<" + before) != xml.npos));
                if (there) xml = with_value(xml, element, one.values[left % one.values.size()], before);
                left /= one.values.size();
            }
            ASSERT_TRUE(there) << one.code << " has no place for the fields\n" << seed;
            auto const said = verdicts_on(one.code, xml);
            ASSERT_EQ(said.run, said.tree) << one.code << "\n" << xml;
            ++(said.run ? sound : unsound);
        }
    }
    EXPECT_GT(sound, 50u);
    EXPECT_GT(unsound, 50u);
}

TEST(FormRun, OtherShapesAreJudgedAsTheTreeJudgesThem)
{
    std::mt19937 random{11};
    // Plain documents: no comments, instructions and CDATA, no attributes that schemas let be.
    std::vector<std::string> const pieces{"<a/>", "<STT>1</STT>", " x=\"1\"", " xmlns=\"urn:a\"", " xmlns:p=\"urn:b\"", "<p:b xmlns:p=\"urn:c\"/>", "<LaoDong/>", "words",
                                          "\n", "  ", "<Cky/>", "<Cky>x</Cky>", "<ThongTinKhac/>", "<NoiDung/>", "<TyleNSNN>30</TyleNSNN>", "<MaSoThue>0100109106</MaSoThue>",
                                          "<ToKhais> </ToKhais>", "<ToKhais/>", "<HoTen>A</HoTen>", "<CMND>C1234567</CMND>", "<QuocTich>VN</QuocTich>"};
    std::size_t sound = 0, unsound = 0;
    for (auto const& code : Corpus::form_codes()) {
        auto made = corpus_on(filing_day, 4);
        auto const seed = signed_form(made, code, 2);
        for (int round = 0; round < 150; ++round) {
            auto xml = seed;
            auto const& piece = pieces[random() % pieces.size()];
            bool const in_tag = piece[0] == ' ' && piece[1] != ' ';
            auto at = random() % xml.size();
            at = in_tag ? xml.find('>', at) : xml.find('<', at);
            if (at == xml.npos || at == 0) continue;
            if (in_tag && (xml[at - 1] == '/' || xml[at - 1] == '?')) --at;
            switch (random() % 4) {
                case 0: {  // a leaf goes
                    auto const [value, size] = random_value(xml, random);
                    auto const open = xml.rfind('<', value), close = xml.find('>', value + size);
                    xml.erase(open, close + 1 - open);
                    break;
                }
                case 1: {  // a leaf comes twice, or elsewhere
                    auto const [value, size] = random_value(xml, random);
                    auto const open = xml.rfind('<', value), close = xml.find('>', value + size);
                    auto const leaf = xml.substr(open, close + 1 - open);
                    if (!in_tag) xml.insert(at, leaf);
                    break;
                }
                default: xml.insert(at, piece);
            }
            auto const said = verdicts_on(code, xml);
            if (!said.read) continue;
            ASSERT_EQ(said.run, said.tree) << code << " round " << round << "\n" << xml;
            ++(said.run ? sound : unsound);
        }
    }
    EXPECT_GT(sound, 150u);
    EXPECT_GT(unsound, 150u);
}

TEST(FormRun, NeverTakesWhatTheTreeFindsFaultsIn)
{
    std::mt19937 random{13};
    std::vector<std::string> const pieces{"<!-- c -->", "<?p i?>", "<![CDATA[]]>", "<![CDATA[7]]>", "<![CDATA[ ]]>", "&#32;", "&#13;", "&amp;",
                                          " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"", " xml:lang=\"vi\"", " Id=\"d\""};
    std::size_t sound = 0, found = 0;
    for (auto const& code : Corpus::form_codes()) {
        auto made = corpus_on(filing_day, 4);
        auto const seed = signed_form(made, code, 2);
        for (int round = 0; round < 120; ++round) {
            auto xml = seed;
            for (int change = 0; change < 2; ++change) {
                auto const& piece = pieces[random() % pieces.size()];
                if (piece[0] == ' ') {
                    auto at = xml.find('>', random() % xml.size());
                    if (at == xml.npos || xml.rfind('<', at) == xml.npos || xml[xml.rfind('<', at) + 1] == '/' || xml[at - 1] == '?' || xml[at - 1] == '-') continue;
                    if (xml[at - 1] == '/') --at;
                    xml.insert(at, piece);
                } else {
                    auto const [value, size] = random_value(xml, random);
                    xml.insert(value + random() % (size + 1), piece);
                }
            }
            auto const said = verdicts_on(code, xml);
            if (!said.read) continue;
            ASSERT_TRUE(!said.run || said.tree) << code << " round " << round << "\n" << xml;
            sound += said.run;
            found += !said.tree;
        }
    }
    EXPECT_GT(sound, 100u);
    EXPECT_GT(found, 100u);
}

TEST(FormRun, LeavesWhatHoldsCommentsInsideValuesToTheTree)
{
    auto made = corpus_on(filing_day);
    auto const seed = made.form("D02-TS", 1).xml_or_bytes;
    auto const inside = verdicts_on("D02-TS", with_value(seed, "tuThang", "01/<!-- -->2026"));
    EXPECT_TRUE(inside.tree);
    EXPECT_FALSE(inside.run);
    auto const beside = verdicts_on("D02-TS", replaced(seed, "<tuThang>", "<!-- --><?a b?><tuThang>"));
    EXPECT_TRUE(beside.tree && beside.run);
}

TEST(FormRun, LeavesValuesOfManyPiecesThatOutgrowItsBoundToTheTree)
{
    auto made = corpus_on(filing_day);
    auto const seed = made.form("D02-TS", 1).xml_or_bytes;
    // White space that collapses: lawful, however long.
    auto const said = verdicts_on("D02-TS", with_value(seed, "tuThang", std::string(17u << 10, ' ') + "01/2026"));
    EXPECT_TRUE(said.tree);
    EXPECT_FALSE(said.run);
}

TEST(FormRun, ARegistrationOfAnotherUnitIsNotSound)
{
    auto made = corpus_on(filing_day);
    auto const xml = made.form("04_DK-IVAN", 1).xml_or_bytes;
    auto const entry = catalogue()->find("04_DK-IVAN", "", filing_day);
    ASSERT_TRUE(entry);
    auto const plan = plan_of(**entry);
    LawOfDay const today{law(), filing_day};
    FormRun run;
    for (auto const& [unit, expected] : {std::pair<std::string_view, bool>{tax_code, true}, {"0100109106", false}, {"", false}, {tax_code, true}}) {
        run.begin(*plan, today, unit);
        EXPECT_TRUE(schemas::sweep(xml, {}, run));
        EXPECT_EQ(run.sound(), expected) << unit;
    }
}
