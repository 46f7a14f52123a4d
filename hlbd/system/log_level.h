// How much a log line matters.
#pragma once

#include <cstdint>

namespace hlb {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };

}  // namespace hlb
