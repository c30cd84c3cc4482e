#include "gateway/intake/tls.hpp"

#include "gateway/runtime/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <stdexcept>

namespace intake {
namespace {

[[noreturn]] void fail(std::string const& what, std::string const& file)
{
    std::array<char, 256> reason{};
    ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
    throw std::runtime_error(what + " " + file + ": " + reason.data());
}

// OpenSSL's own judgement; the path it found is not kept with every connection.
int judge_client(X509_STORE_CTX* path, void*)
{
    auto const verdict = X509_verify_cert(path);
    X509_STORE_CTX_set0_verified_chain(path, nullptr);
    return verdict;
}

void ask_for_client_certificates(SSL_CTX* context, std::string const& ca_file)
{
    if (SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) fail("client certification authorities", ca_file);
    auto* const names = SSL_load_client_CA_file(ca_file.c_str());
    if (!names) fail("client certification authorities", ca_file);
    SSL_CTX_set_client_CA_list(context, names);  // takes them over
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_verify_depth(context, 4);
    SSL_CTX_set_cert_verify_callback(context, judge_client, nullptr);
}

}  // namespace

std::shared_ptr<net::ssl::context> make_tls_context(TlsConfig const& config)
{
    ERR_clear_error();
    auto made = std::make_shared<net::ssl::context>(net::ssl::context::tls_server);
    auto* const context = made->native_handle();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
    // TLS 1.2 keeps to forward secrecy and authenticated encryption; TLS 1.3 knows nothing else.
    if (SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) fail("cipher list", "");
    runtime::Stream::ready_context(context);
    if (SSL_CTX_use_certificate_chain_file(context, config.certificate_file.c_str()) != 1) fail("server certificate", config.certificate_file);
    if (SSL_CTX_use_PrivateKey_file(context, config.key_file.c_str(), SSL_FILETYPE_PEM) != 1) fail("server key", config.key_file);
    if (SSL_CTX_check_private_key(context) != 1) fail("server key is not the certificate's:", config.key_file);
    if (!config.client_ca_file.empty()) ask_for_client_certificates(context, config.client_ca_file);

    // A ticket holds the client's certificate, so resumption needs a context id, and an end: a certificate that has
    // expired since is not asked about again.
    constexpr unsigned char id[] = "ivan-gateway";
    SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
    SSL_CTX_set_timeout(context, 3600);
    SSL_CTX_set_num_tickets(context, 1);
    return made;
}

}  // namespace intake
