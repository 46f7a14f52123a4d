// Schedules the next probe of a check. Pure: the caller brings the chance and keeps the time.
//
// All checks are probed at once when they start, so that the first round is over soon. The wait
// after that first probe is phase(), which spreads the checks over their interval; every later wait
// is next_wait().
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "health/machine.h"
#include "health/outcome.h"

namespace hlb {

inline constexpr std::chrono::milliseconds kConfirmHard{50};   // wait after a clear no
inline constexpr std::chrono::milliseconds kConfirmSoft{200};  // a little longer after silence
inline constexpr std::chrono::milliseconds kLongestFast{500};

struct Intervals {
  std::chrono::milliseconds regular;  // at most 24 hours
  std::chrono::milliseconds fast{0};  // 0: a quarter of the regular interval, at most kLongestFast
  std::chrono::milliseconds down{0};  // while the check is down; 0: the regular interval
};

// The wait from the end of a probe to the start of the next. `state`, `against`: the machine's
// after `last`; Machine::against() are the outcomes in a row that speak against the state.
//  - `last` agrees with the state (against = 0), or abstained: the regular interval, or `down`;
//  - `last` is the first failure against the state: kConfirmHard or kConfirmSoft by its evidence;
//  - `last` is unknown, a pass against the state, or a further failure: the fast interval.
// All but the confirmation are jittered by `chance`, within ±10 %, so that checks never march in
// step. Never longer than the jittered regular (or down) interval, and never zero.
// `chance`: uniform over all 64-bit values.
std::chrono::milliseconds next_wait(const Intervals& intervals, const Outcome& last, State state,
                                    unsigned against, std::uint64_t chance);

// The wait after a check's first probe: 0 ≤ phase < interval, and always the same for the same
// identity. `identity` may be any number that tells the host's checks apart, also a running number.
// A first outcome that is unknown is better retried after next_wait().
std::chrono::milliseconds phase(std::chrono::milliseconds interval, std::uint64_t identity);

// The identity for phase() of a check that `check` describes, on the host of that identity. Pure,
// and the same in every build.
std::uint64_t check_identity(std::uint64_t host, std::string_view check);

}  // namespace hlb
