#include "gateway/config.hpp"

#include "gateway/dossier/time.hpp"
#include "gateway/runtime/config_field.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>
#include <tuple>
#include <type_traits>
#include <utility>

namespace gateway {
namespace {

using runtime::Field;
using runtime::FlagField;
using runtime::TextField;
using std::chrono::milliseconds, std::chrono::seconds, std::chrono::minutes, std::chrono::hours;

// ---- the rows of parts that keep none beside their struct -----------------------------------------------------------

constexpr std::tuple server_fields{
    TextField{"server.address", &ServerConfig::address, "Address of the provider listener."},
    Field{"server.port", &ServerConfig::port, 0u, 65535u, "Its port; 0 takes any free one."},
    TextField{"server.certificate_file", &ServerConfig::certificate_file, "PEM: the server's certificate, then its chain. Empty with key_file: plain HTTP, for a sandbox or behind a TLS proxy."},
    TextField{"server.key_file", &ServerConfig::key_file, "PEM: its private key."},
    TextField{"server.client_ca_file", &ServerConfig::client_ca_file, "PEM: who may issue client certificates; empty: none is asked for."},
    Field{"server.io_threads", &ServerConfig::io_threads, 0u, 256u, "Threads that serve connections; 0: one per core."},
    Field{"server.cpu_threads", &ServerConfig::cpu_threads, 1u, 256u, "Threads for dossiers too large to examine inline."},
    Field{"server.stop_timeout", &ServerConfig::stop_timeout, milliseconds{100}, milliseconds{600'000}, "How long a polite stop may take before what still runs is cut."},
    Field{"server.drain_wait", &ServerConfig::drain_wait, milliseconds{0}, milliseconds{300'000}, "How long of that /readyz says 503 while all is still served and each answer ends its connection, so that a load balancer turns to other gateways before this one closes. 0: it closes at once."},
    Field{"server.reload_interval", &ServerConfig::reload_interval, milliseconds{100}, milliseconds{3'600'000}, "How often providers and agencies are read again from the database, and the trust directory and the receipt keys where their files have changed."},
};

constexpr std::tuple ops_fields{
    TextField{"ops.address", &OpsConfig::address, "Address of the operations' listener: metrics, health, console. Never a public one."},
    Field{"ops.port", &OpsConfig::port, 0u, 65535u, "Its port; 0 takes any free one."},
    TextField{"ops.console_directory", &OpsConfig::console_directory, "Where the console's page lies; empty: no console."},
};

constexpr std::tuple examine_fields{
    Field{"examine.inline_bytes_max", &intake::SubmitConfig::inline_bytes_max, 0u, 64u << 20, "A dossier up to this size is examined on its connection's thread; a larger one on the CPU pool."},
    Field{"examine.pool_waiting_max", &intake::SubmitConfig::pool_waiting_max, 1u, 100'000u, "Large dossiers on the CPU pool or waiting for it; beyond: 503."},
};

constexpr std::tuple engine_fields{
    TextField{"examine.engine", &EngineConfig::engine, "sweep: dossiers are read in one sweep, and by tree and xmlsec1 where the sweep leaves them; tree: by tree and xmlsec1 alone."},
};

constexpr std::tuple cross_check_fields{
    TextField{"signing.cross_check", &intake::CrossCheckConfig::share, "Share of the dossiers the sweep accepted that tree and xmlsec1 examine once more beside the path: off, sample or all. A disagreement raises the alarm engines_disagree."},
    Field{"signing.cross_check_one_in", &intake::CrossCheckConfig::one_in, 1u, 1'000'000u, "Of a sample: every so many-th."},
    Field{"signing.cross_check_each_second_max", &intake::CrossCheckConfig::each_second_max, 1u, 60'000u, "Of a sample: at most so many each second, so that a peak keeps the processor for itself."},
    Field{"signing.cross_check_waiting_max", &intake::CrossCheckConfig::waiting_max, 1u, 10'000u, "Of them waiting for the CPU pool or on it; beyond, they are passed over and counted."},
    Field{"signing.cross_check_bytes_max", &intake::CrossCheckConfig::bytes_max, 64u << 10, 1u << 30, "Their bodies together."},
};

constexpr std::tuple envelope_fields{
    Field{"examine.forms_max", &schemas::EnvelopeLimits::forms_max, 1u, 10'000u, "Files of one dossier."},
    Field{"examine.forms_bytes_total_max", &schemas::EnvelopeLimits::forms_bytes_total_max, 1u << 10, 1u << 30, "All files of one dossier together, decoded."},
    Field{"examine.field_bytes_max", &schemas::EnvelopeLimits::field_bytes_max, 16u, 1u << 20, "One text field of the envelope."},
};

constexpr std::tuple envelope_xml_fields{
    Field{"examine.envelope_xml_bytes_max", &schemas::XmlLimits::bytes_max, 1u << 10, 1u << 30, "The envelope's XML."},
    Field{"examine.envelope_xml_depth_max", &schemas::XmlLimits::depth_max, 8u, 200u, "Nesting of its elements."},
    Field{"examine.envelope_xml_nodes_max", &schemas::XmlLimits::nodes_max, 100u, 100'000'000u, "Its elements and texts."},
};

constexpr std::tuple form_xml_fields{
    Field{"examine.form_xml_bytes_max", &schemas::XmlLimits::bytes_max, 1u << 10, 1u << 30, "One form's XML."},
    Field{"examine.form_xml_depth_max", &schemas::XmlLimits::depth_max, 8u, 200u, "Nesting of its elements."},
    Field{"examine.form_xml_nodes_max", &schemas::XmlLimits::nodes_max, 100u, 100'000'000u, "Its elements and texts."},
};

constexpr std::tuple notices_fields{
    Field{"notices.wait_max", &intake::NoticesConfig::wait_max, seconds{0}, seconds{300}, "Longest long poll of GET /v1/notices."},
    Field{"notices.rows_max", &intake::NoticesConfig::rows_max, 1u, 10'000u, "Notices in one answer."},
    Field{"notices.waiters_max", &intake::NoticesConfig::waiters_max, 1u, 1000u, "Long polls one provider may hold at once."},
    Field{"notices.poll_interval", &intake::NoticesConfig::poll_interval, milliseconds{10}, milliseconds{30'000}, "How often a waiting long poll looks at the database."},
};

constexpr std::tuple signing_fields{
    TextField{"signing.trust_directory", &SigningConfig::trust_directory, "Anchors, intermediates and CRLs of those who sign dossiers. Read again on SIGHUP."},
    TextField{"signing.receipt_key_file", &SigningConfig::receipt_key_file, "PEM: the key that signs receipts (P-256)."},
    TextField{"signing.receipt_certificate_file", &SigningConfig::receipt_certificate_file, "PEM: its certificate."},
    TextField{"signing.receipt_key", &SigningConfig::receipt_key, "Where the receipt key is, in place of receipt_key_file: file:PATH, or pkcs11: with token=, object= and ?module-path= and pin-source=file:PATH (RFC 7512)."},
    TextField{"signing.receipt_keys_directory", &SigningConfig::receipt_keys_directory, "Several receipt keys with their dates in force, and the certificates of past ones, in place of the single key. Read again on SIGHUP and when its files change."},
    Field{"signing.receipt_key_warning", &SigningConfig::receipt_key_warning, hours{24}, hours{24 * 365}, "The alarm receipt_key_ends rises so long before the last receipt key ends."},
    TextField{"signing.sha1_until", &SigningConfig::sha1_until, "yyyy-mm-dd: the last day SHA-1 signatures are taken; empty: never."},
    TextField{"signing.branch_rule", &SigningConfig::branch_rule, "parent_may_sign: a parent's certificate signs for its branch too; exact: the tax code to the digit."},
};

constexpr std::tuple policy_fields{
    Field{"signing.rsa_bits_min", &signing::Policy::rsa_bits_min, 2048u, 16384u, "Smallest RSA key."},
    Field{"signing.signing_time_skew", &signing::Policy::signing_time_skew, seconds{0}, seconds{86'400}, "How far SigningTime may run ahead of our clock."},
    Field{"signing.verdicts_max", &signing::Policy::verdicts_max, 1u, 100'000'000u, "Verdicts on certificates kept in memory."},
};

constexpr std::tuple token_fields{
    Field{"signing.token_timeout", &signing::TokenConfig::sign_timeout, milliseconds{10}, milliseconds{60'000}, "One signature of a key in a PKCS#11 token, waiting included; then the dossier is not accepted."},
    Field{"signing.token_retry", &signing::TokenConfig::retry_interval, milliseconds{0}, milliseconds{60'000}, "A token that is away is asked again no sooner."},
    Field{"signing.token_sessions", &signing::TokenConfig::sessions, 1u, 64u, "Sessions with the token, each with a thread."},
    Field{"signing.token_waiting_max", &signing::TokenConfig::waiting_max, 1u, 100'000u, "Signatures waiting for a session."},
};

constexpr std::tuple schemas_fields{
    TextField{"schemas.xsd_directory", &SchemasConfig::xsd_directory, "Our schemas with their catalogue.toml."},
    TextField{"schemas.rules_directory", &SchemasConfig::rules_directory, "Procedures, code lists and bounds with their dates."},
};

constexpr std::tuple store_fields{
    TextField{"store.database_url", &store::StoreConfig::database_url, "libpq address of the database, as a URL or as keywords; several hosts with target_session_attrs=read-write for a fail-over."},
    Field{"store.connections_max", &store::StoreConfig::connections_max, 1u, 256u, "Connections for everything but the commits."},
    Field{"store.waiting_max", &store::StoreConfig::waiting_max, 1u, 1'000'000u, "Calls waiting for one of them; beyond: 503."},
    Field{"store.batch_rows_max", &store::StoreConfig::batch_rows_max, 1u, 10'000u, "Dossiers that share one transaction."},
    Field{"store.batch_rows_min", &store::StoreConfig::batch_rows_min, 1u, 10'000u, "Where more wait, a transaction takes as many as take twice the time that it needs beside its rows, but no fewer than this: more would save little and make everybody wait longer."},
    Field{"store.batch_rows_uneven", &store::StoreConfig::batch_rows_uneven, 1u, 10'000u, "The same while a provider with few dossiers sends beside one with many: as many as take half the time that it needs beside them, but no fewer than this, so that the flood of the one is not the waiting of the other."},
    Field{"store.batch_bytes_max", &store::StoreConfig::batch_bytes_max, 1u << 10, 1u << 30, "Their bodies together; a larger one goes alone."},
    Field{"store.pending_rows_max", &store::StoreConfig::pending_rows_max, 1u, 1'000'000u, "Dossiers waiting for the committer; beyond: 503."},
    Field{"store.pending_bytes_max", &store::StoreConfig::pending_bytes_max, 1u << 10, std::uint64_t{64} << 30, "Their bodies together."},
    Field{"store.connect_timeout", &store::StoreConfig::connect_timeout, milliseconds{100}, milliseconds{60'000}, "For one connection to the database."},
    Field{"store.statement_timeout", &store::StoreConfig::statement_timeout, milliseconds{100}, milliseconds{600'000}, "For one statement."},
    TextField{"store.compression", &store::StoreConfig::compression, "Of stored bodies: none, lz4 or zstd."},
};

constexpr std::tuple ledger_fields{
    TextField{"ledger.name", &store::LedgerConfig::name, "Whose log its signed heads are of: 1 to 100 of a-z 0-9 . - / _. All gateways over one database have one name; it never changes."},
    Field{"ledger.head_interval", &store::LedgerConfig::head_interval, milliseconds{1'000}, milliseconds{86'400'000}, "A head of the provable log is signed at least so often."},
    Field{"ledger.head_age_min", &store::LedgerConfig::head_age_min, milliseconds{100}, milliseconds{60'000}, "And where providers ask for one, no more often than this."},
};

constexpr std::tuple delivery_switch_fields{
    FlagField{"delivery.enabled", &DeliverySwitch::enabled, "Whether this process delivers; another one may."},
};

constexpr std::tuple backend_fields{
    TextField{"delivery.backend_url", &delivery::BackendConfig::url, "The workflow backend; dossiers go to {url}/v1/cases."},
    TextField{"delivery.backend_ca_file", &delivery::BackendConfig::ca_file, "PEM: anchors for https; empty: the system's."},
    TextField{"delivery.backend_certificate_file", &delivery::BackendConfig::certificate_file, "PEM: the hub's client certificate."},
    TextField{"delivery.backend_key_file", &delivery::BackendConfig::key_file, "PEM: its key."},
    TextField{"delivery.backend_bearer_key", &delivery::BackendConfig::bearer_key, "Sent as Authorization: Bearer where not empty. Secret: never printed."},
    Field{"delivery.backend_connections_max", &delivery::BackendConfig::connections_max, 1u, 4096u, "Connections to the backend."},
    Field{"delivery.backend_answer_bytes_max", &delivery::BackendConfig::answer_bytes_max, 1u << 10, 64u << 20, "Largest answer read."},
    Field{"delivery.backend_connect_timeout", &delivery::BackendConfig::connect_timeout, milliseconds{10}, milliseconds{60'000}, "For one connection to the backend."},
};

constexpr std::tuple delivery_fields{
    Field{"delivery.attempt_timeout", &delivery::DeliveryConfig::attempt_timeout, milliseconds{10}, milliseconds{600'000}, "One hand-over, connecting included."},
    Field{"delivery.lease", &delivery::DeliveryConfig::lease, seconds{1}, seconds{3600}, "How long a dossier belongs to the process that took it; more than three attempts."},
    Field{"delivery.claim_rows_max", &delivery::DeliveryConfig::claim_rows_max, 1u, 10'000u, "Dossiers taken from the queue at once."},
    Field{"delivery.in_flight_bytes_max", &delivery::DeliveryConfig::in_flight_bytes_max, 1u << 16, std::uint64_t{64} << 30, "Bodies held in memory, over all attempts."},
    Field{"delivery.settle_rows_max", &delivery::DeliveryConfig::settle_rows_max, 1u, 10'000u, "Outcomes written at once."},
    Field{"delivery.settle_wait", &delivery::DeliveryConfig::settle_wait, milliseconds{0}, milliseconds{10'000}, "How long an outcome waits for company."},
    Field{"delivery.claim_wait", &delivery::DeliveryConfig::claim_wait, milliseconds{0}, milliseconds{1'000}, "From a claim that emptied the queue to the next: what is committed meanwhile shares it."},
    Field{"delivery.idle_wait_max", &delivery::DeliveryConfig::idle_wait_max, milliseconds{10}, milliseconds{60'000}, "An empty queue is asked again after so long."},
    Field{"delivery.queue_timeout", &delivery::DeliveryConfig::queue_timeout, milliseconds{100}, milliseconds{600'000}, "One call of the queue."},
    Field{"delivery.depth_interval", &delivery::DeliveryConfig::depth_interval, milliseconds{100}, milliseconds{600'000}, "How often the queue's depth and age are measured."},
};

constexpr std::tuple settle_fields{
    Field{"delivery.attempts_max", &delivery::SettleConfig::attempts_max, 1u, 1'000'000u, "Attempts before a dossier waits for a person."},
    Field{"delivery.give_up_after", &delivery::SettleConfig::give_up_after, hours{1}, hours{24 * 365}, "Time since receipt before it does."},
};

constexpr std::tuple backoff_fields{
    Field{"delivery.backoff_first", &delivery::BackoffConfig::first, milliseconds{1}, milliseconds{600'000}, "The first wait before a retry is drawn from up to this."},
    Field{"delivery.backoff_max", &delivery::BackoffConfig::max, milliseconds{1}, milliseconds{86'400'000}, "No wait is drawn from more."},
    Field{"delivery.retry_after_max", &delivery::BackoffConfig::retry_after_max, seconds{1}, seconds{86'400}, "A longer Retry-After is cut to this."},
};

constexpr std::tuple probe_fields{
    TextField{"probe.key_file", &ProbeConfig::key_file, "PEM: a key to sign the probe of /readyz with, of an organisation certificate under our trust anchors. Empty: the receipt key, and the probe then ends where the chain is refused."},
    TextField{"probe.certificate_file", &ProbeConfig::certificate_file, "PEM: its certificate, with a tax code (UID=MST:…)."},
    Field{"probe.interval", &ProbeConfig::interval, milliseconds{10}, milliseconds{600'000}, "How often a signed probe goes through parse, verify, validate and store."},
    Field{"probe.timeout", &ProbeConfig::timeout, milliseconds{10}, milliseconds{600'000}, "For its part in the store."},
    Field{"probe.fresh", &ProbeConfig::fresh, milliseconds{20}, milliseconds{3'600'000}, "How long /readyz believes a probe."},
};

constexpr std::tuple alarm_fields{
    Field{"alarms.queue_age_max", &AlarmConfig::queue_age_max, seconds{1}, seconds{864'000}, "An older dossier in the queue raises an alarm."},
    Field{"alarms.dead_letters_max", &AlarmConfig::dead_letters_max, 0u, 1'000'000'000u, "More dead letters than this raise an alarm."},
};

constexpr std::tuple log_fields{
    TextField{"log.level", &observe::LogConfig::level, "debug, info, warning or error."},
    TextField{"log.file", &observe::LogConfig::file, "Where the log goes; empty: standard error."},
};

// ---- values, as they stand in the file ------------------------------------------------------------------------------

template <class T>
concept Duration = requires { typename T::period; };

std::string toml_text(std::string_view text)
{
    std::ostringstream out;
    out << toml::value<std::string>{std::string{text}};
    return out.str();
}

std::string duration_text(milliseconds time)
{
    if (time.count() != 0 && time.count() % 3'600'000 == 0) return fmt::format("{}h", time.count() / 3'600'000);
    if (time.count() != 0 && time.count() % 60'000 == 0) return fmt::format("{}m", time.count() / 60'000);
    if (time.count() % 1000 == 0) return fmt::format("{}s", time.count() / 1000);
    return fmt::format("{}ms", time.count());
}

std::optional<milliseconds> parse_duration(std::string_view text)
{
    std::int64_t count = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    // A million hours: beyond every bound, and far from overflow.
    if (error != std::errc{} || count < 0 || count > 1'000'000 * std::int64_t{3'600'000}) return std::nullopt;
    std::string_view const unit{end, text.data() + text.size()};
    if (unit == "ms") return milliseconds{count};
    if (count > 1'000'000'000) return std::nullopt;
    if (unit == "s") return seconds{count};
    if (unit == "m") return minutes{count};
    if (unit == "h") return hours{count};
    return std::nullopt;
}

template <class T>
std::string shown(T const& value)
{
    if constexpr (std::same_as<T, std::string>) return toml_text(value);
    else if constexpr (std::same_as<T, bool>) return value ? "true" : "false";
    else if constexpr (Duration<T>) return toml_text(duration_text(std::chrono::duration_cast<milliseconds>(value)));
    else if constexpr (std::floating_point<T>) return fmt::format("{}", value);
    else return fmt::format("{}", value);
}

// The value of a node as a T. Nothing: another type, or not representable.
template <class T>
std::optional<T> value_of(toml::node const& node)
{
    if constexpr (std::same_as<T, std::string>) {
        return node.value_exact<std::string>();
    } else if constexpr (std::same_as<T, bool>) {
        return node.value_exact<bool>();
    } else if constexpr (Duration<T>) {
        auto const text = node.value_exact<std::string>();
        auto const time = text ? parse_duration(*text) : std::nullopt;
        if (!time || *time % T{1} != milliseconds{0}) return std::nullopt;
        return std::chrono::duration_cast<T>(*time);
    } else if constexpr (std::floating_point<T>) {
        if (auto const whole = node.value_exact<std::int64_t>()) return static_cast<T>(*whole);
        return node.value_exact<double>();
    } else {
        auto const whole = node.value_exact<std::int64_t>();
        if (!whole || !std::in_range<T>(*whole)) return std::nullopt;
        return static_cast<T>(*whole);
    }
}

template <class T>
constexpr std::string_view kind_of()
{
    if constexpr (std::same_as<T, std::string>) return "text";
    else if constexpr (std::same_as<T, bool>) return "true or false";
    else if constexpr (Duration<T>) return "time";
    else if constexpr (std::floating_point<T>) return "number";
    else return "whole number";
}

// One row with its type erased: what reading, printing and documenting need.
struct Row {
    std::string_view key, help, kind;
    std::string min, max;  // empty: unbounded
    std::function<std::optional<std::string>(toml::node const&)> read;  // a reason where it cannot
    std::function<std::string()> show;
};

template <class Struct, class T>
Row row_of(Struct& config, Field<Struct, T> const& field)
{
    Row row{field.key, field.help, kind_of<T>(), shown(field.min), shown(field.max), {}, {}};
    auto& member = config.*(field.member);
    row.read = [&member, field](toml::node const& node) -> std::optional<std::string> {
        auto const value = value_of<T>(node);
        if (!value) return fmt::format("must be a {}", Duration<T> ? "time such as \"500ms\", \"30s\", \"5m\", \"2h\"" : kind_of<T>());
        if (!(*value >= field.min && *value <= field.max)) return fmt::format("must be between {} and {}", shown(field.min), shown(field.max));
        member = *value;
        return std::nullopt;
    };
    row.show = [&member] { return shown(member); };
    return row;
}

template <class Struct, class Kind, class T>
Row unbounded_row(Struct& config, Kind const& field, T Struct::*)
{
    Row row{field.key, field.help, kind_of<T>(), "", "", {}, {}};
    auto& member = config.*(field.member);
    row.read = [&member](toml::node const& node) -> std::optional<std::string> {
        auto value = value_of<T>(node);
        if (!value) return fmt::format("must be {}", kind_of<T>());
        member = std::move(*value);
        return std::nullopt;
    };
    row.show = [&member] { return shown(member); };
    return row;
}

template <class Struct>
Row row_of(Struct& config, TextField<Struct> const& field) { return unbounded_row(config, field, field.member); }

template <class Struct>
Row row_of(Struct& config, FlagField<Struct> const& field) { return unbounded_row(config, field, field.member); }

// Every row, bound to one Config, the rows of a section together: TOML takes a section once. REQUIRES: the Config outlives the rows.
std::vector<Row> rows_of(Config& config)
{
    std::vector<Row> rows;
    auto add = [&rows](auto& part, auto const& fields) {
        std::apply([&](auto const&... field) { (rows.push_back(row_of(part, field)), ...); }, fields);
    };
    add(config.server, server_fields);
    add(config.ops, ops_fields);
    add(config.intake, intake::limits_fields);
    add(config.intake.pace, intake::pace_fields);
    add(config.intake.places, intake::places_fields);
    add(config.intake.doors, intake::doors_fields);
    add(config.intake.doors, intake::doors_text_fields);
    add(config.examine, examine_fields);
    add(config.engine, engine_fields);
    add(config.envelope, envelope_fields);
    add(config.envelope.xml, envelope_xml_fields);
    add(config.envelope.form, form_xml_fields);
    add(config.notices, notices_fields);
    add(config.signing, signing_fields);
    add(config.signing.policy, policy_fields);
    add(config.signing.token, token_fields);
    add(config.engine.cross_check, cross_check_fields);
    add(config.revocation, revocation::revocation_fields);
    add(config.schemas, schemas_fields);
    add(config.store, store_fields);
    add(config.store.ledger, ledger_fields);
    add(config.delivery_switch, delivery_switch_fields);
    add(config.backend, backend_fields);
    add(config.delivery, delivery_fields);
    add(config.intake.throttle, intake::throttle_fields);
    add(config.delivery.settle, settle_fields);
    add(config.delivery.settle.backoff, backoff_fields);
    add(config.delivery.window, delivery::window_fields);
    add(config.delivery.retries, delivery::retry_budget_fields);
    add(config.otp.desk, otp::desk_fields);
    add(config.otp.outbox, otp::outbox_fields);
    add(config.otp.sms, otp::sms_fields);
    add(config.otp.mail, otp::mail_fields);
    add(config.otp, otp::spool_fields);
    add(config.probe, probe_fields);
    add(config.alarms, alarm_fields);
    add(config.log, log_fields);
    return rows;
}

// ---- the file -------------------------------------------------------------------------------------------------------

constexpr std::string_view case_code_key = "store.case_code";

// [[store.case_code]] pattern = "…" from = "yyyy-mm-dd"
void read_case_codes(toml::node const& node, Config& config, std::vector<std::string>& problems)
{
    auto const* const rows = node.as_array();
    std::vector<dossier::CaseCodeTemplate> templates;
    bool ok = rows && !rows->empty();
    if (rows)
        for (auto const& row : *rows) {
            auto const* const table = row.as_table();
            auto const pattern = table ? (*table)["pattern"].value<std::string>() : std::nullopt;
            auto const from = table ? (*table)["from"].value<std::string>() : std::nullopt;
            auto const day = from ? dossier::parse_date(*from) : std::nullopt;
            if (!pattern || pattern->find("{number") == std::string::npos || !day || table->size() != 2) {
                ok = false;
                continue;
            }
            templates.push_back({*pattern, *day});
        }
    if (!ok) {
        problems.push_back(fmt::format("{}: must be tables of pattern (with {{number}}) and from (\"yyyy-mm-dd\")", case_code_key));
        return;
    }
    std::sort(templates.begin(), templates.end(), [](auto const& a, auto const& b) { return a.from < b.from; });
    config.store.case_code = std::move(templates);
}

void read_section(std::string const& section, toml::table const& table, std::vector<Row> const& rows, Config& config,
                  std::vector<std::string>& problems)
{
    for (auto const& [name, node] : table) {
        auto const key = section + "." + std::string{name.str()};
        if (key == case_code_key) {
            read_case_codes(node, config, problems);
            continue;
        }
        auto const row = std::find_if(rows.begin(), rows.end(), [&](Row const& r) { return r.key == key; });
        if (row == rows.end()) {
            problems.push_back(key + ": unknown key");
            continue;
        }
        if (auto reason = row->read(node)) problems.push_back(key + ": " + *reason);
    }
}

bool one_of(std::string_view value, std::initializer_list<std::string_view> words)
{
    return std::find(words.begin(), words.end(), value) != words.end();
}

// What one row cannot see.
void check_whole(Config& config, std::vector<std::string>& problems)
{
    auto need = [&](bool ok, std::string problem) {
        if (!ok) problems.push_back(std::move(problem));
    };
    auto const unlimited = intake::unlimited_problem(config.intake.doors.unlimited);
    need(unlimited.empty(), "intake.unlimited_addresses: " + unlimited);
    need(config.intake.pace.min <= config.intake.pace.max, "intake.filings_min: must not be above intake.filings_max");
    auto& signing = config.signing;
    need(!signing.trust_directory.empty(), "signing.trust_directory: must be given");
    auto const ways = int{!signing.receipt_key_file.empty()} + int{!signing.receipt_key.empty()} + int{!signing.receipt_keys_directory.empty()};
    need(ways == 1, "signing.receipt_key_file: must be given, or else receipt_key or receipt_keys_directory, and only one of them");
    need(!signing.receipt_keys_directory.empty() || !signing.receipt_certificate_file.empty(), "signing.receipt_certificate_file: must be given");
    need(!config.schemas.xsd_directory.empty(), "schemas.xsd_directory: must be given");
    need(!config.schemas.rules_directory.empty(), "schemas.rules_directory: must be given");
    need(config.server.certificate_file.empty() == config.server.key_file.empty(),
         "server.certificate_file, server.key_file: give both, or neither for plain HTTP");
    need(config.server.client_ca_file.empty() || !config.server.certificate_file.empty(),
         "server.client_ca_file: client certificates need TLS, so certificate_file and key_file too");
    need(config.server.drain_wait < config.server.stop_timeout, "server.drain_wait: must be shorter than server.stop_timeout");
    need(config.intake.unpacked_bytes_max <= config.envelope.xml.bytes_max,
         "intake.unpacked_bytes_max: must not be above examine.envelope_xml_bytes_max");
    need(config.intake.memory_bytes_max >= config.intake.body_bytes_max, "intake.memory_bytes_max: must hold one body of intake.body_bytes_max");
    need(config.delivery.lease > 3 * config.delivery.attempt_timeout, "delivery.lease: must be longer than three delivery.attempt_timeout");
    need(config.delivery.window.min <= config.delivery.window.start && config.delivery.window.start <= config.delivery.window.max,
         "delivery.window_start: must lie between delivery.window_min and delivery.window_max");
    need(config.revocation.retry_first <= config.revocation.retry_max, "revocation.retry_first: must not be above revocation.retry_max");
    need(config.probe.key_file.empty() == config.probe.certificate_file.empty(), "probe.key_file, probe.certificate_file: give both or neither");
    need(config.probe.fresh > config.probe.interval, "probe.fresh: must be longer than probe.interval");
    need(one_of(config.otp.sms.sender, {"off", "spool", "http"}), "otp.sms_sender: must be off, spool or http");
    need(one_of(config.otp.mail.sender, {"off", "spool", "smtp"}), "otp.email_sender: must be off, spool or smtp");
    need(config.otp.desk.key_file.empty() || config.otp.sms.sender != "off" || config.otp.mail.sender != "off",
         "otp.sms_sender, otp.email_sender: with otp.key_file one of them must not be off");
    need((config.otp.sms.sender != "spool" && config.otp.mail.sender != "spool") || !config.otp.spool_directory.empty(),
         "otp.spool_directory: must be given for the sender spool");
    need(one_of(config.store.compression, {"none", "lz4", "zstd"}), "store.compression: must be none, lz4 or zstd");
    need(one_of(config.log.level, {"debug", "info", "warning", "error"}), "log.level: must be debug, info, warning or error");
    need(one_of(config.engine.engine, {"sweep", "tree"}), "examine.engine: must be sweep or tree");
    need(one_of(config.engine.cross_check.share, {"off", "sample", "all"}), "signing.cross_check: must be off, sample or all");
    need(one_of(signing.branch_rule, {"parent_may_sign", "exact"}), "signing.branch_rule: must be parent_may_sign or exact");
    signing.policy.branch_rule = signing.branch_rule == "exact" ? signing::BranchRule::exact : signing::BranchRule::parent_may_sign;
    signing.policy.sha1_until = dossier::parse_date(signing.sha1_until);
    need(signing.sha1_until.empty() || signing.policy.sha1_until, "signing.sha1_until: must be a day as yyyy-mm-dd");
}

std::string_view section_of(std::string_view key) { return key.substr(0, key.find('.')); }
std::string_view name_of(std::string_view key) { return key.substr(key.find('.') + 1); }

bool secret(std::string_view key) { return one_of(key, {"delivery.backend_bearer_key", "otp.sms_bearer_key", "otp.smtp_password"}); }

// postgresql://user:word@host → postgresql://user:***@host; a password among keywords is masked whole.
std::string without_password(std::string url)
{
    if (url.find("password") != std::string::npos) return "***";
    auto const scheme = url.find("://");
    auto const at = url.find('@');
    if (scheme == std::string::npos || at == std::string::npos) return url;
    auto const colon = url.find(':', scheme + 3);
    if (colon != std::string::npos && colon < at) url.replace(colon + 1, at - colon - 1, "***");
    return url;
}

std::string printed(Row const& row, Config const& config)
{
    if (secret(row.key)) return row.show() == toml_text("") ? toml_text("") : "\"***\"";
    if (row.key == "store.database_url") return toml_text(without_password(config.store.database_url));
    return row.show();
}

}  // namespace

ConfigRead parse_config(std::string_view text)
{
    ConfigRead read;
    toml::table file;
    try {
        file = toml::parse(text);
    } catch (toml::parse_error const& error) {
        read.problems.push_back(fmt::format("line {}: {}", error.source().begin.line, error.description()));
        return read;
    }

    auto const rows = rows_of(read.config);
    for (auto const& [section, node] : file) {
        auto const* const table = node.as_table();
        auto const name = section.str();
        bool const known = std::any_of(rows.begin(), rows.end(), [&](Row const& row) { return section_of(row.key) == name; });
        if (!table || !known) {
            read.problems.push_back(std::string{section.str()} + (known ? ": must be a section" : ": unknown section"));
            continue;
        }
        read_section(std::string{section.str()}, *table, rows, read.config, read.problems);
    }
    check_whole(read.config, read.problems);
    return read;
}

ConfigRead read_config(std::filesystem::path const& path)
{
    std::ifstream file{path, std::ios::binary};
    std::string const text{std::istreambuf_iterator<char>{file}, {}};
    if (!file.is_open() || file.bad()) return {{}, {path.string() + ": cannot be read"}};
    return parse_config(text);
}

std::string print_config(Config const& config)
{
    auto copy = config;
    std::string text;
    std::string_view section;
    for (auto const& row : rows_of(copy)) {
        if (section_of(row.key) != section) {
            section = section_of(row.key);
            text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section);
        }
        text += fmt::format("{} = {}\n", name_of(row.key), printed(row, copy));
    }
    for (auto const& form : config.store.case_code)
        text += fmt::format("\n[[{}]]\npattern = {}\nfrom = \"{}\"\n", case_code_key, toml_text(form.pattern), dossier::vietnam_date(form.from));
    return text;
}

std::string config_markdown()
{
    Config defaults;
    std::string text =
        "# Configuration\n\n"
        "Made by `ivan-gateway docs config`; a test compares. One TOML file; times are written `500ms`, `30s`, `5m`, `2h`.\n"
        "Unknown keys are refused. `ivan-gateway serve --config F --check-config` reports every problem at once.\n";
    std::string_view section;
    for (auto const& row : rows_of(defaults)) {
        if (section_of(row.key) != section) {
            section = section_of(row.key);
            text += fmt::format("\n## [{}]\n\n| key | kind | default | from | to | |\n|---|---|---|---|---|---|\n", section);
        }
        text += fmt::format("| `{}` | {} | `{}` | {} | {} | {} |\n", name_of(row.key), row.kind, row.show(), row.min, row.max, row.help);
    }
    text +=
        "\n## [[store.case_code]]\n\nTemplates of the case code, each in force from its day on: `pattern` with `{number:05}`, `{year}`,\n"
        "`{yymmdd}`, `{agency}`, `{agency_id}`, and `from` as `yyyy-mm-dd`. Default: `{number:05}.G/{year}/{agency}` from the beginning.\n";
    return text;
}

}  // namespace gateway
