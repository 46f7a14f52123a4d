// Durations as the configuration writes them: "50ms", "1.5s", "1m", "1h", "14d".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hlb::config {

// A decimal number and a unit (ms, s, m, h, d), nothing before, between or behind. nullopt for all
// else, a fraction that is no whole number of milliseconds included.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// In the largest unit of which it is a whole number: 10ms, 2s, 1h.
std::string to_string(std::chrono::milliseconds duration);

}  // namespace hlb::config
