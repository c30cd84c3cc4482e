#pragma once

// What one plain Signature says, read from events: the same that shape.cpp reads from a tree, as far as it is what vendors
// write. It only accepts; whatever else a Signature holds, allowed or not, makes plain() false, and the tree's way says what
// it is. Private to signing/.
//
// Not taken here, though shape.cpp takes them: parameters of RSA-PSS, prefixes in CanonicalizationMethod, OCSP responses, keys
// other than RSA's in KeyValue, attributes where nobody writes any.
//
// Source: XMLDSig 1.1 §4; Canonical XML 1.0 §2.3 and Exclusive C14N §3 for SignedInfo, an apex with all that is in scope there.
//
// Threads: one thread's; reusable by begin(), which keeps its memory. Errors: plain() is false for good.

#include "signing/detail/canonical_writer.hpp"
#include "signing/policy.hpp"
#include "signing/witness.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace signing::detail {

class SignatureReader {
public:
    // The canonical SignedInfo of a policy that allows one Reference is some 1 KB; prefixes in scope add to it. As own_check.cpp.
    static constexpr std::size_t signed_info_bytes_max = 64u << 10;
    static constexpr std::size_t leaf_bytes_max = 64u << 10;  // the text of one value: a certificate is 2 KB
    static constexpr std::size_t prefixes_max = 16;           // in a PrefixList

    // A new Signature. `into` lives until it ends.
    void begin(Policy const& policy, Instant at, Attested& into);

    // Its events, its own tags included. `scope`: what is bound at this tag, its own declarations among it.
    void start(schemas::StartEvent const& tag, Scope const& scope);
    void end(schemas::EndEvent const& tag);
    void text(schemas::TextEvent const& text);
    void views_end();

    [[nodiscard]] bool plain() const noexcept { return plain_; }  // so far
    [[nodiscard]] bool whole() const noexcept { return plain_ && ended_; }

private:
    enum class In : std::uint8_t;
    struct Child;
    struct Open {
        In           in;
        std::uint8_t order;  // of its last child
    };
    static constexpr std::size_t depth_max = 8;  // SignedInfo/Reference/Transforms/Transform/InclusiveNamespaces are six

    class Text final : public Bytes {
    public:
        void begin(std::string& into) noexcept { into_ = &into; }
        void take(std::string_view bytes) override;
        [[nodiscard]] bool fits() const noexcept { return into_->size() <= signed_info_bytes_max; }

    private:
        std::string* into_ = nullptr;
    };

    void refuse() noexcept { plain_ = false; }
    [[nodiscard]] static Child const* find(In parent, schemas::StartEvent const& tag) noexcept;
    void enter(Child const& child, schemas::StartEvent const& tag, Scope const& scope);
    void leave(Open const& open);
    void begin_signed_info(schemas::StartEvent const& tag, Scope const& scope);
    void begin_canonical(std::string_view uri, Scope const& scope);
    void read_method(std::string_view uri);
    void read_reference(schemas::StartEvent const& tag);
    void read_transform(std::string_view uri);
    void read_prefixes(std::string_view list);
    void read_digest_method(std::string_view uri);
    void read_value(std::string& into);
    void read_certificate();
    void read_time();

    Attested* into_ = nullptr;
    std::size_t certificates_max_ = 0;
    bool sha1_ = false;
    bool plain_ = false, ended_ = false;
    std::array<Open, depth_max> open_;
    std::size_t depth_ = 0;
    std::size_t transforms_ = 0;
    std::string leaf_;

    // SignedInfo waits for its first child, which says how it is made canonical.
    bool in_signed_info_ = false, canonical_ = false;
    std::string prefix_, id_, blank_;
    bool has_id_ = false;
    std::size_t bound_ = 0;  // bindings of the scope at SignedInfo
    std::vector<schemas::NamespaceEvent> namespaces_;
    Text signed_info_;
    CanonicalWriter writer_{1024};  // a SignedInfo has some 800 bytes
};

}  // namespace signing::detail
