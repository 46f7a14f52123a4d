#include "engine/slices.h"

#include <chrono>
#include <utility>

namespace hlb {
namespace {

constexpr std::chrono::milliseconds kSlice{3};

}  // namespace

Slices::Slices(Clock& clock, std::function<bool()> step, std::function<void()> rested)
    : clock_(clock),
      step_(std::move(step)),
      rested_(std::move(rested)),
      next_turn_(clock.alarm([this] {
        if (more_) go_on();  // else all was done meanwhile
      })) {}

void Slices::go_on() {
  const auto end = std::chrono::steady_clock::now() + kSlice;
  more_ = step_();
  while (more_ && std::chrono::steady_clock::now() < end)
    more_ = step_();
  if (more_) next_turn_->set(clock_.now());
  rested_();
}

}  // namespace hlb
