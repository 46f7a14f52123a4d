// The weights of a service's backends as whole numbers, when some get a part of theirs alone. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "health/service.h"

namespace hlb {

// What a backend gets of the lookups, against the others of its service.
struct PartialWeight {
  std::uint32_t weight = 1;     // as configured, 0 … kMaxWeight
  std::uint32_t percent = 100;  // of it, 0 … kMaxWeightPercent
};

// For each share a weight, in the proportions of weight × percent as near as whole numbers come.
// All are multiplied by one factor, up to 100, so that small ones can be divided; it depends on the
// configured weights alone, as weights are published one after the other: with another factor for
// some of them they would be off by as much. At most kMaxWeight; 0 only when the weight or the
// percentage is.
std::vector<std::uint32_t> weights_of(std::span<const PartialWeight> shares);

// How much of its weight a backend gets `since_back` after it came back, in percent: 10 at once,
// 100 after `slow_start`, and in a straight line between. 100 when `slow_start` is zero.
std::uint32_t slow_start_percent(std::chrono::milliseconds since_back,
                                 std::chrono::milliseconds slow_start);

}  // namespace hlb
