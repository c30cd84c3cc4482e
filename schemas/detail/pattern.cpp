#include "schemas/detail/pattern.hpp"

#include <algorithm>
#include <bitset>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

namespace schemas::detail {

namespace {

struct NotUnderstood : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Which characters: each of ASCII by itself, all others together.
struct Characters {
    std::bitset<128> ascii;
    bool beyond = false;
};

struct Node;
using NodePtr = std::unique_ptr<Node>;

// The pattern as it is written. `repeats_max` 0: no upper bound.
struct Node {
    enum class Kind { characters, sequence, choice, repeated };
    Kind kind = Kind::sequence;
    Characters characters;
    std::vector<NodePtr> parts;
    unsigned times_min = 1;
    std::optional<unsigned> times_max = 1;
};

NodePtr node_of(Node::Kind kind)
{
    auto node = std::make_unique<Node>();
    node->kind = kind;
    return node;
}

constexpr std::string_view special = ".\\?*+()|[]{}^$";
constexpr std::string_view escapable = ".\\?*+()|[]{}^-";

bool printable(char c) { return c >= ' ' && c <= '~'; }

class Parser {
public:
    explicit Parser(std::string_view text) : text_{text} {}

    NodePtr whole()
    {
        auto node = choice(0);
        if (!at_end()) throw NotUnderstood{"a bracket that closes nothing"};
        return node;
    }

private:
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    [[nodiscard]] char here() const { return at_end() ? '\0' : text_[at_]; }
    char take()
    {
        if (at_end()) throw NotUnderstood{"it ends early"};
        char const c = text_[at_++];
        if (!printable(c)) throw NotUnderstood{"a character that is not printable ASCII"};
        return c;
    }
    bool took(char c) { return here() == c && !at_end() ? (++at_, true) : false; }

    NodePtr choice(unsigned depth)
    {
        if (depth > Pattern::depth_max) throw NotUnderstood{"groups too deep"};
        auto first = sequence(depth);
        if (here() != '|') return first;
        auto node = node_of(Node::Kind::choice);
        node->parts.push_back(std::move(first));
        while (took('|')) node->parts.push_back(sequence(depth));
        return node;
    }

    NodePtr sequence(unsigned depth)
    {
        auto node = node_of(Node::Kind::sequence);
        while (!at_end() && here() != '|' && here() != ')') node->parts.push_back(piece(depth));
        if (node->parts.empty()) throw NotUnderstood{"an empty branch"};
        return node;
    }

    NodePtr piece(unsigned depth)
    {
        bool const group = here() == '(';
        auto of = atom(depth);
        auto node = node_of(Node::Kind::repeated);
        if (took('?')) node->times_min = 0;
        else if (took('*')) node->times_min = 0, node->times_max.reset();
        else if (took('+')) node->times_max.reset();
        else if (took('{')) count(*node);
        else return of;
        if (group && node->times_max != 1u) throw NotUnderstood{"a group that repeats"};
        if (here() == '?' || here() == '*' || here() == '+' || here() == '{') throw NotUnderstood{"two quantifiers in a row"};
        if (may_be_empty(*of)) throw NotUnderstood{"a quantifier on what may be empty"};
        node->parts.push_back(std::move(of));
        return node;
    }

    static bool may_be_empty(Node const& node)
    {
        auto const empty = [](NodePtr const& part) { return may_be_empty(*part); };
        switch (node.kind) {
            case Node::Kind::characters: return false;
            case Node::Kind::sequence: return std::all_of(node.parts.begin(), node.parts.end(), empty);
            case Node::Kind::choice: return std::any_of(node.parts.begin(), node.parts.end(), empty);
            case Node::Kind::repeated: return node.times_min == 0;
        }
        __builtin_unreachable();
    }

    void count(Node& node)
    {
        node.times_min = number();
        node.times_max = node.times_min;
        if (took(',')) {
            if (here() == '}') node.times_max.reset();
            else node.times_max = number();
        }
        if (!took('}')) throw NotUnderstood{"a count that is not {n}, {n,m} or {n,}"};
        if (node.times_max && (*node.times_max == 0 || *node.times_max < node.times_min)) throw NotUnderstood{"a count of nothing"};
    }

