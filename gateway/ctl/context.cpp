#include "gateway/ctl/context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace ctl {

void Context::answer(boost::json::value const& value, std::string_view text) const
{
    if (json)
        std::cout << boost::json::serialize(value) << '\n';
    else
        std::cout << text << (text.empty() || text.ends_with('\n') ? "" : "\n");
}

void Context::worsen(Verdict to)
{
    verdict = std::max(verdict, to);
}

std::string read_file(std::filesystem::path const& path, std::size_t bytes_max)
{
    std::ifstream in{path, std::ios::binary};
    if (!in) throw std::runtime_error(fmt::format("cannot read {}", path.string()));
    std::string bytes;
    char block[1u << 16];
    while (in.read(block, sizeof block), in.gcount() > 0) {
        bytes.append(block, static_cast<std::size_t>(in.gcount()));
        if (bytes.size() > bytes_max) throw std::runtime_error(fmt::format("{} is larger than {} bytes", path.string(), bytes_max));
    }
    if (in.bad()) throw std::runtime_error(fmt::format("reading {} failed", path.string()));
    return bytes;
}

void write_file(std::filesystem::path const& path, std::string_view bytes)
{
    std::ofstream out{path, std::ios::binary | std::ios::trunc};
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    if (!out) throw std::runtime_error(fmt::format("cannot write {}", path.string()));
}

namespace {
// Characters, not bytes: Vietnamese letters take two or three bytes each in UTF-8.
std::size_t width_of(std::string_view text)
{
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}
}  // namespace

std::string table(std::vector<std::vector<std::string>> const& rows)
{
    std::vector<std::size_t> widths;
    for (auto const& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (widths.size() <= i) widths.push_back(0);
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    std::string text;
    for (auto const& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 < row.size()) text.append(widths[i] - width_of(row[i]) + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

}  // namespace ctl
