#include "health/overrides.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;
using Key = Overrides::Key;

Override of_kind(OverrideKind kind) {
  Override override;
  override.kind = kind;
  return override;
}

TEST(OverrideKind, HasANameThatLeadsBackToIt) {
  for (const auto kind : {OverrideKind::drain, OverrideKind::maintenance, OverrideKind::force_up,
                          OverrideKind::force_down}) {
    EXPECT_EQ(override_kind_named(name_of(kind)), kind);
  }
  EXPECT_EQ(override_kind_named("Drain"), std::nullopt);
  EXPECT_EQ(override_kind_named(""), std::nullopt);
}

TEST(Overrides, FindWhatWasSetForThatBackendOfThatServiceAlone) {
  Overrides overrides;
  overrides.set({"app.local", address("10.0.0.1")}, of_kind(OverrideKind::drain));
  EXPECT_EQ(overrides.kind_of("app.local", address("10.0.0.1")), OverrideKind::drain);
  EXPECT_EQ(overrides.kind_of("db.local", address("10.0.0.1")), std::nullopt);
  EXPECT_EQ(overrides.kind_of("app.local", address("10.0.0.2")), std::nullopt);
}

TEST(Overrides, ReturnWhatWasInForceBefore) {
  Overrides overrides;
  const Key key{"app.local", address("10.0.0.1")};
  EXPECT_FALSE(overrides.set(key, of_kind(OverrideKind::drain)));
  EXPECT_EQ(overrides.set(key, of_kind(OverrideKind::force_up))->kind, OverrideKind::drain);
  EXPECT_EQ(overrides.clear(key)->kind, OverrideKind::force_up);
  EXPECT_FALSE(overrides.clear(key));
}

TEST(Overrides, EndWhenTheirTimeIsOver) {
  Overrides overrides;
  const Overrides::TimePoint start{100h};
  EXPECT_FALSE(overrides.next_end());
  Override brief = of_kind(OverrideKind::drain);
  brief.until = start + 1min;
  overrides.set({"a.local", address("10.0.0.1")}, brief);
  overrides.set({"b.local", address("10.0.0.1")}, of_kind(OverrideKind::drain));
  EXPECT_EQ(overrides.next_end(), start + 1min);
  EXPECT_TRUE(overrides.due(start + 59s).empty());
  const std::vector<Key> due = overrides.due(start + 1min);
  ASSERT_EQ(due.size(), 1U);
  overrides.clear(due.front());
  EXPECT_EQ(overrides.all().size(), 1U);
  EXPECT_FALSE(overrides.next_end());
}

// ---- at work -----------------------------------------------------------------------------------

class OverridesAtWork : public testing::Test {
 protected:
  OverridesAtWork() {
    world_.apply({plain_service("app.local", {"10.0.0.1", "10.0.0.2"})});
    world_.pass(10s);
  }

  void set(OverrideKind kind, std::chrono::milliseconds duration = 0ms) {
    Override override = of_kind(kind);
    if (duration > 0ms) override.until = world_.now() + duration;
    world_.monitor().set_override(key_, override);
  }
  BackendVerdict verdict() { return world_.verdict(0, "10.0.0.1"); }

  FakeWorld world_;
  const Key key_{"app.local", address("10.0.0.1")};
};

TEST_F(OverridesAtWork, ADrainedBackendIsWithdrawnAndItsChecksGoOn) {
  set(OverrideKind::drain);
  EXPECT_TRUE(verdict().withdrawn);
  EXPECT_EQ(verdict().state, State::up);
  world_.probes("10.0.0.1");
  world_.pass(10s);
  EXPECT_GE(world_.probes("10.0.0.1").size(), 4U);
}

TEST_F(OverridesAtWork, OneUnderMaintenanceIsWithdrawn) {
  set(OverrideKind::maintenance);
  EXPECT_TRUE(verdict().withdrawn);
}

TEST_F(OverridesAtWork, OneForcedUpIsUpThoughItsChecksFail) {
  world_.says("10.0.0.1", kRefuses);
  world_.pass(10s);
  ASSERT_EQ(verdict().state, State::down);
  set(OverrideKind::force_up);
  EXPECT_EQ(verdict().state, State::up);
  EXPECT_FALSE(verdict().withdrawn);
  EXPECT_EQ(world_.monitor().watched()[0].backends[0].state, State::down) << "the true state";
}

