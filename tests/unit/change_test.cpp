// What the monitor says of a change, and of every probe, on a fake clock.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

constexpr auto kBackend = "10.0.0.1";

class Changes : public testing::Test {
 protected:
  void watch(const CheckSpec& check = plain_check()) {
    world_.apply({plain_service("a.test", {kBackend}, check)});
    world_.pass(1min);
  }

  // The next change of the backend, once its probes find this.
  FakeWorld::Change next_change(const Outcome& outcome) {
    world_.says(kBackend, outcome);
    const std::size_t before = world_.changes.size();
    for (int i = 0; i < 100'000 && world_.changes.size() == before; ++i)
      world_.pass(1ms);
    return world_.changes.at(before);
  }

  FakeWorld world_;
};

TEST_F(Changes, TheFirstTookNoTime) {
  watch();
  ASSERT_EQ(world_.changes.size(), 1U);
  EXPECT_EQ(world_.changes.front().took, 0ms);
}

TEST_F(Changes, TookFromTheFirstFailureToTheOneThatDecides) {
  watch();
  EXPECT_EQ(next_change(kRefuses).took, 50ms);
  EXPECT_GT(next_change(kPasses).took, 400ms);  // a fast interval
  EXPECT_EQ(next_change(kIsSilent).took, 200ms);
}

TEST_F(Changes, ATimeBeginsAnewBehindAnOutcomeThatAgrees) {
  watch();
  world_.says(kBackend, kRefuses);
  world_.probes(kBackend);
  while (world_.probes(kBackend).empty())
    world_.pass(1ms);
  world_.says(kBackend, kPasses);
  world_.pass(10s);
  EXPECT_EQ(next_change(kRefuses).took, 50ms);
}

TEST_F(Changes, SayHowLongTheStateBeforeLasted) {
  watch();
  const auto up_since = world_.changes.front().time;
  const auto down = next_change(kRefuses);
  EXPECT_EQ(down.lasted, down.time - up_since);
  const auto up = next_change(kPasses);
  EXPECT_EQ(up.lasted, up.time - down.time);
}

TEST_F(Changes, EveryProbeIsTold) {
  watch();
  const int passed = world_.outcomes[Outcome::Result::passed];
  EXPECT_EQ(passed, static_cast<int>(world_.probes(kBackend).size()));
  world_.says(kBackend, kTellsNothing);
  world_.pass(10s);
  EXPECT_GT(world_.outcomes[Outcome::Result::unknown], 3);
  EXPECT_EQ(world_.outcomes[Outcome::Result::passed], passed);
}

}  // namespace
}  // namespace hlb
