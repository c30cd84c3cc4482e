#include "gateway/store/detail/party_mix.hpp"

#include <algorithm>
#include <ranges>

namespace store::detail {
namespace {

constexpr std::size_t halved_every = 512;
constexpr std::size_t uneven_times = 4;

}  // namespace

void PartyMix::took(std::string_view provider)
{
    auto const found = rows_.find(provider);
    if (found != rows_.end()) ++found->second;
    else rows_.emplace(provider, 1);
    if (++since_halved_ < halved_every) return;
    since_halved_ = 0;
    for (auto& [code, rows] : rows_) rows /= 2;
    std::erase_if(rows_, [](auto const& one) { return one.second == 0; });
}

bool PartyMix::uneven() const noexcept
{
    if (rows_.size() < 2) return false;
    auto const [fewest, most] = std::ranges::minmax(rows_ | std::views::values);
    return most >= uneven_times * fewest;
}

}  // namespace store::detail
