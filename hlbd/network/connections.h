// Tells of connections to remote backends, anybody's of this host, that failed: the kernel reports
// every TCP socket that it destroys (sock_diag.h).
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

namespace hlb::network {

// A connection of this host's that came to nothing, or broke by the other side's silence.
struct FailedConnection {
  sock_diag::Key peer;
  std::uint16_t port = 0;  // the peer's; 0: the kernel has forgotten it
  std::uint16_t own_port = 0;

  friend bool operator==(const FailedConnection&, const FailedConnection&) = default;
};

// Reads a report of the kernel's; nullopt for all other ends. What the ends of real sockets show
// (Linux 6.18; the fields of inet_diag_msg and tcp_info):
//
//   end of a connection                      dport   rtt  acked  retransmits  wqueue
//   closed by either side, FIN or RST        kept    > 0   > 0        0         any
//   closed by us with RST (SO_LINGER 0)       0       0     0         0       > 1000
//   refused, connect() that doesn't wait     kept     0     0         0          1
//   refused, connect() that waits             0       0     0         0          3
//   no connection in time, or given up       kept     0     0       0 … 6        1
//   no connection, connect() that waits       0       0     0       1 … 6        3
//   established, then no ACK until time-out  kept    > 0   > 0       ≥ 1        any
//
// A connect() that waits, or is called again after the failure, disconnects: that forgets all but
// the peer's address, and moves the write queue's end on by the largest window that the peer had
// offered, none of which there was before an answer, and 2.
// A RST out of an established connection can't be told from an orderly end.
std::optional<FailedConnection> failed_connection(std::span<const char> report);

// A failure is a hint and no outcome: the port may be one that the backend doesn't serve, the
// client may have given up too early, or a firewall may let hlbd through and not it. Reports are
// those of hlbd's own network namespace. Used by hlbd's loop alone.
class ConnectionWatch {
 public:
  // Called from the loop with those of the watched that are concerned, sorted, none of them twice.
  // Must neither call watch() nor destroy the watch.
  using OnFailed = std::function<void(std::span<const Endpoint>)>;

  // Of an address with more checks than this, one without the port concerns none.
  static constexpr std::size_t kMostPorts = 16;

  ConnectionWatch(boost::asio::any_io_executor executor, OnFailed on_failed);
  ~ConnectionWatch();
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;

  // From now on watches those of `backends` whose address isn't one of `own`, and no others, as
  // ListenerWatch::watch() does for the rest. hlbd's own probes never count, by the ports that
  // TcpSocket notes.
  std::error_code watch(std::span<const Endpoint> backends,
                        const sock_diag::OwnAddresses& own = sock_diag::OwnAddresses());

 private:
  struct Subscription;

  boost::asio::any_io_executor executor_;
  OnFailed on_failed_;
  std::unique_ptr<Subscription> subscription_;  // nullptr: nothing is watched
};

}  // namespace hlb::network
