// hlbd on the message bus: org.hlb1, for people and for programs that ask by D-Bus (busctl,
// hlbctl). See org.hlb1(5).
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "operators/bus/directory.h"
#include "operators/bus/greeting.h"
#include "operators/report.h"

namespace hlb::bus {

// Called once per trouble, not at every retry, with words for the log.
using TroubleHandler = std::function<void(std::string trouble)>;

// Keeps hlbd on the bus: connects, takes the name org.hlb1 and answers; without a bus or without
// the name it tries again after 1, 2, 4 … 30 s, for as long as it lives.
//
// A thread of its own does all that. It waits for the bus where it must (sdbus-c++ can connect and
// take a name only by blocking: each is limited to a second), and reads whatever is sent. It asks
// the loop for what it answers, see LoopCalls. The loop waits for nothing here.
//
// Used by hlbd's loop alone. What is offered, and the trouble handler, are called from the loop;
// they must not throw and not destroy this.
class SystemBus {
 public:
  // `loop` outlives it.
  SystemBus(boost::asio::io_context& loop, BusKind kind, Offer offer, TroubleHandler on_trouble);
  // Leaves the bus, which takes no time unless the thread is just blocked; callers who wait for an
  // answer get none. A thread that takes longer than three seconds is left to itself.
  ~SystemBus();
  SystemBus(const SystemBus&) = delete;
  SystemBus& operator=(const SystemBus&) = delete;

  // Sends the event's signals, and the properties that changed with it, later: the table comes
  // first. Clients that join the bus after that miss it.
  void announce(Event event);

  // The overview, or what keeps hlbd from working as it should, has changed.
  void overview_changed();

  // Services or backends may have come or gone.
  void configured();

 private:
  class Side;
  std::shared_ptr<Side> side_;  // shared with the thread, which may outlive this
  std::future<void> thread_is_over_;
  std::thread thread_;
};

}  // namespace hlb::bus
