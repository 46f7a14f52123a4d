// Times on the bus: microseconds since 1970, as systemd's are.
#pragma once

#include <chrono>
#include <cstdint>

#include "system/moment.h"

namespace hlb::bus {

inline std::uint64_t timestamp(WallTime time) {
  const auto since_1970 = std::chrono::microseconds(time.time_since_epoch()).count();
  return since_1970 < 0 ? 0 : static_cast<std::uint64_t>(since_1970);
}

}  // namespace hlb::bus
