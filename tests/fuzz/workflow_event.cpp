// Can any body of POST /v1/workflow/events crash its reader or pass a bound? And whatever it says no to is answered with
// a problem that is whole JSON.

#include "gateway/fault/problem.hpp"
#include "gateway/intake/workflow.hpp"
#include "tests/fuzz/must.hpp"

#include <boost/json.hpp>

using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const event = intake::parse_event(fuzz::text_of(data, size));
    if (event) {
        must(size <= intake::event_bytes_max);
        must(!event->event_id.empty() && event->event_id.size() <= 100);
        must(!event->case_code.empty() && event->body_sha256.size() == 64);
        must(event->department.size() <= 2000 && event->note.size() <= 2000);
        must(fuzz::utf8(event->department) && fuzz::utf8(event->note));
        return 0;
    }
    auto const problem = fault::problem_json(event.error(), "0123456789abcdef0123456789abcdef");
    boost::system::error_code error;
    auto const json = boost::json::parse(problem, error);
    must(!error && json.is_object() && fuzz::utf8(problem));
    return 0;
}
