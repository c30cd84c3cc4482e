#include "signing/detail/pkcs11.hpp"

#include "signing/digest.hpp"

#define CRYPTOKI_GNU 1  // p11-kit's names without macros
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace signing::detail {
namespace {

using Clock = std::chrono::steady_clock;
using Uri = Owned<P11KitUri, p11_kit_uri_free>;
using Functions = ck_function_list;
constexpr unsigned char with_token = 1;

// A refused PIN is never tried again by itself.
class PinRefused : public KeyTrouble {
public:
    using KeyTrouble::KeyTrouble;
};

void check(ck_rv_t code, std::string_view what)
{
    if (code == CKR_OK) return;
    auto const text = fmt::format("token: {}: {}", what, p11_kit_strerror(code));
    if (code == CKR_PIN_INCORRECT || code == CKR_PIN_LOCKED || code == CKR_PIN_EXPIRED || code == CKR_PIN_INVALID) throw PinRefused{text};
    throw KeyTrouble{text};
}

// What the URI says, read once.
struct Address {
    Uri uri;
    std::string module, pin_file;
};

Address read_address(std::string const& text)
{
    Address address{Uri{p11_kit_uri_new()}, {}, {}};
    auto const read = p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, address.uri.get());
    // The text itself is not repeated: it may hold what it should not.
    if (read != P11_KIT_URI_OK) throw std::runtime_error(fmt::format("the pkcs11: URI cannot be read: {}", p11_kit_uri_message(read)));
    auto* const uri = address.uri.get();
    if (p11_kit_uri_any_unrecognized(uri) != 0) throw std::runtime_error("the pkcs11: URI holds a part that RFC 7512 does not know");
    if (p11_kit_uri_get_pin_value(uri) != nullptr) throw std::runtime_error("the pkcs11: URI holds a PIN; put it into a file and say pin-source=file:PATH");
    auto const* const module = p11_kit_uri_get_module_path(uri);
    if (module == nullptr) throw std::runtime_error("the pkcs11: URI must say module-path=");
    if (p11_kit_uri_get_attribute(uri, CKA_LABEL) == nullptr && p11_kit_uri_get_attribute(uri, CKA_ID) == nullptr)
        throw std::runtime_error("the pkcs11: URI must name the key: object= or id=");
    address.module = module;
    if (auto const* const pin = p11_kit_uri_get_pin_source(uri)) {
        std::string_view source{pin};
        for (std::string_view const scheme : {"file://", "file:"})
            if (source.starts_with(scheme)) {
                source.remove_prefix(scheme.size());
                break;
            }
        address.pin_file = source;
    }
    return address;
}

// Loaded once per path and never unloaded: sessions of several keys may share a module, and many modules do not bear a
// second start.
Functions* module_of(std::string const& path)
{
    static std::mutex mutex;
    static std::map<std::string, Functions*> modules;
    std::lock_guard const lock{mutex};
    auto& module = modules[path];
    if (module != nullptr) return module;
    auto* const loaded = p11_kit_module_load(path.c_str(), P11_KIT_MODULE_UNMANAGED);
    if (loaded == nullptr) throw KeyTrouble{fmt::format("token: the module cannot be loaded: {}", path)};
    // Not p11_kit_module_initialize(): it passes no arguments, by which a module may think that there is one thread only
    // (PKCS#11 v2.40 §5.4, C_Initialize). SoftHSM then locks nothing and falls over.
    ck_c_initialize_args arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    if (auto const code = loaded->C_Initialize(&arguments); code != CKR_OK && code != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        p11_kit_module_release(loaded);
        check(code, "the module does not start");
    }
    return module = loaded;
}

class Pin {
public:
    explicit Pin(std::string const& file)
    {
        struct stat status {};
        if (::stat(file.c_str(), &status) != 0) throw KeyTrouble{"token: the PIN file cannot be read: " + file};
        if ((status.st_mode & S_IRWXO) != 0) throw KeyTrouble{"token: the PIN file is open to everybody: " + file};
        std::ifstream in{file, std::ios::binary};
        std::getline(in, text_);
        while (!text_.empty() && (text_.back() == '\r' || text_.back() == ' ')) text_.pop_back();
        if (text_.empty()) throw KeyTrouble{"token: the PIN file is empty: " + file};
    }
    ~Pin() { OPENSSL_cleanse(text_.data(), text_.size()); }
    Pin(Pin const&) = delete;
    Pin& operator=(Pin const&) = delete;
    [[nodiscard]] unsigned char* data() { return reinterpret_cast<unsigned char*>(text_.data()); }
    [[nodiscard]] unsigned long size() const { return text_.size(); }

private:
    std::string text_;
};

ck_slot_id_t slot_of(Functions& token, P11KitUri* uri)
{
    unsigned long count = 0;
    check(token.C_GetSlotList(with_token, nullptr, &count), "its slots cannot be listed");
    std::vector<ck_slot_id_t> slots(count);
    check(token.C_GetSlotList(with_token, slots.data(), &count), "its slots cannot be listed");
    slots.resize(count);
    std::vector<ck_slot_id_t> found;
    auto const wanted = p11_kit_uri_get_slot_id(uri);
    for (auto const slot : slots) {
        ck_token_info info{};
        if (token.C_GetTokenInfo(slot, &info) != CKR_OK || p11_kit_uri_match_token_info(uri, &info) != 1) continue;
        if (wanted == static_cast<ck_slot_id_t>(-1) || wanted == slot) found.push_back(slot);
    }
    if (found.empty()) throw KeyTrouble{"token: no token is there that the URI speaks of"};
    if (found.size() > 1) throw KeyTrouble{"token: the URI speaks of more than one token"};
    return found.front();
}

ck_object_handle_t key_of(Functions& token, ck_session_handle_t session, P11KitUri* uri)
{
    ck_object_class_t kind = CKO_PRIVATE_KEY;
    std::vector<ck_attribute> wanted{{CKA_CLASS, &kind, sizeof kind}};
    for (auto const type : {CKA_LABEL, CKA_ID})
        if (auto const* const attribute = p11_kit_uri_get_attribute(uri, type)) wanted.push_back(*attribute);
    check(token.C_FindObjectsInit(session, wanted.data(), wanted.size()), "the key cannot be looked for");
    std::array<ck_object_handle_t, 2> found{};
    unsigned long count = 0;
    auto const searched = token.C_FindObjects(session, found.data(), found.size(), &count);
    token.C_FindObjectsFinal(session);
    check(searched, "the key cannot be looked for");
    if (count == 0) throw KeyTrouble{"token: the key is not in it, or the PIN is wanted"};
    if (count > 1) throw KeyTrouble{"token: the URI speaks of more than one key"};
    return found.front();
}

// One login's worth of work; used by one thread at a time.
class Session {
public:
    explicit Session(Address const& address) : token_{module_of(address.module)}
    {
        auto const slot = slot_of(*token_, address.uri.get());
        check(token_->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session_), "no session");
        try {
            if (!address.pin_file.empty()) log_in(address.pin_file);
            key_ = key_of(*token_, session_, address.uri.get());
        } catch (...) {
            token_->C_CloseSession(session_);
            throw;
        }
    }
    // Closing the last session logs out; what the module says to it changes nothing.
    ~Session() { token_->C_CloseSession(session_); }
    Session(Session const&) = delete;
    Session& operator=(Session const&) = delete;

    std::string sign(ck_mechanism_type_t kind, std::string input, std::size_t size)
    {
        ck_mechanism mechanism{kind, nullptr, 0};
        check(token_->C_SignInit(session_, &mechanism, key_), "a signature cannot be begun");
        std::string value(size, '\0');
        unsigned long made = size;
        check(token_->C_Sign(session_, reinterpret_cast<unsigned char*>(input.data()), input.size(),
                             reinterpret_cast<unsigned char*>(value.data()), &made),
              "it does not sign");
        if (made != size) throw KeyTrouble{"token: a signature of the wrong length"};
        return value;
    }

private:
    void log_in(std::string const& pin_file)
    {
        Pin pin{pin_file};
        auto const code = token_->C_Login(session_, CKU_USER, pin.data(), pin.size());
        if (code != CKR_USER_ALREADY_LOGGED_IN) check(code, "no login");  // another session of ours logged in before
    }

    Functions* token_;
    ck_session_handle_t session_ = 0;
    ck_object_handle_t key_ = 0;
};

