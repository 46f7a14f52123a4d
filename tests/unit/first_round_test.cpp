// How long the first outcomes of new checks are waited for, while services change.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

const std::string kSilent = "10.0.0.1";
const std::string kSilentToo = "10.0.0.2";
const std::string kOther = "10.0.0.9";

class FirstRound : public testing::Test {
 protected:
  FirstRound() {
    world_.takes(kSilent, 1h);
    world_.takes(kSilentToo, 1h);
  }

  // Changes another service again and again, once in `pause`.
  void change_for(milliseconds time, milliseconds pause) {
    for (milliseconds passed{0}; passed < time; passed += pause) {
      other_.backends.front().weight += 1;
      apply();
      world_.pass(pause);
    }
  }
  void apply() {
    std::vector<ServiceSpec> services = {other_};
    services.insert(services.end(), silent_.begin(), silent_.end());
    world_.apply(std::move(services));
  }
  bool undecided(std::size_t service) { return world_.verdict(service).undecided; }

  ServiceSpec other_ = plain_service("other.test", {kOther});
  std::vector<ServiceSpec> silent_ = {plain_service("silent.test", {kSilent})};
  FakeWorld world_;
};

TEST_F(FirstRound, EndsThoughServicesChangeWithoutEnd) {
  change_for(1s, 500ms);
  EXPECT_TRUE(undecided(1));
  EXPECT_FALSE(world_.monitor().first_round_over());
  change_for(3s, 500ms);
  EXPECT_FALSE(undecided(1));
  EXPECT_TRUE(world_.monitor().first_round_over());
}

TEST_F(FirstRound, HasItsWholeTimeForWhatComesMeanwhile) {
  change_for(1s, 500ms);
  silent_.push_back(plain_service("late.test", {kSilentToo}));
  change_for(1s, 500ms);
  EXPECT_FALSE(undecided(1));
  EXPECT_TRUE(undecided(2));
  change_for(3s, 500ms);
  EXPECT_FALSE(undecided(2));
}

TEST_F(FirstRound, EndsByItselfForWhatCameLast) {
  change_for(1s, 500ms);
  silent_.push_back(plain_service("late.test", {kSilentToo}));
  apply();
  world_.pass(5s);
  EXPECT_FALSE(undecided(2));
}

TEST_F(FirstRound, KeepsAReplacedBackendForSoLong) {
  ServiceSpec replaced = plain_service("replaced.test", {"10.0.0.5"});
  silent_.push_back(replaced);
  change_for(1s, 500ms);
  silent_.back() = plain_service("replaced.test", {kSilentToo});
  change_for(1s, 500ms);
  EXPECT_EQ(world_.state("10.0.0.5", 2), State::up);
  change_for(3s, 500ms);
  EXPECT_EQ(world_.verdict(2).backends.size(), 1U);
}

TEST_F(FirstRound, IsANewOneAfterTheLastHasEnded) {
  change_for(4s, 500ms);
  world_.pass(1min);
  silent_.push_back(plain_service("late.test", {kSilentToo}));
  apply();
  EXPECT_FALSE(world_.monitor().first_round_over());
  EXPECT_TRUE(undecided(2));
  world_.pass(3s);
  EXPECT_TRUE(world_.monitor().first_round_over());
}

}  // namespace
}  // namespace hlb
