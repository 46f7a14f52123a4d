#include "health/weights.h"

#include <gtest/gtest.h>

namespace hlb {
namespace {

using namespace std::chrono_literals;

TEST(SlowStart, BeginsAtATenthAndEndsWithTheWhole) {
  EXPECT_EQ(slow_start_percent(0s, 30s), 10U);
  EXPECT_EQ(slow_start_percent(10s, 30s), 40U);
  EXPECT_EQ(slow_start_percent(29'999ms, 30s), 99U);
  EXPECT_EQ(slow_start_percent(30s, 30s), 100U);
  EXPECT_EQ(slow_start_percent(1h, 30s), 100U);
}

TEST(SlowStart, NeverGoesBack) {
  std::uint32_t before = 0;
  for (auto since = 0ms; since <= 2s; since += 7ms) {
    const std::uint32_t percent = slow_start_percent(since, 1s);
    EXPECT_GE(percent, before);
    before = percent;
  }
}

TEST(SlowStart, OfNoTimeGivesTheWholeAtOnce) {
  EXPECT_EQ(slow_start_percent(0s, 0s), 100U);
}

}  // namespace
}  // namespace hlb
