#include "health/slow_start.h"

#include <algorithm>

namespace hlb {

std::uint32_t slow_start_percent(std::chrono::milliseconds since_back,
                                 std::chrono::milliseconds slow_start) {
  constexpr std::int64_t kFirst = 10;
  constexpr std::int64_t kFull = 100;
  if (since_back >= slow_start) return kFull;
  const std::int64_t passed = std::max<std::int64_t>(since_back.count(), 0);
  return static_cast<std::uint32_t>(kFirst + (kFull - kFirst) * passed / slow_start.count());
}

}  // namespace hlb
