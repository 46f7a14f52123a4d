// Tells when the host's addresses, routes or links change: sort scores must then be asked for
// again, and backends may have come into reach, or gone out of it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <system_error>

#include "system/scope.h"

namespace hlb::network {

// Tells from messages of rtnetlink(7) whether packets may take another way from now on: a route
// comes or goes, or a link begins or ceases to run. The kernel tells much else of links and
// addresses, some of it every few seconds. Pure.
class WayWatch {
 public:
  // The bytes of a message that are of use.
  static constexpr std::size_t kStart = 32;

  // `message`: at least its first kStart bytes, or all if it is shorter.
  bool changes(std::span<const char> message);

 private:
  bool link_changes(int link, bool runs);
  bool link_goes(int link);

  std::map<int, bool> runs_;  // by the index of each link that was heard of
};

// Calls `on_change` from the loop, 100 ms after the first change of a burst and for all of it: at
// most ten times a second, and within 100 ms however long the burst lasts. Changes that the kernel
// dropped because too many were queued count as a change.
// No call comes after destruction, which may happen inside the call itself. `io` outlives this.
class RouteWatch {
 public:
  static constexpr std::chrono::milliseconds kBurst{100};

  // `ways`: packets may take another way, see WayWatch; otherwise addresses alone have changed.
  using OnChange = std::function<void(bool ways)>;

  RouteWatch(boost::asio::io_context& io, OnChange on_change);
  RouteWatch(const RouteWatch&) = delete;
  RouteWatch& operator=(const RouteWatch&) = delete;

  // Begins to watch; to be called once. An error (a sandbox without netlink) leaves the watch
  // silent for good.
  std::error_code start();

 private:
  void await_burst();
  void await_end_of_burst();
  std::optional<bool> drain();

  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer burst_;
  OnChange on_change_;
  WayWatch ways_;
  Scope scope_;
};

}  // namespace hlb::network
