// What outlives a new configuration.
#include "engine/previous_services.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

class PreviousServicesTest : public testing::Test {
 protected:
  FakeWorld world_;
};

// Each change is told once, however many configurations come before it is.
TEST_F(PreviousServicesTest, AChangeThatIsNotToldYetOutlivesAReload) {
  const ServiceSpec watched = plain_service("a.test", {"10.0.0.1"});
  world_.apply({watched});
  world_.pass(5s);
  world_.monitor().refresh();
  world_.says("10.0.0.1", kRefuses);
  world_.pass(5s);
  world_.apply({plain_service("new.test", {"10.0.0.9"}), watched});
  world_.apply({watched, plain_service("newer.test", {"10.0.0.9"})});
  const std::vector<Refreshed> told = world_.monitor().refresh();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].service, 0U);
  EXPECT_EQ(told[0].before.state, ServiceState::up);
  EXPECT_EQ(world_.monitor().verdicts()[0].status.state, ServiceState::down);
  EXPECT_EQ(world_.monitor().verdicts()[0].backends[0].state, State::down);
}

TEST_F(PreviousServicesTest, ASlowStartThatIsOverWhenAReloadComesHasItsWholeWeight) {
  ServiceSpec slow = plain_service("a.test", {"10.0.0.1", "10.0.0.2"});
  slow.slow_start = 400ms;
  world_.apply({slow});
  world_.says("10.0.0.1", kRefuses);
  world_.pass(5s);
  world_.says("10.0.0.1", kPasses);
  while (world_.state("10.0.0.1") != State::up)
    world_.pass(1ms);
  world_.pass(450ms);
  world_.apply({slow, plain_service("new.test", {"10.0.0.9"})});
  EXPECT_EQ(world_.verdict(0, "10.0.0.1").weight, world_.verdict(0, "10.0.0.2").weight);
}

TEST_F(PreviousServicesTest, ARemovedBackendThatDiesIsLeftOutWhileTheNewOneIsAwaited) {
  CheckSpec check = plain_check();
  check.interval = 500ms;
  check.timeout = 5s;  // for so long, and more, the new one is awaited
  world_.apply({plain_service("a.test", {"10.0.0.1"}, check)});
  world_.pass(1s);
  world_.says("10.0.0.2", kTellsNothing);
  world_.apply({plain_service("a.test", {"10.0.0.2"}, check)});
  EXPECT_EQ(world_.state("10.0.0.1"), State::up);
  world_.says("10.0.0.1", kRefuses);
  world_.pass(3s);
  EXPECT_EQ(world_.state("10.0.0.1"), State::down);
}

TEST_F(PreviousServicesTest, AChangeThatIsNotToldYetOutlivesThatTheServiceChanges) {
  ServiceSpec watched = plain_service("a.test", {"10.0.0.1"});
  world_.apply({watched});
  world_.pass(5s);
  world_.monitor().refresh();
  world_.says("10.0.0.1", kRefuses);
  world_.pass(5s);
  for (const std::uint32_t weight : {2U, 3U}) {
    watched.backends[0].weight = weight;
    world_.apply({watched});
  }
  const std::vector<Refreshed> told = world_.monitor().refresh();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].before.state, ServiceState::up);
  EXPECT_EQ(world_.monitor().verdicts()[0].status.state, ServiceState::down);
}

// ---- a change of the configuration that changes a state ----------------------------------------

// What port 80 of all backends is found to be, and port 81, from the world's beginning on.
class ReloadThatChangesAState : public testing::Test {
 protected:
  static ServiceSpec checked_at(const std::vector<std::uint16_t>& ports,
                                std::string name = "a.test") {
    ServiceSpec service = plain_service(std::move(name), {"10.0.0.1"});
    service.checks.clear();
    for (const std::uint16_t port : ports)
      service.checks.push_back(plain_check(port));
    return service;
  }
  void run(std::vector<ServiceSpec> services) {
    world_.apply(std::move(services));
    world_.pass(1min);
    world_.changes.clear();
  }
  void expect_change(const std::string& service, State before, State now,
                     const std::string& reason) {
    ASSERT_EQ(world_.changes.size(), 1U);
    const FakeWorld::Change& change = world_.changes[0];
    EXPECT_EQ(change.service, service);
    EXPECT_EQ(change.before, before);
    EXPECT_EQ(change.now, now);
    EXPECT_EQ(change.reason, reason);
    EXPECT_EQ(change.time, world_.now());
    EXPECT_EQ(change.took, 0ns);
    for (const WatchedService& watched : world_.monitor().watched()) {
      for (const WatchedBackend& backend : watched.backends)
        EXPECT_EQ(backend.since == world_.now(), &watched == &of(service));
    }
  }
  const WatchedService& of(const std::string& service) {
    return world_.monitor().watched()[world_.monitor().find(service).value()];
  }

