#include "gateway/store/detail/armour.hpp"

#include "gateway/runtime/assert.hpp"
#include "schemas/base64.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace store::detail {

namespace {

constexpr std::size_t spare = 32;      // that a decoder of 32 characters at a time may write behind what counts
constexpr std::size_t list_length = 4;  // bytes that say how long the list is

constexpr auto in_alphabet = [] {
    std::array<bool, 256> table{};
    for (char const c : std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"}) table[static_cast<unsigned char>(c)] = true;
    return table;
}();

// Where the next line_min characters of the alphabet stand together, or the end of the text. Each window is read from its
// back: one foreign character there rules out every earlier start, so that most of the text is never looked at.
std::size_t next_line(std::string_view text, std::size_t from)
{
    while (text.size() - from >= armour_line_min) {
        auto at = from + armour_line_min;
        while (at != from && in_alphabet[static_cast<unsigned char>(text[at - 1])]) --at;
        if (at == from) return from;
        from = at;
    }
    return text.size();
}

// A carriage return, and as XML has to write one that is to stay.
constexpr std::array<std::string_view, 4> returns{"\r", "&#13;", "&#xD;", "&#xd;"};

// What stands between two lines, at the front of `text`; empty where no line ends.
std::string_view separator(std::string_view text)
{
    std::size_t size = 0;
    for (auto const& written : returns)
        if (text.starts_with(written)) size = written.size();
    if (size < text.size() && text[size] == '\n') ++size;
    if (size == 0) return {};
    while (size < std::min(text.size(), armour_separator_max) && (text[size] == ' ' || text[size] == '\t')) ++size;
    return text.substr(0, size);
}

struct Run {
    std::size_t      groups = 0;       // of three bytes, four characters
    std::size_t      line_groups = 0;  // 0: one line
    std::string_view between;          // lines; shorter than a whole line only the last may be

    [[nodiscard]] std::size_t text_size() const
    {
        auto const breaks = line_groups == 0 ? 0 : (groups - 1) / line_groups;
        return 4 * groups + breaks * between.size();
    }
};

// Reads the run at the front of `text`, decoding it into `room`.
Run read_run(std::string_view text, std::span<char> room)
{
    Run run;
    run.groups = schemas::base64_groups(text, room) / 3;
    text.remove_prefix(4 * run.groups);
    auto const between = separator(text);
    if (between.empty()) return run;
    auto const line_groups = run.groups;
    while (text.starts_with(between)) {
        auto const line = text.substr(between.size(), 4 * line_groups);
        auto const groups = schemas::base64_groups(line, room.subspan(3 * run.groups)) / 3;
        if (groups == 0) break;
        run.groups += groups;
        run.line_groups = line_groups;
        run.between = between;
        if (groups < line_groups) break;
        text.remove_prefix(between.size() + line.size());
    }
    return run;
}

void put_number(std::string& list, std::size_t number)
{
    for (; number > 0x7F; number >>= 7) list += static_cast<char>((number & 0x7F) | 0x80);
    list += static_cast<char>(number);
}

void put_run(std::string& list, std::size_t gap, Run const& run)
{
    put_number(list, gap);
    put_number(list, run.groups);
    put_number(list, run.line_groups);
    if (run.line_groups == 0) return;
    put_number(list, run.between.size());
    list += run.between;
}

// A stripped form read from its front. Everything taken from it is within it.
class Stripped {
public:
    // Nothing where its list does not fit into it.
    static std::optional<Stripped> open(std::string_view form)
    {
        if (form.size() < list_length) return std::nullopt;
        std::size_t size = 0;
        for (std::size_t i = 0; i < list_length; ++i)
            size |= static_cast<std::size_t>(static_cast<unsigned char>(form[form.size() - list_length + i])) << (8 * i);
        form.remove_suffix(list_length);
        if (size > form.size()) return std::nullopt;
        return Stripped{form.substr(0, form.size() - size), form.substr(form.size() - size)};
    }

    struct Part {
        std::string_view as_it_is, decoded;
        Run run;
    };
    [[nodiscard]] bool at_end() const { return list_.empty(); }
    [[nodiscard]] std::optional<Part> next()
    {
        auto const gap = number(), groups = number(), line_groups = number();
        if (!gap || !groups || !line_groups || *groups == 0) return std::nullopt;
        Part part{{}, {}, {*groups, *line_groups, {}}};
        if (*line_groups != 0) {
            auto const size = number();
            if (!size || *size > std::min(list_.size(), armour_separator_max)) return std::nullopt;
            part.run.between = take(list_, *size);
        }
        if (*gap > bytes_.size() || *groups > (bytes_.size() - *gap) / 3) return std::nullopt;
        part.as_it_is = take(bytes_, *gap);
        part.decoded = take(bytes_, 3 * *groups);
        return part;
    }
    [[nodiscard]] std::string_view rest() const { return bytes_; }

private:
    Stripped(std::string_view bytes, std::string_view list) : bytes_{bytes}, list_{list} {}

    static std::string_view take(std::string_view& from, std::size_t size)
    {
        auto const taken = from.substr(0, size);
        from.remove_prefix(size);
        return taken;
    }
    std::optional<std::size_t> number()
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 35 && !list_.empty(); shift += 7) {
            auto const byte = static_cast<unsigned char>(take(list_, 1)[0]);
            value |= std::uint64_t{byte & 0x7Fu} << shift;
            if (byte < 0x80) return value;
        }
        return std::nullopt;
    }

