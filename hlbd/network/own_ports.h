// The local ports of hlbd's own connections that failed.
#pragma once

#include <bitset>
#include <boost/asio/execution_context.hpp>
#include <chrono>
#include <cstdint>

namespace hlb::network {

// A service of each loop, by boost::asio::use_service(), so that who connects needn't know who
// watches.
class OwnPorts : public boost::asio::execution_context::service {
 public:
  using Monotonic = std::chrono::steady_clock;

  static inline boost::asio::execution_context::id id;  // NOLINT: Asio's way to tell services apart

  // The least time that a port is kept. The kernel reports the end of a socket right after it, but
  // a loop may be late to hear of it.
  static constexpr std::chrono::seconds kKept{2};

  explicit OwnPorts(boost::asio::execution_context& loop) : service(loop) {}

  // Remembers that this port's socket is about to be closed, for kKept at least and twice that at
  // most.
  void note(std::uint16_t port) {
    forget_old();
    recent_.set(port);
  }

  // Whether it was noted, which counts for one report.
  bool take(std::uint16_t port) {
    forget_old();
    const bool noted = recent_.test(port) || before_.test(port);
    recent_.reset(port);
    before_.reset(port);
    return noted;
  }

 private:
  using Ports = std::bitset<65536>;

  void shutdown() override {}

  void forget_old() {
    const Monotonic::time_point now = Monotonic::now();
    if (now - since_ < kKept) return;
    before_ = now - since_ < 2 * kKept ? recent_ : Ports();
    recent_.reset();
    since_ = now;
  }

  Ports recent_;
  Ports before_;
  Monotonic::time_point since_ = Monotonic::now();  // when recent_ began
};

}  // namespace hlb::network
