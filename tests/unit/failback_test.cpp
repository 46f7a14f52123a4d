// A priority that comes back, and is held back.
#include "health/failback.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

class FailbackTest : public testing::Test {
 protected:
  inline static const std::string kPrimary = "10.0.0.1";
  inline static const std::string kStandby = "10.0.1.1";
  inline static const std::string kSecond = "10.0.1.2";
  inline static const std::string kThird = "10.0.2.1";

  // The third number of an address is its priority.
  static ServiceSpec service(std::optional<std::chrono::milliseconds> failback,
                             const std::vector<std::string>& backends = {kPrimary, kStandby}) {
    ServiceSpec spec = plain_service("db.test", backends);
    for (BackendSpec& each : spec.backends)
      each.priority = each.address.bytes[2];
    spec.failback = failback;
    return spec;
  }

  void watch(const ServiceSpec& spec) {
    world_.apply({spec});
    world_.pass(5s);
    world_.monitor().refresh();
  }
  void kill(const std::string& backend) { say(backend, kRefuses); }
  void revive(const std::string& backend) { say(backend, kPasses); }
  void say(const std::string& backend, const Outcome& outcome) {
    world_.says(backend, outcome);
    world_.pass(20s);
    world_.monitor().refresh();  // as hlbd does after each change
  }

  std::vector<std::string> answered() {
    std::vector<std::string> answered;
    const ServiceVerdict& verdict = world_.verdict(0);
    for (const BackendVerdict& each : verdict.backends) {
      if (verdict.serves(each)) answered.push_back(each.address.to_string());
    }
    return answered;
  }
  bool held_back(const std::string& backend) { return world_.verdict(0, backend).held_back; }

  using Answer = std::vector<std::string>;
  static constexpr std::nullopt_t kManual = std::nullopt;

  FakeWorld world_;
};

TEST_F(FailbackTest, IsAtOnceUnlessSaidOtherwise) {
  watch(service(0ms));
  kill(kPrimary);
  EXPECT_EQ(answered(), Answer{kStandby});
  revive(kPrimary);
  EXPECT_EQ(answered(), Answer{kPrimary});
}

TEST_F(FailbackTest, IsTheOperatorsWhereItIsManual) {
  watch(service(kManual));
  EXPECT_EQ(answered(), Answer{kPrimary});
  kill(kPrimary);
  EXPECT_EQ(answered(), Answer{kStandby});
  EXPECT_FALSE(held_back(kPrimary));
  revive(kPrimary);
  world_.pass(24h);
  EXPECT_EQ(answered(), Answer{kStandby});
  EXPECT_TRUE(held_back(kPrimary));
  EXPECT_EQ(world_.verdict(0).status.held_back, 1U);
  EXPECT_EQ(world_.verdict(0).status.state, ServiceState::up);
  world_.monitor().fail_back(0, 1000);
  EXPECT_EQ(answered(), Answer{kPrimary});
  EXPECT_FALSE(held_back(kPrimary));
  EXPECT_EQ(world_.monitor().watched()[0].failback->cause(), Failback::Cause::asked);
  EXPECT_EQ(world_.monitor().watched()[0].failback->asked_by(), 1000U);
}

TEST_F(FailbackTest, ComesAtOnceWhenTheStandbyDies) {
  watch(service(kManual));
  kill(kPrimary);
  revive(kPrimary);
  kill(kStandby);
  EXPECT_EQ(answered(), Answer{kPrimary});
  revive(kStandby);
  EXPECT_EQ(answered(), Answer{kPrimary});
}

TEST_F(FailbackTest, OfTwoThatAreHeldBackTheBestServesWhenItHasTo) {
  watch(service(kManual, {kPrimary, kStandby, kThird}));
  kill(kPrimary);
  kill(kStandby);
  EXPECT_EQ(answered(), Answer{kThird});
  revive(kStandby);
  revive(kPrimary);
  EXPECT_EQ(answered(), Answer{kThird});
  EXPECT_TRUE(held_back(kPrimary) && held_back(kStandby));
  kill(kThird);
  EXPECT_EQ(answered(), Answer{kPrimary});
  EXPECT_FALSE(held_back(kStandby)) << "a standby as ever";
}

