// A connection to a backend, with TLS over it where the check asks for it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "health/outcome.h"
#include "probes/connection.h"
#include "probes/stream.h"
#include "probes/tls/peer.h"
#include "probes/tls/stream.h"

namespace hlb::probes {

// Works as Connection, which says what start(), rest() and the destructor do. Not thread-safe.
class Link {
 public:
  // `tls` must outlive it; nullptr for a plain connection.
  Link(const boost::asio::any_io_executor& executor, TlsPeer* tls)
      : connection_(executor), peer_(tls) {}

  void start(std::chrono::milliseconds timeout) { connection_.start(timeout); }
  void rest() {
    connection_.rest();
    if (tls_) tls_->rest();
  }
  bool is_open() const { return connection_.is_open() && (!tls_ || tls_->is_recent()); }
  int descriptor() const { return connection_.descriptor(); }
  std::chrono::microseconds age() const { return connection_.age(); }

  // Adds to an outcome what the link knows: how long it took, and the end of the certificate.
  void note_in(Outcome& outcome) const;

  // Connects in place of the connection there may be, and shakes hands over TLS, whose files are
  // looked at meanwhile. Returns nullopt when connected, else the outcome. The target must outlive
  // it.
  boost::asio::awaitable<std::optional<Outcome>> connect(const Target& target);

  // The stream of an established connection; valid until the next connect().
  Stream& stream() { return tls_ ? static_cast<Stream&>(*tls_) : connection_; }
  TlsStream* tls() { return tls_.get(); }  // nullptr for a plain connection

 private:
  boost::asio::awaitable<std::optional<Outcome>> encrypt();

  Connection connection_;
  TlsPeer* peer_;
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace hlb::probes
