#include "health/outcome.h"

#include <gtest/gtest.h>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;
using Result = Outcome::Result;

const Outcome kLate = Outcome::too_late("hlbd itself was late by 900ms");

TEST(Excuses, CoverThreeLateOutcomesInARow) {
  Excuses excuses;
  for (int count = 0; count < 3; ++count)
    EXPECT_EQ(excuses.judge(kLate).result, Result::unknown);
  for (int count = 0; count < 2; ++count) {
    const Outcome outcome = excuses.judge(kLate);
    EXPECT_EQ(outcome.result, Result::failed);
    EXPECT_EQ(outcome.evidence, Outcome::Evidence::soft);
    EXPECT_EQ(outcome.reason, "nothing heard again, and hlbd itself was late by 900ms");
  }
}

TEST(Excuses, BeginAnewWithEveryOtherOutcome) {
  for (const Outcome& other : {kPasses, kIsSilent, kTellsNothing}) {
    Excuses excuses;
    for (int round = 0; round < 3; ++round) {
      for (int count = 0; count < 3; ++count)
        EXPECT_EQ(excuses.judge(kLate).result, Result::unknown);
      EXPECT_EQ(excuses.judge(other).result, other.result);
    }
  }
}

TEST(Excuses, DoNotHideABackendThatHangsFromAHostThatIsAlwaysLate) {
  FakeWorld world;
  world.apply({plain_service("a.test", {"10.0.0.1", "10.0.0.2"})});
  world.pass(1s);
  ASSERT_EQ(world.state("10.0.0.1"), State::up);
  world.says("10.0.0.1", kLate);
  world.pass(30s);
  EXPECT_EQ(world.state("10.0.0.1"), State::down);
  EXPECT_EQ(world.state("10.0.0.2"), State::up);
}

}  // namespace
}  // namespace hlb
