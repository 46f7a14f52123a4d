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
      next_turn_(clock.alarm([this] { go_on(); })) {}

void Slices::start() {
  go_on();
}

void Slices::start_unless_under_way() {
  if (!under_way_) go_on();
}

void Slices::go_on() {
  const auto end = std::chrono::steady_clock::now() + kSlice;
  do {
    under_way_ = step_();
  } while (under_way_ && std::chrono::steady_clock::now() < end);
  if (under_way_) next_turn_->set(clock_.now());
  rested_();
}

}  // namespace hlb
