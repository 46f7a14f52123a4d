// What a coroutine waits for that something else on its loop does.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "system/scope.h"

namespace hlb::fleet::etcd {

// One coroutine waits at a time. Must outlive the wait, unless that is never gone on with.
class Bell {
 public:
  explicit Bell(const boost::asio::any_io_executor& loop) : timer_(loop) {}

  // Has who waits go on, though not within this call; if nobody does, the next wait is over at
  // once.
  void ring() {
    rung_ = true;
    timer_.cancel();
  }

  boost::asio::awaitable<void> wait() {
    co_await wait_until(boost::asio::steady_timer::time_point::max());
  }

  // False: it wasn't rung in that time.
  boost::asio::awaitable<bool> wait(std::chrono::milliseconds limit) {
    return wait_until(std::chrono::steady_clock::now() + limit);
  }

  boost::asio::awaitable<bool> wait_until(boost::asio::steady_timer::time_point deadline) {
    if (!rung_) {
      timer_.expires_at(deadline);
      co_await timer_.async_wait(kAsTuple);
    }
    co_return std::exchange(rung_, false);
  }

 private:
  boost::asio::steady_timer timer_;
  bool rung_ = false;
};

}  // namespace hlb::fleet::etcd
