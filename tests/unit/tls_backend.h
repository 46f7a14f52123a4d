// Backends on loopback that speak TLS, well or badly.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/certificates.h"
#include "tests/unit/loopback.h"

namespace hlb::probes {

using TlsSocket = asio::ssl::stream<tcp::socket>;
using TlsBehaviour = std::function<asio::awaitable<void>(TlsSocket&)>;

// A server's side of TLS, and what has come of its handshakes.
class TlsServer {
 public:
  explicit TlsServer(const Certificate& certificate, const std::vector<Certificate>& chain = {});

  SSL_CTX* settings() { return context_.native_handle(); }
  void no_later_than(int version) { SSL_CTX_set_max_proto_version(settings(), version); }
  void demand_certificate(const Certificate& authority);

  // What is done once the handshake has succeeded.
  Behaviour then(TlsBehaviour behaviour);

  int handshakes = 0;  // that succeeded
  int resumed = 0;     // of them
  std::string error;   // of the last that failed
  std::string name;    // the last server name asked for, "" if none was

 private:
  asio::awaitable<void> serve(tcp::socket socket, TlsBehaviour behaviour);

  asio::ssl::context context_;
};

// Answers so many requests with `reply`, then closes.
TlsBehaviour replies(std::string reply, int times = 1);

// Says nothing, and waits until the other side leaves.
asio::awaitable<void> wait_for_the_end(TlsSocket& socket);

}  // namespace hlb::probes
