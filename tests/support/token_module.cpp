// A PKCS#11 module that stands before SoftHSM's and can be told to be away, to lose its sessions or to hang: what a network
// HSM does on a bad day. Loaded by its path as any module is; the test reaches the same copy with dlopen and token_weather().

#define CRYPTOKI_GNU 1
#include <p11-kit/pkcs11.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include <dlfcn.h>

namespace {

std::atomic<int> weather{0};  // 0 fine, 1 away, 2 every session is lost once, 3 hangs
std::atomic<unsigned> opened{0}, log_ins{0};

ck_function_list* real()
{
    static ck_function_list* const list = [] {
        auto const* const path = std::getenv("IVAN_TOKEN_MODULE");
        void* const library = path == nullptr ? nullptr : ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
        auto const get = library == nullptr ? nullptr : reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
        ck_function_list* found = nullptr;
        if (get != nullptr) get(&found);
        return found;
    }();
    return list;
}

ck_rv_t open_session(ck_slot_id_t slot, ck_flags_t flags, void* application, ck_notify_t notify, ck_session_handle_t* session)
{
    if (weather == 1) return CKR_DEVICE_REMOVED;
    ++opened;
    return real()->C_OpenSession(slot, flags, application, notify, session);
}

ck_rv_t log_in(ck_session_handle_t session, ck_user_type_t user, unsigned char* pin, unsigned long size)
{
    ++log_ins;
    return real()->C_Login(session, user, pin, size);
}

ck_rv_t sign_init(ck_session_handle_t session, ck_mechanism* mechanism, ck_object_handle_t key)
{
    if (weather == 1) return CKR_DEVICE_REMOVED;
    int lost = 2;
    if (weather.compare_exchange_strong(lost, 0)) return CKR_SESSION_HANDLE_INVALID;
    return real()->C_SignInit(session, mechanism, key);
}

ck_rv_t sign(ck_session_handle_t session, unsigned char* data, unsigned long size, unsigned char* value, unsigned long* value_size)
{
    while (weather == 3) std::this_thread::sleep_for(std::chrono::milliseconds{5});
    return real()->C_Sign(session, data, size, value, value_size);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) ck_rv_t C_GetFunctionList(ck_function_list** list)
{
    static ck_function_list ours = [] {
        ck_function_list copy{};
        if (real() != nullptr) copy = *real();
        copy.C_GetFunctionList = C_GetFunctionList;
        copy.C_OpenSession = open_session;
        copy.C_Login = log_in;
        copy.C_SignInit = sign_init;
        copy.C_Sign = sign;
        return copy;
    }();
    if (real() == nullptr) return CKR_GENERAL_ERROR;
    *list = &ours;
    return CKR_OK;
}

__attribute__((visibility("default"))) void token_weather(int now) { weather = now; }
__attribute__((visibility("default"))) unsigned token_sessions_opened() { return opened; }
__attribute__((visibility("default"))) unsigned token_log_ins() { return log_ins; }
}
