#include "health/flap_damper.h"

#include <gtest/gtest.h>

namespace hlb {
namespace {

using namespace std::chrono_literals;
using TimePoint = FlapDamper::TimePoint;

// Changes `count` times, a second apart, from `start` on; returns when the last one was.
TimePoint change(FlapDamper& damper, int count, TimePoint start) {
  for (int i = 0; i < count; ++i)
    damper.changed(start + i * 1s);
  return start + (count - 1) * 1s;
}

TEST(FlapDamper, LeavesFewChangesAlone) {
  FlapDamper damper(6);
  EXPECT_EQ(damper.rise_factor(TimePoint()), 1U);
  const TimePoint now = change(damper, 6, TimePoint());
  EXPECT_EQ(damper.rise_factor(now), 1U);
}

TEST(FlapDamper, DoublesWithEachChangeBeyondThem) {
  FlapDamper damper(6);
  TimePoint now = change(damper, 7, TimePoint());
  EXPECT_EQ(damper.rise_factor(now), 2U);
  now = change(damper, 1, now + 1s);
  EXPECT_EQ(damper.rise_factor(now), 4U);
  now = change(damper, 1, now + 1s);
  EXPECT_EQ(damper.rise_factor(now), 8U);
}

TEST(FlapDamper, MultipliesBy32AtMost) {
  FlapDamper damper(1);
  const TimePoint now = change(damper, 40, TimePoint());
  EXPECT_EQ(damper.rise_factor(now), kMostRiseFactor);
}

TEST(FlapDamper, EndsAMinuteAfterTheLastChange) {
  FlapDamper damper(6);
  const TimePoint now = change(damper, 8, TimePoint());
  EXPECT_EQ(damper.rise_factor(now + kFlapWindow - 1ms), 4U);
  EXPECT_EQ(damper.rise_factor(now + kFlapWindow), 1U);
}

TEST(FlapDamper, StartsAnewAfterItsEnd) {
  FlapDamper damper(2);
  const TimePoint later = change(damper, 9, TimePoint()) + kFlapWindow;
  EXPECT_EQ(damper.rise_factor(change(damper, 2, later)), 1U);
  EXPECT_EQ(damper.rise_factor(change(damper, 1, later + 2s)), 2U);
}

TEST(FlapDamper, CountsOnlyTheChangesOfOneMinute) {
  FlapDamper damper(2);
  TimePoint now;
  for (int i = 0; i < 20; ++i) {
    now += 31s;  // any three lie within 62 seconds
    damper.changed(now);
    EXPECT_EQ(damper.rise_factor(now), 1U);
  }
}

TEST(FlapDamper, ZeroIsNever) {
  FlapDamper damper(0);
  EXPECT_EQ(damper.rise_factor(change(damper, 100, TimePoint())), 1U);
}

}  // namespace
}  // namespace hlb