TEST_F(FailbackTest, ComesWhenThePriorityHasBeenHealthyForSoLong) {
  watch(service(10min));
  kill(kPrimary);
  revive(kPrimary);
  world_.pass(9min);
  EXPECT_EQ(answered(), Answer{kStandby});
  world_.publications = 0;
  world_.pass(1min);
  EXPECT_GT(world_.publications, 0);
  EXPECT_EQ(answered(), Answer{kPrimary});
  EXPECT_EQ(world_.monitor().watched()[0].failback->cause(), Failback::Cause::time);
}

TEST_F(FailbackTest, WaitsAnewAfterABreak) {
  watch(service(10min));
  kill(kPrimary);
  revive(kPrimary);
  world_.pass(9min);
  kill(kPrimary);
  revive(kPrimary);
  world_.pass(9min);
  EXPECT_EQ(answered(), Answer{kStandby});
  world_.pass(1min);
  EXPECT_EQ(answered(), Answer{kPrimary});
}

TEST_F(FailbackTest, ADrainedPrimaryIsHeldBackToo) {
  watch(service(kManual));
  const Overrides::Key key{"db.test", address(kPrimary)};
  world_.monitor().set_override(key, {});
  EXPECT_EQ(answered(), Answer{kStandby});
  world_.monitor().clear_override(key, 0);
  EXPECT_EQ(answered(), Answer{kStandby});
  EXPECT_TRUE(held_back(kPrimary));
}

TEST_F(FailbackTest, WithAllDownWhoComesBackFirstServes) {
  watch(service(kManual));
  kill(kPrimary);
  kill(kStandby);
  EXPECT_EQ(answered(), Answer{});
  revive(kPrimary);
  EXPECT_EQ(answered(), Answer{kPrimary});
  kill(kPrimary);
  revive(kStandby);
  revive(kPrimary);
  EXPECT_EQ(answered(), Answer{kStandby});
}

TEST_F(FailbackTest, NobodyIsHeldBackWhoIsOnlyLaterThanAnotherAtTheStart) {
  world_.says(kPrimary, kTellsNothing);
  world_.apply({service(kManual)});
  world_.pass(1s);
  EXPECT_EQ(answered(), Answer{kStandby});
  world_.says(kPrimary, kPasses);
  world_.pass(5s);
  EXPECT_EQ(answered(), Answer{kPrimary});
}

// ---- a reload ----------------------------------------------------------------------------------

TEST_F(FailbackTest, OutlivesAReloadThatChangesTheService) {
  watch(service(kManual));
  kill(kPrimary);
  revive(kPrimary);
  watch(service(kManual, {kPrimary, kStandby, kSecond}));
  EXPECT_EQ(answered(), (Answer{kStandby, kSecond}));
  watch(service(10min, {kPrimary, kStandby}));
  EXPECT_EQ(answered(), Answer{kStandby});
  world_.pass(10min);
  EXPECT_EQ(answered(), Answer{kPrimary});
}

TEST_F(FailbackTest, GoesOnWaitingThroughAReload) {
  watch(service(10min));
  kill(kPrimary);
  revive(kPrimary);
  world_.apply({plain_service("a.test", {"10.0.9.9"}), service(10min)});
  world_.pass(9min);
  EXPECT_TRUE(world_.verdict(1, kPrimary).held_back);
  world_.pass(1min);
  EXPECT_FALSE(world_.verdict(1, kPrimary).held_back);
}

TEST_F(FailbackTest, EndsWithAReloadThatTakesTheRuleAway) {
  watch(service(kManual));
  kill(kPrimary);
  revive(kPrimary);
  watch(service(0ms));
  EXPECT_EQ(answered(), Answer{kPrimary});
  watch(service(kManual));
  EXPECT_EQ(answered(), Answer{kPrimary});
}

