#pragma once

// The canonical form of a document as its events go by: nothing is kept but what is in scope. Private to signing/.
//
// Where events show the bytes of the document and these are canonical as they stand, touching pieces are handed over as one,
// from the document itself; everything else is written into a buffer of 16 KB.
//
// Source: Canonical XML 1.0 (W3C 2001) §2 and §2.3, Canonical XML 1.1 (2008), Exclusive XML Canonicalization 1.0 (2002) §3,
// without comments. For whole documents, and for the root element with all in it; 1.0 and 1.1 differ in parts alone, where
// attributes of xml: are inherited. Byte for byte what libxml2 writes (a differential test says so).
//
// Threads: one thread's; reusable by begin(), which keeps its memory. Errors: has_form() is false where a namespace name is
// relative (Canonical XML 1.0 §1.3); what the sink was given then is worth nothing.

#include "signing/detail/canonical.hpp"

#include "schemas/events.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signing::detail {

// Takes canonical bytes, in pieces of any size; they are gone after the call.
class Bytes {
public:
    virtual void take(std::string_view bytes) = 0;

protected:
    ~Bytes() = default;
};

// An absolute URI as libxml2's canonicaliser asks it: it parses and has a scheme. The empty name counts as absolute here.
[[nodiscard]] bool is_absolute(std::string_view uri);

// Bindings of prefixes, innermost last. Elements that declare nothing cost one comparison, and memory is kept.
class Scope {
public:
    void clear() noexcept;
    void declare(std::size_t depth, std::string_view prefix, std::string_view uri);
    // The element at `depth` ends.
    void leave(std::size_t depth) noexcept
    {
        if (!bindings_.empty() && bindings_.back().depth == depth) drop(depth);
    }
    // Null where nothing binds the prefix; views live until the next declare().
    [[nodiscard]] std::optional<std::string_view> find(std::string_view prefix) const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return bindings_.size(); }
    [[nodiscard]] std::string_view prefix(std::size_t i) const noexcept;
    [[nodiscard]] std::string_view uri(std::size_t i) const noexcept;
    void sort_from(std::size_t i);  // by prefix

private:
    struct Binding {
        std::size_t depth;
        std::size_t at, prefix_size, uri_size;  // in texts_: the prefix, then the URI
    };
    void drop(std::size_t depth) noexcept;
    std::vector<Binding> bindings_;
    std::string texts_;
};

class CanonicalWriter final : public schemas::Events {
public:
    CanonicalWriter() = default;  // REQUIRES: begin() before anything else
    explicit CanonicalWriter(std::size_t room_bytes) : room_bytes_{room_bytes} {}  // for documents that are seldom longer; the same
    CanonicalWriter(Canonicalisation how, Bytes& out) { begin(std::move(how), out); }
    CanonicalWriter(Canonicalisation how, Sink sink);
    CanonicalWriter(CanonicalWriter const&) = delete;
    CanonicalWriter& operator=(CanonicalWriter const&) = delete;

    // A new document. `out` lives until it ends.
    void begin(Canonicalisation how, Bytes& out);

    void start(schemas::StartEvent const& tag) override
    {
        ++depth_;
        if (!tag.raw.empty() && stands_as_it_is(tag)) extend(tag.raw);
        else write_start(tag);
    }
    void end(schemas::EndEvent const& tag) override
    {
        if (!tag.raw.empty()) extend(tag.raw);
        else write_end(tag);
        declared_.leave(depth_);
        written_.leave(depth_);
        if (--depth_ == 0) root_ended_ = true;
    }
    void text(schemas::TextEvent const& text) override
    {
        if (!text.raw.empty()) extend(text.raw);
        else put_escaped(text.text, in_text);
    }
    void comment(std::string_view) override {}
    void instruction(std::string_view target, std::string_view data) override;
    void views_end() override { settle(); }

    // Hands over what is buffered. Call it once, after the last event.
    void finish();
    [[nodiscard]] bool has_form() const noexcept { return has_form_; }

private:
    std::size_t const room_bytes_ = 16u << 10;  // handed over at once
    static constexpr std::uint8_t in_text = 1, in_attribute = 2, in_instruction = 4;
    static std::uint8_t escaped_in(char c) noexcept;

    // No namespace has to be written with it. Inclusive: a tag with raw bytes declares none.
    [[nodiscard]] bool stands_as_it_is(schemas::StartEvent const& tag) const noexcept
    {
        return how_.kind != C14n::exclusive || (how_.prefixes.empty() && is_written(tag.prefix, tag.uri));
    }
    [[nodiscard]] bool is_written(std::string_view prefix, std::string_view uri) const noexcept
    {
        if (written_.size() == 0) return prefix.empty() && uri.empty();
        auto const before = written_.find(prefix);
        return before ? *before == uri : prefix.empty() && uri.empty();
    }
    void extend(std::string_view raw)
    {
        if (raw.data() != run_end_) {
            settle();
            run_ = raw.data();
            run_end_ = run_;
        }
        run_end_ += raw.size();
    }
    void settle()
    {
        if (run_ != nullptr) hand_over_run();
    }
    void hand_over_run();
    void write_start(schemas::StartEvent const& tag);
    void write_end(schemas::EndEvent const& tag);
    void choose_inclusive(schemas::StartEvent const& tag);
    void choose_exclusive(schemas::StartEvent const& tag);
    void choose(std::string_view prefix, std::string_view uri);
    void write_namespaces(std::size_t from);
    void write_attributes(schemas::StartEvent const& tag);
    void write_attribute(schemas::AttributeEvent const& attribute);
    void write_name(std::string_view prefix, std::string_view name);
    void put(std::string_view bytes)
    {
        settle();
        keep(bytes);
    }
    void put(char c) { put(std::string_view{&c, 1}); }
    void keep(std::string_view bytes);  // into the room
    void put_escaped(std::string_view text, std::uint8_t where);

    class ToFunction final : public Bytes {
    public:
        explicit ToFunction(Sink sink) : sink_{std::move(sink)} {}
        void take(std::string_view bytes) override { sink_(bytes); }

    private:
        Sink sink_;
    };

    Canonicalisation how_;
    Bytes* out_ = nullptr;
    std::optional<ToFunction> function_;
    char const* run_ = nullptr;  // bytes of the document that were not handed over yet
    char const* run_end_ = nullptr;
    std::unique_ptr<char[]> room_;
    std::size_t kept_ = 0;  // bytes of the room
    Scope declared_, written_;
    std::vector<schemas::AttributeEvent const*> sorted_;
    std::size_t depth_ = 0;
    bool root_ended_ = false;
    bool has_form_ = true;
};

// Passes on what a Reference covers: everything but the Signature, and where it names the root, nothing outside of that.
class SignedPart : public schemas::Events {
public:
    SignedPart(schemas::Events& inner, bool root_alone) : inner_{inner}, root_alone_{root_alone} {}

    void start(schemas::StartEvent const& tag) override;
    void end(schemas::EndEvent const& tag) override;
    void text(schemas::TextEvent const& text) override;
    void comment(std::string_view text) override;
    void instruction(std::string_view target, std::string_view data) override;
    void views_end() override { inner_.views_end(); }

    [[nodiscard]] std::size_t signatures() const noexcept { return signatures_; }

private:
    [[nodiscard]] bool hears() const noexcept { return inside_ == 0 && (depth_ > 0 || !root_alone_); }
    schemas::Events& inner_;
    bool root_alone_;
    std::size_t depth_ = 0;
    std::size_t inside_ = 0;  // open elements from the Signature on
    std::size_t signatures_ = 0;
};

}  // namespace signing::detail
