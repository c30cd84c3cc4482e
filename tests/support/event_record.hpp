#pragma once

// The events of a document as one text, to compare two readers with: neighbouring texts are joined, whatever pieces they come in,
// and read as late as their views live. And the scanner fed with windows, each a copy of its own.

#include "schemas/events.hpp"
#include "schemas/scanner.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace support {

class EventRecord : public schemas::Events {
public:
    // From now on every raw view must stand in `place`.
    void expect_raw_in(std::string_view place) { place_ = place; }

    void start(schemas::StartEvent const& tag) override
    {
        put('S', {tag.prefix, tag.name, tag.uri});
        for (auto const& one : tag.namespaces) put('N', {one.prefix, one.uri});
        for (auto const& one : tag.attributes) put('A', {one.prefix, one.name, one.uri, one.value});
        expect_raw(tag.raw, "<" + whole(tag.prefix, tag.name) + ">");
        if (!tag.raw.empty() && !(tag.namespaces.empty() && tag.attributes.empty())) sound_ = false;
    }
    void end(schemas::EndEvent const& tag) override
    {
        put('E', {tag.prefix, tag.name});
        expect_raw(tag.raw, "</" + whole(tag.prefix, tag.name) + ">");
    }
    void text(schemas::TextEvent const& text) override
    {
        pieces_.push_back({{}, text.text, true});
        ++text_pieces_;
        if (text.raw.empty()) return;
        if (text.raw.data() != text.text.data() || text.raw.find_first_of("&<>\r") != text.raw.npos) sound_ = false;
        expect_raw(text.raw, text.text);
    }
    void comment(std::string_view text) override { put('C', {text}); }
    void instruction(std::string_view target, std::string_view data) override { put('I', {target, data}); }
    void views_end() override
    {
        for (auto const& piece : pieces_) {
            if (!piece.is_text) record_ += piece.own;
            else if (!in_text_) record_ += "\x01T";
            in_text_ = piece.is_text;
            record_ += piece.view;
        }
        pieces_.clear();
    }

    [[nodiscard]] std::string const& record()
    {
        views_end();
        return record_;
    }
    [[nodiscard]] bool sound() const noexcept { return sound_; }  // every raw view was what it says it is
    [[nodiscard]] std::size_t text_pieces() const noexcept { return text_pieces_; }
    [[nodiscard]] std::size_t raw_bytes() const noexcept { return raw_bytes_; }

private:
    struct Piece {
        std::string own;
        std::string_view view;
        bool is_text;
    };

    static std::string whole(std::string_view prefix, std::string_view name)
    {
        return prefix.empty() ? std::string{name} : std::string{prefix} + ":" + std::string{name};
    }
    // No character of XML separates the words.
    void put(char kind, std::initializer_list<std::string_view> words)
    {
        Piece piece{std::string{'\x01', kind}, {}, false};
        for (auto const word : words) piece.own.append(1, '\x02').append(word);
        pieces_.push_back(std::move(piece));
    }
    void expect_raw(std::string_view raw, std::string_view is)
    {
        if (raw.empty()) return;
        raw_bytes_ += raw.size();
        std::less_equal<char const*> const before;
        bool const in_place = !place_.data() || (before(place_.data(), raw.data()) && before(raw.data() + raw.size(), place_.data() + place_.size()));
        if (raw != is || !in_place) sound_ = false;
    }

    std::string record_;
    std::vector<Piece> pieces_;
    std::string_view place_;
    bool sound_ = true, in_text_ = false;
    std::size_t text_pieces_ = 0, raw_bytes_ = 0;
};

// Feeds `bytes` in windows that grow by what `more` says, at least a byte. False: declined.
inline bool scan_in_windows(schemas::Scanner& scanner, std::string_view bytes, schemas::XmlLimits const& limits, EventRecord& events,
                            std::function<std::size_t()> const& more)
{
    scanner.begin(limits, events);
    std::size_t from = 0, to = 0;
    for (;;) {
        to += std::min(std::max<std::size_t>(more(), 1), bytes.size() - to);
        bool const last = to == bytes.size();
        // Its end is the end of its memory, so that a sanitizer sees who reads on; and it is gone when the views have ended.
        std::vector<char> const window{bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.begin() + static_cast<std::ptrdiff_t>(to)};
        std::string_view const view{window.data(), window.size()};
        events.expect_raw_in(view);
        from += scanner.feed(view, last);
        if (scanner.declined() || last) return scanner.whole();
    }
}

}  // namespace support
