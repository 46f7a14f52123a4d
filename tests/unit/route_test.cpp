// Backends to which this host has no route.
#include <gtest/gtest.h>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

const std::string kHere = "10.0.0.1";
const std::string kThere = "10.0.1.1";
const Outcome kNoRoute = Outcome::unroutable("no route from this host: Network is unreachable");

class NoRoute : public testing::Test {
 protected:
  NoRoute() {
    world_.apply({plain_service("app.test", {kHere, kThere})});
    world_.pass(10s);
    world_.changes.clear();
  }

  FakeWorld world_;
};

TEST_F(NoRoute, IsAFailureOnceAnotherIsReached) {
  world_.says(kThere, kNoRoute);
  world_.pass(5s);
  EXPECT_EQ(world_.state(kThere), State::down);
  ASSERT_EQ(world_.changes.size(), 1U);
  EXPECT_EQ(world_.changes.front().reason, kNoRoute.reason);
}

TEST_F(NoRoute, HasAnotherAskedAtOnceHoweverLongTheInterval) {
  ServiceSpec seldom = plain_service("seldom.test", {kHere, kThere});
  seldom.checks.front().interval = 1h;
  world_.apply({seldom});
  world_.pass(3h);
  world_.says(kThere, kNoRoute);
  world_.monitor().probe_now(
      [](const probes::Target& target) { return target.address.to_string() == kThere; });
  world_.pass(5s);
  EXPECT_EQ(world_.monitor().state_of("seldom.test", Address::parse(kThere).value()), State::down);
}

TEST_F(NoRoute, SaysNothingWhileNobodyIsReached) {
  world_.says(kHere, kNoRoute);
  world_.says(kThere, kNoRoute);
  world_.pass(1min);
  EXPECT_EQ(world_.state(kHere), State::up);
  EXPECT_EQ(world_.state(kThere), State::up);
  EXPECT_TRUE(world_.changes.empty());
}

TEST_F(NoRoute, SaysNothingBesideThoseThatFailOtherwise) {
  world_.says(kHere, kIsSilent);
  world_.says(kThere, kNoRoute);
  world_.pass(1min);
  EXPECT_EQ(world_.state(kThere), State::up);
}

TEST_F(NoRoute, IsNoReasonAnyMoreOnceThereIsOne) {
  world_.says(kThere, kNoRoute);
  world_.pass(5s);
  world_.says(kThere, kPasses);
  world_.pass(5s);
  EXPECT_EQ(world_.state(kThere), State::up);
}

TEST_F(NoRoute, DecidesWhatIsNewToo) {
  world_.says("10.0.2.1", kNoRoute);
  world_.apply({plain_service("app.test", {kHere, "10.0.2.1"})});
  world_.pass(5s);
  EXPECT_EQ(world_.state("10.0.2.1"), State::down);
}

// Both backends have an agent beside a check that passes, and that agent has no word.
class SilentAgent : public testing::Test {
 protected:
  void watch(const Outcome& silence, State published) {
    silence_ = silence;
    ServiceSpec service = plain_service("app.test", {kHere, kThere});
    CheckSpec agent = plain_check(9777);
    agent.method = AgentCheck{};
    agent.rise = agent.fall = 1;
    service.checks.push_back(agent);
    world_.apply({service}, published);
    world_.pass(30s);
  }

  Outcome silence_;
  FakeWorld world_{[this](const probes::Target& target, Clock::TimePoint /*now*/) {
    const bool asked = std::holds_alternative<AgentCheck>(target.spec->method);
    return asked && target.address == address(kThere) ? silence_ : kPasses;
  }};
};

TEST_F(SilentAgent, WithoutARouteSaysNothing) {
  watch(kNoRoute, State::unknown);
  EXPECT_EQ(world_.state(kThere), State::up);
}

TEST_F(SilentAgent, TakesNoDownForItsOwnWord) {
  watch(Outcome::abstain("says only 75%"), State::down);
  EXPECT_EQ(world_.state(kThere), State::up);
}

TEST(ReachedByAProgram, NobodyIsOverTheNetwork) {
  FakeWorld world([](const probes::Target& target, Clock::TimePoint /*now*/) {
    return std::holds_alternative<ExecCheck>(target.spec->method) ? kPasses : kNoRoute;
  });
  ServiceSpec service = plain_service("app.test", {kHere, kThere});
  CheckSpec program = plain_check(0);
  program.method = ExecCheck{.command = {"/bin/true"}, .user = "", .warning_status = 0};
  service.checks.push_back(program);
  world.apply({service}, State::up);
  world.pass(30s);
  EXPECT_EQ(world.state(kThere), State::up);
}

}  // namespace
}  // namespace hlb