TEST_F(FailbackTest, EndsWithAReloadThatTakesTheStandbyAway) {
  watch(service(kManual));
  kill(kPrimary);
  revive(kPrimary);
  watch(service(kManual, {kPrimary, kThird}));
  EXPECT_EQ(answered(), Answer{kPrimary});
}

// ---- a restart ---------------------------------------------------------------------------------

TEST_F(FailbackTest, OutlivesARestart) {
  world_.monitor().restore_serving("db.test", 1);
  world_.apply({service(kManual)}, State::up);
  EXPECT_EQ(answered(), Answer{kStandby});
  world_.pass(1min);
  EXPECT_EQ(answered(), Answer{kStandby});
}

TEST_F(FailbackTest, AnswersNobodyUntilItIsKnownWhetherTheStandbyServesStill) {
  world_.says(kStandby, kTellsNothing);
  world_.monitor().restore_serving("db.test", 1);
  world_.apply({service(kManual)});
  world_.pass(1s);
  EXPECT_TRUE(world_.verdict(0).undecided);
  world_.says(kStandby, kPasses);
  world_.pass(3s);
  EXPECT_FALSE(world_.verdict(0).undecided);
  EXPECT_EQ(answered(), Answer{kStandby});
}

TEST_F(FailbackTest, EndsWhenTheStandbyIsDeadAfterARestart) {
  world_.says(kStandby, kRefuses);
  world_.monitor().restore_serving("db.test", 1);
  world_.apply({service(kManual)});
  world_.pass(1s);
  EXPECT_EQ(answered(), Answer{kPrimary});
}

TEST_F(FailbackTest, WhatIsRememberedIsForThatServiceAlone) {
  world_.monitor().restore_serving("db.test", 1);
  watch(plain_service("a.test", {"10.0.9.9"}));
  watch(service(kManual));
  EXPECT_EQ(answered(), Answer{kPrimary}) << "it came later";
}

// ---- with min_healthy --------------------------------------------------------------------------

TEST_F(FailbackTest, APriorityIsBackWhenItHasEnoughAndNeededWhenTheOtherHasNot) {
  ServiceSpec spec = service(10min, {kPrimary, "10.0.0.2", kStandby, kSecond});
  spec.min_healthy.number = 2;
  watch(spec);
  kill(kPrimary);
  EXPECT_EQ(answered(), (Answer{"10.0.0.2", kStandby, kSecond})) << "no failover, but more serve";
  kill("10.0.0.2");
  revive(kPrimary);
  world_.pass(1h);
  EXPECT_EQ(answered(), (Answer{kStandby, kSecond})) << "one primary isn't enough";
  kill(kSecond);
  EXPECT_EQ(answered(), (Answer{kPrimary, kStandby})) << "nor is one standby";
  revive(kSecond);
  EXPECT_EQ(answered(), (Answer{kPrimary, kStandby, kSecond}));
  revive("10.0.0.2");
  EXPECT_EQ(answered(), (Answer{kPrimary, "10.0.0.2"}));
}

TEST_F(FailbackTest, ThereIsNoPanicWhileHealthyOnesAreHeldBack) {
  ServiceSpec spec = service(kManual, {kPrimary, "10.0.0.2", kStandby, kSecond});
  spec.panic_percent = 60;
  watch(spec);
  kill(kPrimary);
  kill("10.0.0.2");
  EXPECT_EQ(answered().size(), 4U) << "2 of 4";
  revive(kPrimary);
  EXPECT_EQ(answered(), (Answer{kStandby, kSecond}));
  kill(kSecond);
  EXPECT_EQ(answered(), Answer{kStandby});
}

TEST_F(FailbackTest, ThePriorityThatServesMayBeTheWorst) {
  ServiceSpec spec = service(kManual);
  spec.backends[1].priority = 65535;
  watch(spec);
  kill(kPrimary);
  revive(kPrimary);
  EXPECT_EQ(answered(), Answer{kStandby});
}

}  // namespace
}  // namespace hlb
