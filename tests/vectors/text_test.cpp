// Text that other people collected ($IVAN_VECTORS/text; its README names sources and licences): the Big List of Naughty
// Strings, and Vietnamese in both normal forms and in the encodings from before Unicode. Each goes the whole way of a
// dossier: signed, read, verified, validated, stored, answered with a receipt.
//
// What must hold. Characters that XML 1.0 takes are carried byte for byte, into the receipt too; nothing is normalised,
// since a signature covers these bytes and no others (Canonical XML 1.0 §1.3: "no normalization" of characters). What
// XML does not take, and what is not UTF-8, is refused for that reason, never guessed at.

#include "tests/support/submitting.hpp"
#include "tests/vectors/tally.hpp"

#include "schemas/base64.hpp"
#include "schemas/tree.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using support::code_of;
using support::Office;
using support::Submitting;
using testing::HasSubstr;
using vectors::Tally;

std::string read(fs::path const& path)
{
    std::ifstream file{path, std::ios::binary};
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>{file}, {}};
}

// A hub whose receipts are sealed with a real key.
struct SealingHub : Submitting {
    SealingHub() { journal = &sealed; }
    std::shared_ptr<signing::KeyPair const> const receipt_key = support::Pki::key(Office::shared().pki.unit("0100109106"));
    support::MemoryJournal sealed{[this](dossier::ReceiptFacts const& facts) { return dossier::seal(facts, *receipt_key); }};
};

loadtest::Corpus corpus_of(std::string const& unit_name)
{
    auto config = Office::shared().corpus_config(1);
    config.unit_name = unit_name;
    return loadtest::Corpus{config};
}

std::string dossier_of(loadtest::Corpus& corpus, loadtest::PlainForm form)
{
    return corpus.dossier("600", {std::move(form)}, *Office::shared().unit_key);
}
std::string dossier_named(std::string const& unit_name)
{
    auto corpus = corpus_of(unit_name);
    return dossier_of(corpus, corpus.form("D02-TS", 1));
}

// Outer white space of XML is no part of a value (envelope.hpp).
std::string trimmed(std::string const& text)
{
    constexpr auto white = " \t\r\n";
    auto const first = text.find_first_not_of(white);
    return first == text.npos ? "" : text.substr(first, text.find_last_not_of(white) - first + 1);
}

// The text of the first element of this name in a document; nothing where the document is not well-formed.
std::optional<std::string> text_in(std::string const& xml, std::string_view element)
{
    auto const document = schemas::Document::parse(xml, {});
    if (!document) return std::nullopt;
    std::vector<xmlNode*> to_visit{xmlDocGetRootElement(schemas::tree_of(*document))};
    while (!to_visit.empty()) {
        auto* const node = to_visit.back();
        to_visit.pop_back();
        for (auto* child = node->last; child; child = child->prev)
            if (child->type == XML_ELEMENT_NODE) to_visit.push_back(child);
        if (element != reinterpret_cast<char const*>(node->name)) continue;
        auto* const content = xmlNodeGetContent(node);
        std::string text{reinterpret_cast<char const*>(content)};
        xmlFree(content);
        return text;
    }
    return std::nullopt;
}

// What is wrong with an answer that should be a receipt carrying this unit's name; empty: nothing.
std::string wrong_with_receipt(SealingHub& hub, intake::Reply const& reply, std::string const& body, std::string const& name)
{
    if (reply.status != 201) return "answered " + reply.body;
    auto const entry = hub.sealed.entries().back();
    if (store::detail::unpack(entry.row.packed_body, body.size()) != body) return "the stored bytes are not those sent";
    if (entry.row.facts.unit_name != name) return "the name was read as '" + entry.row.facts.unit_name + "'";
    auto const on_receipt = text_in(entry.stored.receipt.xml, "TenDoiTuong");
    if (!on_receipt) return "the receipt is not well-formed";
    if (*on_receipt != name) return "the receipt says '" + *on_receipt + "'";
    boost::system::error_code error;
    auto const json = boost::json::parse(reply.body, error);
    if (error || !json.is_object()) return "the answer is no JSON: " + reply.body;
    if (reply.body.find_first_of("\r\n") != std::string::npos) return "the answer is more than one line";
    return {};
}

