// Backends that are up when some of their checks pass.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

const std::string kTried = "10.0.0.1";
const std::string kBeside = "10.0.0.2";

// Two backends with checks at the ports 1, 2 and 3; of the first of them the test says what they
// find.
class ChecksNeeded : public testing::Test {
 protected:
  void watch(std::uint16_t needed) {
    ServiceSpec service = plain_service("app.test", {kTried, kBeside}, plain_check(1));
    service.checks.push_back(plain_check(2));
    service.checks.push_back(plain_check(3));
    service.checks_needed = needed;
    world_.apply({service});
    world_.pass(10s);
  }

  void find(std::uint16_t port, const Outcome& outcome) {
    found_.insert_or_assign(port, outcome);
    world_.pass(10s);
  }

  std::map<std::uint16_t, Outcome> found_;
  FakeWorld world_{[this](const probes::Target& target, Clock::TimePoint /*now*/) {
    const auto found = found_.find(target.port);
    return found == found_.end() || target.address != address(kTried) ? kPasses : found->second;
  }};
};

TEST_F(ChecksNeeded, AreAllUnlessTold) {
  watch(0);
  find(2, kRefuses);
  EXPECT_EQ(world_.state(kTried), State::down);
}

TEST_F(ChecksNeeded, MayBeFewer) {
  watch(2);
  find(2, kRefuses);
  EXPECT_EQ(world_.state(kTried), State::up);
  find(3, kRefuses);
  EXPECT_EQ(world_.state(kTried), State::down);
  find(2, kPasses);
  EXPECT_EQ(world_.state(kTried), State::up);
}

TEST_F(ChecksNeeded, AreOutOfReachOnlyWhenTooManyFail) {
  found_.insert_or_assign(1, kTellsNothing);
  found_.insert_or_assign(2, kRefuses);
  watch(2);
  EXPECT_EQ(world_.state(kTried), State::unknown);
  find(1, kRefuses);
  EXPECT_EQ(world_.state(kTried), State::down);
}

TEST_F(ChecksNeeded, MakeNoSuspectWhileEnoughAreSure) {
  CheckSpec patient = plain_check(1);
  patient.fall = 100;
  ServiceSpec service = plain_service("app.test", {kTried, kBeside}, patient);
  service.checks.push_back(patient);
  service.checks.back().port = 2;
  service.checks_needed = 1;
  world_.apply({service});
  world_.pass(10s);
  find(1, kRefuses);
  EXPECT_FALSE(world_.verdict(0, kTried).suspect);
  find(2, kRefuses);
  EXPECT_TRUE(world_.verdict(0, kTried).suspect);
}

TEST(NeededChecks, AreMissedOnceTheOnlyCheckThatKnowsFindsItDown) {
  Outcome of_80 = kPasses;
  FakeWorld world([&](const probes::Target& target, FakeWorld::TimePoint) {
    return target.port == 80 ? of_80 : kTellsNothing;
  });
  ServiceSpec service = plain_service("a.test", {"10.0.0.1"});
  service.checks.push_back(plain_check(81));
  service.checks_needed = 1;
  world.apply({service});
  world.pass(1min);
  EXPECT_EQ(world.state("10.0.0.1"), State::up);
  of_80 = kRefuses;
  world.pass(1h);
  EXPECT_EQ(world.state("10.0.0.1"), State::unknown);
}

}  // namespace
}  // namespace hlb
