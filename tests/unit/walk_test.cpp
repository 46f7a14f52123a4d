#include "engine/walk.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include "tests/unit/fake_clock.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

class WalkTest : public testing::Test {
 protected:
  void pass() {
    while (clock_.pass_to_next_alarm(clock_.now() + 1s)) {
    }
  }

  FakeClock clock_;
  std::vector<std::size_t> places_;
  std::size_t rests_ = 0;
  // Each step takes more than a turn has.
  Walk walk_{clock_,
             [this](std::size_t place) {
               places_.push_back(place);
               std::this_thread::sleep_for(4ms);
             },
             [this] { ++rests_; }};
};

TEST_F(WalkTest, RestsAfterEachTurn) {
  walk_.start(3);
  EXPECT_EQ(rests_, 1U);
  EXPECT_TRUE(walk_.under_way());
  pass();
  EXPECT_FALSE(walk_.under_way());
  EXPECT_EQ(places_, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(rests_, 3U);
}

TEST_F(WalkTest, HasNoTurnLeftOfAWalkThatWasGivenUp) {
  walk_.start(3);
  walk_.start(1);
  EXPECT_FALSE(walk_.under_way());
  EXPECT_EQ(rests_, 2U);
  pass();
  EXPECT_EQ(places_, (std::vector<std::size_t>{0, 0}));
  EXPECT_EQ(rests_, 2U);
}

}  // namespace
}  // namespace hlb
