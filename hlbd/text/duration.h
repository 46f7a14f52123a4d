// Durations as text: as the configuration and the command line write them ("50ms", "1.5s", "14d"),
// and as messages do. Pure.
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

// In seconds if these are whole, else in milliseconds: "2s", "1500ms", "3600s".
std::string in_seconds(std::chrono::milliseconds duration);

// How long something took or lasted, in the unit that fits: "0.06 s", "12 min", "3 h", "5 days".
std::string rounded(std::chrono::nanoseconds duration);

// How far off something is, in the largest unit of which there are two at least, cut off:
// "47 hours", "2 days", "1 minute".
std::string far_off(std::chrono::minutes duration);

// How long ago something was, for a table: "35s", "12m", "4h 12m", "3d".
std::string brief(std::chrono::milliseconds duration);

// "0.3 ms", "12 ms", "1.2 s".
std::string latency(std::chrono::microseconds duration);

}  // namespace hlb::text