    std::string_view bytes_, list_;
};

}  // namespace

std::optional<std::string_view> strip_armour(std::string_view bytes, Scratch& scratch)
{
    auto at = next_line(bytes, 0);
    if (at == bytes.size()) return std::nullopt;
    auto const size_max = bytes.size() + spare;
    auto* const begin = scratch.room(size_max);
    auto* out = begin;
    std::string list;
    std::size_t done = 0;
    auto const copy = [&out](std::string_view piece) { out = std::copy(piece.begin(), piece.end(), out); };
    for (std::size_t runs = 0; at != bytes.size() && runs < armour_runs_max; ++runs) {
        copy(bytes.substr(done, at - done));
        auto const run = read_run(bytes.substr(at), {out, begin + size_max});
        put_run(list, at - done, run);
        out += 3 * run.groups;
        done = at + run.text_size();
        at = next_line(bytes, done);
    }
    // What was written so far is shorter than what it stands for; with the list it might not be.
    auto const size = static_cast<std::size_t>(out - begin) + (bytes.size() - done) + list.size() + list_length;
    if (size + armour_gain_min > bytes.size()) return std::nullopt;
    copy(bytes.substr(done));
    copy(list);
    for (std::size_t i = 0; i < list_length; ++i) *out++ = static_cast<char>(list.size() >> (8 * i));
    return std::string_view{begin, size};
}

std::optional<std::size_t> armoured_size(std::string_view stripped, std::size_t bytes_max)
{
    auto form = Stripped::open(stripped);
    if (!form) return std::nullopt;
    std::size_t size = 0;
    while (!form->at_end()) {
        auto const part = form->next();
        if (!part) return std::nullopt;
        size += part->as_it_is.size() + part->run.text_size();
        if (size > bytes_max) return std::nullopt;
    }
    size += form->rest().size();
    return size <= bytes_max ? std::optional{size} : std::nullopt;
}

void restore_armour(std::string_view stripped, char* out)
{
    auto form = Stripped::open(stripped);
    GW_ASSERT(form);
    while (!form->at_end()) {
        auto part = form->next();
        GW_ASSERT(part);
        out = std::copy(part->as_it_is.begin(), part->as_it_is.end(), out);
        auto const line = part->run.line_groups == 0 ? part->decoded.size() : 3 * part->run.line_groups;
        while (part->decoded.size() > line) {
            out = schemas::base64_encode_to(part->decoded.substr(0, line), out);
            out = std::copy(part->run.between.begin(), part->run.between.end(), out);
            part->decoded.remove_prefix(line);
        }
        out = schemas::base64_encode_to(part->decoded, out);
    }
    std::copy(form->rest().begin(), form->rest().end(), out);
}

}  // namespace store::detail
