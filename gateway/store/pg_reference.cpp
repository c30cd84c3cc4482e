#include "gateway/store/pg_reference.hpp"

#include "gateway/store/detail/pg_pool.hpp"

#include <map>
#include <type_traits>

namespace store::detail {

namespace {

constexpr Statement providers_statement{
    "providers", "SELECT code, name, role, contract_from::timestamptz, contract_until::timestamptz, requests_per_second::text, burst, "
                 "in_flight_max, website, source, sha1_until::timestamptz FROM ivan.providers ORDER BY code"};
constexpr Statement aliases_statement{"aliases", "SELECT provider, alias FROM ivan.provider_aliases ORDER BY 1, 2"};
constexpr Statement certificates_statement{"certificates", "SELECT provider, sha256 FROM ivan.provider_certificates ORDER BY 1, 2"};
constexpr Statement keys_statement{"keys", "SELECT provider, sha256 FROM ivan.provider_keys ORDER BY 1, 2"};
constexpr Statement agencies_statement{"agencies", "SELECT code, name, province, made_up FROM ivan.agencies ORDER BY code"};

constexpr Statement add_provider_statement{
    "add_provider",
    "INSERT INTO ivan.providers (code, name, role, contract_from, contract_until, requests_per_second, burst, in_flight_max, website, "
    "source, sha1_until) VALUES ($1::text, $2::text, $3::text, $4::timestamptz::date, $5::timestamptz::date, $6::text::double precision, $7::bigint, "
    "$8::bigint, $9::text, $10::text, $11::timestamptz::date) ON CONFLICT DO NOTHING RETURNING code"};
constexpr Statement change_provider_statement{
    "change_provider",
    "UPDATE ivan.providers SET name = $2::text, role = $3::text, contract_from = $4::timestamptz::date, "
    "contract_until = $5::timestamptz::date, requests_per_second = $6::text::double precision, burst = $7::bigint, "
    "in_flight_max = $8::bigint, website = $9::text, source = $10::text, sha1_until = $11::timestamptz::date, changed_at = now() WHERE code = $1::text"};
constexpr Statement drop_aliases_statement{"drop_aliases", "DELETE FROM ivan.provider_aliases WHERE provider = $1::text"};
constexpr Statement drop_certificates_statement{"drop_certificates", "DELETE FROM ivan.provider_certificates WHERE provider = $1::text"};
constexpr Statement drop_keys_statement{"drop_keys", "DELETE FROM ivan.provider_keys WHERE provider = $1::text"};
constexpr Statement add_aliases_statement{
    "add_aliases", "INSERT INTO ivan.provider_aliases (provider, alias) SELECT $1::text, a FROM unnest($2::text[]) AS a"};
constexpr Statement add_certificates_statement{
    "add_certificates", "INSERT INTO ivan.provider_certificates (provider, sha256) SELECT $1::text, c FROM unnest($2::text[]) AS c"};
constexpr Statement add_keys_statement{
    "add_keys", "INSERT INTO ivan.provider_keys (provider, sha256) SELECT $1::text, k FROM unnest($2::text[]) AS k"};
constexpr Statement add_agencies_statement{
    "add_agencies", "INSERT INTO ivan.agencies (code, name, province, made_up) "
                    "SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) ON CONFLICT DO NOTHING"};
constexpr Statement add_procedures_statement{
    "add_procedures", "INSERT INTO ivan.procedures (code, name_vi, name_en, department, working_days) "
                      "SELECT c, v, e, d, w FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) AS n(c, v, e, d, w) "
                      "ON CONFLICT DO NOTHING"};

std::string_view role_name(providers::Role role)
{
    switch (role) {
        case providers::Role::provider: return "provider";
        case providers::Role::portal: return "portal";
        case providers::Role::backend: return "backend";
    }
    return "";
}

providers::Role role_from(std::string_view name)
{
    if (name == "portal") return providers::Role::portal;
    if (name == "backend") return providers::Role::backend;
    return providers::Role::provider;
}

std::vector<std::string_view> views(std::vector<std::string> const& values) { return {values.begin(), values.end()}; }

// The session's time zone is UTC, so a date is midnight UTC both ways.
Params params_of(providers::Provider const& provider)
{
    Params params;
    params.text(provider.code).text(provider.name).text(role_name(provider.role)).instant(provider.contract_from);
    if (provider.contract_until) params.instant(*provider.contract_until);
    else params.null();
    params.text(std::to_string(provider.quota.requests_per_second)).number(provider.quota.burst).number(provider.quota.in_flight_max);
    params.text(provider.website).text(provider.source);
    if (provider.sha1_until) params.instant(*provider.sha1_until);
    else params.null();
    return params;
}

void send_lists(PgConnection& connection, providers::Provider const& provider)
{
    connection.send(add_aliases_statement, Params{}.text(provider.code).texts(views(provider.aliases)));
    connection.send(add_certificates_statement, Params{}.text(provider.code).texts(views(provider.certificates)));
    connection.send(add_keys_statement, Params{}.text(provider.code).texts(views(provider.key_hashes)));
}

}  // namespace

template <class T>
Result<T> PgReference::with_connection(std::function<T(PgConnection&)> work)
{
    std::lock_guard const lock{mutex_};
    try {
        PgConnection connection{config_.database_url, config_.connect_timeout, config_.statement_timeout};
        if constexpr (std::is_void_v<T>) {
            work(connection);
            return {};
        } else {
            return work(connection);
        }
    } catch (PgError const& error) {
        return failure_of(error);
    }
}

Result<std::vector<providers::Provider>> PgReference::providers()
{
    using List = std::vector<providers::Provider>;
    return with_connection<List>([](PgConnection& connection) {
        connection.send(providers_statement, Params{});
        connection.send(aliases_statement, Params{});
        connection.send(certificates_statement, Params{});
        connection.send(keys_statement, Params{});
        auto const answers = connection.finish();
        auto const& rows = answers[0];
        List out;
        std::map<std::string_view, std::size_t> place;
        for (std::size_t i = 0; i < rows.count(); ++i) {
            providers::Provider provider;
            provider.code = rows.string(i, 0);
            provider.name = rows.string(i, 1);
            provider.role = role_from(rows.text(i, 2));
            provider.contract_from = std::chrono::floor<std::chrono::days>(rows.instant(i, 3));
            if (!rows.null(i, 4)) provider.contract_until = std::chrono::floor<std::chrono::days>(rows.instant(i, 4));
            provider.quota = {std::stod(rows.string(i, 5)), static_cast<std::uint32_t>(rows.number(i, 6)),
                              static_cast<std::uint32_t>(rows.number(i, 7))};
            provider.website = rows.string(i, 8);
            provider.source = rows.string(i, 9);
            if (!rows.null(i, 10)) provider.sha1_until = std::chrono::floor<std::chrono::days>(rows.instant(i, 10));
            place[rows.text(i, 0)] = out.size();
            out.push_back(std::move(provider));
        }
        auto const fill = [&](Rows const& list, std::vector<std::string> providers::Provider::*member) {
            for (std::size_t i = 0; i < list.count(); ++i) {
                // A provider added between two of these reads waits for the next reload.
                auto const found = place.find(list.text(i, 0));
                if (found != place.end()) (out[found->second].*member).push_back(list.string(i, 1));
            }
        };
        fill(answers[1], &providers::Provider::aliases);
        fill(answers[2], &providers::Provider::certificates);
        fill(answers[3], &providers::Provider::key_hashes);
        return out;
    });
}

Result<std::vector<providers::Agency>> PgReference::agencies()
{
    using List = std::vector<providers::Agency>;
    return with_connection<List>([](PgConnection& connection) {
        auto const rows = connection.run(agencies_statement, Params{});
        List out;
        for (std::size_t i = 0; i < rows.count(); ++i)
            out.push_back({rows.string(i, 0), rows.string(i, 1), rows.string(i, 2), rows.boolean(i, 3)});
        return out;
    });
}

Result<void> PgReference::put(providers::Provider const& provider)
{
    return with_connection<void>([&](PgConnection& connection) {
        auto const params = params_of(provider);
        connection.send_plain("BEGIN");
        connection.send(add_provider_statement, params);
        connection.send(change_provider_statement, params);
        connection.send(drop_aliases_statement, Params{}.text(provider.code));
        connection.send(drop_certificates_statement, Params{}.text(provider.code));
        connection.send(drop_keys_statement, Params{}.text(provider.code));
        send_lists(connection, provider);
        connection.send_plain("COMMIT");
        connection.finish();
    });
}

Result<void> PgReference::seed(providers::Seed const& seed, std::vector<schemas::Procedure> const& procedures)
{
    return with_connection<void>([&](PgConnection& connection) {
        connection.run_plain("BEGIN");
        // Two passes: run() must not meet answers that are still on their way.
        std::vector<providers::Provider const*> added;
        for (auto const& provider : seed.providers)
            if (connection.run(add_provider_statement, params_of(provider)).count() > 0) added.push_back(&provider);
        for (auto const* provider : added) send_lists(connection, *provider);

        std::vector<std::string_view> codes, names, provinces;
        std::vector<bool> made_up;
        for (auto const& agency : seed.agencies) {
            codes.push_back(agency.code);
            names.push_back(agency.name);
            provinces.push_back(agency.province);
            made_up.push_back(agency.made_up);
        }
        connection.send(add_agencies_statement, Params{}.texts(codes).texts(names).texts(provinces).bools(made_up));

        std::vector<std::string_view> procedure_codes, vi, en, departments;
        std::vector<std::int64_t> days;
        for (auto const& procedure : procedures) {
            procedure_codes.push_back(procedure.code);
            vi.push_back(procedure.name_vi);
            en.push_back(procedure.name_en);
            departments.push_back(procedure.department);
            days.push_back(procedure.working_days);
        }
        connection.send(add_procedures_statement, Params{}.texts(procedure_codes).texts(vi).texts(en).texts(departments).numbers(days));
        connection.send_plain("COMMIT");
        connection.finish();
    });
}

}  // namespace store::detail
