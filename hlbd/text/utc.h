// Points in time as text, in UTC, as RFC 3339 writes them: "2026-11-28T15:00:00Z". Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hlb::text {

using UtcTime = std::chrono::sys_time<std::chrono::milliseconds>;

// With milliseconds only if there are any. Of the years 0 to 9999.
std::string utc(UtcTime time);

// A fraction of a second may have any number of digits, of which three count. nullopt for all else,
// other time zones included.
std::optional<UtcTime> parse_utc(std::string_view text);

}  // namespace hlb::text
