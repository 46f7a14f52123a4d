#include "probes/link.h"

namespace hlb::probes {

namespace asio = boost::asio;

asio::awaitable<std::optional<Outcome>> Link::connect(asio::ip::tcp::endpoint backend) {
  tls_.reset();
  if (const auto error = co_await connection_.connect(backend)) {
    co_return connection_.failure(error, "no connection in");
  }
  if (peer_ == nullptr) co_return std::nullopt;
  tls_ = std::make_unique<TlsStream>(connection_, *peer_);
  if (const auto error = co_await tls_->handshake()) {
    co_return tls_->failure(error, "no TLS handshake in");
  }
  co_return std::nullopt;
}

}  // namespace hlb::probes