// PKCS#1 v1.5 (RFC 8017 §9.2, note 1): what stands before a SHA-256 value. EC signs the value alone.
std::string digest_info(KeyFamily family, std::string_view bytes)
{
    constexpr std::array<unsigned char, 19> prefix{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                   0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    auto const digest = sha256(bytes);
    std::string text;
    if (family == KeyFamily::rsa) text.assign(prefix.begin(), prefix.end());
    return text.append(digest.begin(), digest.end());
}

}  // namespace

bool is_token_uri(std::string_view key) { return key.starts_with("pkcs11:"); }

// Where jobs lie until a session takes them.
struct TokenKey::Desk {
    struct Job {
        std::string input, value, trouble;
        bool done = false, abandoned = false;
    };

    Address address;
    TokenConfig config;
    ck_mechanism_type_t mechanism = 0;
    std::size_t value_bytes = 0;
    KeyFamily family = KeyFamily::other;

    std::mutex mutex;
    std::condition_variable work, news;
    std::deque<std::shared_ptr<Job>> jobs;
    std::size_t running = 0;
    bool stopping = false;
    std::string pin_refused;        // once set, no session is opened any more
    std::string away;               // why the token could not be reached,
    Clock::time_point away_until{}; // and until when it is not asked again

    static void serve(std::shared_ptr<Desk> const& desk, std::unique_ptr<Session> session);
    std::shared_ptr<Job> next();
    void finish(Job& job, std::string value, std::string trouble);
    std::unique_ptr<Session> open();
    std::string sign(std::unique_ptr<Session>& session, std::string const& input);
};

