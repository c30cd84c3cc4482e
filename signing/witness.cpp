#include "signing/witness.hpp"

#include "signing/detail/canonical_writer.hpp"
#include "signing/detail/openssl.hpp"
#include "signing/detail/signature_reader.hpp"
#include "signing/detail/survey.hpp"
#include "signing/detail/uris.hpp"
#include "signing/detail/value.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace signing {

namespace {

using detail::C14n;
using detail::Canonicalisation;
using detail::dsig_ns;

// Bounds of what is remembered of a document outside its Signature; whoever passes one is read by the other way.
constexpr std::size_t children_max = 16;  // different names under the root: our forms have three
constexpr std::size_t declared_max = 64;  // in one document: its skeleton would keep each (schemas::EnvelopeLimits::kept_nodes_max)
constexpr std::size_t bound_max = 64;     // namespaces in scope: as schemas::XmlLimits::namespaces_max

// A digest over pieces. OpenSSL's own failures show in finish().
class Digester {
public:
    void start(EVP_MD const* md)
    {
        md_ = md;
        size_ = 0;
        good_ = md != nullptr && context_ && EVP_DigestInit_ex2(context_.get(), md, nullptr) == 1;
    }
    void add(std::string_view bytes)
    {
        good_ = good_ && EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
        size_ += bytes.size();
    }
    // Room for EVP_MD_get_size bytes.
    [[nodiscard]] bool finish(unsigned char* digest) { return std::exchange(good_, false) && EVP_DigestFinal_ex(context_.get(), digest, nullptr) == 1; }
    [[nodiscard]] bool finish(std::string& digest)
    {
        digest.resize(good_ ? static_cast<std::size_t>(EVP_MD_get_size(md_)) : 0);
        return finish(reinterpret_cast<unsigned char*>(digest.data()));
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    detail::MdCtxPtr context_{EVP_MD_CTX_new()};
    EVP_MD const* md_ = nullptr;
    std::size_t size_ = 0;
    bool good_ = false;
};

std::optional<Canonicalisation> canonicalisation_of(Preparation const& preparation)
{
    if (preparation.canonicalisation == "c14n") return Canonicalisation{};
    if (preparation.canonicalisation == "c14n11") return Canonicalisation{.kind = C14n::inclusive11, .prefixes = {}};
    if (preparation.canonicalisation == "exc-c14n") return Canonicalisation{.kind = C14n::exclusive, .prefixes = preparation.prefixes};
    return std::nullopt;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// One document: what stands outside its Signature goes to the digest, what stands in it to the reader. It asks what survey.cpp
// and the dossier profile (profile.cpp) ask of a tree.
class Listener final : public schemas::Events, private detail::Bytes {
public:
    void begin(Policy const& policy, Instant at, Preparation const& preparation, Attested& into);

    void start(schemas::StartEvent const& tag) override
    {
        ++depth_;
        // What a form consists of: rows and leaves as they stand, which declare nothing and have no ids.
        if (where_ == Where::outside && depth_ > 3 && !tag.raw.empty() && tag.uri.size() != dsig_ns.size()) return writer_.start(tag);
        if (where_ != Where::nowhere) note_start(tag);
    }
    void end(schemas::EndEvent const& tag) override
    {
        if (where_ == Where::outside) writer_.end(tag);
        else if (where_ == Where::inside) end_in_signature(tag);
        scope_.leave(depth_);
        if (--depth_ == 0) seal();
    }
    void text(schemas::TextEvent const& text) override
    {
        if (where_ == Where::outside) writer_.text(text);
        else if (where_ == Where::inside) reader_.text(text);
    }
    // Not part of the canonical form; in a Signature it can only serve to mislead.
    void comment(std::string_view) override
    {
        if (where_ == Where::inside) give_up();
    }
    void instruction(std::string_view, std::string_view) override { give_up(); }
    void views_end() override
    {
        if (where_ == Where::nowhere) return;
        writer_.views_end();
        reader_.views_end();
    }

    // The document has ended and is as plain as we read it.
    [[nodiscard]] bool whole() const noexcept { return sealed_ && where_ != Where::nowhere; }

private:
    enum class Where : std::uint8_t { outside, inside, nowhere };  // of the Signature; nowhere: given up, for good
    struct Child {
        std::string name;
        std::size_t met = 0;
    };

    void give_up() noexcept { where_ = Where::nowhere; }
    void note_start(schemas::StartEvent const& tag);

    void take(std::string_view bytes) override { digest_.add(bytes); }
    void note_namespaces(schemas::StartEvent const& tag);
    void note_attributes(schemas::StartEvent const& tag);
    void note_id(schemas::AttributeEvent const& attribute);
    void note_place(schemas::StartEvent const& tag);
    void note_child(std::string_view name);
    void end_in_signature(schemas::EndEvent const& tag);
    void seal();
    [[nodiscard]] bool covers_the_root() const;
    [[nodiscard]] bool will_do() const;

    detail::CanonicalWriter writer_;
    detail::SignatureReader reader_;
    Digester digest_;
    Preparation preparation_;
    Attested* into_ = nullptr;
    detail::Scope scope_;
    std::vector<Child> children_;  // of the root, by name
    std::size_t child_ = 0;        // the open one
    std::vector<std::string> ids_;
    std::size_t root_ids_ = 0;  // so many of them, the first, are the root's
    std::size_t depth_ = 0, signature_depth_ = 0, signatures_ = 0, declared_ = 0;
    Where where_ = Where::nowhere;
    bool one_form_ = true;  // inclusive and exclusive are the same so far
    bool sealed_ = false;
};

void Listener::begin(Policy const& policy, Instant at, Preparation const& preparation, Attested& into)
{
    auto how = canonicalisation_of(preparation);
    auto const* const md = detail::digest_named(preparation.digest);
    where_ = how && md != nullptr ? Where::outside : Where::nowhere;
    sealed_ = false;
    one_form_ = true;
    into_ = &into;
    preparation_ = preparation;
    scope_.clear();
    children_.clear();
    ids_.clear();
    child_ = root_ids_ = depth_ = signature_depth_ = signatures_ = declared_ = 0;
    if (where_ == Where::nowhere) return;
    writer_.begin(std::move(*how), *this);
    reader_.begin(policy, at, into);
    digest_.start(md);
}

void Listener::note_start(schemas::StartEvent const& tag)
{
    if (!tag.namespaces.empty()) note_namespaces(tag);
    if (!tag.attributes.empty()) note_attributes(tag);
    if (where_ == Where::outside && (depth_ <= 3 || tag.uri == dsig_ns)) note_place(tag);
    if (where_ == Where::outside) writer_.start(tag);
    else if (where_ == Where::inside) reader_.start(tag, scope_);
}

// Every namespace that is used where it is declared, and none besides: then what exclusive canonicalisation writes at an element
// is what the inclusive one does, as all that is in scope above was written there.
void Listener::note_namespaces(schemas::StartEvent const& tag)
{
    declared_ += tag.namespaces.size();
    if (declared_ > declared_max) return give_up();
    for (auto const& ns : tag.namespaces) {
        scope_.declare(depth_, ns.prefix, ns.uri);
        // A relative name has no canonical form (V8), wherever it stands.
        if (ns.prefix == "xml" || !detail::is_absolute(ns.uri) || scope_.size() > bound_max) return give_up();
        auto const uses = [&](schemas::AttributeEvent const& a) { return !a.prefix.empty() && a.prefix == ns.prefix; };
        bool const used = tag.prefix == ns.prefix || std::ranges::any_of(tag.attributes, uses);
        if (where_ == Where::outside && tag.uri != dsig_ns && !used) one_form_ = false;
    }
}

void Listener::note_attributes(schemas::StartEvent const& tag)
{
    for (auto const& a : tag.attributes) {
        if (a.prefix == "xml") give_up();
        else if (detail::is_id_name(a.name)) note_id(a);
    }
}

// Used twice, or with white space that a schema would strip, is left to the tree (V2).
void Listener::note_id(schemas::AttributeEvent const& attribute)
{
    auto const value = attribute.value;
    bool const padded = !value.empty() && (is_blank(value.front()) || is_blank(value.back()));
    if (padded || ids_.size() == detail::swept_ids_max || std::ranges::find(ids_, value) != ids_.end()) return give_up();
    ids_.emplace_back(value);
    if (depth_ > 1) return;
    if (attribute.prefix.empty()) ++root_ids_;
    else give_up();  // not one that a Reference could name
}

void Listener::note_place(schemas::StartEvent const& tag)
{
    if (tag.uri == dsig_ns) {
        // Right under a child of the root, once, and nothing of XML Signature elsewhere.
        if (tag.name != "Signature" || depth_ != 3 || ++signatures_ > 1) return give_up();
        into_->holder = children_[child_].name;
        where_ = Where::inside;
        signature_depth_ = depth_;
    } else if (depth_ == 1) {
        into_->root = tag.name;
    } else if (depth_ == 2) {
        note_child(tag.name);
    }
}

void Listener::note_child(std::string_view name)
{
    auto const known = std::ranges::find(children_, name, &Child::name);
    child_ = static_cast<std::size_t>(known - children_.begin());
    if (known == children_.end()) {
        if (children_.size() == children_max) return give_up();
        children_.push_back({std::string{name}, 0});
    }
    ++children_[child_].met;
}

void Listener::end_in_signature(schemas::EndEvent const& tag)
{
    reader_.end(tag);
    if (!reader_.plain()) give_up();
    else if (depth_ == signature_depth_) where_ = Where::outside;
}

void Listener::seal()
{
    if (where_ == Where::nowhere || sealed_) return;
    sealed_ = true;
    writer_.finish();
    bool const one_holder = signatures_ == 1 && std::ranges::find(children_, into_->holder, &Child::name)->met == 1;
    if (!one_holder || !reader_.whole() || !writer_.has_form() || !covers_the_root() || !digest_.finish(into_->digest)) {
        return give_up();
    }
    if (will_do()) into_->wanted = preparation_;
}

// The whole document: "", or "#id" of the root element (V1). Without instructions the two are digested alike.
bool Listener::covers_the_root() const
{
    if (into_->reference.empty()) return true;
    auto const roots = std::span{ids_}.first(root_ids_);
    return std::ranges::find(roots, std::string_view{into_->reference}.substr(1)) != roots.end();
}

// What was digested is what the Signature asks for. 1.0 and 1.1 differ in parts of documents alone.
bool Listener::will_do() const
{
    auto const& wanted = into_->wanted;
    if (wanted.digest != preparation_.digest) return false;
    bool const exclusive = wanted.canonicalisation == "exc-c14n";
    if (one_form_ || (!exclusive && preparation_.canonicalisation != "exc-c14n")) return true;
    return exclusive && preparation_.canonicalisation == "exc-c14n" && wanted.prefixes == preparation_.prefixes;
}

}  // namespace

struct Witness::State {
    Policy policy;
    Instant at{};
    std::vector<Preparation> preparations;
    Listener envelope, form;
    Attested dossier;
    std::vector<std::optional<Attested>> forms;
    std::vector<FileFacts> files;
    Digester file;
    bool open = false;  // a form is
    bool plain = false;

