// A backend as it is spoken to over TLS, from one connection to the next.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "health/check_spec.h"
#include "probes/tls/client.h"

namespace hlb::probes {

// The time for which a backend that has shown its certificate need not do so again. Another one
// that takes its place meanwhile isn't noticed, neither on a kept connection nor when a session is
// resumed.
inline constexpr std::chrono::minutes kCertificateSeen{5};

// The last session with a backend, which makes the next handshake cheap. Kept in its encoding,
// which takes a fraction of the memory. Has no clock of its own.
class TlsSession {
 public:
  using Monotonic = std::chrono::steady_clock;

  // `resumed`: the handshake that it comes from was itself cheap.
  void keep(std::string encoded, bool resumed, Monotonic::time_point now) {
    encoded_ = std::move(encoded);
    if (!resumed) shown_ = now;
  }

  // The session; empty when there is none, or the certificate was shown too long ago.
  std::string_view get(Monotonic::time_point now) {
    if (now - shown_ > kCertificateSeen) drop();
    return encoded_;
  }

  void drop() { encoded_ = std::string(); }

 private:
  std::string encoded_;
  Monotonic::time_point shown_;  // when the certificate was
};

// Everything that a TlsStream is made from. Used by hlbd's loop alone.
class TlsPeer {
 public:
  // `spec` must outlive it. `protocol` is asked for by ALPN, "h2", or empty; it lives for ever.
  TlsPeer(std::shared_ptr<TlsClient> client, const TlsSpec& spec, std::string_view protocol = "")
      : client_(std::move(client)), spec_(spec), protocol_(protocol) {}

  TlsClient& client() { return *client_; }
  const TlsSpec& spec() const { return spec_; }
  std::string_view protocol() const { return protocol_; }

  // The session that a new connection is to offer, empty for none; valid until one of the calls
  // below. No session is offered that was verified by other files than the client has now.
  std::string_view session() {
    if (std::exchange(generation_, client_->generation()) != client_->generation()) session_.drop();
    return session_.get(TlsSession::Monotonic::now());
  }

  // Keeps a session of that connection, in place of the one before.
  void keep_session(std::string session, bool resumed) {
    session_.keep(std::move(session), resumed, TlsSession::Monotonic::now());
  }

  // Forgets the session, as that connection failed.
  void drop_session() { session_.drop(); }

 private:
  std::shared_ptr<TlsClient> client_;
  const TlsSpec& spec_;
  std::string_view protocol_;
  TlsSession session_;
  unsigned generation_ = 0;  // of the client, at the last connection
};

}  // namespace hlb::probes
