// A check that very many services share: what it decides reaches them in turns.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

const std::string kShared = "10.0.0.1";
constexpr std::size_t kServices = 1000;
constexpr std::size_t kAmid = 500;  // changes

class SharedCheck : public testing::Test {
 protected:
  SharedCheck() {
    for (std::size_t i = 0; i < kServices; ++i)
      services_.push_back(plain_service("s" + std::to_string(1000 + i) + ".test", {kShared}));
    world_.publish_in_turns_of(100);
    world_.on_change = [this](const BackendChange&) {
      if (world_.changes.size() == kAmid && amid_) alarm_->set(world_.now() - 1ms);
    };
  }

  // Has `act` called between two turns.
  void amid_changes(std::function<void()> act) {
    world_.changes.clear();
    amid_ = std::move(act);
  }
  void start() {
    world_.apply(services_);
    world_.pass(1min);
  }
  void refuse() {
    world_.says(kShared, kRefuses);
    world_.pass(1min);
  }
  void expect_each_changed_once() {
    std::set<std::string> changed;
    for (const FakeWorld::Change& change : world_.changes)
      changed.insert(change.service);
    EXPECT_EQ(changed.size(), kServices);
    EXPECT_EQ(world_.changes.size(), kServices);
    EXPECT_EQ(acted_, 1);
  }

  std::vector<ServiceSpec> services_;
  FakeWorld world_;
  std::function<void()> amid_;
  int acted_ = 0;
  std::unique_ptr<Alarm> alarm_ = world_.clock().alarm([this] {
    ++acted_;
    EXPECT_LT(world_.changes.size(), kServices);
    std::exchange(amid_, {})();
  });
};

TEST_F(SharedCheck, LetsOthersHaveTheirTurnInBetween) {
  start();
  amid_changes([] {});
  refuse();
  expect_each_changed_once();
  for (std::size_t i = 0; i < kServices; ++i)
    EXPECT_EQ(world_.state(kShared, i), State::down);
}

TEST_F(SharedCheck, IsHeardByAllBeforeTheFirstRoundIsOver) {
  amid_changes([this] { EXPECT_FALSE(world_.monitor().first_round_over()); });
  start();
  expect_each_changed_once();
  EXPECT_TRUE(world_.monitor().first_round_over());
}

TEST_F(SharedCheck, IsHeardBeforeAVerdictIsMade) {
  start();
  amid_changes([this] { EXPECT_EQ(world_.state(kShared, kServices - 1), State::down); });
  refuse();
  expect_each_changed_once();
}

TEST_F(SharedCheck, IsHeardByServicesThatComeAndMoveMeanwhile) {
  start();
  amid_changes([this] {
    std::ranges::reverse(services_);
    services_.insert(services_.begin(), plain_service("new.test", {kShared}));
    world_.apply(services_);
  });
  refuse();
  // The new one has its first state at once.
  EXPECT_EQ(std::erase_if(world_.changes,
                          [](const auto& change) { return change.before == State::unknown; }),
            1U);
  expect_each_changed_once();
  for (std::size_t i = 0; i <= kServices; ++i)
    EXPECT_EQ(world_.state(kShared, i), State::down);
}

TEST_F(SharedCheck, IsToldOfServicesThatBecomeOthersMeanwhile) {
  start();
  amid_changes([this] {
    services_.back().backends[0].weight = 50;
    world_.apply(services_);
  });
  refuse();
  expect_each_changed_once();
  const auto& backend = world_.monitor().watched()[kServices - 1].backends[0];
  EXPECT_LT(world_.now() - backend.since, 1min);
}

TEST(SharedChecks, OfSeveralTheOneThatDecidedIsTold) {
  bool port_80_passes = true;
  bool port_81_passes = true;
  FakeWorld world([&](const probes::Target& target, FakeWorld::TimePoint) {
    return (target.port == 80 ? port_80_passes : port_81_passes) ? kPasses : kRefuses;
  });
  std::vector<ServiceSpec> services;
  for (std::size_t i = 0; i < kServices; ++i) {
    services.push_back(plain_service("s" + std::to_string(1000 + i) + ".test", {kShared}));
    services.back().checks.push_back(plain_check(81));
  }
  world.publish_in_turns_of(10);
  world.apply(services);
  world.pass(1min);
  world.changes.clear();
  std::set<std::uint16_t> told;
  world.on_change = [&](const BackendChange& change) {
    told.insert(change.decision.check.target().port);
  };
  // Both fail once; then one passes again, as the other fails for the second time.
  port_80_passes = port_81_passes = false;
  const auto& checks = world.monitor().watched()[0].backends[0].checks;
  const auto both_failed = [&] {
    return checks[0]->judge.against() == 1 && checks[1]->judge.against() == 1;
  };
  world.monitor().probe_now([](const probes::Target&) { return true; });
  while (!both_failed()) {
    world.clock().pass_to_next_alarm(world.now() + 1h);
    world.loop().restart();
    world.loop().poll();
  }
  port_80_passes = true;
  world.pass(1s);
  EXPECT_EQ(world.changes.size(), kServices);
  EXPECT_EQ(told, (std::set<std::uint16_t>{81}));
}

TEST_F(SharedCheck, KeepsNobodyWaitingThatChangesAgainAndAgain) {
  const std::string another = "10.0.0.2";
  services_.push_back(plain_service("another.test", {another}));
  start();
  world_.says(another, kRefuses);
  // The other one waits behind all of these once, not behind those that change anew.
  bool passes = true;
  std::size_t changed = 0;
  world_.on_change = [&](const BackendChange& change) {
    if (change.backend.address == address(another)) changed = world_.changes.size();
    if (world_.changes.size() % 300 != 0) return;
    passes = !passes;
    world_.says(kShared, passes ? kPasses : kRefuses);
  };
  world_.changes.clear();
  world_.says(kShared, kRefuses);
  world_.pass(1min);
  EXPECT_GT(changed, 0U);
  EXPECT_LE(changed, kServices + 1);
}

TEST_F(SharedCheck, MayGoMeanwhile) {
  start();
  amid_changes([this] { world_.apply({plain_service("other.test", {"10.0.0.2"})}); });
  refuse();
  EXPECT_EQ(acted_, 1);
  EXPECT_EQ(world_.state("10.0.0.2"), State::up);
}

TEST_F(SharedCheck, SaysAtTheEndWhatItSaidLast) {
  start();
  amid_changes([this] { world_.says(kShared, kPasses); });
  refuse();
  world_.pass(1min);
  for (std::size_t i = 0; i < kServices; ++i)
    EXPECT_EQ(world_.state(kShared, i), State::up);
}

}  // namespace
}  // namespace hlb