TEST_F(OverridesAtWork, OneForcedDownIsOutAlsoWhereAllAreAnsweredWhenAllAreDown) {
  set(OverrideKind::force_down);
  EXPECT_EQ(verdict().state, State::down);
  EXPECT_TRUE(verdict().withdrawn);
}

TEST_F(OverridesAtWork, TheTrueStateShowsAtOnceWhenItIsCleared) {
  set(OverrideKind::force_up);
  world_.says("10.0.0.1", kRefuses);
  world_.pass(10s);
  ASSERT_EQ(verdict().state, State::up);
  world_.monitor().clear_override(key_, 0);
  EXPECT_EQ(verdict().state, State::down);
}

TEST_F(OverridesAtWork, ItIsPublishedAtOnceAndEndsByItself) {
  const int before = world_.publications;
  set(OverrideKind::drain, 30s);
  EXPECT_EQ(world_.publications, before + 1);
  const auto start = world_.now();
  world_.pass(29s);
  EXPECT_TRUE(verdict().withdrawn);
  world_.pass(2s);
  EXPECT_FALSE(verdict().withdrawn);
  ASSERT_EQ(world_.override_changes.size(), 2U);
  EXPECT_EQ(world_.override_changes[1].before, OverrideKind::drain);
  EXPECT_EQ(world_.override_changes[1].now, std::nullopt);
  EXPECT_EQ(world_.override_changes[1].cause, OverrideChange::Cause::by_time);
  EXPECT_EQ(world_.override_changes[1].time, start + 30s);
}

TEST_F(OverridesAtWork, ALaterOneReplacesTheTimeOfAnEarlierOne) {
  set(OverrideKind::drain, 30s);
  set(OverrideKind::drain);
  world_.pass(1h);
  EXPECT_TRUE(verdict().withdrawn);
  set(OverrideKind::drain, 60s);
  set(OverrideKind::drain, 10s);
  world_.pass(11s);
  EXPECT_FALSE(verdict().withdrawn);
}

TEST_F(OverridesAtWork, AReloadKeepsIt) {
  set(OverrideKind::drain);
  world_.apply({plain_service("app.local", {"10.0.0.1"})});
  EXPECT_TRUE(verdict().withdrawn);
}

TEST_F(OverridesAtWork, ABackendThatComesBackIsStillOverridden) {
  set(OverrideKind::drain);
  world_.apply({plain_service("app.local", {"10.0.0.2"})});
  world_.apply({plain_service("app.local", {"10.0.0.1", "10.0.0.2"})});
  EXPECT_TRUE(verdict().withdrawn);
}

TEST_F(OverridesAtWork, OneKeptFromBeforeIsInForceAndNothingNew) {
  Override kept = of_kind(OverrideKind::drain);
  kept.until = world_.now() + 30s;
  world_.monitor().restore_override(key_, kept);
  EXPECT_TRUE(verdict().withdrawn);
  EXPECT_TRUE(world_.override_changes.empty());
  world_.pass(31s);
  EXPECT_FALSE(verdict().withdrawn);
}

TEST_F(OverridesAtWork, ClearingWhatIsNotOverriddenIsNoChange) {
  world_.monitor().clear_override(key_, 0);
  EXPECT_TRUE(world_.override_changes.empty());
}

// ---- the fleet's beside those of this host ------------------------------------------------------

class OverridesOfTheFleet : public OverridesAtWork {
 protected:
  void set_for_fleet(OverrideKind kind, std::chrono::milliseconds duration = 0ms) {
    Override override = of_kind(kind);
    override.of_fleet = "alice@ops1";
    if (duration > 0ms) override.until = world_.now() + duration;
    world_.monitor().set_override(key_, override);
  }
  std::size_t told() const { return world_.override_changes.size(); }
};

TEST_F(OverridesOfTheFleet, AreInForceWithoutOneOfThisHost) {
  set_for_fleet(OverrideKind::drain);
  EXPECT_TRUE(verdict().withdrawn);
  EXPECT_EQ(told(), 1U);
  EXPECT_TRUE(world_.monitor().overrides().all().empty());
  world_.monitor().clear_fleet_override(key_);
  EXPECT_FALSE(verdict().withdrawn);
  EXPECT_EQ(told(), 2U);
}

