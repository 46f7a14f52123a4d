// Tells when a listener of a local backend dies: the kernel reports every TCP socket that it
// destroys (sock_diag(7), its multicast groups), within a millisecond.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <system_error>
#include <vector>

#include "network/sock_diag.h"
#include "text/endpoint.h"

namespace hlb::network {

// A death is a hint and no outcome: another listener may serve the same port (SO_REUSEPORT, a
// graceful restart), so it is a reason to probe, nothing more. Used by hlbd's loop alone.
class ListenerWatch {
 public:
  // Called from the loop with the watched listeners that may have died, sorted, each once.
  // Must neither call watch() nor destroy the watch.
  using OnGone = std::function<void(std::span<const Endpoint>)>;

  // The least time between two calls with all that is watched. Any of it may have died once the
  // kernel has dropped reports because too many were queued.
  static constexpr std::chrono::milliseconds kLossPause{1000};

  ListenerWatch(boost::asio::any_io_executor executor, OnGone on_gone);
  ~ListenerWatch();
  ListenerWatch(const ListenerWatch&) = delete;
  ListenerWatch& operator=(const ListenerWatch&) = delete;

  // Watches from now on the `backends` whose address is among `own` (127/8, ::1 or on an
  // interface), and no others. To be called again when either has changed. Reports are asked for
  // only while there is such a backend, as they cost the kernel about 9 µs for every socket that
  // dies on the host. An error (a sandbox, an old kernel) means that nothing is watched; the next
  // call tries again.
  std::error_code watch(std::span<const Endpoint> backends,
                        const sock_diag::OwnAddresses& own = sock_diag::OwnAddresses());

 private:
  struct Subscription;

  boost::asio::any_io_executor executor_;
  OnGone on_gone_;
  std::unique_ptr<Subscription> subscription_;  // nullptr: nothing is watched
};

}  // namespace hlb::network
