#include "probes/link.h"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>

namespace hlb::probes {

namespace asio = boost::asio;

asio::awaitable<std::optional<Outcome>> Link::connect(const Target& target) {
  tls_.reset();
  if (peer_ != nullptr) peer_->client().look();
  if (const auto error = co_await connection_.connect(target)) {
    co_return connection_.failure(error, "no connection in");
  }
  if (peer_ == nullptr) co_return std::nullopt;
  co_return co_await encrypt();
}

// Stands apart from connect(), so that its frame is held only where it is needed.
asio::awaitable<std::optional<Outcome>> Link::encrypt() {
  co_await peer_->client().looked(connection_.timeout());
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return Outcome::not_known("cancelled");
  tls_ = std::make_unique<TlsStream>(connection_, *peer_);
  if (const auto error = co_await tls_->handshake()) {
    co_return tls_->failure(error, "no TLS handshake in");
  }
  co_return std::nullopt;
}

void Link::note_in(Outcome& outcome) const {
  outcome.latency = age();
  if (!tls_) return;
  const auto end = std::chrono::floor<std::chrono::seconds>(tls_->certificate_end());
  if (end.time_since_epoch().count() != 0) outcome.certificate_end = end;
}

}  // namespace hlb::probes
