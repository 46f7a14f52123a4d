// hlbd on the message bus: org.hlb1, for people and for programs that ask by D-Bus (busctl,
// hlbctl). See org.hlb1(5).
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "bus/directory.h"
#include "report/report.h"

namespace hlb::bus {

enum class BusKind : std::uint8_t { system, session };

// Told once per trouble, not at every retry, in words for the log.
using TroubleHandler = std::function<void(std::string trouble)>;

// Has a bus that doesn't answer the greeting given up after a second. To be called before a thread
// is started, since it changes the environment.
void limit_greeting();

// Keeps hlbd on the bus: connects, takes the name org.hlb1 and answers; without a bus or without
// the name it tries again after 1, 2, 4 … 30 s, for as long as it lives. Works on the loop of `io`,
// which outlives it. What is offered is called from the loop; it must not throw and not destroy
// this.
//
// sdbus-c++ can only connect and take a name by blocking. On a bus that answers both take a
// millisecond; so a bus is asked first, without blocking, whether it answers, and each of the two
// is limited to one second.
class SystemBus {
 public:
  SystemBus(boost::asio::io_context& io, BusKind kind, Offer offer, TroubleHandler on_trouble);
  // Leaves the bus at once.
  ~SystemBus();
  SystemBus(const SystemBus&) = delete;
  SystemBus& operator=(const SystemBus&) = delete;

  // Sends its signals, and the properties that changed with it, in a later turn of the loop: the
  // table comes first. Those who aren't on the bus then miss it.
  void announce(Event event);

  // The overview, or what keeps hlbd from working as it should, has changed.
  void overview_changed();

  // Services or backends may have come or gone.
  void configured();

 private:
  class Session;
  std::shared_ptr<Session> session_;  // shared with the coroutine that may still have to end
};

}  // namespace hlb::bus
