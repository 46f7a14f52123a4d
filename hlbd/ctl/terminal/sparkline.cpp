#include "ctl/terminal/sparkline.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "health/history.h"
#include "health/latency_scale.h"

namespace hlb::ctl {
namespace {

constexpr std::array<const char*, LatencyScale::kSteps> kBars = {"▁", "▂", "▃", "▄",
                                                                 "▅", "▆", "▇", "█"};
constexpr std::array<const char*, LatencyScale::kSteps> kDigits = {"1", "2", "3", "4",
                                                                   "5", "6", "7", "8"};

}  // namespace

Styled sparkline(std::span<const std::int32_t> outcomes, std::size_t most, bool utf8) {
  const auto shown = outcomes.last(std::min(most, outcomes.size()));
  const LatencyScale scale(shown);
  Styled line;
  for (const std::int32_t outcome : shown) {
    if (outcome == History::kFailed) {
      line.add("x", Style::red);
    } else if (outcome < 0) {
      line.add("?");
    } else {
      line.add((utf8 ? kBars : kDigits).at(scale.step(outcome)));
    }
  }
  return line;
}

}  // namespace hlb::ctl
