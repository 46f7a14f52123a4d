#include "health/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <random>

namespace hlb {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr std::uint64_t kLowest = 0;
constexpr std::uint64_t kMiddle = std::uint64_t{1} << 63U;
constexpr std::uint64_t kHighest = std::numeric_limits<std::uint64_t>::max();

const Outcome kConnected = Outcome::pass("connected");
const Outcome kHard = Outcome::hard_failure("connection refused");
const Outcome kSoft = Outcome::soft_failure("no response in 1s");
const Outcome kCancelled = Outcome::not_known("cancelled");

milliseconds next_wait(milliseconds interval, const Outcome& last, unsigned against,
                       std::uint64_t chance) {
  return hlb::next_wait({.regular = interval}, last, State::up, against, chance);
}

TEST(Schedule, AnOutcomeThatAgreesWaitsTheInterval) {
  EXPECT_EQ(next_wait(2s, kConnected, 0, kMiddle), 2s);
  EXPECT_EQ(next_wait(2s, kHard, 0, kMiddle), 2s);
  EXPECT_EQ(next_wait(2s, kSoft, 0, kMiddle), 2s);
}

TEST(Schedule, ChanceMovesTheIntervalByATenthEitherWay) {
  EXPECT_EQ(next_wait(2s, kConnected, 0, kLowest), 1800ms);
  EXPECT_GE(next_wait(2s, kConnected, 0, kHighest), 2199ms);
  EXPECT_LE(next_wait(2s, kConnected, 0, kHighest), 2200ms);
}

TEST(Schedule, JitterIsEvenAroundTheInterval) {
  std::mt19937_64 random(7);  // NOLINT(*-msc51-cpp): the same chances in every run
  constexpr int kRounds = 20'000;
  int shorter = 0;
  milliseconds sum{0};
  for (int round = 0; round < kRounds; ++round) {
    const milliseconds wait = next_wait(10s, kConnected, 0, random());
    sum += wait;
    shorter += wait < 9500ms ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>((sum / kRounds).count()), 10'000, 20);
  EXPECT_NEAR(shorter, 0.25 * kRounds, 0.02 * kRounds);
}

TEST(Schedule, AFirstHardFailureIsConfirmedSoonerThanASoftOne) {
  EXPECT_EQ(next_wait(2s, kHard, 1, kMiddle), kConfirmHard);
  EXPECT_EQ(next_wait(2s, kSoft, 1, kMiddle), kConfirmSoft);
}

TEST(Schedule, ABackendThatIsDownHasItsOwnInterval) {
  const Intervals intervals{.regular = 2s, .down = 10s};
  EXPECT_EQ(next_wait(intervals, kHard, State::down, 0, kMiddle), 10s);
  EXPECT_EQ(next_wait(intervals, kConnected, State::up, 0, kMiddle), 2s);
  EXPECT_EQ(next_wait({.regular = 2s}, kHard, State::down, 0, kMiddle), 2s);
}

TEST(Schedule, TheFastIntervalIsTheConfiguredOneIfThereIsOne) {
  const Intervals intervals{.regular = 2s, .fast = 123ms, .down = 10s};
  EXPECT_EQ(next_wait(intervals, kConnected, State::down, 1, kMiddle), 123ms);
  EXPECT_EQ(next_wait(intervals, kHard, State::up, 2, kMiddle), 123ms);
  EXPECT_EQ(next_wait(intervals, kCancelled, State::up, 0, kMiddle), 123ms);
}

TEST(Schedule, FurtherFailuresWaitTheFastInterval) {
  EXPECT_EQ(next_wait(1s, kHard, 2, kMiddle), 250ms);
  EXPECT_EQ(next_wait(1s, kSoft, 3, kMiddle), 250ms);
}

TEST(Schedule, APassAgainstTheStateWaitsTheFastInterval) {
  EXPECT_EQ(next_wait(1s, kConnected, 1, kMiddle), 250ms);
}

TEST(Schedule, AnUnknownOutcomeIsTriedAgainOnTheFastInterval) {
  EXPECT_EQ(next_wait(1s, kCancelled, 0, kMiddle), 250ms);
  EXPECT_EQ(next_wait(1s, kCancelled, 1, kMiddle), 250ms);
}

TEST(Schedule, TheFastIntervalHasACeiling) {
  EXPECT_EQ(next_wait(60s, kConnected, 1, kMiddle), kLongestFast);
}

TEST(Schedule, TheFastIntervalIsJitteredToo) {
  EXPECT_EQ(next_wait(2s, kConnected, 1, kLowest), 450ms);
  EXPECT_GT(next_wait(2s, kConnected, 1, kHighest), 545ms);
}

TEST(Schedule, NoWaitIsLongerThanTheJitteredIntervalOrZero) {
  for (const milliseconds interval : {1ms, 3ms, 10ms, 40ms, 150ms, 2000ms, 86'400'000ms}) {
    for (const std::uint64_t chance : {kLowest, kMiddle, kHighest}) {
      const milliseconds whole = next_wait(interval, kConnected, 0, chance);
      EXPECT_GE(whole, std::max(1ms, interval * 9 / 10 - 1ms));
      EXPECT_LE(whole, interval * 11 / 10);
      for (const Outcome& last : {kConnected, kHard, kSoft, kCancelled}) {
        for (unsigned against = 0; against < 4; ++against) {
          EXPECT_LE(next_wait(interval, last, against, chance), whole);
          EXPECT_GT(next_wait(interval, last, against, chance), 0ms);
        }
      }
    }
  }
}

TEST(Schedule, AnIdentityKeepsItsPhase) {
  EXPECT_EQ(phase(2s, 4711), phase(2s, 4711));
  EXPECT_NE(phase(2s, 4711), phase(2s, 4712));
}

TEST(Schedule, PhasesOfNeighbouringIdentitiesSpreadOverTheInterval) {
  constexpr int kChecks = 10'000;
  std::array<int, 10> slots{};
  for (std::uint64_t identity = 0; identity < kChecks; ++identity) {
    const milliseconds wait = phase(2s, identity);
    ASSERT_GE(wait, 0ms);
    ASSERT_LT(wait, 2s);
    ++slots.at(static_cast<std::size_t>(wait / 200ms));
  }
  for (const int slot : slots)
    EXPECT_NEAR(slot, 0.1 * kChecks, 0.02 * kChecks);
}

}  // namespace
}  // namespace hlb
