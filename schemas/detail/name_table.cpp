#include "schemas/detail/name_table.hpp"

#include <algorithm>

namespace schemas::detail {

namespace {

constexpr std::size_t block_bytes = 4096;
constexpr std::size_t uris_max = 64;

bool is_ncname(std::string_view name) noexcept
{
    if (name.empty() || name.find(':') != name.npos) return false;
    char const c = name.front();
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

void NameTable::begin_document()
{
    ++document_;
    names_of_document_ = 0;
    // What the parser keeps of its own: "xml", "xmlns", the name of the namespace of xml:.
    counted_bytes_ = 64;
    // So that what was read before decides nothing: there is room for as many names as one document may have.
    if (names_count_ > names_max / 2 || uris_.size() > uris_max / 2 || kept_bytes_ > bytes_max / 2) {
        slots_.fill(nullptr);
        names_count_ = 0;
        before_root_.next = nullptr;
        uris_.clear();
        blocks_.clear();
        block_left_ = kept_bytes_ = 0;
    }
}

bool NameTable::seen(Name& name) noexcept
{
    if (++names_of_document_ > names_max / 2) return false;
    name.document = document_;
    counted_bytes_ += name.whole.size() + 2;
    return true;
}

Name* NameTable::add(std::string_view name, Sixteen const& first, std::size_t slot)
{
    auto const colon = name.find(':');
    auto const prefix = colon == name.npos ? std::string_view{} : name.substr(0, colon);
    auto const local = colon == name.npos ? name : name.substr(colon + 1);
    if (!is_ncname(local) || (colon != name.npos && !is_ncname(prefix))) return nullptr;
    if (names_count_ == names_max) return nullptr;
    auto const whole = keep(name);
    if (!whole.data()) return nullptr;
    auto& block = names_[names_count_ / names_block];
    if (!block) block = std::make_unique<Name[]>(names_block);
    auto& added = block[names_count_++ % names_block];
    added = Name{};  // what it was before, of names forgotten, says nothing
    added.whole = whole;
    added.prefix = whole.substr(0, prefix.size());
    added.local = whole.substr(whole.size() - local.size());
    added.first = first;
    added.word = WordAt{whole};
    slots_[slot] = &added;
    return seen(added) ? &added : nullptr;
}

std::string_view NameTable::keep_uri(std::string_view uri)
{
    auto at = std::find_if(uris_.begin(), uris_.end(), [&](Uri const& one) { return one.uri == uri; });
    if (at == uris_.end()) {
        if (uris_.size() == uris_max) return {};
        auto const kept = keep(uri);
        if (!kept.data()) return {};
        at = uris_.insert(uris_.end(), {kept, 0});
    }
    if (at->document != document_) counted_bytes_ += uri.size() + 1;
    at->document = document_;
    return at->uri;
}

std::string_view NameTable::keep(std::string_view bytes)
{
    if (bytes.size() > block_bytes || kept_bytes_ + bytes.size() > bytes_max) return {};
    if (block_left_ < bytes.size()) {
        blocks_.push_back(std::make_unique<char[]>(block_bytes));
        block_left_ = block_bytes;
    }
    auto* const room = blocks_.back().get() + (block_bytes - block_left_);
    std::copy(bytes.begin(), bytes.end(), room);
    block_left_ -= bytes.size();
    kept_bytes_ += bytes.size();
    return {room, bytes.size()};
}

}  // namespace schemas::detail