    [[nodiscard]] Preparation const& preparation(std::size_t index) const
    {
        static Preparation const usual;
        return index < preparations.size() ? preparations[index] : usual;
    }
};

Witness::Witness() : state_{std::make_unique<State>()} {}
Witness::~Witness() = default;

void Witness::begin(Policy const& policy, Instant at, std::vector<Preparation> preparations)
{
    auto& s = *state_;
    s.policy = policy;
    s.at = at;
    s.preparations = std::move(preparations);
    s.dossier = {};
    s.forms.clear();
    s.files.clear();
    s.open = false;
    s.plain = true;
    s.envelope.begin(s.policy, at, s.preparations.empty() ? s.preparation(0) : s.preparations.back(), s.dossier);
}

schemas::Events& Witness::envelope() { return state_->envelope; }

schemas::Events* Witness::begin_form(std::size_t index, bool xml)
{
    auto& s = *state_;
    if (index != s.forms.size() || s.open) s.plain = false;
    s.open = true;
    s.file.start(detail::sha256_md());
    auto& attested = s.forms.emplace_back();
    if (!xml) return nullptr;
    s.form.begin(s.policy, s.at, s.preparation(index), attested.emplace());
    return &s.form;
}

void Witness::form_bytes(std::string_view bytes) { state_->file.add(bytes); }

void Witness::end_form()
{
    auto& s = *state_;
    auto& file = s.files.emplace_back();
    file.size = s.file.size();
    if (!s.open || !s.file.finish(file.sha256.data())) s.plain = false;
    if (!s.forms.empty() && s.forms.back() && !s.form.whole()) s.plain = false;
    s.open = false;
}

bool Witness::plain() const noexcept { return state_->plain && !state_->open && state_->envelope.whole(); }
std::vector<std::optional<Attested>> const& Witness::forms() const noexcept { return state_->forms; }
Attested const& Witness::dossier() const noexcept { return state_->dossier; }
std::vector<FileFacts> const& Witness::files() const noexcept { return state_->files; }

}  // namespace signing
