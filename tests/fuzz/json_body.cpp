// Can any body of the calls around one-time passwords crash its reader, or bring a value that is not of its format? The
// first byte chooses the call.

#include "gateway/fault/problem.hpp"
#include "gateway/intake/otp.hpp"
#include "gateway/otp/address.hpp"
#include "tests/fuzz/must.hpp"

#include <boost/json.hpp>

#include <algorithm>

using fuzz::must;

namespace {

bool all_of(std::string_view text, std::string_view allowed) { return text.find_first_not_of(allowed) == std::string_view::npos; }

void refused(fault::Fault const& fault)
{
    auto const problem = fault::problem_json(fault, "0123456789abcdef0123456789abcdef");
    boost::system::error_code error;
    must(boost::json::parse(problem, error).is_object() && !error && fuzz::utf8(problem));
}

void challenge(std::string_view body)
{
    auto const asking = intake::parse_otp_challenge(body);
    if (!asking) return refused(asking.error());
    must(otp::person_ok(asking->person) && asking->content_sha256.size() == 64 && all_of(asking->content_sha256, "0123456789abcdef"));
}

// What goes into a mail server's commands and headers holds nothing that could end a line or an address.
void contact(std::string_view body)
{
    auto const asking = intake::parse_otp_contact(body);
    if (!asking) return refused(asking.error());
    must(asking->channel.has_value() && otp::person_ok(asking->person) && asking->address.size() <= 254);
    must(std::all_of(asking->address.begin(), asking->address.end(),
                     [](char c) { return c > ' ' && c <= '~' && std::string_view{"<>\",;:()[]\\"}.find(c) == std::string_view::npos; }));
    bool const sms = *asking->channel == signing::OtpChannel::sms;
    must(sms ? asking->address.size() == 12 && asking->address.starts_with("+84") : asking->address.find('@') != std::string::npos);
    // One spelling: what came out goes in again unchanged.
    must((sms ? otp::phone(asking->address) : otp::email(asking->address)) == asking->address);
}

void confirmation(std::string_view body)
{
    auto const given = intake::parse_otp_confirmation(body);
    if (!given) return refused(given.error());
    must(given->code.size() >= 6 && given->code.size() <= 8 && all_of(given->code, "0123456789"));
    must(given->old_code.size() <= 8 && all_of(given->old_code, "0123456789"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size == 0) return 0;
    auto const body = fuzz::text_of(data + 1, size - 1);
    switch (data[0] % 3) {
        case 0: challenge(body); break;
        case 1: contact(body); break;
        default: confirmation(body);
    }
    return 0;
}
