#include "gateway/intake/certificates.hpp"

#include "gateway/dossier/time.hpp"
#include "gateway/intake/refuse.hpp"

#include <boost/json.hpp>

namespace intake {
namespace {

namespace json = boost::json;

// The list changes at a roll-over; what one id names never does.
constexpr char const* list_cached = "public, max-age=300";
constexpr char const* one_cached = "public, max-age=31536000, immutable";

json::object json_of(dossier::ReceiptKey const& key, std::string_view status)
{
    return {{"key_id", key.id},
            {"status", status},
            {"from", dossier::vietnam_time(key.from)},
            {"until", dossier::vietnam_time(key.until)},
            {"subject", key.certificate.subject},
            {"issuer", key.certificate.issuer},
            {"serial", key.certificate.serial},
            {"certificate_pem", key.certificate_pem}};
}

}  // namespace

runtime::Task<Reply> ReceiptCertificates::list(Request)
{
    auto const keys = keys_();
    auto const now = clock_.now();
    json::array rows;
    for (auto const& key : keys->all()) rows.push_back(json_of(key, keys->status_of(key, now)));
    auto reply = Reply::json(200, json::serialize(json::object{{"certificates", std::move(rows)}}));
    reply.headers.emplace_back("Cache-Control", list_cached);
    co_return reply;
}

runtime::Task<Reply> ReceiptCertificates::pem(Request request)
{
    auto const keys = keys_();
    auto const* const key = keys->find(request.path_parameter);
    if (key == nullptr) co_return refuse(fault::FaultCode::not_found, "key_id", request);
    Reply reply;
    reply.content_type = "application/x-pem-file";
    reply.headers.emplace_back("Cache-Control", one_cached);
    reply.body = key->certificate_pem;
    co_return reply;
}

}  // namespace intake
