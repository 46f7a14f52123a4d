#include "health/machine.h"

namespace hlb {

void Machine::start_from(State inherited) {
  state_ = inherited;
  decided_ = false;
  against_ = 0;
}

Transition Machine::observe(Outcome::Result result) {
  if (result == Outcome::Result::unknown) return Transition::unchanged;

  const State seen = result == Outcome::Result::passed ? State::up : State::down;
  if (state_ == State::unknown || seen == state_) return settle(seen);

  const unsigned needed = seen == State::up ? thresholds_.rise : thresholds_.fall;
  if (++against_ >= needed) return settle(seen);
  return Transition::pending;
}

Transition Machine::settle(State state) {
  const bool changed = state != state_;
  state_ = state;
  decided_ = true;
  against_ = 0;
  return changed ? Transition::changed : Transition::unchanged;
}

}  // namespace hlb
