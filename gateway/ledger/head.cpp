#include "gateway/ledger/head.hpp"

#include "gateway/ledger/detail/words.hpp"

#include <fmt/format.h>

#include <utility>

namespace ledger {
namespace {

constexpr std::string_view title = "IVAN-Hub tree head 1";

char const* trouble_of(TreeHead const& head)
{
    if (!detail::log_name_ok(head.log, log_name_bytes_max)) return "the log's name is empty, too long, or has other characters than a-z 0-9 . - / _";
    if (head.size > size_max) return "a tree larger than the largest log";
    if (head.size == 0 && head.root != empty_root()) return "a tree of no leaves with a root of some";
    if (!detail::time_ok(head.at)) return "a time outside 1970 to 9999";
    return nullptr;
}

std::string written(TreeHead const& head)
{
    return fmt::format("{}\nlog {}\nsize {}\nroot {}\ntime {}\nkey {}\n", title, head.log, head.size, signing::hex(head.root),
                       detail::time_text(head.at), signing::hex(head.key_id));
}

}  // namespace

Result<std::string> canonical_head(TreeHead const& head)
{
    if (auto const* trouble = trouble_of(head)) return Failure{Refusal::field_wrong, trouble};
    return written(head);
}

Result<TreeHead> read_head(std::string_view text)
{
    Failure const other{Refusal::bytes_wrong, "not a tree head of version 1"};
    if (text.size() > head_bytes_max || !text.starts_with(title)) return other;
    auto rest = text.substr(title.size());
    if (!rest.starts_with('\n')) return other;
    rest.remove_prefix(1);

    using detail::line;
    auto const log = line(rest, "log"), size = line(rest, "size"), root = line(rest, "root"), at = line(rest, "time"), key = line(rest, "key");
    if (!log || !size || !root || !at || !key) return other;
    auto const leaves = detail::number<std::uint64_t>(*size);
    auto const root_hash = detail::hash(*root), key_id = detail::hash(*key);
    auto const when = detail::time<std::chrono::milliseconds>(*at);
    if (!leaves || !root_hash || !key_id || !when) return other;

    TreeHead head{std::string{*log}, *leaves, *root_hash, *when, *key_id};
    if (auto const* trouble = trouble_of(head)) return Failure{Refusal::field_wrong, trouble};
    if (written(head) != text) return other;
    return head;
}

}  // namespace ledger