    unsigned number()
    {
        unsigned value = 0;
        auto const begin = at_;
        while (here() >= '0' && here() <= '9') {
            value = value * 10 + static_cast<unsigned>(take() - '0');
            if (value > Pattern::repeats_max) throw NotUnderstood{"a count too high"};
        }
        if (at_ == begin) throw NotUnderstood{"a count without a number"};
        return value;
    }

    NodePtr atom(unsigned depth)
    {
        if (took('(')) {
            auto inner = choice(depth + 1);
            if (!took(')')) throw NotUnderstood{"a group that is not closed"};
            return inner;
        }
        auto node = node_of(Node::Kind::characters);
        auto& set = node->characters;
        if (took('[')) {
            set = character_class();
            return node;
        }
        if (took('.')) {
            set.ascii.set().reset('\n').reset('\r');
            set.beyond = true;
            return node;
        }
        set.ascii.set(static_cast<unsigned char>(here() == '\\' ? escaped() : plain()));
        return node;
    }

    char plain()
    {
        char const c = take();
        if (special.find(c) != special.npos) not_here(c);
        return c;
    }

    [[noreturn]] static void not_here(char c) { throw NotUnderstood{std::string{"the character "} + c + " here"}; }

    char escaped()
    {
        (void)take();
        char const c = take();
        if (escapable.find(c) == escapable.npos) throw NotUnderstood{std::string{"the escape \\"} + c};
        return c;
    }

    // A hyphen is taken between two characters, or escaped; elsewhere its meaning differs between engines.
    char in_class()
    {
        if (here() == '\\') return escaped();
        char const c = take();
        if (c == '-') throw NotUnderstood{"a bare hyphen in a class"};
        if (c == '[' || c == ']' || c == '^') not_here(c);
        return c;
    }

