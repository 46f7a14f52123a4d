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

void Slices::go_on() {
  const auto end = std::chrono::steady_clock::now() + kSlice;
  bool more = step_();
  while (more && std::chrono::steady_clock::now() < end)
    more = step_();
  if (more) next_turn_->set(clock_.now());
  rested_();
}

}  // namespace hlb
