// The weight of a backend that has come back. Pure: the caller brings the time.
#pragma once

#include <chrono>
#include <cstdint>

namespace hlb {

// How much of its weight a backend gets `since_back` after it came back, in percent: 10 at once,
// 100 after `slow_start`, and in a straight line between. 100 when `slow_start` is zero.
std::uint32_t slow_start_percent(std::chrono::milliseconds since_back,
                                 std::chrono::milliseconds slow_start);

}  // namespace hlb
