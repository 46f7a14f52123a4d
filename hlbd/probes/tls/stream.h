// Encrypts a connection.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "health/outcome.h"
#include "probes/connection.h"
#include "probes/stream.h"
#include "probes/tls/peer.h"
#include "tls/certificate.h"

struct ssl_st;      // OpenSSL's,
struct ssl_ctx_st;  // known where TLS is spoken alone

namespace hlb::probes {

// TLS 1.2 or later over a connection, whose deadline stands over it. OpenSSL works on memory here,
// and the connection moves the bytes: so there is nothing to configure on a socket, and a message
// costs the system calls of a plain one. Limits hold what a backend can make it keep or do: 64 KiB
// of certificates, a record at a time, 256 KiB in answer to each write. Not thread-safe.
class TlsStream final : public Stream {
 public:
  // Both arguments must outlive it. The connection is to be connected before the handshake.
  TlsStream(Connection& connection, TlsPeer& peer);

  // Verifies as the peer's spec says, and resumes its session if it has one.
  boost::asio::awaitable<boost::system::error_code> handshake();

  // Takes leave after the handshake, when there is nothing more to say. In TLS 1.3 a backend may
  // refuse, above all our certificate, when we are done with the handshake: so this waits for a
  // sign that it agrees, or for the deadline, and returns the outcome if it refuses.
  boost::asio::awaitable<std::optional<Outcome>> part();

  boost::asio::awaitable<boost::system::error_code> write(std::string_view bytes) override;
  boost::asio::awaitable<Read> read_some(std::span<char> space) override;
  Outcome failure(const boost::system::error_code& error, std::string_view silence) const override;

  // Lets go of buffers, as nothing is said for a while.
  void rest();

  // The end of the backend's certificate, after the handshake; and whether that was shown so
  // recently that the connection can be reused.
  tls::WallClock::time_point certificate_end() const;
  bool is_recent() const { return TlsSession::Monotonic::now() - began_ < kCertificateSeen; }

  // Has OpenSSL report to the TlsStream of each connection that is made from `settings` afterwards.
  static void prepare(ssl_ctx_st& settings);

 private:
  struct Free {
    void operator()(ssl_st* tls) const;
  };
  struct Callbacks;

  void start(ssl_ctx_st* settings);
  void offer_session();
  bool is_tls(std::string_view received) const;
  Outcome trouble() const;

  // Lets OpenSSL take a step, with what has to be sent and received for it in between.
  template <typename Step>
  boost::asio::awaitable<boost::system::error_code> drive(Step step);
  boost::asio::awaitable<boost::system::error_code> send();
  boost::asio::awaitable<boost::system::error_code> receive();

  Connection& connection_;
  TlsPeer& peer_;
  std::unique_ptr<ssl_st, Free> tls_;  // nullptr: there is an outcome from the start
  std::optional<Outcome> outcome_;     // of what went wrong in TLS
  TlsSession::Monotonic::time_point began_ = TlsSession::Monotonic::now();
  std::size_t received_ = 0;  // since the last write
  bool certificate_asked_for_ = false;
  bool confirmed_ = false;  // the backend has sent what it sends once it has agreed
};

}  // namespace hlb::probes
