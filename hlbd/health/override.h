// An operator's decision on a backend, beside the state that its checks find: that stays, and shows
// again when the override goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "health/machine.h"
#include "system/moment.h"

namespace hlb {

enum class OverrideKind : std::uint8_t {
  drain,        // no new clients; its checks go on
  maintenance,  // as drain, and nobody is alarmed by it
  force_up,     // as if its checks passed
  force_down,   // as if its checks failed, also where all are answered when all are down
};

struct Override {
  using TimePoint = std::chrono::steady_clock::time_point;

  OverrideKind kind = OverrideKind::drain;
  std::string reason;                 // in the operator's words; may be empty
  std::uint32_t set_by = 0;           // a user ID of this host
  WallTime since;                     // for people
  std::optional<TimePoint> until;     // unset: without an end
  State state_then = State::unknown;  // the checks' state when it was set
  // The fleet's, on every host of it: who set it, in place of `set_by`; may be empty.
  std::optional<std::string> of_fleet{};

  friend bool operator==(const Override&, const Override&) = default;
};

// The farthest end that counts, from now on: it can be added to any time without overflow.
inline constexpr std::chrono::milliseconds kFarthestEnd = std::chrono::years(100);

// The name that operators and programs use: drain, maintenance, up, down.
std::string_view name_of(OverrideKind kind);
std::optional<OverrideKind> override_kind_named(std::string_view name);

// The state to publish when the checks found `state`: that state, unless an override forces
// another.
State state_under(std::optional<OverrideKind> kind, State state);

// Whether it takes a backend out, which then gets no new clients whatever its state.
bool withdraws(std::optional<OverrideKind> kind);

}  // namespace hlb