// What is wrong with an answer that should refuse the document as no XML in UTF-8; empty: nothing.
std::string wrong_with_refusal(intake::Reply const& reply, std::string_view finding)
{
    boost::system::error_code error;
    auto const json = boost::json::parse(reply.body, error);
    if (error || !json.is_object()) return "the answer is no JSON: " + reply.body;
    if (reply.status != 422 || code_of(reply) != "GW-3001") return "answered " + reply.body;
    auto const* const errors = json.as_object().if_contains("errors");
    if (!errors || errors->as_array().empty()) return "says nothing in particular: " + reply.body;
    auto const& first = errors->as_array()[0].as_object();
    if (first.at("code").as_string() != finding) return "another reason: " + boost::json::serialize(first);
    if (finding != "E-1303") return {};
    for (auto const* text : {"message_vi", "message_en"})
        if (std::string_view{first.at(text).as_string()}.find("UTF-8") == std::string_view::npos) return "does not say what to do: " + boost::json::serialize(first);
    return {};
}

TEST(TextVectors, NaughtyStringsAreCarriedByteForByteOrRefusedForTheRightReason)
{
    Tally tally{"text"};
    auto const folder = tally.vectors("text/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();

    SealingHub hub;
    auto const strings = boost::json::parse(read(*folder / "blns.json"));
    for (auto const& value : strings.as_array()) {
        auto const& one = value.as_object();
        std::string const id{one.at("id").as_string()};
        auto const text = schemas::base64_decode(std::string_view{one.at("utf8_base64").as_string()}).value();
        bool const sayable = one.at("xml10_characters_only").as_bool();
        auto body = dossier_named(sayable ? text : "@");
        if (!sayable) body.replace(body.find(">@<") + 1, 1, text);  // nobody can sign this: it is no XML
        auto const reply = hub.send(body, "key-" + id);
        auto const name = trimmed(text);
        std::string wrong;
        if (!sayable) {
            wrong = wrong_with_refusal(reply, "E-1301");
        } else if (name.empty()) {
            wrong = reply.status == 422 && reply.body.find("\"E-1007\"") != std::string::npos ? "" : "an empty name: " + reply.body;
        } else {
            wrong = wrong_with_receipt(hub, reply, body, name);
        }
        tally.judge(id, wrong.empty(), wrong);
    }
    EXPECT_GE(tally.run(), 333u);
}

// ---- Vietnamese --------------------------------------------------------------------------------------------------

// Pieces of at most `characters` whole characters, none empty, in order: what fits into a field.
std::vector<std::string> pieces(std::string const& text, std::size_t characters)
{
    std::vector<std::string> made;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        std::string piece;
        std::size_t counted = 0;
        auto const end_piece = [&] {
            if (auto whole = trimmed(piece); !whole.empty()) made.push_back(std::move(whole));
            piece.clear();
            counted = 0;
        };
        for (char const c : line) {
            if ((static_cast<unsigned char>(c) & 0xC0) != 0x80 && counted++ == characters) {
                end_piece();
                counted = 1;
            }
            piece += c;
        }
        end_piece();
    }
    return made;
}

// Puts the texts one after the other in place of the values of this element.
std::string with_values(std::string xml, std::string_view element, std::vector<std::string> const& values)
{
    std::string const open = "<" + std::string{element} + ">", close = "</" + std::string{element} + ">";
    std::size_t at = 0;
    for (auto const& value : values) {
        at = xml.find(open, at);
        if (at == xml.npos) throw std::logic_error("the form has too few rows");
        at += open.size();
        xml.replace(at, xml.find(close, at) - at, value);
    }
    return xml;
}

// A signed dossier whose unit's name, people's names and notes are this text.
struct Vietnamese {
    explicit Vietnamese(std::string const& text) : name{pieces(text, 200).front()}, names{pieces(text, 90)}, notes{pieces(text, 450)}
    {
        auto corpus = corpus_of(name);
        auto form = corpus.form("D02-TS", static_cast<unsigned>(names.size()));
        form.xml_or_bytes = with_values(with_values(std::move(form.xml_or_bytes), "HoTen", names), "ghiChu", notes);
        plain_form = form.xml_or_bytes;
        body = dossier_of(corpus, std::move(form));
    }
    std::string name;
    std::vector<std::string> names, notes;
    std::string plain_form, body;
};

// Whether the form that was verified holds every piece of the text, byte for byte.
bool form_holds(std::string const& body, Vietnamese const& text)
{
    auto const envelope = schemas::read_envelope(body, {});
    if (!envelope) return false;
    auto const& bytes = envelope->forms().front().bytes();
    auto const holds = [&](std::string const& piece) { return bytes.find(">" + piece + "<") != std::string::npos; };
    return std::ranges::all_of(text.names, holds) && std::ranges::all_of(text.notes, holds);
}

