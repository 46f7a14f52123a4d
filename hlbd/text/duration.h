// Durations as the configuration, the command line and messages write them: "50ms", "1.5s", "14d".
// Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hlb::text {

// A decimal number and a unit (ms, s, m, h, d), nothing before, between or after. nullopt for all
// else, a fraction that is no whole number of milliseconds included.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// Of several such in a row, as on the command line: "30m", "1h30m". nullopt for all else, and for
// less than a millisecond in all.
std::optional<std::chrono::milliseconds> parse_durations(std::string_view text);

// In the largest unit of which it is a whole number: 10ms, 2s, 1h.
std::string to_string(std::chrono::milliseconds duration);

}  // namespace hlb::text
