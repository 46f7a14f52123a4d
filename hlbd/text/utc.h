// Points in time as texts in UTC, for programs: RFC 3339. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hlb::text {

// "2026-11-28T15:00:00.000Z", which sorts as the times do; years 0 to 9999.
std::string utc(std::chrono::sys_time<std::chrono::milliseconds> at);

// Takes that, and the same without a fraction of a second, or with 1 to 9 digits, of which three
// count. nullopt for all else, dates that don't exist and other offsets than Z included.
std::optional<std::chrono::sys_time<std::chrono::milliseconds>> parse_utc(std::string_view text);

}  // namespace hlb::text
