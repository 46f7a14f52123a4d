// Tells when the host's addresses, routes or links change: sort scores then have to be asked anew.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <system_error>

namespace hlb::publish {

// Calls `on_change` from the loop, 100 ms after the first change of a burst and for all of it: at
// most ten times a second, and within 100 ms however long the burst lasts. Changes that the kernel
// dropped because too many were waiting count as a change.
// No call comes after destruction, which may happen inside the call itself. `io` outlives this.
class RouteWatch {
 public:
  static constexpr std::chrono::milliseconds kBurst{100};

  RouteWatch(boost::asio::io_context& io, std::function<void()> on_change);
  ~RouteWatch();
  RouteWatch(const RouteWatch&) = delete;
  RouteWatch& operator=(const RouteWatch&) = delete;

  // Once. An error (a sandbox without netlink) leaves the watch silent for good.
  std::error_code start();

 private:
  struct Watch;
  std::shared_ptr<Watch> watch_;  // shared with the coroutine that may still have to end
};

}  // namespace hlb::publish
