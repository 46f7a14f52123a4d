// Durations on the command line: as the configuration writes them, or several in a row.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace hlb::ctl {

// "30m", "1h30m", "1.5h"; nullopt for all else, and for nothing or less than a millisecond.
std::optional<std::chrono::milliseconds> parse_span(std::string_view text);

}  // namespace hlb::ctl
