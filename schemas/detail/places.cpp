#include "schemas/detail/places.hpp"

#include "schemas/detail/libxml2.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace schemas::detail {

std::string step_name(xmlChar const* name, xmlChar const* prefix, xmlChar const* uri)
{
    constexpr std::size_t libxml2_room = 98;  // xmlGetNodePath cuts longer ones
    if (!uri) return std::string{view(name)};
    if (!prefix) return "*";
    auto whole = std::string{view(prefix)} + ":" + std::string{view(name)};
    whole.resize(std::min(whole.size(), libxml2_room));
    return whole;
}

void Trail::enter(xmlParserCtxt const& parser, Tag const& tag)
{
    open_.push_back({++met_, parser.input ? parser.input->line : 0L, tag.name, tag.prefix, tag.uri});
}

std::string_view Trail::name(std::size_t outwards) const noexcept { return view(at(outwards).name); }

Chain Trail::chain(std::size_t outwards) const
{
    Chain chain;
    for (auto const& open : std::span{open_}.first(open_.size() - outwards)) chain.push_back({open.ordinal, step_name(open.name, open.prefix, open.uri)});
    return chain;
}

namespace {

// Among the children of one element: those of one name, "*" meaning all.
struct Siblings {
    std::size_t count = 0;
    std::unordered_map<std::size_t, std::size_t> index_of;  // ordinals asked for
};

class Counter : public Listener {
public:
    void want(std::size_t parent, Step const& step) { wanted_[parent][step.name].index_of[step.ordinal] = 0; }

    [[nodiscard]] std::string text_of(std::size_t parent, Step const& step) const
    {
        auto const& siblings = wanted_.at(parent).at(step.name);
        if (siblings.count < 2) return "/" + step.name;
        return "/" + step.name + "[" + std::to_string(siblings.index_of.at(step.ordinal)) + "]";
    }

    void start(xmlParserCtxt&, Tag const& tag) override
    {
        auto const ordinal = ++met_;
        if (auto const asked = wanted_.find(open_.back()); asked != wanted_.end()) {
            auto const name = step_name(tag.name, tag.prefix, tag.uri);
            for (auto& [of, siblings] : asked->second) {
                if (of != "*" && of != name) continue;
                ++siblings.count;
                if (auto const at = siblings.index_of.find(ordinal); at != siblings.index_of.end()) at->second = siblings.count;
            }
        }
        open_.push_back(ordinal);
    }
    void end(xmlParserCtxt&, Tag const&) override { open_.pop_back(); }
    void text(xmlParserCtxt&, xmlChar const*, int) override {}
    void cdata(xmlParserCtxt&, xmlChar const*, int) override {}
    void comment(xmlParserCtxt&, xmlChar const*) override {}
    void instruction(xmlParserCtxt&, xmlChar const*, xmlChar const*) override {}

private:
    std::size_t met_ = 0;
    std::vector<std::size_t> open_{0};
    std::unordered_map<std::size_t, std::map<std::string, Siblings>> wanted_;  // by the ordinal of the parent
};

}  // namespace

void Places::resolve(Document const& document, Findings& findings) const
{
    if (waiting_.empty()) return;
    Counter counter;
    for (auto const& waiting : waiting_) {
        std::size_t parent = 0;
        for (auto const& step : waiting.chain) counter.want(std::exchange(parent, step.ordinal), step);
    }
    if (sweep(document.text(), document.limits(), counter).refused) throw std::logic_error("schemas: a sweep disagrees with the first");
    for (auto const& waiting : waiting_) {
        std::string path;
        std::size_t parent = 0;
        for (auto const& step : waiting.chain) path += counter.text_of(std::exchange(parent, step.ordinal), step);
        findings.amend(waiting.finding, path + waiting.behind);
    }
}

}  // namespace schemas::detail
