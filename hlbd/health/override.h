// What the operator decides of a backend, beside what its checks find: the true state stays, and
// shows again when the override goes.
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
  maintenance,  // the same, and nobody is alarmed by it
  force_up,     // as if its checks passed
  force_down,   // as if they failed, also where all are answered when all are down
};

struct Override {
  using TimePoint = std::chrono::steady_clock::time_point;

  OverrideKind kind = OverrideKind::drain;
  std::string reason;                 // in the operator's words; may be empty
  std::uint32_t set_by = 0;           // a user ID
  WallTime since;                     // for people
  std::optional<TimePoint> until;     // never passes while unset
  State state_then = State::unknown;  // the true one when it was set

  friend bool operator==(const Override&, const Override&) = default;
};

// As operators and programs call it: drain, maintenance, up, down.
std::string_view name_of(OverrideKind kind);
std::optional<OverrideKind> override_kind_named(std::string_view name);

// The state that is published, when `state` is what the checks found. No kind: that one.
State state_under(std::optional<OverrideKind> kind, State state);

// Whether it takes a backend out, so that it gets no new clients whatever its state.
bool withdraws(std::optional<OverrideKind> kind);

}  // namespace hlb