std::shared_ptr<TokenKey::Desk::Job> TokenKey::Desk::next()
{
    std::unique_lock lock{mutex};
    for (;;) {
        work.wait(lock, [this] { return stopping || !jobs.empty(); });
        if (stopping) return nullptr;
        auto job = std::move(jobs.front());
        jobs.pop_front();
        if (!job->abandoned) return job;
    }
}

void TokenKey::Desk::finish(Job& job, std::string value, std::string trouble)
{
    {
        std::lock_guard const lock{mutex};
        job.value = std::move(value);
        job.trouble = std::move(trouble);
        job.done = true;
    }
    news.notify_all();
}

std::unique_ptr<Session> TokenKey::Desk::open()
{
    {
        std::lock_guard const lock{mutex};
        if (!pin_refused.empty()) throw KeyTrouble{pin_refused};
        if (Clock::now() < away_until) throw KeyTrouble{away};
    }
    try {
        return std::make_unique<Session>(address);
    } catch (PinRefused const& trouble) {
        std::lock_guard const lock{mutex};
        pin_refused = trouble.what();
        throw;
    } catch (KeyTrouble const& trouble) {
        std::lock_guard const lock{mutex};
        away = trouble.what();
        away_until = Clock::now() + config.retry_interval;
        throw;
    }
}

// A session may have died since its last signature (token restarted, logged out): then once more on a new one.
std::string TokenKey::Desk::sign(std::unique_ptr<Session>& session, std::string const& input)
{
    if (session) {
        try {
            return session->sign(mechanism, input, value_bytes);
        } catch (KeyTrouble const&) {
            session.reset();
        }
    }
    session = open();
    try {
        return session->sign(mechanism, input, value_bytes);
    } catch (KeyTrouble const&) {
        session.reset();
        throw;
    }
}

void TokenKey::Desk::serve(std::shared_ptr<Desk> const& desk, std::unique_ptr<Session> session)
{
    while (auto const job = desk->next()) {
        try {
            desk->finish(*job, desk->sign(session, job->input), {});
        } catch (std::exception const& trouble) {
            desk->finish(*job, {}, trouble.what());
        }
    }
    session.reset();
    std::lock_guard const lock{desk->mutex};
    --desk->running;
    desk->news.notify_all();
}

TokenKey::TokenKey(std::string const& uri, KeyStrength const& strength, TokenConfig const& config) : desk_{std::make_shared<Desk>()}
{
    auto& desk = *desk_;
    desk.address = read_address(uri);
    desk.config = config;
    desk.family = strength.family;
    bool const rsa = strength.family == KeyFamily::rsa;
    desk.mechanism = rsa ? CKM_RSA_PKCS : CKM_ECDSA;
    auto const bytes = static_cast<std::size_t>((strength.bits + 7) / 8);
    desk.value_bytes = rsa ? bytes : bytes * 2;
    auto first = desk.open();
    for (std::size_t i = 0; i < std::max<std::size_t>(config.sessions, 1); ++i) {
        ++desk.running;
        std::thread{[desk = desk_, session = std::move(first)]() mutable { Desk::serve(desk, std::move(session)); }}.detach();
    }
}

TokenKey::~TokenKey()
{
    std::unique_lock lock{desk_->mutex};
    desk_->stopping = true;
    desk_->work.notify_all();
    for (auto& job : desk_->jobs) {
        job->trouble = "token: the key is being closed";
        job->done = true;
    }
    desk_->news.notify_all();
    desk_->news.wait_for(lock, desk_->config.sign_timeout, [this] { return desk_->running == 0; });
}

std::string TokenKey::sign_sha256(std::string_view bytes)
{
    auto const job = std::make_shared<Desk::Job>();
    job->input = digest_info(desk_->family, bytes);
    std::unique_lock lock{desk_->mutex};
    if (desk_->jobs.size() >= desk_->config.waiting_max) throw KeyTrouble{"token: too many signatures wait for it"};
    desk_->jobs.push_back(job);
    desk_->work.notify_one();
    if (!desk_->news.wait_for(lock, desk_->config.sign_timeout, [&] { return job->done; })) {
        job->abandoned = true;  // a thread may hold it
        std::erase(desk_->jobs, job);
        throw KeyTrouble{"token: no signature in time"};
    }
    if (!job->trouble.empty()) throw KeyTrouble{job->trouble};
    return std::move(job->value);
}

}  // namespace signing::detail
