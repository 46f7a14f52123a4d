// Finds out, again and again, whether a backend works. A probe reports an outcome and nothing else:
// what it means for the backend is decided in health/, and when to probe in engine/. This room has
//  - probe: what every probe promises; probes: the kinds, and what each does; prober: makes them;
//  - the kinds: tcp, agent and exec, and http/, grpc/, tls/, icmp/ and file/, where http.cpp is the
//    check and so on; measured, which wraps any of them;
//  - target: what is asked, and where; reason: why it failed, in plain words;
//  - way_socket, tcp_socket: sockets; connection: a socket with a deadline; link: TLS over that, or
//    not; stream: whichever of them a kind talks over;
//  - conversation, pattern, statement: what is said, what a body must contain, what an agent says;
//  - deadlines: timeouts; waiters: attempts that wait for a look at a file; kept_watch: connections
//    at rest.
//
// A probe may include health/, network/, programs/ and the ground floor (text/, system/); of the
// folders in here its own, tls/, and file/folder_workers.h, whose workers alone may touch a file
// that isn't hlbd's own. It doesn't log, and knows nothing of engine/, which calls it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "health/outcome.h"

namespace hlb::probes {

// A check's way of asking one backend, with what it keeps from one attempt to the next. Used by
// hlbd's loop alone.
class Probe {
 public:
  Probe() = default;
  virtual ~Probe() = default;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // Makes one attempt; never two at a time. Ends within the check's timeout and never throws for
  // what the backend or the network does:
  //  - the backend's own no is a hard failure, its silence a soft one;
  //  - own trouble (no descriptor, memory or local port left; hlbd itself so late that the timeout
  //    proves nothing) is unknown;
  //  - an agent that says neither up nor down abstains.
  // `reason` is at most kMaxReason printable ASCII characters, whatever the backend sent; `latency`
  // is filled in on every outcome. Cancelling the awaiting coroutine ends the attempt at once. The
  // probe outlives the coroutine.
  virtual boost::asio::awaitable<Outcome> attempt() = 0;

  // What any attempt would say, where that is known without one.
  virtual std::optional<Outcome> known() const { return std::nullopt; }
};

}  // namespace hlb::probes