TEST(TextVectors, VietnameseIsCarriedInTheNormalFormItCameIn)
{
    Tally tally{"text"};
    auto const folder = tally.vectors("text/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();

    SealingHub hub;
    auto const manifest = boost::json::parse(read(*folder / "manifest.json"));
    std::size_t astral = 0;
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        if (!one.contains("encoding") || one.at("encoding").as_string() != "utf-8") continue;
        std::string const id{one.at("id").as_string()};
        Vietnamese const text{read(*folder / std::string{one.at("file").as_string()})};
        auto wrong = wrong_with_receipt(hub, hub.send(text.body, "key-" + id), text.body, text.name);
        if (wrong.empty() && !form_holds(text.body, text)) wrong = "the form's text was changed";
        tally.judge(id, wrong.empty(), wrong);
        if (one.contains("astral_characters")) ++astral;
    }
    EXPECT_GE(tally.run(), 67u);
    EXPECT_GE(astral, 5u) << "characters beyond the basic plane are among them";
}

// The same words in the other normal form are other bytes: who signed one did not sign the other.
TEST(TextVectors, TheOtherNormalFormOfASignedTextIsAnAlteration)
{
    auto const folder = vectors::folder_of("text/manifest.json");
    if (!folder) GTEST_SKIP() << "IVAN_VECTORS names no folder with text/manifest.json in it";

    Submitting hub;
    std::size_t altered = 0;
    for (auto const& entry : fs::directory_iterator{*folder / "vietnamese"}) {
        auto file = entry.path().filename().string();
        auto const at = file.find(".nfc.utf8.txt");
        if (at == file.npos) continue;
        auto const nfc = pieces(read(entry.path()), 200).front();
        auto const nfd = pieces(read(entry.path().parent_path() / file.replace(at, 4, ".nfd")), 1000).front();
        ASSERT_NE(nfc, nfd) << file;
        auto body = dossier_named(nfc);
        auto const place = body.find(nfc);
        ASSERT_NE(place, body.npos);
        auto const reply = hub.send(body.replace(place, nfc.size(), nfd), "key");
        EXPECT_EQ(code_of(reply), "GW-2009") << file << ": " << reply.body;
        ++altered;
    }
    EXPECT_GE(altered, 19u);
}

TEST(TextVectors, EncodingsFromBeforeUnicodeAreRefusedAsSuchAndNeverGuessed)
{
    Tally tally{"text"};
    auto const folder = tally.vectors("text/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();

    Submitting hub;
    auto const manifest = boost::json::parse(read(*folder / "manifest.json"));
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        auto const* const utf8 = one.if_contains("valid_utf8");
        if (!utf8 || utf8->as_bool()) continue;
        std::string const id{one.at("id").as_string()};
        auto const bytes = read(*folder / std::string{one.at("file").as_string()});
        auto body = dossier_named("@");
        body.replace(body.find(">@<") + 1, 1, bytes);
        auto wrong = wrong_with_refusal(hub.send(body, "key"), "E-1303");
        // The same with the encoding declared: honest, and still not what we read.
        auto const declared = std::string_view{one.at("encoding").as_string()} == "CP1258" ? "windows-1258" : "x-legacy";
        body.replace(body.find("UTF-8"), 5, declared);
        if (wrong.empty()) wrong = wrong_with_refusal(hub.send(body, "key"), "E-1303");
        tally.judge(id, wrong.empty(), wrong);
    }
    EXPECT_GE(tally.run(), 95u);
}

std::string utf8_of(std::string_view code_points)
{
    std::string text;
    std::istringstream list{std::string{code_points}};
    for (unsigned c = 0; list >> std::hex >> c;) {
        if (c < 0x80) text += static_cast<char>(c);
        else if (c < 0x800) text += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
        else text += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
    }
    return text;
}

TEST(TextVectors, EveryVietnameseLetterKeepsItsFormOnTheReceipt)
{
    Tally tally{"text"};
    auto const folder = tally.vectors("text/vietnamese/normalization.tsv");
    if (!folder) GTEST_SKIP() << tally.skipped();

    SealingHub hub;
    std::istringstream rows{read(*folder / "normalization.tsv")};
    std::string row;
    std::getline(rows, row);  // the heads of the columns
    std::string wrong;
    std::size_t letters = 0;
    for (; std::getline(rows, row); ++letters) {
        std::istringstream columns{row};
        std::size_t number = 0;
        for (std::string column; wrong.empty() && std::getline(columns, column, '\t'); ++number) {
            auto const name = "Công ty " + utf8_of(column) + " Thử Nghiệm";
            auto const body = dossier_named(name);
            wrong = wrong_with_receipt(hub, hub.send(body, "key-" + std::to_string(letters) + "-" + std::to_string(number)), body, name);
            if (!wrong.empty()) wrong = row + ": " + wrong;
        }
    }
    tally.judge("text/normalization", wrong.empty() && letters == 84, wrong);
}

}  // namespace
