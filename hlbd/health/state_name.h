// What a state is called: in log lines, in the state file, and towards programs.
#pragma once

#include <string_view>

#include "health/machine.h"

namespace hlb {

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

}  // namespace hlb
