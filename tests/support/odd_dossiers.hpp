#pragma once

// Dossiers that are signed as they should be and odd in everything else: forms and envelopes changed before they are signed, and
// sometimes after. For comparing engines, in a deterministic test and under a fuzzer.
//
// Every choice comes from `Choices`: from a seed, or from a fuzzer's bytes.
// Threads: one thread's.

#include "loadtest/corpus.hpp"
#include "signing/signer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace support {

class Choices {
public:
    explicit Choices(std::uint64_t seed) : random_{seed} {}
    explicit Choices(std::string_view bytes) : bytes_{bytes}, given_{true} {}

    // Less than `n`; 0 where a fuzzer's bytes have ended. REQUIRES: n > 0.
    [[nodiscard]] std::size_t below(std::size_t n)
    {
        if (!given_) return static_cast<std::size_t>(random_() % n);
        std::size_t made = 0;
        for (std::size_t range = 1; range < n && !bytes_.empty(); range <<= 8) {
            made = made << 8 | static_cast<unsigned char>(bytes_.front());
            bytes_.remove_prefix(1);
        }
        return made % n;
    }
    [[nodiscard]] bool one_in(std::size_t n) { return below(n) == n - 1; }
    template <class Range>
    [[nodiscard]] auto const& of(Range const& range) { return range[below(std::size(range))]; }

private:
    std::mt19937_64 random_{0};
    std::string_view bytes_;
    bool given_ = false;
};

class OddDossiers {
public:
    OddDossiers(loadtest::Corpus& corpus, signing::KeyPair const& key) : corpus_{corpus}, key_{key}
    {
        for (auto const& code : loadtest::Corpus::form_codes()) forms_.push_back(corpus.form(code, 2));
    }

    // Nothing where what came out could not be signed.
    [[nodiscard]] std::optional<std::string> make(Choices& choices)
    {
        try {
            auto form = choices.of(forms_);
            auto const procedure = loadtest::Corpus::procedure_for(form.code);
            for (auto n = choices.below(3); n > 0; --n) change(form.xml_or_bytes, choices);
            auto options = sign_options(choices);
            if (form.is_xml) form = loadtest::Corpus::signed_form(form, key_, options);
            if (choices.one_in(12)) change(form.xml_or_bytes, choices);

            std::vector<loadtest::PlainForm> all{form};
            if (choices.one_in(4)) all.push_back(corpus_.attachment());
            auto envelope = corpus_.unsigned_envelope(procedure, all);
            if (choices.one_in(2)) change(envelope, choices);
            options = sign_options(choices);
            options.holder = "CKy_Dvi";
            envelope = signing::sign_document(key_, envelope, options);
            if (choices.one_in(12)) change(envelope, choices);
            return envelope;
        } catch (std::exception const&) {
            return std::nullopt;
        }
    }

    // The same as a person files it: signed nowhere, mostly.
    [[nodiscard]] std::string make_unsigned(Choices& choices)
    {
        auto form = choices.of(forms_);
        for (auto n = choices.below(3); n > 0; --n) change(form.xml_or_bytes, choices);
        std::vector<loadtest::PlainForm> all{form};
        if (choices.one_in(4)) all.push_back(corpus_.attachment());
        auto envelope = corpus_.unsigned_envelope(loadtest::Corpus::procedure_for(form.code), all);
        if (choices.one_in(2)) change(envelope, choices);
        return envelope;
    }

private:
    static signing::SignOptions sign_options(Choices& choices)
    {
        signing::SignOptions options;
        if (choices.one_in(6)) options.exclusive = true;
        if (choices.one_in(12)) options.c14n11 = true;
        if (choices.one_in(12)) options.digest = choices.of(std::array{"sha1", "sha384", "sha512"});
        if (choices.one_in(10)) options.key_value = true;
        if (choices.one_in(8)) options.signature_id.clear();
        return options;
    }

    // One change of a document's text, at a place and of a kind that choices decide.
    static void change(std::string& xml, Choices& choices)
    {
        switch (choices.below(14)) {
            case 0: return insert(xml, inside_text(xml, choices), choices.of(text_pieces));
            case 1: return insert(xml, between_tags(xml, choices), choices.of(node_pieces));
            case 2: return insert(xml, before_tag_end(xml, choices), choices.of(attribute_pieces));
            case 3: return set_value(xml, choices);
            case 4: return drop_element(xml, choices);
            case 5: return repeat_element(xml, choices);
            case 6: return empty_element(xml, choices);
            case 7: return insert(xml, 0, choices.of(prologues));
            case 8: return rename(xml, choices);
            case 9: return insert(xml, inside_text(xml, choices), choices.of(harmless_pieces));
            case 10: return insert(xml, between_tags(xml, choices), "\n\t ");
            case 11:
            case 12: return set_value(xml, choices);
            default:
                if (!xml.empty()) xml[choices.below(xml.size())] = static_cast<char>(choices.below(256));
        }
    }

