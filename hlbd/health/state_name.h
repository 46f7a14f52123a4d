// What a state is called: in log lines, in the state file, and towards programs.
#pragma once

#include <string_view>

#include "health/machine.h"
#include "health/verdict.h"

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

constexpr std::string_view name_of(ServiceState state) {
  switch (state) {
    case ServiceState::up:
      return "up";
    case ServiceState::degraded:
      return "degraded";
    case ServiceState::down:
      return "down";
    case ServiceState::unknown:
      break;
  }
  return "unknown";
}

}  // namespace hlb
