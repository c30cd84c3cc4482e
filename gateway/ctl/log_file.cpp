#include "gateway/ctl/log_file.hpp"

#include "gateway/ctl/context.hpp"
#include "schemas/base64.hpp"
#include "signing/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace ctl {
namespace {

namespace json = boost::json;

constexpr std::size_t answer_bytes_max = 1u << 20;

json::object read_answer(std::string const& file)
{
    boost::system::error_code error;
    auto answer = json::parse(read_file(file, answer_bytes_max), error);
    if (error || !answer.is_object()) throw std::runtime_error("it is no JSON object");
    return std::move(answer.as_object());
}

json::value const& member(json::object const& answer, std::string_view name)
{
    auto const* const found = answer.if_contains(name);
    if (found == nullptr) throw std::runtime_error(fmt::format("no {} in it", name));
    return *found;
}

std::string text_at(json::object const& answer, std::string_view name)
{
    auto const* const text = member(answer, name).if_string();
    if (text == nullptr) throw std::runtime_error(fmt::format("its {} is no text", name));
    return std::string{*text};
}

std::uint64_t number_at(json::object const& answer, std::string_view name)
{
    boost::system::error_code error;
    auto const number = member(answer, name).to_number<std::uint64_t>(error);
    if (error) throw std::runtime_error(fmt::format("its {} is no number", name));
    return number;
}

ledger::Hash hash_of(std::string_view hex, std::string_view name)
{
    auto const octets = signing::bytes_of_hex(hex);
    ledger::Hash hash{};
    if (octets.size() != hash.size()) throw std::runtime_error(fmt::format("its {} is none", name));
    std::copy(octets.begin(), octets.end(), hash.begin());
    return hash;
}

ledger::Proof path_in(json::object const& answer)
{
    auto const* const hashes = member(answer, "path").if_array();
    if (hashes == nullptr || hashes->size() > ledger::consistency_hashes_max) throw std::runtime_error("its path is none");
    ledger::Proof path;
    for (auto const& one : *hashes) {
        auto const* const text = one.if_string();
        path.push_back(hash_of(text == nullptr ? std::string_view{} : std::string_view{*text}, "path"));
    }
    return path;
}

HeadFile head_in(json::object const& answer)
{
    HeadFile made;
    made.text = text_at(answer, "text");
    made.signature = schemas::base64_decode(text_at(answer, "signature")).value_or("");
    auto head = ledger::read_head(made.text);
    if (!head) throw std::runtime_error("its text is that of no head: " + head.error().detail);
    made.head = std::move(*head);
    return made;
}

ProofFile proof_in(json::object const& answer)
{
    ProofFile made{number_at(answer, "index"), number_at(answer, "size"), signing::bytes_of_hex(text_at(answer, "entry")),
                   hash_of(text_at(answer, "leaf_hash"), "leaf_hash"), path_in(answer), std::nullopt};
    if (auto const* const head = answer.if_contains("head"); head != nullptr && !head->is_null()) {
        if (!head->is_object()) throw std::runtime_error("its head is none");
        made.head = head_in(head->get_object());
    }
    return made;
}

// Whatever is wrong with it is said of the file.
template <class Read>
auto read_of(std::string const& file, Read read)
{
    try {
        return read(read_answer(file));
    } catch (std::runtime_error const& error) {
        throw std::runtime_error(fmt::format("{}: {}", file, error.what()));
    }
}

}  // namespace

HeadFile read_head_file(std::string const& file) { return read_of(file, head_in); }

ProofFile read_proof_file(std::string const& file) { return read_of(file, proof_in); }

std::string trouble_of_trees(std::string const& whose, ledger::TreeHead const& tree, ledger::TreeHead const& kept, std::string const& consistency)
{
    if (kept.log != tree.log) return fmt::format("the kept head is of the log {}, {} of {}", kept.log, whose, tree.log);
    if (kept.size == tree.size) return kept.root == tree.root ? "" : fmt::format("the kept head and {} have one size and two roots: keep both, the log was forked", whose);
    ledger::ConsistencyClaim claim{tree.size, kept.size, tree.root, kept.root};
    if (kept.size < tree.size) claim = {kept.size, tree.size, kept.root, tree.root};
    if (claim.from == 0) return {};  // every log begins with the empty one
    if (consistency.empty())
        throw std::runtime_error(fmt::format("the sizes differ: give --consistency with the answer of GET /v1/log/consistency?from={}&to={}", claim.from, claim.to));
    auto const proven = ledger::verify_consistency(claim, read_of(consistency, path_in));
    return proven ? "" : fmt::format("the log of {} leaves is not proved to be the beginning of that of {}: {}", claim.from, claim.to, proven.error().detail);
}

}  // namespace ctl
