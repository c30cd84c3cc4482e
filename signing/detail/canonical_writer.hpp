#pragma once

// The canonical form of a document as its events go by: nothing is kept but what is in scope. Private to signing/.
//
// Source: Canonical XML 1.0 (W3C 2001) §2 and §2.3, Canonical XML 1.1 (2008), Exclusive XML Canonicalization 1.0 (2002) §3,
// without comments. For whole documents, and for the root element with all in it; 1.0 and 1.1 differ in parts alone, where
// attributes of xml: are inherited. Byte for byte what libxml2 writes (a differential test says so).
//
// Threads: one thread's. Errors: has_form() is false where a namespace name is relative (Canonical XML 1.0 §1.3); what the
// sink was given then is worth nothing.

#include "signing/detail/canonical.hpp"

#include "schemas/events.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace signing::detail {

class CanonicalWriter : public schemas::Events {
public:
    CanonicalWriter(Canonicalisation how, Sink sink);

    void start(schemas::StartEvent const& tag) override;
    void end(schemas::EndEvent const& tag) override;
    void text(schemas::TextEvent const& text) override;
    void comment(std::string_view) override {}
    void instruction(std::string_view target, std::string_view data) override;

    // Hands over what is buffered. Call it once, after the last event.
    void finish();
    [[nodiscard]] bool has_form() const noexcept { return has_form_; }

private:
    struct Binding {
        std::string prefix, uri;
    };
    // What holds below an element until it ends.
    struct Scope {
        std::vector<Binding> bindings;
        std::vector<std::size_t> sizes;  // before each open element
        [[nodiscard]] std::string const* find(std::string_view prefix) const noexcept;
        void enter() { sizes.push_back(bindings.size()); }
        void leave();
    };

    void choose_inclusive(schemas::StartEvent const& tag);
    void choose_exclusive(schemas::StartEvent const& tag);
    void choose(std::string_view prefix, std::string_view uri);
    void write_namespaces(std::size_t from);
    void write_attributes(schemas::StartEvent const& tag);
    void write_name(std::string_view prefix, std::string_view name);
    void put(std::string_view bytes);
    void put(char c) { put(std::string_view{&c, 1}); }
    enum class In { text, attribute, instruction };
    void put_escaped(std::string_view text, In where);

    Canonicalisation how_;
    Sink sink_;
    std::string room_;
    Scope declared_, written_;
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
