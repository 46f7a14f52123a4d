// Reasons to probe at once that the kernel tells: never a verdict, the probes find out.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <span>

#include "engine/clock.h"
#include "engine/monitor.h"
#include "engine/paced.h"
#include "engine/sleep_watch.h"
#include "network/connections.h"
#include "network/listeners.h"
#include "network/sock_diag.h"

namespace hlb {

// Used by hlbd's loop alone. The clock and the monitor must outlive it.
class Hints {
 public:
  Hints(const boost::asio::any_io_executor& executor, Clock& clock, Monitor& monitor);

  // Whether the connections of all programs are watched.
  void watch_connections(bool wanted);

  // To be called whenever the backends may have changed, or the addresses of this host.
  void backends_changed();
  void addresses_changed();  // costs little when they haven't

  // Links or routes have.
  void network_changed();

  // To be called a few times in a second, to notice that this machine was asleep.
  void look_at_clocks();

 private:
  void listeners_died(std::span<const Endpoint> gone);

  Monitor& monitor_;
  network::ListenerWatch listeners_;
  network::ConnectionWatch connections_;
  network::sock_diag::OwnAddresses own_addresses_;
  bool connections_wanted_ = true;
  bool said_ = false;  // that either can't be watched
  Paced network_;
  SleepWatch sleep_;
};

}  // namespace hlb