    Characters character_class()
    {
        Characters set;
        bool const negated = took('^');
        if (here() == ']') throw NotUnderstood{"an empty class"};
        while (!took(']')) {
            auto const first = static_cast<unsigned char>(in_class());
            auto last = first;
            if (took('-')) last = static_cast<unsigned char>(in_class());
            if (last < first) throw NotUnderstood{"a range that runs backwards"};
            for (unsigned c = first; c <= last; ++c) set.ascii.set(c);
        }
        if (negated) set.ascii.flip(), set.beyond = true;
        return set;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

using Bytes = std::bitset<256>;

// Thompson's automaton. A state has either silent steps or one step on some bytes.
struct Automaton {
    struct State {
        std::vector<std::size_t> silent;
        Bytes bytes;
        std::size_t to = 0;
    };
    std::vector<State> states;

    std::size_t add()
    {
        if (states.size() == Pattern::states_max * 4) throw NotUnderstood{"too many states"};
        states.emplace_back();
        return states.size() - 1;
    }
    void silently(std::size_t from, std::size_t to) { states[from].silent.push_back(to); }

    // Makes all ways from `from` that `node` describes; they meet in what comes back.
    std::size_t build(Node const& node, std::size_t from)
    {
        switch (node.kind) {
            case Node::Kind::characters: return characters(node.characters, from);
            case Node::Kind::sequence:
                for (auto const& part : node.parts) from = build(*part, from);
                return from;
            case Node::Kind::choice: {
                auto const end = add();
                for (auto const& part : node.parts) {
                    auto const begin = add();
                    silently(from, begin);
                    auto const last = build(*part, begin);
                    silently(last, end);
                }
                return end;
            }
            case Node::Kind::repeated: return repeated(node, from);
        }
        __builtin_unreachable();
    }

    std::size_t repeated(Node const& node, std::size_t from)
    {
        auto const& part = *node.parts.front();
        for (unsigned i = 0; i < node.times_min; ++i) from = build(part, from);
        auto const end = add();
        if (!node.times_max) {
            auto const begin = add();
            silently(from, begin);
            auto const last = build(part, begin);
            silently(last, begin);
            silently(begin, end);
            return end;
        }
        for (unsigned i = node.times_min; i < *node.times_max; ++i) {
            silently(from, end);
            auto const begin = add();
            silently(from, begin);
            from = build(part, begin);
        }
        silently(from, end);
        return end;
    }

    std::size_t step(std::size_t from, unsigned first, unsigned last, std::size_t to)
    {
        auto const begin = add();
        silently(from, begin);
        for (unsigned b = first; b <= last; ++b) states[begin].bytes.set(b);
        states[begin].to = to;
        return to;
    }

    std::size_t characters(Characters const& set, std::size_t from)
    {
        auto const end = add(), ascii = add();
        silently(from, ascii);
        for (unsigned b = 0; b < 128; ++b) states[ascii].bytes.set(b, set.ascii.test(b));
        states[ascii].to = end;
        if (set.beyond) {  // Texts are valid UTF-8, so the first byte says how many follow.
            auto const one = add(), two = add(), three = add();
            step(one, 0x80, 0xBF, end);
            step(two, 0x80, 0xBF, one);
            step(three, 0x80, 0xBF, two);
            step(from, 0xC2, 0xDF, one);
            step(from, 0xE0, 0xEF, two);
            step(from, 0xF0, 0xF4, three);
        }
        return end;
    }

    using States = std::vector<std::size_t>;  // sorted

    [[nodiscard]] States closed(States from) const
    {
        std::vector<char> seen(states.size());
        States all;
        for (auto const s : from) seen[s] = 1;
        while (!from.empty()) {
            auto const s = from.back();
            from.pop_back();
            all.push_back(s);
            for (auto const t : states[s].silent)
                if (!std::exchange(seen[t], 1)) from.push_back(t);
        }
        std::sort(all.begin(), all.end());
        return all;
    }
};

// Bytes that stand together in every step are one class.
std::size_t classes_of(Automaton const& automaton, std::array<std::uint8_t, 256>& class_of)
{
    class_of.fill(0);
    std::size_t classes = 1;
    for (auto const& state : automaton.states) {
        if (state.bytes.none()) continue;
        std::map<std::pair<std::uint8_t, bool>, std::uint8_t> split;
        for (unsigned b = 0; b < 256; ++b) {
            auto const key = std::pair{class_of[b], state.bytes.test(b)};
            class_of[b] = split.emplace(key, static_cast<std::uint8_t>(split.size())).first->second;
        }
        classes = split.size();
    }
    return classes;
}

}  // namespace

std::optional<Pattern> Pattern::of(std::string_view text, std::string& why)
try {
    auto const tree = Parser{text}.whole();
    Automaton automaton;
    auto const begin = automaton.add();
    auto const end = automaton.build(*tree, begin);

    Pattern made;
    made.classes_ = classes_of(automaton, made.class_of_);
    std::vector<unsigned> byte_of(made.classes_);
    for (unsigned b = 256; b-- > 0;) byte_of[made.class_of_[b]] = b;

    // Subsets become states; the empty one, from which nothing is accepted, too.
    std::map<Automaton::States, std::size_t> known;
    std::vector<Automaton::States const*> order;
    auto const number_of = [&](Automaton::States states) {
        auto const [at, added] = known.emplace(std::move(states), known.size());
        if (added) order.push_back(&at->first);
        if (known.size() > states_max) throw NotUnderstood{"too many states"};
        return at->second;
    };
    number_of(automaton.closed({begin}));
    for (std::size_t i = 0; i < order.size(); ++i) {
        auto const& states = *order[i];
        for (std::size_t k = 0; k < made.classes_; ++k) {
            Automaton::States to;
            for (auto const s : states)
                if (automaton.states[s].bytes.test(byte_of[k])) to.push_back(automaton.states[s].to);
            if (to.size() > 1) throw NotUnderstood{"a character may stand for two parts"};
            made.next_.push_back(static_cast<std::uint32_t>(number_of(automaton.closed(std::move(to))) * (made.classes_ + 1)));
        }
        made.next_.push_back(std::binary_search(states.begin(), states.end(), end));
    }
    for (std::size_t const blank : {0x20, 0x09, 0x0D, 0x0A})
        for (auto const& state : automaton.states) made.takes_blanks_ = made.takes_blanks_ || state.bytes.test(blank);
    return made;
} catch (NotUnderstood const& what) {
    why = "the pattern \"" + std::string{text} + "\": " + what.what();
    return std::nullopt;
}

}  // namespace schemas::detail
