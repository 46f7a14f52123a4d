// Which first states of backends the log shows one by one: with thousands of them at a start the
// journal's limit would swallow what matters after that.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>

#include "health/machine.h"

namespace hlb {

// Used by hlbd's loop alone.
class FirstStates {
 public:
  static constexpr std::size_t kMostShown = 100;  // within kWindow; those beyond are told as a sum
  static constexpr std::chrono::seconds kWindow{3};

  explicit FirstStates(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  // Whether the line of a backend that has its first state is to be shown; else it is counted.
  bool shows(State first);

 private:
  void open_window();
  void close_window();

  boost::asio::steady_timer timer_;
  bool open_ = false;
  std::size_t shown_ = 0;
  std::size_t up_ = 0;  // of those not shown
  std::size_t down_ = 0;
};

}  // namespace hlb
