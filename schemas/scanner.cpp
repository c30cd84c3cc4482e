#include "schemas/scanner.hpp"

#include "schemas/detail/bindings.hpp"
#include "schemas/detail/name_table.hpp"
#include "schemas/detail/namespace_name.hpp"
#include "schemas/detail/utf8.hpp"
#include "schemas/detail/xml_bytes.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace schemas {

namespace {

using detail::is_blank;
using detail::Name;
using detail::skip_plain;

std::string_view between(char const* from, char const* to) noexcept { return {from, static_cast<std::size_t>(to - from)}; }

char const* skip_blanks(char const* at, char const* end) noexcept
{
    while (at != end && is_blank(*at)) ++at;
    return at;
}

bool is_xml_character(std::uint32_t c) noexcept
{
    return c == 0x9 || c == 0xA || c == 0xD || (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

std::size_t put_utf8(std::uint32_t c, char* to) noexcept
{
    auto const tail = [c](unsigned shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
    if (c < 0x80) return to[0] = static_cast<char>(c), 1;
    if (c < 0x800) return to[0] = static_cast<char>(0xC0 | c >> 6), to[1] = tail(0), 2;
    if (c < 0x10000) return to[0] = static_cast<char>(0xE0 | c >> 12), to[1] = tail(6), to[2] = tail(0), 3;
    return to[0] = static_cast<char>(0xF0 | c >> 18), to[1] = tail(12), to[2] = tail(6), to[3] = tail(0), 4;
}

// Passes over some of the characters beyond ASCII, those Vietnamese is written with among them. False: `at` is at none.
inline bool skip_common_beyond_ascii(char const*& at, char const* end) noexcept
{
    auto const* byte = reinterpret_cast<unsigned char const*>(at);
    auto const tail = [&byte](std::size_t i) { return (byte[i] & 0xC0) == 0x80; };
    while (end - reinterpret_cast<char const*>(byte) >= 3) {
        if (*byte < 0xC2) break;
        if (*byte >= 0xE1 && *byte <= 0xEC && tail(1) && tail(2)) byte += 3;
        else if (*byte <= 0xDF && tail(1)) byte += 2;
        else break;
    }
    return std::exchange(at, reinterpret_cast<char const*>(byte)) != at;
}

enum class Run { whole, cut, bad };

// Passes over characters beyond ASCII. `cut`: the last one is not whole at `end`, and `at` is left before it.
Run skip_beyond_ascii(char const*& at, char const* end) noexcept
{
    auto const* byte = reinterpret_cast<unsigned char const*>(at);
    auto const* const stop = reinterpret_cast<unsigned char const*>(end);
    auto run = Run::whole;
    while (byte != stop && *byte >= 0x80) {
        auto const length = detail::utf8_length(byte, stop);
        if (length == 0) {
            run = detail::utf8_is_cut(byte, stop) ? Run::cut : Run::bad;
            break;
        }
        if (*byte == 0xEF && byte[1] == 0xBF && byte[2] >= 0xBE) return Run::bad;  // U+FFFE, U+FFFF
        byte += length;
    }
    at = reinterpret_cast<char const*>(byte);
    return run;
}

struct Reference {
    std::uint32_t character = 0;
    std::size_t   size = 0;  // of the whole reference; 0: it does not end in the window
};

// &amp; and its four siblings, &#10; and &#xA;. Nothing: it is none of these. REQUIRES: at[0] is '&'.
std::optional<Reference> read_reference(char const* at, char const* end) noexcept
{
    constexpr std::size_t size_max = 12;
    auto const rest = between(at, end).substr(0, size_max);
    auto const semicolon = rest.find(';');
    if (semicolon == rest.npos) return rest.size() < size_max ? std::optional{Reference{}} : std::nullopt;
    auto const name = rest.substr(1, semicolon - 1);
    auto const is = [size = semicolon + 1](char c) { return Reference{static_cast<unsigned char>(c), size}; };
    if (name == "amp") return is('&');
    if (name == "lt") return is('<');
    if (name == "gt") return is('>');
    if (name == "quot") return is('"');
    if (name == "apos") return is('\'');
    if (name.size() < 2 || name[0] != '#') return std::nullopt;
    bool const hex = name[1] == 'x';
    auto const digits = name.substr(hex ? 2 : 1);
    std::uint32_t value = 0;
    for (char const c : digits) {
        unsigned const digit = c >= '0' && c <= '9'          ? static_cast<unsigned>(c - '0')
                               : hex && c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                               : hex && c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                                             : 99;
        if (digit == 99 || value > 0x10FFFF) return std::nullopt;
        value = value * (hex ? 16 : 10) + digit;
    }
    if (digits.empty() || !is_xml_character(value)) return std::nullopt;
    return Reference{value, semicolon + 1};
}

}  // namespace

struct Scanner::State {
    struct Open {
        Name const* name;
        std::size_t namespaces;  // declared by it
    };
    struct Attribute {
        Name* name;
        std::string_view value;
        std::size_t copied;  // where it begins in `values`; not_copied: it is in the window
    };
    static constexpr std::size_t depth_bound = 1024;
    static constexpr auto not_copied = static_cast<std::size_t>(-1);

    XmlLimits     limits;
    Events*       events = nullptr;
    detail::NameTable names;
    detail::Bindings  bindings;
    std::vector<Open> open;  // the first `depth` of them
    std::size_t depth = 0, depth_max = 0;
    Name* previous = nullptr;  // of the element that began last

    bool declined = false, started = false, root_seen = false, ended = false, whole = false;
    bool in_text = false;  // something of a text was read since the last tag or comment
    std::size_t nodes = 0, bytes_done = 0;
    std::size_t text_bytes = 0, text_bytes_max = 0;  // between two tags: now, and the most so far
    std::uint64_t blanks_seen = 0;                   // lengths of indentations, for the account of names

    // The window of this feed, and where the next one shall begin.
    char const *begin = nullptr, *end = nullptr, *left = nullptr;
    bool last = false;

    // One start tag. Values that are not in the window as they are said stand in `values`.
    std::vector<AttributeEvent> attributes;
    std::vector<NamespaceEvent> namespaces;
    std::vector<Attribute>      read;
    std::vector<char>           values;

    // Characters from references beyond ASCII, until views_end().
    std::array<char, 512> expanded;
    std::size_t expanded_size = 0;

    // Both end the reading of this window: for good, or until more has come. The null is for the reader above.
    char const* decline() noexcept
    {
        declined = true;
        return nullptr;
    }
    char const* wait(char const* from) noexcept
    {
        if (last) return decline();
        left = from;
        return nullptr;
    }

    void views_end()
    {
        expanded_size = 0;
        events->views_end();
    }

    void start_document(XmlLimits const& with, Events& hears)
    {
        limits = with;
        events = &hears;
        names.begin_document();
        bindings.clear();
        depth = 0;
        depth_max = std::min(limits.depth_max, depth_bound);
        if (open.size() < depth_max) open.resize(depth_max);
        previous = &names.before_root();
        declined = started = root_seen = ended = whole = in_text = false;
        nodes = bytes_done = text_bytes = text_bytes_max = 0;
        blanks_seen = 0;
        expanded_size = 0;
    }

    std::size_t feed(std::string_view window, bool is_last)
    {
        begin = window.data();
        end = begin + window.size();
        last = is_last;
        if (bytes_done + window.size() > limits.bytes_max) return decline(), 0;
        auto const* at = begin;
        if (!started) at = prolog(at);
        if (at) at = read_on(at);
        views_end();
        // The parser's dictionary grows by steps and may waste a part of each: three quarters are sure to fit.
        if (names.counted_bytes() > limits.names_bytes_max / 4 * 3 || nodes > limits.nodes_max) decline();
        if (declined) return 0;
        auto const taken = static_cast<std::size_t>((at ? at : left) - begin);
        // Whoever feeds windows of this size cannot make them larger for ever.
        if (taken == 0 && !last && window.size() > limits.token_bytes_max) decline();
        if (last && !ended) decline();
        whole = last && !declined;
        bytes_done += taken;
        return taken;
    }

    // The byte-order mark and the XML declaration.
    char const* prolog(char const* at)
    {
        constexpr std::string_view mark = "\xEF\xBB\xBF", opening = "<?xml";
        constexpr std::size_t declaration_max = 256;
        auto rest = between(at, end);
        if (rest.size() < mark.size() && mark.starts_with(rest)) return wait(at);
        if (rest.starts_with(mark)) rest.remove_prefix(mark.size());
        if (rest.size() <= opening.size() && opening.starts_with(rest.substr(0, opening.size()))) return wait(at);
        started = true;
        if (!rest.starts_with(opening) || !is_blank(rest[opening.size()])) return rest.data();
        auto const close = rest.substr(0, std::min(declaration_max, limits.token_bytes_max)).find("?>");
        if (close == rest.npos) {
            started = false;
            return rest.size() < declaration_max ? wait(at) : decline();
        }
        ++nodes;
        if (!is_declaration(rest.substr(opening.size(), close - opening.size()))) return decline();
        return rest.data() + close + 2;
    }

    // XML 1.0 §2.8, without the spaces around "=" that nobody writes.
    static bool is_declaration(std::string_view rest) noexcept
    {
        auto const value_of = [&rest](std::string_view name) -> std::optional<std::string_view> {
            auto here = rest;
            while (!here.empty() && is_blank(here.front())) here.remove_prefix(1);
            if (here.size() == rest.size() || !here.starts_with(name)) return std::nullopt;
            here.remove_prefix(name.size());
            if (here.size() < 3 || here[0] != '=' || (here[1] != '"' && here[1] != '\'')) return std::nullopt;
            auto const close = here.find(here[1], 2);
            if (close == here.npos) return std::nullopt;
            rest = here.substr(close + 1);
            return here.substr(2, close - 2);
        };
        if (value_of("version") != "1.0") return false;
        if (auto const encoding = value_of("encoding")) {
            constexpr std::string_view utf8 = "utf-8";
            if (!std::equal(encoding->begin(), encoding->end(), utf8.begin(), utf8.end(),
                            [](char theirs, char ours) { return theirs == ours || (ours >= 'a' && theirs == ours - ('a' - 'A')); }))
                return false;
        }
        if (auto const standalone = value_of("standalone"); standalone && *standalone != "yes" && *standalone != "no") return false;
        return std::all_of(rest.begin(), rest.end(), is_blank);
    }

    void tell(char const* from, char const* to)
    {
        if (from == to) return;
        auto const piece = between(from, to);
        tell(piece, piece);
    }
    void tell_other(std::string_view piece) { tell(piece, {}); }  // than it stands in the document
    void tell(std::string_view piece, std::string_view raw)
    {
        text_bytes += piece.size();
        events->text({piece, raw});
    }

    // What rows are made of is read here: text without a reference, a tag of a name that was expected, a plain end. All else, and
    // what stands near the window's end, is for the functions below.
    char const* read_on(char const* at)
    {
        constexpr std::size_t near = detail::WordAt::readable + 4;
        while (at != end) {
            if (*at != '<') {
                auto const* to = at;
                if (depth != 0) {
                    to = skip_plain<'<', '&', '>'>(to, end);
                    while (to != end && static_cast<unsigned char>(*to) >= 0x80 && skip_common_beyond_ascii(to, end))
                        to = skip_plain<'<', '&', '>'>(to, end);
                }
                nodes += !in_text;
                in_text = true;
                if (to != end && *to == '<') {
                    if (to - at >= 16) count_blank(at, to);
                    tell(at, to);
                    at = to;
                } else {
                    at = text(at, to);
                    if (!at || at == end) return at;
                }
            }
            if (static_cast<std::size_t>(end - at) < near || depth == 0) {
                at = markup(at);
                if (!at) return at;
            } else if (at[1] == '/') {
                auto const& [name, declared] = open[depth - 1];
                auto const* const close = at + 2 + name->whole.size();
                if (declared != 0 || !name->stands_at(at + 2) || *close != '>') {
                    at = end_tag(at);
                    if (!at) return at;
                    continue;
                }
                auto const* const here = std::exchange(at, close + 1);
                tag_read();
                ended = --depth == 0;
                        events->end({name->local, name->prefix, between(here, at)});
            } else {
                auto* const name = previous->next;
                bool const expected = name && name->resolved_at == bindings.state() && depth < depth_max && name->stands_at(at + 1);
                auto const* const close = expected ? at + 1 + name->whole.size() : at;
                if (*close == '>') {
                    auto const* const here = std::exchange(at, close + 1);
                    begin_expected(*name, between(here, at));
                    open[depth++] = {name, 0};
                } else if (*close == '/' && close[1] == '>') {
                    at = close + 2;
                    begin_expected(*name, {});
                    events->end({name->local, name->prefix, {}});
                } else {
                    at = markup(at);
                    if (!at) return at;
                }
            }
        }
        return at;
    }

    void begin_expected(Name& name, std::string_view raw)
    {
        ++nodes;
        previous = &name;
        tag_read();
        events->start({name.local, name.prefix, name.uri, {}, {}, raw});
    }

    // From `at`; up to `to` nothing asks for a look.
    char const* text(char const* at, char const* to)
    {
        if (depth == 0) {  // XML 1.0 §2.8: white space only
            at = skip_blanks(at, end);
            return at == end || *at == '<' ? at : decline();
        }
        auto const* piece = std::exchange(at, to);
        for (;; at = detail::skip_plain_far<'<', '&', '>'>(at, end)) {
            if (at == end) return window_ends_in_text(piece, at);
            if (*at == '<') {
                if (at - piece >= 16) count_blank(piece, at);
                tell(piece, at);
                return at;
            }
            if (static_cast<unsigned char>(*at) >= 0x80) {
                switch (skip_beyond_ascii(at, end)) {
                case Run::whole: continue;
                case Run::cut: return window_ends_in_text(piece, at);
                case Run::bad: return decline();
                }
            }
            if (*at == '&') {
                tell(piece, at);
                auto const reference = read_reference(at, end);
                if (!reference) return decline();
                if (reference->size == 0) return wait(at);
                tell_character(reference->character);
                at += reference->size;
            } else if (*at == '>') {
                if (at - piece >= 2 && at[-1] == ']' && at[-2] == ']') return decline();  // XML 1.0 §2.4
                tell(piece, at);
                tell_other(between(at, at + 1));
                ++at;
            } else if (*at == '\r') {  // XML 1.0 §2.11
                if (at + 1 == end) return window_ends_in_text(piece, at);
                tell(piece, at);
                if (at[1] != '\n') tell_other("\n");
                ++at;
            } else {
                return decline();  // a control character
            }
            piece = at;
        }
    }

    // A text is told whole where it can be: it waits for the next window unless this one is nothing else.
    char const* window_ends_in_text(char const* piece, char const* cut)
    {
        if (last || piece != begin) return wait(piece);
        // "]]>" is looked for backwards, so its beginning stays with its end.
        while (cut != piece && cut[-1] == ']') --cut;
        tell(piece, cut);
        return wait(cut);
    }

    void tell_character(std::uint32_t character)
    {
        if (expanded_size + 4 > expanded.size()) views_end();
        auto* const room = expanded.data() + expanded_size;
        auto const size = put_utf8(character, room);
        expanded_size += size;
        tell_other({room, size});
    }

    // A tree of libxml2's keeps texts of white space in its dictionary, among the names (xmlSAX2TextNode: 16 to 59 bytes, up to
    // a tag); xmlDict then holds each once. Indentations are told apart by their length, all else counts every time.
    void count_blank(char const* from, char const* to) noexcept
    {
        auto const size = static_cast<std::size_t>(to - from);
        if (size < 16 || size > 59 || !is_blank(*from) || !std::all_of(from, to, is_blank)) return;
        auto const bit = std::uint64_t{1} << size;
        bool const indentation = *from == '\n' && std::all_of(from + 1, to, [](char c) { return c == ' '; });
        if (indentation && (blanks_seen & bit)) return;
        if (indentation) blanks_seen |= bit;
        names.count(size + 1);
    }

    char const* markup(char const* at)
    {
        if (end - at < 4) return wait(at);  // "<a/>"; what may come at the very end is longer than "</a"
        if (at[1] == '/') return end_tag(at);
        if (at[1] == '!') return at[2] == '-' && at[3] == '-' ? comment(at) : decline();
        return start_tag(at);
    }

    void tag_read() noexcept
    {
        in_text = false;
        if (text_bytes > text_bytes_max) text_bytes_max = text_bytes;
        text_bytes = 0;
    }

    char const* start_tag(char const* at)
    {
        auto const* const name_at = at + 1;
        auto const* here = detail::skip_name(name_at, end);
        if (here == end) return wait(at);
        auto const size = static_cast<std::size_t>(here - name_at);
        if (size == 0 || size > limits.name_bytes_max || depth >= depth_max) return decline();
        auto* const name = names.find(name_at, size, end);
        if (!name) return decline();
        if (depth == 0 && std::exchange(root_seen, true)) return decline();
        if (*here != '>') return start_tag_with_more(at, here, *name);

        ++here;
        if (++nodes > limits.nodes_max || !resolve(*name)) return decline();
        tag_read();
        open[depth++] = {name, 0};
        previous = previous->next = name;
        events->start({name->local, name->prefix, name->uri, {}, {}, between(at, here)});
        return here;
    }

    bool resolve(Name& name) noexcept
    {
        if (name.resolved_at == bindings.state()) return true;
        auto const uri = bindings.find(name.prefix);
        if (!uri) return false;
        name.uri = *uri;
        name.resolved_at = bindings.state();
        return true;
    }

    // A tag with attributes, white space or its own end; `here` is behind its name.
    char const* start_tag_with_more(char const* at, char const* here, Name& name)
    {
        read.clear();
        namespaces.clear();
        values.clear();
        auto const again = [&] {  // the root is seen again, with the rest of its tag
            if (depth == 0) root_seen = false;
            return wait(at);
        };
        for (;;) {
            auto const* const blanks_at = here;
            here = skip_blanks(here, end);
            if (here == end) return again();
            if (*here == '>' || *here == '/') break;
            if (here == blanks_at) return decline();
            auto const* const name_at = here;
            here = detail::skip_name(here, end);
            auto const size = static_cast<std::size_t>(here - name_at);
            here = skip_blanks(here, end);
            if (here == end) return again();
            if (size == 0 || size > limits.name_bytes_max || *here != '=') return decline();
            here = skip_blanks(here + 1, end);
            if (here == end) return again();
            if (*here != '"' && *here != '\'') return decline();
            auto* const attribute = names.find(name_at, size, end);
            if (!attribute || read.size() + namespaces.size() == limits.attributes_max) return decline();
            Attribute one{attribute, {}, not_copied};
            auto const* const close = attribute_value(here, one);
            if (!close) return declined ? nullptr : again();
            if (!take_attribute(one)) return decline();
            here = close + 1;
        }
        bool const empty = *here == '/';
        if (empty) {
            if (here + 1 == end) return again();
            if (*++here != '>') return decline();
        }
        ++here;

        nodes += 1 + 2 * (read.size() + namespaces.size());
        if (nodes > limits.nodes_max || bindings.size() + namespaces.size() > limits.namespaces_max) return decline();
        for (auto const& one : namespaces) bindings.push(one.prefix, one.uri);
        if (!resolve(name) || !resolve_attributes()) return decline();
        tag_read();
        previous = previous->next = &name;
        events->start({name.local, name.prefix, name.uri, namespaces, attributes, {}});
        if (!empty) {
            open[depth++] = {&name, namespaces.size()};
            return here;
        }
        events->end({name.local, name.prefix, {}});
        leave(namespaces.size());
        return here;
    }

    void leave(std::size_t declared) noexcept
    {
        bindings.pop(declared);
        if (depth == 0) ended = true;
    }

    // Where its closing quote stands; null: declined, or it does not end in the window. XML 1.0 §3.3.3: white space becomes spaces.
    char const* attribute_value(char const* quote, Attribute& one)
    {
        auto const* const from = quote + 1;
        auto const* plain_from = from;
        auto const copy = [&](char const* to, char const* instead, std::size_t size) {
            if (one.copied == not_copied) one.copied = values.size();
            values.insert(values.end(), plain_from, to);
            values.insert(values.end(), instead, instead + size);
        };
        for (auto const* at = from;;) {
            at = detail::skip_words<'<', '&', '"', '\''>(at, end);
            if (at == end) return nullptr;
            if (*at == *quote) {
                if (static_cast<std::size_t>(at - quote) > limits.token_bytes_max) return decline();
                one.value = between(from, at);
                if (one.copied == not_copied) return at;
                copy(at, nullptr, 0);
                one.value = {values.data() + one.copied, values.size() - one.copied};
                return at;
            }
            if (*at == '"' || *at == '\'') {
                ++at;
            } else if (static_cast<unsigned char>(*at) >= 0x80) {
                auto const run = skip_beyond_ascii(at, end);
                if (run == Run::cut) return nullptr;
                if (run == Run::bad) return decline();
            } else if (*at == '&') {
                auto const reference = read_reference(at, end);
                if (!reference) return decline();
                if (reference->size == 0) return nullptr;
                char character[4];
                copy(at, character, put_utf8(reference->character, character));
                plain_from = at += reference->size;
            } else if (*at == '\n' || *at == '\t') {
                copy(at, " ", 1);
                plain_from = ++at;
            } else {
                return decline();
            }
        }
    }

    // False: an attribute that is not for this reader.
    bool take_attribute(Attribute const& one)
    {
        auto const& name = *one.name;
        auto const value = one.value;
        bool const declares = name.prefix == "xmlns" || name.whole == "xmlns";
        if (!declares) {
            if (name.whole.starts_with("xml")) return false;
            read.push_back(one);
            return true;
        }
        auto const prefix = name.prefix.empty() ? std::string_view{} : name.local;
        if (prefix.starts_with("xml")) return false;
        for (auto const& other : namespaces)
            if (other.prefix == prefix) return false;
        if (value.empty()) {  // Namespaces in XML 1.0 §6.2: of the default only
            namespaces.push_back({prefix, {}});
            return prefix.empty();
        }
        if (!detail::is_namespace_name(value)) return false;
        auto const uri = names.keep_uri(value);
        namespaces.push_back({prefix, uri});
        return !uri.empty();
    }

    // Namespaces in XML 1.0 §6.3: different by their expanded names. False: they are not, or a prefix is not bound.
    bool resolve_attributes()
    {
        attributes.clear();
        for (auto const& [name, in_window, copied] : read) {
            std::string_view uri;
            if (!name->prefix.empty()) {
                auto const bound = bindings.find(name->prefix);
                if (!bound) return false;
                uri = *bound;
            }
            for (auto const& other : attributes)
                if (other.name == name->local && other.uri == uri) return false;
            auto const value = copied == not_copied ? in_window : std::string_view{values.data() + copied, in_window.size()};
            attributes.push_back({name->local, name->prefix, uri, value});
        }
        return true;
    }

    char const* end_tag(char const* at)
    {
        if (depth == 0) return decline();
        auto const& name = *open[depth - 1].name;
        auto const size = name.whole.size();
        if (static_cast<std::size_t>(end - at) < size + 3) return wait(at);
        auto const* const name_at = at + 2;
        if (!(detail::first_sixteen(name_at, size, end) == name.first)) return decline();
        if (size > 16 && std::memcmp(name_at + 16, name.whole.data() + 16, size - 16) != 0) return decline();
        auto const* here = name_at + size;
        bool const plain = *here == '>';
        if (!plain) {
            here = skip_blanks(here, end);
            if (here == end) return wait(at);
            if (*here != '>') return decline();
        }
        ++here;
        tag_read();
        events->end({name.local, name.prefix, plain ? between(at, here) : std::string_view{}});
        auto const declared = open[depth - 1].namespaces;
        --depth;
        leave(declared);
        return here;
    }

    char const* comment(char const* at)
    {
        auto const* const from = at + 4;
        auto const* here = from;
        for (;;) {
            here = detail::skip_plain_far<'-'>(here, end);
            if (here == end) return wait(at);
            if (static_cast<unsigned char>(*here) >= 0x80) {
                auto const run = skip_beyond_ascii(here, end);
                if (run == Run::cut) return wait(at);
                if (run == Run::bad) return decline();
                continue;
            }
            if (*here != '-') return decline();
            if (end - here < 3) return wait(at);
            if (here[1] != '-') {
                ++here;
                continue;
            }
            if (here[2] != '>') return decline();  // XML 1.0 §2.5
            break;
        }
        if (static_cast<std::size_t>(here + 3 - at) > limits.token_bytes_max || ++nodes > limits.nodes_max) return decline();
        in_text = false;
        events->comment(between(from, here));
        return here + 3;
    }
};

Scanner::Scanner() : state_{std::make_unique<State>()} {}
Scanner::~Scanner() = default;

void Scanner::begin(XmlLimits const& limits, Events& events) { state_->start_document(limits, events); }
std::size_t Scanner::feed(std::string_view window, bool last) { return state_->feed(window, last); }
bool Scanner::declined() const noexcept { return state_->declined; }
bool Scanner::whole() const noexcept { return state_->whole; }
std::size_t Scanner::nodes() const noexcept { return state_->nodes; }
std::size_t Scanner::text_bytes_max() const noexcept { return state_->text_bytes_max; }

bool scan_whole(std::string_view bytes, XmlLimits const& limits, Events& events)
{
    thread_local Scanner scanner;
    scanner.begin(limits, events);
    scanner.feed(bytes, true);
    return scanner.whole();
}

}  // namespace schemas
