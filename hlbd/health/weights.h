// Computes the weights of a service's backends as whole numbers, when some get only a part of
// theirs. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "health/outcome.h"
#include "health/service.h"

namespace hlb {

// A backend's part of the lookups, against the others of its service.
struct PartialWeight {
  std::uint32_t weight = 1;               // as configured, 0 … kMaxWeight
  std::uint32_t percent = kWholePercent;  // of it, 0 … kMaxWeightPercent
};

// Returns a weight for each share, in the proportions of weight × percent as near as whole numbers
// come. All are multiplied by one factor, up to 100, so that small weights can be divided. It
// depends on the configured weights alone, as weights are published one after the other: another
// factor for some would put them off by as much. A weight is at most kMaxWeight; 0 only when the
// configured weight or the percentage is.
std::vector<std::uint32_t> weights_of(std::span<const PartialWeight> shares);

// The percentage of its weight that a backend gets `since_back` after it came back: 10 at once, 100
// after `slow_start`, and in a straight line between. 100 when `slow_start` is zero.
std::uint32_t slow_start_percent(std::chrono::milliseconds since_back,
                                 std::chrono::milliseconds slow_start);

}  // namespace hlb
