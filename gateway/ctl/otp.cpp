// ivanctl otp check: computes a one-time password (RFC 4226 HOTP, RFC 6238 TOTP, RFC 6287 OCRA) and compares it. The same
// code that the gateway draws with. Exit: 0 equal (or nothing to compare with), 1 not equal, 2 trouble.
//
// ivanctl otp retire: ends a person's contacts, for one who lost the registered phone. Exit: 0 ended, 1 there were none.

#include "gateway/ctl/context.hpp"
#include "gateway/ctl/database.hpp"
#include "gateway/otp/address.hpp"
#include "gateway/otp/room.hpp"
#include "gateway/otp/vector.hpp"
#include "signing/digest.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <stdexcept>

namespace ctl {
namespace {

namespace json = boost::json;

struct Options {
    std::string type = "totp", secret_hex, secret_ascii, secret_base32, at, start, suite, question, pin, pin_hash, session;
    std::string algorithm = "SHA1", code, case_file, manifest;
    std::optional<std::uint64_t> counter, time_step_number;
    unsigned digits = 6;
    std::uint64_t step = 30;
};

bool same(std::string const& code, std::string const& given) { return signing::equal_constant_time(code, given); }

// The options as one case, so that both ways are read by the same rules.
json::object case_of(Options const& options)
{
    json::object made{{"id", ""}, {"type", options.type}, {"digits", options.digits}, {"algorithm", options.algorithm}, {"period", options.step}};
    auto put = [&](char const* name, std::string const& value) {
        if (!value.empty()) made[name] = value;
    };
    put("secret_hex", options.secret_hex);
    put("secret_ascii", options.secret_ascii);
    put("secret_base32", options.secret_base32);
    put("time", options.at);
    put("t0", options.start);
    put("suite", options.suite);
    put("question", options.question);
    put("pin", options.pin);
    put("pin_sha1", options.pin_hash);
    put("session_hex", options.session);
    put("expected", options.code);
    if (options.counter) made["counter"] = *options.counter;
    if (options.time_step_number) made["timestamp_step_hex"] = fmt::format("{:x}", *options.time_step_number);
    if (made["type"] == "totp" && options.at.empty())
        made["time"] = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    return made;
}

void one_case(Context& context, json::object const& object)
{
    auto const one = otp::read_case(object);
    auto const code = otp::code_of(one.vector);
    json::object answer{{"id", one.id}, {"type", one.vector.type}, {"code", code}};
    if (one.expected.empty()) {
        context.answer(answer, code);
        return;
    }
    bool const equal = same(code, one.expected);
    answer["expected"] = one.expected;
    answer["equal"] = equal;
    if (!equal) context.worsen(Verdict::no);
    context.answer(answer, fmt::format("{} {}", code, equal ? "equal" : "not equal"));
}

// Every case is tried; one that cannot be computed counts as not equal, with its reason.
void many_cases(Context& context, std::vector<json::object> const& cases)
{
    json::array rows;
    std::string text;
    std::size_t equal = 0;
    for (auto const& object : cases) {
        auto const* const id = object.if_contains("id");
        json::object row{{"id", id ? *id : json::value{}}};
        try {
            auto const one = otp::read_case(object);
            auto const code = otp::code_of(one.vector);
            bool const ok = one.expected.empty() || same(code, one.expected);
            row["code"] = code;
            row["equal"] = ok;
            equal += ok ? 1 : 0;
            if (!ok) text += fmt::format("not equal: {} is {}, expected {}\n", one.id, code, one.expected);
        } catch (std::exception const& error) {
            row["equal"] = false;
            row["reason"] = error.what();
            text += fmt::format("no code: {}\n", error.what());
        }
        rows.push_back(std::move(row));
    }
    if (equal != cases.size()) context.worsen(Verdict::no);
    context.answer(json::object{{"cases", cases.size()}, {"equal", equal}, {"results", std::move(rows)}},
                   fmt::format("{}{} of {} equal", text, equal, cases.size()));
}

void check(Context& context, Options const& options)
{
    if (!options.manifest.empty()) return many_cases(context, otp::cases_of(read_file(options.manifest)));
    if (options.case_file.empty()) return one_case(context, case_of(options));
    auto const cases = otp::cases_of(read_file(options.case_file));
    if (cases.size() != 1) return many_cases(context, cases);
    auto object = cases.front();
    if (!options.code.empty()) object["expected"] = options.code;
    one_case(context, object);
}

struct RetireOptions {
    std::string person, key_file;
    DatabaseOption database;
};

void retire(Context& context, RetireOptions const& options)
{
    if (!otp::person_ok(options.person)) throw std::runtime_error("a person's number has 12 digits");
    auto const key = otp::read_key(options.key_file);
    Database database{options.database.url};
    auto const now = std::chrono::system_clock::now();
    auto const ended = need(database.answer(database.otp().retire_contacts(key.blind("person", options.person), now,
                                                                      runtime::Deadline::after(std::chrono::seconds{30}))),
                            "ending contacts");
    if (ended == 0) context.worsen(Verdict::no);
    context.answer(json::object{{"ended", ended}}, fmt::format("{} contacts ended", ended));
}

}  // namespace

void add_otp(CLI::App& app, Context& context)
{
    auto const options = std::make_shared<Options>();
    auto* const otp = app.add_subcommand("otp", "One-time passwords");
    otp->require_subcommand(1);
    auto* const command = otp->add_subcommand("check", "Computes a one-time password and compares it with --code, or a case's own");
    command->add_option("--type", options->type, "hotp, totp or ocra")->transform(CLI::IsMember({"hotp", "totp", "ocra"}, CLI::ignore_case));
    command->add_option("--secret-hex", options->secret_hex, "The secret in hexadecimal digits");
    command->add_option("--secret-ascii", options->secret_ascii, "The secret as it is");
    command->add_option("--secret-base32", options->secret_base32, "The secret in base32");
    command->add_option("--counter", options->counter, "Moving factor of HOTP, or of an OCRA suite");
    command->add_option("--at", options->at, "Time of TOTP: seconds since 1970, or 2025-01-31T08:00:00+07:00; now where not given");
    command->add_option("--time-step", options->step, "Seconds of one step of TOTP")->check(CLI::Range(1u, 1u << 30));
    command->add_option("--t0", options->start, "Where TOTP starts to count, as --at");
    command->add_option("--digits", options->digits, "6, 7 or 8")->check(CLI::Range(6, 8));
    command->add_option("--algorithm", options->algorithm, "SHA1, SHA256 or SHA512");
    command->add_option("--suite", options->suite, "OCRA suite, as OCRA-1:HOTP-SHA1-6:QN08");
    command->add_option("--question", options->question, "OCRA question");
    command->add_option("--pin", options->pin, "OCRA PIN, hashed as the suite says");
    command->add_option("--pin-hash", options->pin_hash, "The PIN's hash in hexadecimal digits");
    command->add_option("--session-hex", options->session, "OCRA session information in hexadecimal digits");
    command->add_option("--time-step-number", options->time_step_number, "OCRA timestamp: whole steps since 1970");
    command->add_option("--code", options->code, "Compare with this code");
    command->add_option("--case", options->case_file, "A JSON file with one case (or several)");
    command->add_option("--manifest", options->manifest, "A JSON file with \"cases\": all are tried");
    command->callback([&context, options] { check(context, *options); });

    auto const retiring = std::make_shared<RetireOptions>();
    auto* const ending = otp->add_subcommand("retire", "Ends every contact of a person who lost the registered phone");
    ending->add_option("person", retiring->person, "The person's number, 12 digits")->required();
    ending->add_option("--key-file", retiring->key_file, "The gateway's otp.key_file")->required();
    retiring->database.declare(*ending);
    ending->callback([&context, retiring] { retire(context, *retiring); });
}

}  // namespace ctl
