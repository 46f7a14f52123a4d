// Time as people tell it. It may be set at any moment, so nothing is decided by it.
#pragma once

#include <chrono>

namespace hlb {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

}  // namespace hlb
