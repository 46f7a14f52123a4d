// The health of one backend: outcomes in, state out. Pure: no clock, no socket, no log.
#pragma once

#include <cstdint>
#include <string_view>

#include "health/outcome.h"

namespace hlb {

enum class State : std::uint8_t { unknown, up, down };

// The name of a state in log lines, in the state file, and towards programs.
constexpr std::string_view name_of(State state) {
  switch (state) {
    case State::up:
      return "up";
    case State::down:
      return "down";
    case State::unknown:
      break;
  }
  return "unknown";
}

// The effect of an outcome on the state. `pending`: it speaks against the state, but not yet often
// enough. `unchanged`: it agrees with the state, or says nothing.
enum class Transition : std::uint8_t { unchanged, pending, changed };

struct Thresholds {
  unsigned rise = 2;  // passes in a row that bring a backend up, ≥ 1
  unsigned fall = 2;  // failures in a row that take it down, ≥ 1
};

// Leaves an unknown state at the first outcome; after that `fall` failures in a row change the
// state, or `rise` passes. An unknown outcome changes nothing, neither the state nor the run of
// outcomes against it.
class Machine {
 public:
  explicit Machine(Thresholds thresholds) : thresholds_(thresholds) {}

  // Starts from a state found before, which serves and changes as any other: one lost packet at a
  // restart is no reason to leave out a backend that was up. It is a claim, though: decided() stays
  // false until our own outcomes have borne it out, or changed it.
  void start_from(State inherited);

  // Sets thresholds that count from the next outcome on; the state and the run of outcomes stay.
  void set_thresholds(Thresholds thresholds) { thresholds_ = thresholds; }

  Transition observe(Outcome::Result result);

  State state() const { return state_; }
  bool decided() const { return decided_; }      // our own outcomes bear the state out
  unsigned against() const { return against_; }  // outcomes in a row that speak against the state
  bool pending() const { return against_ > 0; }

 private:
  Transition settle(State state);

  Thresholds thresholds_;
  State state_ = State::unknown;
  bool decided_ = false;
  unsigned against_ = 0;
};

}  // namespace hlb
