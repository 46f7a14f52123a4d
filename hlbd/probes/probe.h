// How to find out, again and again, whether a backend works. A probe reports an outcome and nothing
// else: what it means for the backend is decided in health/.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "health/outcome.h"

namespace hlb::probes {

// One check's way of asking one backend, with what it keeps from one attempt to the next. Used by
// hlbd's loop alone.
class Probe {
 public:
  Probe() = default;
  virtual ~Probe() = default;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // One attempt; never two at a time. Ends within the check's time-out and never throws for what
  // the backend or the network does:
  //  - the backend's own no is a hard failure, its silence a soft one;
  //  - own trouble (no descriptor, memory or local port left; hlbd itself so late that the time-out
  //    proves nothing) is unknown;
  //  - an agent that says neither up nor down abstains.
  // `reason` is at most kMaxReason printable ASCII characters, whatever the backend sent; `latency`
  // is filled in on every outcome. Cancelling the awaiting coroutine ends the attempt at once. The
  // probe outlives the coroutine.
  virtual boost::asio::awaitable<Outcome> attempt() = 0;
};

}  // namespace hlb::probes
