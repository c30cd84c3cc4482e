#include "gateway/otp/detail/curl.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>

namespace otp::detail {
namespace {

struct EasyEnd {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, EasyEnd>;

struct ListEnd {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListEnd>;

constexpr std::size_t answer_bytes_max = 64u << 10;

void add(List& list, std::string const& text)
{
    auto* const longer = curl_slist_append(list.get(), text.c_str());
    if (!longer) throw std::bad_alloc{};
    static_cast<void>(list.release());
    list.reset(longer);
}

// The answer's body is of no interest; one that does not end is a failure.
std::size_t discard(char*, std::size_t size, std::size_t count, void* seen)
{
    auto& bytes = *static_cast<std::size_t*>(seen);
    bytes += size * count;
    return bytes > answer_bytes_max ? 0 : size * count;
}

struct Reading {
    std::string const* text;
    std::size_t done = 0;
};

std::size_t give(char* to, std::size_t size, std::size_t count, void* from)
{
    auto& reading = *static_cast<Reading*>(from);
    auto const bytes = std::min(size * count, reading.text->size() - reading.done);
    std::memcpy(to, reading.text->data() + reading.done, bytes);
    reading.done += bytes;
    return bytes;
}

// Not 0: the transfer ends (CURLOPT_XFERINFOFUNCTION).
int asked_to_stop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return static_cast<std::stop_token const*>(stop)->stop_requested() ? 1 : 0; }

void begin()
{
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// What both kinds share. No signals: workers are threads. No redirects: a code goes where the operator said, only there.
template <class Call>  // an HttpPost or a Mail, which outlives the handle
Easy handle_for(Call const& call, char const* protocols, char* error)
{
    begin();
    Easy handle{curl_easy_init()};
    if (!handle) throw std::runtime_error("libcurl");
    auto* const easy = handle.get();
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(easy, CURLOPT_URL, call.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!call.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, call.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, asked_to_stop);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &call.stop);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // nor does a name server that is silent hold up the end
    return handle;
}

Answer answer_of(CURL* easy, CURLcode code, char const* error)
{
    Answer answer;
    answer.answered = code == CURLE_OK;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
    if (code == CURLE_ABORTED_BY_CALLBACK) answer.error = "stopped";
    else if (code != CURLE_OK) answer.error = *error ? error : curl_easy_strerror(code);
    return answer;
}

}  // namespace

Answer post(HttpPost const& request)
{
    char error[CURL_ERROR_SIZE] = "";
    auto const handle = handle_for(request, "http,https", error);
    auto* const easy = handle.get();
    List headers;
    for (auto const& header : request.headers) add(headers, header);
    add(headers, "Expect:");
    std::size_t seen = 0;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &seen);
    return answer_of(easy, curl_easy_perform(easy), error);
}

Answer send(Mail const& mail)
{
    char error[CURL_ERROR_SIZE] = "";
    auto const handle = handle_for(mail, "smtp,smtps", error);
    auto* const easy = handle.get();
    auto const from = "<" + mail.from + ">";
    List recipients;
    add(recipients, "<" + mail.to + ">");
    Reading reading{&mail.text};
    if (!mail.plain) curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    if (!mail.user.empty()) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, mail.user.c_str());
        curl_easy_setopt(easy, CURLOPT_PASSWORD, mail.password.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from.c_str());
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(easy, CURLOPT_READDATA, &reading);
    return answer_of(easy, curl_easy_perform(easy), error);
}

}  // namespace otp::detail