  FakeWorld world_{[](const probes::Target& target, Clock::TimePoint) {
    return target.port == 80 ? kPasses : kRefuses;
  }};
};

TEST_F(ReloadThatChangesAState, TellsThatACheckIsAddedThatHasFoundItDownForOthers) {
  run({checked_at({80}), checked_at({81}, "b.test")});
  world_.apply({checked_at({80, 81}), checked_at({81}, "b.test")});
  expect_change("a.test", State::up, State::down, "connection refused");
}

TEST_F(ReloadThatChangesAState, TellsThatTheCheckIsTakenOutThatFoundItDown) {
  run({checked_at({80, 81}), checked_at({80, 81}, "b.test")});
  world_.apply({checked_at({80}), checked_at({80, 81}, "b.test")});
  expect_change("a.test", State::down, State::up, "connected");
}

TEST_F(ReloadThatChangesAState, TellsTheFirstStateOfAServiceWhoseCheckIsKnown) {
  run({checked_at({81})});
  world_.apply({checked_at({81}), checked_at({81}, "b.test")});
  expect_change("b.test", State::unknown, State::down, "connection refused");
}

TEST_F(ReloadThatChangesAState, LeavesItUpUntilACheckThatIsNewHasFoundSomething) {
  run({checked_at({80})});
  world_.apply({checked_at({80}), checked_at({81}, "b.test")});  // which isn't known yet
  world_.apply({checked_at({80, 81}), checked_at({81}, "b.test")});
  EXPECT_EQ(world_.state("10.0.0.1"), State::up);
  EXPECT_TRUE(world_.changes.empty());
  world_.pass(1min);
  EXPECT_EQ(world_.state("10.0.0.1"), State::down);
  ASSERT_EQ(world_.changes.size(), 2U);
  EXPECT_NE(world_.changes[0].before, world_.changes[1].before);  // up, and of b.test unknown
}

TEST(SettledAsKnown, BlamesNoOutcomeThatSpeaksAgainstTheState) {
  bool passes = false;
  CheckSpec check = plain_check();
  check.rise = 100;
  FakeWorld world(
      [&](const probes::Target&, Clock::TimePoint) { return passes ? kPasses : kRefuses; });
  const ServiceSpec first = plain_service("a.test", {"10.0.0.1"}, check);
  world.apply({first});
  world.pass(1min);
  passes = true;
  world.pass(10s);
  world.changes.clear();
  world.apply({first, plain_service("b.test", {"10.0.0.1"}, check)});
  ASSERT_EQ(world.changes.size(), 1U);
  EXPECT_EQ(world.changes[0].now, State::down);
  EXPECT_EQ(world.changes[0].reason, "found before, for other services");
}

// ---- backends that were taken out --------------------------------------------------------------

class Retiring : public PreviousServicesTest {
 protected:
  Retiring() {
    check_.interval = 500ms;
    check_.timeout = 5s;  // for so long, and more, first outcomes are awaited
    for (int i = 2; i < 9; ++i)
      world_.says("10.0.0." + std::to_string(i), kTellsNothing);
  }
  void apply(const std::string& backend) {
    world_.apply({plain_service("a.test", {backend}, check_)});
  }
  bool answers(const std::string& backend) {
    for (const BackendVerdict& each : world_.verdict(0).backends) {
      if (each.address == address(backend)) return each.state == State::up;
    }
    return false;
  }

  CheckSpec check_ = plain_check();
};

TEST_F(Retiring, GoThoughNewOnesThatAreSilentComeAgainAndAgain) {
  apply("10.0.0.1");
  world_.pass(1min);
  for (int i = 2; i < 9; ++i) {
    apply("10.0.0." + std::to_string(i));
    world_.pass(2s);
    EXPECT_EQ(answers("10.0.0.1"), i < 4) << i;  // a first outcome has 5.5 s
  }
}

TEST_F(Retiring, StayWhileTheOneThatIsKnownGoesAndAnotherIsAwaited) {
  apply("10.0.0.1");
  world_.pass(1min);
  apply("10.0.0.2");
  world_.pass(5s);
  world_.says("10.0.0.2", kPasses);
  world_.pass(400ms);
  apply("10.0.0.3");
  world_.pass(1s);
  EXPECT_TRUE(answers("10.0.0.2"));
}

