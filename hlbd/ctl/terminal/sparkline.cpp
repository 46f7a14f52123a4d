#include "ctl/terminal/sparkline.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "health/history.h"

namespace hlb::ctl {
namespace {

constexpr std::array<const char*, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<const char*, 8> kDigits = {"1", "2", "3", "4", "5", "6", "7", "8"};

// Passes shorter than this differ by chance alone.
constexpr std::int32_t kShortest = 250;  // microseconds

std::int32_t fastest_pass(std::span<const std::int32_t> outcomes) {
  std::int32_t fastest = INT32_MAX;
  for (const std::int32_t outcome : outcomes) {
    if (outcome >= 0) fastest = std::min(fastest, outcome);
  }
  return std::max(fastest, kShortest);
}

// The step of the bar: each is twice as long as the one below it.
std::size_t height(std::int32_t pass, std::int32_t fastest) {
  std::size_t steps = 0;
  for (std::int64_t step = std::int64_t{fastest} * 2; pass >= step; step *= 2)
    ++steps;
  return std::min(steps, kBars.size() - 1);
}

}  // namespace

Styled sparkline(std::span<const std::int32_t> outcomes, std::size_t most, bool utf8) {
  const auto shown = outcomes.last(std::min(most, outcomes.size()));
  const std::int32_t fastest = fastest_pass(shown);
  Styled line;
  for (const std::int32_t outcome : shown) {
    if (outcome == History::kFailed) {
      line.add("x", Style::red);
    } else if (outcome < 0) {
      line.add("?");
    } else {
      line.add((utf8 ? kBars : kDigits).at(height(outcome, fastest)));
    }
  }
  return line;
}

}  // namespace hlb::ctl
