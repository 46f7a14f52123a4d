// Tells of failed connections to remote backends, by whichever program on this host: the kernel
// reports every TCP socket that it destroys (sock_diag.h).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <system_error>

#include "network/listeners.h"
#include "network/sock_diag.h"
#include "text/endpoint.h"

namespace hlb::network {

// A connection of this host's that came to nothing, or broke by the other side's silence.
struct FailedConnection {
  sock_diag::Key peer;
  std::uint16_t port = 0;  // the peer's; 0: the kernel has forgotten it
  std::uint16_t own_port = 0;

  friend bool operator==(const FailedConnection&, const FailedConnection&) = default;
};

// Reads the kernel's report of a socket; nullopt if its end was no failure. Ends of real sockets
// show this (Linux 6.18; the fields of inet_diag_msg and tcp_info):
//
//   end of a connection                      dport   rtt  acked  retransmits  wqueue
//   closed by either side, FIN or RST        kept    > 0   > 0        0         any
//   closed by us with RST (SO_LINGER 0)       0       0     0         0       > 1000
//   refused, connect() that doesn't wait     kept     0     0         0          1
//   refused, connect() that waits             0       0     0         0          3
//   no connection in time, or given up       kept     0     0       0 … 6        1
//   no connection, connect() that waits       0       0     0       1 … 6        3
//   established, then no ACK until timeout   kept    > 0   > 0       ≥ 1        any
//
// A connect() that waits, or is called again after the failure, disconnects: that forgets all but
// the peer's address, and moves the write queue's end on by 2 and by the largest window that the
// peer had offered, which is 0 before an answer.
// A RST out of an established connection can't be told from an orderly end.
std::optional<FailedConnection> failed_connection(std::span<const char> bytes);

// A failure is a hint and no outcome: the port may be one that the backend doesn't serve, the
// client may have given up too early, or a firewall may let hlbd through and not it. Reports
// come from hlbd's own network namespace alone. Used by hlbd's loop alone.
class ConnectionWatch {
 public:
  // Called from the loop with the watched listeners that failures concern, sorted, each once.
  // Must neither call watch() nor destroy the watch.
  using OnFailed = std::function<void(std::span<const Endpoint>)>;

  // The most checks at an address that a failure whose port is forgotten, or unknown to checks,
  // concerns; where there are more it concerns none.
  static constexpr std::size_t kMostPorts = 16;

  ConnectionWatch(boost::asio::any_io_executor executor, OnFailed on_failed);
  ~ConnectionWatch();
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;

  // Watches from now on the `backends` whose address isn't among `own`, and no others;
  // ListenerWatch::watch() is for the rest. hlbd's own probes never count: TcpSocket notes their
  // ports.
  std::error_code watch(std::span<const Endpoint> backends,
                        const sock_diag::OwnAddresses& own = sock_diag::OwnAddresses());

 private:
  struct Subscription;

  boost::asio::any_io_executor executor_;
  OnFailed on_failed_;
  std::unique_ptr<Subscription> subscription_;  // nullptr: nothing is watched
};

}  // namespace hlb::network
