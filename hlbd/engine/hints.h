// Gathers what the kernel tells as reasons to probe at once. A hint never changes a state: the
// probes find out.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>
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

  // Watches the sockets of backends that are new, soon; to be called whenever there may be some.
  // Those of backends that have gone are watched until then: their ends concern no check.
  void backends_changed();
  void addresses_changed();  // of this host, perhaps; costs little if not

  // Probes what is asked over the network, after links or routes have changed.
  void network_changed();

  // Notices that this machine was asleep; to be called a few times in a second.
  void look_at_clocks();

 private:
  void watch_anew();
  void listeners_died(std::span<const Endpoint> gone);

  Monitor& monitor_;
  network::ListenerWatch listeners_;
  network::ConnectionWatch connections_;
  network::sock_diag::OwnAddresses own_addresses_;
  bool connections_wanted_ = true;
  bool said_ = false;               // a failure to watch was logged
  std::size_t checks_watched_ = 0;  // as monitor_.checks_made() says
  Clock& clock_;
  std::unique_ptr<Alarm> anew_;
  Paced network_;
  SleepWatch sleep_;
};

}  // namespace hlb
