#include "tests/unit/tls_backend.h"

#include <openssl/ssl.h>

#include <boost/asio/ssl/impl/src.hpp>

namespace hlb::probes {

TlsServer::TlsServer(const Certificate& certificate, const std::vector<Certificate>& chain)
    : context_(asio::ssl::context::tls_server) {
  SSL_CTX_use_certificate(settings(), certificate.certificate.get());
  SSL_CTX_use_PrivateKey(settings(), certificate.key.get());
  for (const Certificate& each : chain)
    SSL_CTX_add1_chain_cert(settings(), each.certificate.get());
}

void TlsServer::demand_certificate(const Certificate& authority) {
  X509_STORE_add_cert(SSL_CTX_get_cert_store(settings()), authority.certificate.get());
  SSL_CTX_set_verify(settings(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  constexpr unsigned char kContext = 1;  // without one, OpenSSL refuses to resume
  SSL_CTX_set_session_id_context(settings(), &kContext, 1);
}

Behaviour TlsServer::then(TlsBehaviour behaviour) {
  return [this, behaviour = std::move(behaviour)](tcp::socket socket) {
    return serve(std::move(socket), behaviour);
  };
}

asio::awaitable<void> TlsServer::serve(tcp::socket socket, TlsBehaviour behaviour) {
  TlsSocket tls(std::move(socket), context_);
  const auto [failure] = co_await tls.async_handshake(asio::ssl::stream_base::server, kAwait);
  if (failure) {
    error = failure.message();
    co_return;
  }
  ++handshakes;
  resumed += SSL_session_reused(tls.native_handle());
  const char* asked = SSL_get_servername(tls.native_handle(), TLSEXT_NAMETYPE_host_name);
  name = asked == nullptr ? "" : asked;
  co_await behaviour(tls);
}

TlsBehaviour replies(std::string reply, int times) {
  return [reply = std::move(reply), times](TlsSocket& socket) -> asio::awaitable<void> {
    for (int done = 0; done < times; ++done) {
      std::array<char, 1024> request;
      const auto [error, count] = co_await socket.async_read_some(asio::buffer(request), kAwait);
      if (error) co_return;
      co_await asio::async_write(socket, asio::buffer(reply), kAwait);
    }
  };
}

asio::awaitable<void> wait_for_the_end(TlsSocket& socket) {
  char byte = 0;
  for (;;) {
    const auto [error, count] = co_await socket.async_read_some(asio::buffer(&byte, 1), kAwait);
    if (error) co_return;
  }
}

}  // namespace hlb::probes
