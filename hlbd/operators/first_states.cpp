#include "operators/first_states.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace hlb {

bool FirstStates::shows(State first) {
  if (!std::exchange(open_, true)) open_window();
  if (shown_ < kMostShown) {
    ++shown_;
    return true;
  }
  ++(first == State::up ? up_ : down_);
  return false;
}

void FirstStates::open_window() {
  timer_.expires_after(kWindow);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) close_window();
  });
}

void FirstStates::close_window() {
  open_ = false;
  shown_ = 0;
  const std::size_t up = std::exchange(up_, 0);
  const std::size_t down = std::exchange(down_, 0);
  if (up + down == 0) return;
  spdlog::info("{} more backends have their first state: {} up, {} down", up + down, up, down);
}

}  // namespace hlb
