#include "engine/walk.h"

#include <chrono>
#include <utility>

namespace hlb {
namespace {

constexpr std::chrono::milliseconds kSlice{3};

}  // namespace

Walk::Walk(Clock& clock, std::function<void(std::size_t place)> step, std::function<void()> rested)
    : clock_(clock),
      step_(std::move(step)),
      rested_(std::move(rested)),
      next_turn_(clock.alarm([this] {
        if (under_way()) go_on();  // else it was given up for another that is over
      })) {}

void Walk::start(std::size_t count) {
  next_ = 0;
  count_ = count;
  go_on();
}

void Walk::go_on() {
  const auto end = std::chrono::steady_clock::now() + kSlice;
  do {
    if (under_way()) step_(next_++);
  } while (under_way() && std::chrono::steady_clock::now() < end);
  if (under_way()) next_turn_->set(clock_.now());
  rested_();
}

}  // namespace hlb