    static constexpr std::array<std::string_view, 22> text_pieces{
        "&amp;", "&lt;", "&gt;", ">", "&#13;", "&#x9;", "&#x1F600;", "&quot;", "&apos;", "\r\n", "\r", "\n", "\t", " ", "<!-- x -->", "<![CDATA[x<]]>",
        "<![CDATA[]]>", "\xE1\xBB\x87", "\xC2\xA0", "\xEF\xBB\xBF", "]]>", "<?p d?>"};
    static constexpr std::array<std::string_view, 6> harmless_pieces{"&amp;", "&#x1EC7;", "\xE1\xBB\x87", " ", "&gt;", ">"};
    static constexpr std::array<std::string_view, 12> node_pieces{
        "\n  ", "<!-- giữa hai thẻ -->", "<?dich vu?>", "<La/>", "<a:b xmlns:a=\"urn:a\"/>", "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/>",
        "chữ", "<![CDATA[ ]]>", "\r\n", "<Cky/>", "<x xml:space=\"preserve\"> </x>", "&#32;"};
    static constexpr std::array<std::string_view, 14> attribute_pieces{
        " ", "\n", " Id=\"a\"", " id='b'", " ID=\"a\"", " x=\"1\"", " xml:id=\"c\"", " xml:lang=\"vi\"", " xmlns=\"\"", " xmlns:a=\"urn:a\"",
        " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"", " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"", " xmlns:r=\"khong/tuyet-doi\"",
        " xmlns=\"urn:khac\""};
    static constexpr std::array<std::string_view, 18> values{
        "", " ", "0", "1", "true", "00", "999999999999999999999", "1,5", "1.5", "31/02/2026", "01/01/2026", "13/2026", "2026", "  A  B  ", "A\n B", "Việt Nam",
        "a very long value a very long value a very long value a very long value a very long value a very long value a very long value", "\xC2\xA0"};
    static constexpr std::array<std::string_view, 8> prologues{
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n", "\xEF\xBB\xBF", "<!-- đầu -->", " ",
        "<?xml version=\"1.1\"?>", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", "<?a?>"};

    static void insert(std::string& xml, std::optional<std::size_t> at, std::string_view piece)
    {
        if (at) xml.insert(*at, piece);
    }

    // Behind the `n`th of `mark` from a chosen place on.
    static std::optional<std::size_t> behind(std::string const& xml, char mark, Choices& choices)
    {
        if (xml.empty()) return std::nullopt;
        auto const found = xml.find(mark, choices.below(xml.size()));
        return found == xml.npos ? std::nullopt : std::optional{found + 1};
    }
    static std::optional<std::size_t> between_tags(std::string const& xml, Choices& choices) { return behind(xml, '>', choices); }
    static std::optional<std::size_t> before_tag_end(std::string const& xml, Choices& choices)
    {
        auto const at = behind(xml, '>', choices);
        return at ? std::optional{*at - 1} : std::nullopt;
    }
    static std::optional<std::size_t> inside_text(std::string const& xml, Choices& choices)
    {
        auto const at = behind(xml, '>', choices);
        if (!at) return std::nullopt;
        auto const end = std::min(xml.find('<', *at), xml.size());
        return *at + (end > *at ? choices.below(end - *at + 1) : 0);
    }

    struct Leaf {
        std::size_t begin, text, text_end, end;  // of <a>text</a>
    };
    static std::optional<Leaf> leaf(std::string const& xml, Choices& choices)
    {
        auto const open = xml.empty() ? xml.npos : xml.find("</", choices.below(xml.size()));
        if (open == xml.npos) return std::nullopt;
        auto const close = xml.find('>', open);
        auto const text = xml.rfind('>', open);
        if (close == xml.npos || text == xml.npos) return std::nullopt;
        auto const begin = xml.rfind('<', text);
        if (begin == xml.npos || xml[begin + 1] == '/') return std::nullopt;
        return Leaf{begin, text + 1, open, close + 1};
    }
    static void set_value(std::string& xml, Choices& choices)
    {
        if (auto const at = leaf(xml, choices)) xml.replace(at->text, at->text_end - at->text, choices.of(values));
    }
    static void drop_element(std::string& xml, Choices& choices)
    {
        if (auto const at = leaf(xml, choices)) xml.erase(at->begin, at->end - at->begin);
    }
    static void repeat_element(std::string& xml, Choices& choices)
    {
        if (auto const at = leaf(xml, choices)) xml.insert(at->end, xml.substr(at->begin, at->end - at->begin));
    }
    static void empty_element(std::string& xml, Choices& choices)
    {
        if (auto const at = leaf(xml, choices)) xml.replace(at->text - 1, at->end - at->text + 1, choices.one_in(2) ? "/>" : " />");
    }
    static void rename(std::string& xml, Choices& choices)
    {
        auto const at = leaf(xml, choices);
        if (!at) return;
        auto const name = xml.substr(at->begin + 1, at->text - at->begin - 2);
        auto const text = xml.substr(at->text, at->text_end - at->text);
        std::string const other = choices.one_in(2) ? "x:" + name : name + "1";
        xml.replace(at->begin, at->end - at->begin, "<" + other + (choices.one_in(2) ? " xmlns:x=\"urn:x\"" : "") + ">" + text + "</" + other + ">");
    }

    loadtest::Corpus& corpus_;
    signing::KeyPair const& key_;
    std::vector<loadtest::PlainForm> forms_;
};

}  // namespace support
