// Reasons that come in floods, and a machine that sleeps.
#include "engine/paced.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/sleep_watch.h"
#include "tests/unit/fake_clock.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

class PacedTest : public testing::Test {
 protected:
  void pass(std::chrono::milliseconds time) {
    const auto end = clock_.now() + time;
    while (clock_.pass_to_next_alarm(end)) {
    }
  }

  // How often it acts when there is a reason every 100 ms.
  std::size_t times_in(std::chrono::milliseconds time) {
    acted_ = 0;
    for (auto passed = 0ms; passed < time; passed += 100ms) {
      paced_.there_is_reason();
      pass(100ms);
    }
    return acted_;
  }

  FakeClock clock_;
  std::size_t acted_ = 0;
  Paced paced_{clock_, [this] { ++acted_; }};
};

TEST_F(PacedTest, ActsAtOnceAndOnceMoreForAllThatComeInThePause) {
  paced_.there_is_reason();
  EXPECT_EQ(acted_, 1U);
  for (int i = 0; i < 10; ++i)
    paced_.there_is_reason();
  EXPECT_EQ(acted_, 1U);
  pass(Paced::kShortest);
  EXPECT_EQ(acted_, 2U);
  pass(1h);
  EXPECT_EQ(acted_, 2U);
}

TEST_F(PacedTest, ActsSeldomWhileReasonsNeverEnd) {
  times_in(1min);
  EXPECT_LE(times_in(80s), 11U);
  EXPECT_GE(times_in(80s), 9U);
}

TEST_F(PacedTest, ActsAtOnceAgainAfterAQuietPause) {
  times_in(1min);
  pass(1min);
  times_in(100ms);
  EXPECT_EQ(acted_, 1U);
  paced_.there_is_reason();
  pass(Paced::kShortest);
  EXPECT_EQ(acted_, 2U);
}

TEST(SleepWatch, NoticesWhatOnlyTheClockThatRunsInSleepCounted) {
  SleepWatch watch;
  EXPECT_FALSE(watch.slept(100s, 40s));  // a sleep from before
  EXPECT_FALSE(watch.slept(101s, 41s));
  EXPECT_TRUE(watch.slept(4701s, 41s));
  EXPECT_FALSE(watch.slept(4702s, 42s));
  EXPECT_FALSE(watch.slept(5702s, 1042s));  // was stopped, as the machine was not
}

TEST(SleepWatch, TakesTheTimeBetweenTwoReadingsForNone) {
  SleepWatch watch;
  watch.slept(100s, 100s);
  EXPECT_FALSE(watch.slept(101s + 400ms, 101s));
  EXPECT_FALSE(watch.slept(102s, 102s));
}

}  // namespace
}  // namespace hlb