TEST_F(Retiring, AreToldToBeDownWhenTheyComeBack) {
  apply("10.0.0.1");
  world_.pass(1min);
  apply("10.0.0.2");
  world_.says("10.0.0.1", kRefuses);
  world_.pass(3s);
  world_.changes.clear();
  apply("10.0.0.1");
  ASSERT_EQ(world_.changes.size(), 1U);
  EXPECT_EQ(world_.changes[0].before, State::up);
  EXPECT_EQ(world_.changes[0].now, State::down);
  EXPECT_EQ(world_.state("10.0.0.1"), State::down);
}

TEST_F(Retiring, StayUntilTheFirstOutcomeOfANameThatCameLate) {
  apply("10.0.0.1");
  world_.pass(1min);
  ServiceSpec by_name = plain_service("a.test", {}, check_);
  by_name.named.emplace_back();
  world_.apply({by_name});
  world_.pass(8s);  // as late as a name may be answered
  world_.says("10.0.0.2", kPasses);
  world_.takes("10.0.0.2", 1s);
  apply("10.0.0.2");
  EXPECT_TRUE(answers("10.0.0.1"));
  world_.pass(5s);
  EXPECT_FALSE(answers("10.0.0.1"));
  EXPECT_TRUE(answers("10.0.0.2"));
}

TEST_F(Retiring, StayThoughACheckThatWasNewToThemHasFoundNothingYet) {
  apply("10.0.0.1");
  world_.pass(1min);
  CheckSpec other = check_;
  other.port = 81;
  world_.takes("10.0.0.1", 2s);
  world_.takes("10.0.0.3", 2s);
  const ServiceSpec b = plain_service("b.test", {"10.0.0.1"}, other);  // whose check is unknown
  world_.apply({plain_service("a.test", {"10.0.0.1"}, check_), b});
  world_.apply({plain_service("a.test", {"10.0.0.1"}, other), b});
  EXPECT_TRUE(answers("10.0.0.1"));
  world_.apply({plain_service("a.test", {"10.0.0.3"}, other), b});
  EXPECT_TRUE(answers("10.0.0.1"));
}

TEST_F(Retiring, GoThoughALaterReloadHasShorterTimeouts) {
  CheckSpec quick = plain_check();
  quick.timeout = 1s;
  CheckSpec slow = plain_check(99);
  slow.interval = slow.timeout = 9s;
  const auto a = [&](const std::string& backend) {
    return plain_service("a.test", {backend}, quick);
  };
  const ServiceSpec b = plain_service("b.test", {"10.0.0.101"}, quick);
  world_.apply({a("10.0.0.1")});
  world_.pass(1min);
  world_.apply({a("10.0.0.1"), b});
  world_.pass(100ms);
  world_.apply({a("10.0.0.2"), b, plain_service("l.test", {"10.0.0.102"}, slow)});
  world_.pass(100ms);
  world_.apply({a("10.0.0.2"), b});
  EXPECT_TRUE(answers("10.0.0.1"));
  world_.pass(1h);
  EXPECT_FALSE(answers("10.0.0.1"));
  EXPECT_FALSE(world_.verdict(0).undecided);
}

TEST_F(Retiring, OfVeryManyServicesGoWithoutDelay) {
  constexpr std::size_t kServices = 20'000;
  const auto all_at = [&](const std::string& backend) {
    std::vector<ServiceSpec> services;
    for (std::size_t i = 0; i < kServices; ++i)
      services.push_back(plain_service("s" + std::to_string(i) + ".test", {backend}, check_));
    return services;
  };
  world_.apply(all_at("10.0.0.1"));
  world_.pass(1min);
  world_.apply(all_at("10.0.0.2"));
  EXPECT_EQ(world_.verdict(kServices - 1).backends.size(), 2U);
  world_.pass(1min);
  for (const WatchedService& service : world_.monitor().watched())
    EXPECT_TRUE(service.retiring.empty());
  EXPECT_EQ(world_.verdict(kServices - 1).backends.size(), 1U);
}

// ---- verdicts in parts -------------------------------------------------------------------------

TEST_F(PreviousServicesTest, AServiceThatChangedSeveralTimesIsToldOnce) {
  const ServiceSpec first = plain_service("a.test", {"10.0.0.1"});
  const ServiceSpec second = plain_service("a.test", {"10.0.0.1", "10.0.0.2"});
  world_.apply({first});
  world_.apply({second});
  world_.apply({second, plain_service("b.test", {"10.0.0.9"})});
  world_.pass(5s);
  std::vector<std::size_t> told;
  for (const Refreshed& each : world_.monitor().refresh())
    told.push_back(each.service);
  EXPECT_EQ(told, (std::vector<std::size_t>{0, 1}));
}

}  // namespace
}  // namespace hlb
