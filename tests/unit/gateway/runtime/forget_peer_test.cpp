// What a connection does without the certificates of its peer, which it has let go.

#include "gateway/runtime/stream.hpp"
#include "signing/dev/issuer.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace runtime {
namespace {

template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;
using Context = Owned<SSL_CTX>;
using Ssl = Owned<SSL>;
using Session = Owned<SSL_SESSION>;

void show(SSL_CTX* context, signing::dev::Identity const& identity, std::string const& issuer_pem)
{
    auto const bio_of = [](std::string const& pem) { return Owned<BIO>{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), [](BIO* bio) { BIO_free(bio); }}; };
    Owned<X509> const certificate{PEM_read_bio_X509(bio_of(identity.certificate_pem).get(), nullptr, nullptr, nullptr), X509_free};
    Owned<EVP_PKEY> const key{PEM_read_bio_PrivateKey(bio_of(identity.key_pem).get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
    SSL_CTX_use_certificate(context, certificate.get());
    SSL_CTX_use_PrivateKey(context, key.get());
    Owned<X509> const issuer{PEM_read_bio_X509(bio_of(issuer_pem).get(), nullptr, nullptr, nullptr), X509_free};
    SSL_CTX_add1_chain_cert(context, issuer.get());
}

signing::dev::Identity identity(signing::dev::Request::Use use)
{
    signing::dev::Request request;
    request.common_name = "localhost";
    request.use = use;
    return signing::dev::issue(support::Pki::shared().issuing_ca, request);
}

// A server of this thread and a client that does its part on its own, whatever it is.
class Meeting {
public:
    explicit Meeting(int version)
    {
        auto const& issuer = support::Pki::shared().issuing_ca.certificate_pem;
        show(server_.get(), identity(signing::dev::Request::Use::tls_server), issuer);
        SSL_CTX_set_max_proto_version(server_.get(), version);
        SSL_CTX_set_verify(server_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        SSL_CTX_set_cert_verify_callback(server_.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);  // who it is does not matter here
        SSL_CTX_set_session_id_context(server_.get(), reinterpret_cast<unsigned char const*>("t"), 1);
        Stream::ready_context(server_.get());
        show(client_.get(), identity(signing::dev::Request::Use::tls_client), issuer);
    }

    using Clients = std::function<void(SSL*)>;
    using Servers = std::function<void(Stream&)>;
    // The client's part begins after its handshake, the server's after its own, with the peer still known.
    void meet(Clients clients, Servers servers)
    {
        Acceptor acceptor{context.get_executor(), net::ip::tcp::endpoint{net::ip::address_v4::loopback(), 0}};
        bool const again = resume != nullptr;
        std::jthread const other{[&, port = acceptor.local_endpoint().port()] { be_client(port, clients); }};
        Socket socket{context.get_executor()};
        acceptor.accept(socket);
        Stream stream{std::move(socket), server_.get()};
        ASSERT_FALSE(support::run_task(context, stream.handshake()));
        ASSERT_NE(SSL_get0_peer_certificate(stream.tls()), nullptr);
        ASSERT_TRUE(again || sk_X509_num(SSL_get_peer_cert_chain(stream.tls())) > 0) << "the issuer's certificate came along";
        servers(stream);
        support::run_task(context, stream.shut());
    }
    std::string read(Stream& stream, std::size_t bytes)
    {
        std::string text, room(70'000, '\0');
        while (text.size() < bytes) {
            auto const got = support::run_task(context, stream.read_some(room));
            if (got.error) break;
            text.append(room.data(), got.bytes);
        }
        return text;
    }

    net::io_context context{1};
    Session resume{nullptr, SSL_SESSION_free};  // what the client was given last, and shows when it comes again
    [[nodiscard]] SSL_CTX* client() const { return client_.get(); }

private:
    void be_client(std::uint16_t port, Clients const& part)
    {
        auto const handle = ::socket(AF_INET, SOCK_STREAM, 0);
        timeval const hang{20, 0};
        setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &hang, sizeof hang);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(::connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        {
            Ssl const ssl{SSL_new(client_.get()), SSL_free};
            SSL_set_fd(ssl.get(), handle);
            if (resume) SSL_set_session(ssl.get(), resume.get());
            EXPECT_EQ(SSL_connect(ssl.get()), 1);
            part(ssl.get());
            resume.reset(SSL_get1_session(ssl.get()));
            SSL_shutdown(ssl.get());
        }
        ::close(handle);
    }

    Context server_{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
    Context client_{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
};

std::string heard(SSL* ssl, std::size_t bytes)
{
    std::string text, room(70'000, '\0');
    while (text.size() < bytes) {
        auto const got = SSL_read(ssl, room.data(), static_cast<int>(room.size()));
        if (got <= 0) break;
        text.append(room.data(), static_cast<std::size_t>(got));
    }
    return text;
}
void say(SSL* ssl, std::string_view text) { EXPECT_EQ(SSL_write(ssl, text.data(), static_cast<int>(text.size())), static_cast<int>(text.size())); }

class ForgottenPeer : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, ForgottenPeer, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION), [](auto const& one) {
    return one.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
});

TEST_P(ForgottenPeer, LeavesNoCertificateAndTheLineGoesOn)
{
    Meeting meeting{GetParam()};
    std::string const large(1u << 20, 'L');
    meeting.meet(
        [&](SSL* ssl) {
            say(ssl, large);
            EXPECT_TRUE(heard(ssl, large.size()) == large);
        },
        [&](Stream& stream) {
            stream.forget_peer();
            EXPECT_EQ(SSL_get0_peer_certificate(stream.tls()), nullptr);
            auto const* const chain = SSL_get_peer_cert_chain(stream.tls());
            EXPECT_TRUE(!chain || sk_X509_num(chain) == 0);
            EXPECT_TRUE(meeting.read(stream, large.size()) == large);
            EXPECT_FALSE(support::run_task(meeting.context, stream.write(large)));
        });
}

TEST_P(ForgottenPeer, IsKnownAgainWhenItResumes)
{
    Meeting meeting{GetParam()};
    for (int visit = 0; visit < 3; ++visit) {
        meeting.meet(
            [&](SSL* ssl) {
                say(ssl, "x");
                EXPECT_EQ(heard(ssl, 1), "y");
                EXPECT_EQ(SSL_session_reused(ssl), visit > 0 ? 1 : 0);
            },
            [&](Stream& stream) {
                if (visit > 0) {
                    EXPECT_NE(SSL_get0_peer_certificate(stream.tls()), nullptr) << "the ticket holds it";
                }
                stream.forget_peer();
                EXPECT_EQ(meeting.read(stream, 1), "x");
                EXPECT_FALSE(support::run_task(meeting.context, stream.write("y")));
            });
        if (HasFatalFailure()) return;
    }
}

// The session is what knows the bound: without it our records would be too long for the peer.
TEST_P(ForgottenPeer, IsKeptWhereItHasBoundTheSizeOfRecords)
{
    Meeting meeting{GetParam()};
    SSL_CTX_set_tlsext_max_fragment_length(meeting.client(), TLSEXT_max_fragment_length_512);
    std::string const large(5000, 'L');
    meeting.meet([&](SSL* ssl) { EXPECT_EQ(heard(ssl, large.size()), large); },
                 [&](Stream& stream) {
                     stream.forget_peer();
                     EXPECT_NE(SSL_get0_peer_certificate(stream.tls()), nullptr);
                     EXPECT_FALSE(support::run_task(meeting.context, stream.write(large)));
                 });
}

// RFC 8446 §4.6.3.
TEST(ForgottenPeers, NewKeysAreTakenAndGivenWithoutIt)
{
    Meeting meeting{TLS1_3_VERSION};
    meeting.meet(
        [&](SSL* ssl) {
            for (int i = 0; i < 3; ++i) {
                EXPECT_EQ(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
                say(ssl, "x");
                EXPECT_EQ(heard(ssl, 1), "y");
            }
        },
        [&](Stream& stream) {
            stream.forget_peer();
            stream.forget_peer();  // once more changes nothing
            for (int i = 0; i < 3; ++i) {
                EXPECT_EQ(meeting.read(stream, 1), "x");
                EXPECT_FALSE(support::run_task(meeting.context, stream.write("y")));
            }
        });
}

}  // namespace
}  // namespace runtime
