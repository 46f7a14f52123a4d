#include "ctl/span.h"

#include <algorithm>

#include "config/duration.h"

namespace hlb::ctl {

std::optional<std::chrono::milliseconds> parse_span(std::string_view text) {
  constexpr std::string_view kNumber = "0123456789.";
  std::chrono::milliseconds sum{0};
  while (!text.empty()) {
    const std::size_t unit = std::min(text.find_first_not_of(kNumber), text.size());
    const std::size_t end = std::min(text.find_first_of(kNumber, unit), text.size());
    const auto part = config::parse_duration(text.substr(0, end));
    if (!part) return std::nullopt;
    sum += *part;
    text.remove_prefix(end);
  }
  if (sum <= std::chrono::milliseconds(0)) return std::nullopt;
  return sum;
}

}  // namespace hlb::ctl
