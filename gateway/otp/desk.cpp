#include "gateway/otp/desk.hpp"

#include "gateway/otp/address.hpp"
#include "gateway/otp/message.hpp"

#include <utility>

namespace otp {
namespace {

using signing::OtpChallenge;
using signing::OtpChannel;

Failure no(Refusal why, std::string detail, std::chrono::milliseconds wait = {})
{
    return {why, std::move(detail), std::chrono::ceil<std::chrono::seconds>(wait), {store::Refusal::internal, {}}};
}

Failure no(store::Failure failure)
{
    return {Refusal::store, failure.detail, {}, std::move(failure)};
}

Failure no(store::OtpState state)
{
    switch (state) {
        case store::OtpState::replaced: return no(Refusal::expired, "a newer one was asked for");
        case store::OtpState::expired: return no(Refusal::expired, "out of date");
        case store::OtpState::redeemed: return no(Refusal::used, "redeemed");
        case store::OtpState::exhausted: return no(Refusal::exhausted, "too many tries");
        case store::OtpState::unknown:
        case store::OtpState::open: break;
    }
    return no(Refusal::wrong, "no such challenge of this caller");
}

// A hash that no code has, kept for a person nobody knows.
signing::Sha256 dud_hash()
{
    return signing::sha256(signing::random_id() + signing::random_id());
}

std::optional<std::string> spelled(OtpChannel channel, std::string const& address)
{
    return channel == OtpChannel::sms ? phone(address) : email(address);
}

bool hash_ok(std::string_view text)
{
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The two codes of a contact: bound to the address itself, and to its approval.
OtpChallenge contact_challenge(signing::OtpKey const& key, std::string id, std::string person_key, std::string_view use, std::string const& address_key)
{
    OtpChallenge made;
    made.id = std::move(id);
    made.person = std::move(person_key);
    made.content_sha256 = key.blind(use, address_key);
    return made;
}

}  // namespace

std::string address_purpose(std::string const& person_key) { return "address of " + person_key; }

store::OtpTry Desk::try_of(std::string const& provider, std::string const& id, runtime::Instant at) const
{
    return {id, provider, at, config_.tries_max, {"tries/", config_.person_tries_interval, config_.person_tries_burst}};
}

runtime::Task<Result<Issued>> Desk::challenge(Asking asking, runtime::Instant at, runtime::Deadline deadline)
{
    if (!person_ok(asking.person) || !hash_ok(asking.content_sha256)) co_return no(Refusal::malformed, "person or content_sha256");
    auto place = outbox_.reserve();
    if (!place) co_return no(Refusal::unavailable, "the queue of messages is full");

    OtpChallenge made;
    made.id = signing::random_id();
    made.person = asking.person;
    made.content_sha256 = asking.content_sha256;
    auto const code = key_.draw(made, config_.digits);

    store::OtpOpening opening;
    opening.challenge_id = made.id;
    opening.person_key = person_key(asking.person);
    opening.content_sha256 = asking.content_sha256;
    opening.provider = asking.provider;
    opening.channel = asking.channel;
    opening.made_at = at;
    opening.expires_at = at + config_.life;
    opening.code_hash = made.code_hash;
    opening.dud_hash = dud_hash();
    opening.limits = {{"person/" + opening.person_key, config_.person_interval, config_.person_burst},
                      {"provider/" + asking.provider, config_.provider_interval, config_.provider_burst},
                      {"resend/" + opening.person_key + "/" + asking.content_sha256, config_.resend, 1}};
    auto const purpose = address_purpose(opening.person_key);
    auto const expires_at = opening.expires_at;
    auto opened = co_await store_.open(std::move(opening), deadline);
    if (!opened) co_return no(opened.error());
    if (opened->wait.count() > 0) co_return no(Refusal::too_soon, "a limit of challenges", opened->wait);

    auto message = dossier_message(opened->channel, code, config_.life, asking.content_sha256);
    message.expires_at = expires_at;
    place->put(std::move(message), std::move(opened->address), purpose);
    co_return Issued{made.id, expires_at, config_.resend, config_.digits};
}

runtime::Task<Result<Issued>> Desk::contact(Asking asking, runtime::Instant at, runtime::Deadline deadline)
{
    if (!person_ok(asking.person) || !asking.channel) co_return no(Refusal::malformed, "person or channel");
    auto const address = spelled(*asking.channel, asking.address);
    if (!address) co_return no(Refusal::malformed, "address");
    if (!outbox_.serves(*asking.channel)) co_return no(Refusal::unavailable, "no sender for this channel");
    auto place = outbox_.reserve(), approval_place = outbox_.reserve();
    if (!place || !approval_place) co_return no(Refusal::unavailable, "the queue of messages is full");

    store::OtpContactAsk ask;
    ask.contact_id = signing::random_id();
    ask.person_key = person_key(asking.person);
    ask.address_key = key_.blind("address", *address);
    auto const purpose = address_purpose(ask.person_key);
    ask.address = key_.seal(purpose, *address);
    ask.provider = asking.provider;
    ask.channel = *asking.channel;
    ask.asked_at = at;
    ask.expires_at = at + config_.contact_life;
    auto confirmation = contact_challenge(key_, ask.contact_id, ask.person_key, "confirmation", ask.address_key);
    auto approval = contact_challenge(key_, ask.contact_id, ask.person_key, "approval", ask.address_key);
    auto const code = key_.draw(confirmation, config_.digits);
    auto const approval_code = key_.draw(approval, config_.digits);
    ask.code_hash = confirmation.code_hash;
    ask.approval_hash = approval.code_hash;
    ask.limits = {{"contact/" + ask.person_key, config_.contact_interval, config_.contact_burst},
                  {"address/" + ask.address_key, config_.contact_interval, config_.contact_burst},
                  {"provider/" + asking.provider, config_.provider_interval, config_.provider_burst}};
    auto const sealed = ask.address;
    Issued const issued{ask.contact_id, ask.expires_at, config_.contact_interval, config_.digits};
    auto asked = co_await store_.ask_contact(std::move(ask), deadline);
    if (!asked) co_return no(asked.error());
    if (asked->wait.count() > 0) co_return no(Refusal::too_soon, "a limit of contacts", asked->wait);

    auto message = contact_message(*asking.channel, code, config_.contact_life);
    message.expires_at = issued.expires_at;
    place->put(std::move(message), sealed, purpose);
    auto to_approver = approval_message(asked->approver_channel, approval_code, config_.contact_life);
    to_approver.expires_at = issued.expires_at;
    approval_place->put(std::move(to_approver), std::move(asked->approver), purpose);
    co_return issued;
}

runtime::Task<Result<void>> Desk::confirm(std::string provider, Password password, std::string approval, runtime::Instant at,
                                          runtime::Deadline deadline)
{
    auto const given = try_of(provider, password.challenge_id, at);
    auto tried = co_await store_.attempt_contact(given, deadline);
    if (!tried) co_return no(tried.error());
    if (tried->state != store::OtpState::open) co_return no(tried->state);

    auto confirming = contact_challenge(key_, password.challenge_id, tried->person_key, "confirmation", tried->address_key);
    auto approving = contact_challenge(key_, password.challenge_id, tried->person_key, "approval", tried->address_key);
    confirming.code_hash = tried->code_hash;
    approving.code_hash = tried->approval_hash;
    for (auto* one : {&confirming, &approving}) {
        one->made_at = tried->asked_at - clock_skew;
        one->expires_at = tried->expires_at;
    }
    bool const confirmed = key_.check(confirming, password.code, confirming.content_sha256, at).has_value();
    bool const approved = key_.check(approving, approval, approving.content_sha256, at).has_value();
    if (!confirmed || (tried->needs_approval && !approved)) co_return no(Refusal::wrong, "wrong code or approval");

    auto const done = co_await store_.confirm_contact(password.challenge_id, at, deadline);
    if (!done) co_return no(done.error());
    if (!*done) co_return no(Refusal::expired, "another contact came into force meanwhile");
    co_return Result<void>{};
}

runtime::Task<Result<signing::OtpProof>> Desk::prove(std::string provider, Password password, std::string person, std::string content_sha256,
                                                     runtime::Instant at, runtime::Deadline deadline)
{
    std::optional<signing::OtpProof> proof;
    store::OtpJudge judge = [&](store::OtpTried const& kept) {
        OtpChallenge made;
        made.id = password.challenge_id;
        made.person = person;
        made.content_sha256 = kept.content_sha256;
        made.channel = kept.channel;
        made.code_hash = kept.code_hash;
        made.made_at = kept.made_at - clock_skew;
        made.expires_at = kept.expires_at;
        proof = key_.check(made, password.code, content_sha256, at);
        return proof && person_key(person) == kept.person_key;
    };
    auto given = try_of(provider, password.challenge_id, at);
    auto const tried = co_await store_.attempt(std::move(given), std::move(judge), deadline);
    if (!tried) co_return no(tried.error());
    if (tried->wait.count() > 0) co_return no(Refusal::too_soon, "a limit of tries", tried->wait);
    if (tried->state != store::OtpState::open) co_return no(tried->state);
    if (!tried->right) co_return no(Refusal::wrong, "wrong code, person or content");
    co_return std::move(*proof);
}

runtime::Task<store::Result<std::uint64_t>> Desk::sweep(runtime::Instant now, runtime::Deadline deadline)
{
    co_return co_await store_.sweep(now - config_.keep, config_.sweep_rows_max, deadline);
}

}  // namespace otp