TEST_F(OverridesOfTheFleet, GiveWayToThisHostsAndComeBackAfterThem) {
  set_for_fleet(OverrideKind::drain);
  set(OverrideKind::force_up);
  EXPECT_FALSE(verdict().withdrawn);
  world_.monitor().clear_override(key_, 0);
  EXPECT_TRUE(verdict().withdrawn);
}

TEST_F(OverridesOfTheFleet, AreNoNewsWhileThisHostsIsInForce) {
  set(OverrideKind::force_up);
  set_for_fleet(OverrideKind::drain);
  world_.monitor().clear_fleet_override(key_);
  EXPECT_EQ(told(), 1U);
}

TEST_F(OverridesOfTheFleet, StayWhenThisHostsIsCleared) {
  set_for_fleet(OverrideKind::drain);
  world_.monitor().clear_override(key_, 0);
  EXPECT_TRUE(verdict().withdrawn);
}

TEST_F(OverridesOfTheFleet, EndInTheirTimeBesideThisHosts) {
  set_for_fleet(OverrideKind::drain, 20s);
  set(OverrideKind::maintenance, 10s);
  world_.pass(11s);
  EXPECT_EQ(world_.monitor().override_of(key_.service, key_.backend)->kind, OverrideKind::drain);
  world_.pass(10s);
  EXPECT_EQ(world_.monitor().override_of(key_.service, key_.backend), nullptr);
  EXPECT_FALSE(verdict().withdrawn);
}

TEST_F(OverridesOfTheFleet, HoldForANewConfiguration) {
  set_for_fleet(OverrideKind::drain);
  set(OverrideKind::force_up);
  world_.apply({plain_service("app.local", {"10.0.0.2"})});
  world_.apply({plain_service("app.local", {"10.0.0.1", "10.0.0.2"})});
  EXPECT_FALSE(verdict().withdrawn);
  world_.monitor().clear_override(key_, 0);
  EXPECT_TRUE(verdict().withdrawn);
}

TEST_F(OverridesOfTheFleet, AreWhatIsLeftOnceThisHostsIsCleared) {
  set_for_fleet(OverrideKind::drain);
  set(OverrideKind::force_up);
  const std::vector<std::size_t> first = {0};
  const auto answered = [this] { return world_.verdict(0).status.answered; };
  const std::uint32_t before = answered();
  EXPECT_EQ(world_.monitor().override_if(key_.service, key_.backend, std::nullopt),
            OverrideKind::drain);
  const auto foreseen = world_.monitor().verdict_if(0, first, std::nullopt).status.answered;
  EXPECT_EQ(foreseen, before - 1);
  world_.monitor().clear_override(key_, 0);
  EXPECT_EQ(answered(), foreseen);
}

TEST(WeightPercent, IsWhatABackendGetsWhileItStartsSlowly) {
  FakeWorld world;
  ServiceSpec service = plain_service("app.local", {"10.0.0.1"});
  service.slow_start = 100s;
  world.says("10.0.0.1", kRefuses);
  world.apply({service});
  world.pass(10s);
  world.says("10.0.0.1", kPasses);
  while (world.state("10.0.0.1") != State::up)
    world.pass(1s);
  const auto percent = [&] {
    return world.monitor().watched()[0].backends[0].weight_percent(100s, world.now());
  };
  EXPECT_LT(percent(), 15U);
  world.pass(100s);
  EXPECT_EQ(percent(), 100U);
}

TEST_F(OverridesAtWork, CanBeTriedWithoutAnyEffect) {
  const std::vector<std::size_t> first = {0};
  const std::vector<std::size_t> both = {0, 1};
  Monitor& monitor = world_.monitor();
  EXPECT_EQ(world_.verdict(0).status.answered, 2U);
  EXPECT_EQ(monitor.verdict_if(0, first, OverrideKind::drain).status.answered, 1U);
  EXPECT_EQ(monitor.verdict_if(0, both, OverrideKind::drain).status.answered, 0U);
  EXPECT_EQ(monitor.verdict_if(0, both, OverrideKind::force_up).status.answered, 2U);
  EXPECT_EQ(world_.verdict(0).status.answered, 2U);
  set(OverrideKind::drain);
  EXPECT_EQ(world_.verdict(0).status.answered, 1U);
  EXPECT_EQ(monitor.verdict_if(0, first, std::nullopt).status.answered, 2U);
}

}  // namespace
}  // namespace hlb
