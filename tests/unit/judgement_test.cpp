// The rules of judgement, on the whole monitor and a fake clock.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "health/schedule.h"
#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using TimePoint = Clock::TimePoint;

constexpr auto kOne = "10.0.0.1";
constexpr auto kTwo = "10.0.0.2";

milliseconds between(TimePoint one, TimePoint other) {
  return std::chrono::duration_cast<milliseconds>(other - one);
}

class Rules : public testing::Test {
 protected:
  void watch(const CheckSpec& check = plain_check()) {
    world_.apply({plain_service("a.test", {kOne, kTwo}, check)});
    world_.pass(0ms);
  }

  void settle() {
    world_.pass(1min);
    world_.probes(kOne);
    world_.changes.clear();
  }

  // Passes time until the backend's next probe, and returns when that was.
  TimePoint next_probe(const std::string& backend = kOne) {
    world_.probes(backend);
    for (;;) {
      world_.pass(1ms);
      const auto probes = world_.probes(backend);
      if (!probes.empty()) return probes.front();
    }
  }

  // How long the states stay as they are, at most an hour.
  milliseconds until_change() {
    const TimePoint start = world_.now();
    const std::size_t before = world_.changes.size();
    while (world_.changes.size() == before && world_.now() < start + 1h)
      world_.pass(1ms);
    return between(start, world_.now());
  }

  FakeWorld world_;
};

TEST_F(Rules, AllAreProbedAtOnceAtTheStart) {
  watch();
  EXPECT_EQ(world_.probes(kOne).size(), 1U);
  EXPECT_EQ(world_.probes(kTwo).size(), 1U);
  EXPECT_TRUE(world_.monitor().first_round_over());
}

TEST_F(Rules, TheFirstOutcomeDecides) {
  world_.says(kTwo, kRefuses);
  watch();
  EXPECT_EQ(world_.state(kOne), State::up);
  EXPECT_EQ(world_.state(kTwo), State::down);
}

TEST_F(Rules, AProbeComesEachIntervalWithinATenthAndTheStepOfTheRounds) {
  watch();
  settle();
  TimePoint last = next_probe();
  for (int i = 0; i < 100; ++i) {
    const TimePoint now = next_probe();
    EXPECT_GE(between(last, now), 1800ms - 8ms);
    EXPECT_LE(between(last, now), 2200ms);
    last = now;
  }
}

TEST_F(Rules, TheChecksOfAServiceAreSpreadOverTheirInterval) {
  std::vector<std::string> addresses;
  for (int i = 0; i < 200; ++i)
    addresses.push_back("10.0.1." + std::to_string(i));
  world_.apply({plain_service("a.test", addresses)});
  world_.pass(0ms);
  for (const std::string& each : addresses)
    world_.probes(each);
  std::vector<int> tenths(10);
  const TimePoint start = world_.now();
  world_.pass(2s - 1ms);
  for (const std::string& each : addresses) {
    const auto probes = world_.probes(each);
    ASSERT_FALSE(probes.empty());
    ++tenths.at(static_cast<std::size_t>(between(start, probes.front()) / 200ms));
  }
  EXPECT_GT(*std::ranges::min_element(tenths), 5);  // of 20 each, if chance is even
}

TEST_F(Rules, ARefusalIsConfirmedAfter50Ms) {
  watch();
  settle();
  world_.says(kOne, kRefuses);
  const TimePoint first = next_probe();
  EXPECT_EQ(world_.state(kOne), State::up);
  EXPECT_EQ(between(first, next_probe()), kConfirmHard);
  EXPECT_EQ(world_.state(kOne), State::down);
  EXPECT_EQ(world_.changes.back().reason, "connection refused");
}

TEST_F(Rules, SilenceIsConfirmedAfter200Ms) {
  watch();
  settle();
  world_.says(kOne, kIsSilent);
  const TimePoint first = next_probe();
  EXPECT_EQ(between(first, next_probe()), kConfirmSoft);
  EXPECT_EQ(world_.state(kOne), State::down);
}

TEST_F(Rules, FurtherConfirmationsComeByTheFastInterval) {
  CheckSpec check = plain_check();
  check.fall = 4;
  check.fast_interval = 100ms;
  watch(check);
  settle();
  world_.says(kOne, kRefuses);
  next_probe();
  TimePoint last = next_probe();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(world_.state(kOne), State::up);
    const TimePoint now = next_probe();
    EXPECT_GE(between(last, now), 90ms);
    EXPECT_LE(between(last, now), 110ms);
    last = now;
  }
  EXPECT_EQ(world_.state(kOne), State::down);
}

TEST_F(Rules, APassBetweenFailuresStartsTheCountAnew) {
  watch();
  settle();
  for (int i = 0; i < 10; ++i) {
    world_.says(kOne, kRefuses);
    next_probe();
    world_.says(kOne, kPasses);
    next_probe();
  }
  EXPECT_TRUE(world_.changes.empty());
}

TEST_F(Rules, WhatIsDownIsProbedByItsOwnInterval) {
  CheckSpec check = plain_check();
  check.down_interval = 10s;
  watch(check);
  world_.says(kOne, kRefuses);
  settle();
  EXPECT_EQ(world_.state(kOne), State::down);
  next_probe();
  const TimePoint last = next_probe();
  EXPECT_GE(between(last, next_probe()), 9s - 8ms);
}

TEST_F(Rules, ABackendComesBackAfterRisePassesByTheFastInterval) {
  CheckSpec check = plain_check();
  check.rise = 3;
  watch(check);
  world_.says(kOne, kRefuses);
  settle();
  world_.says(kOne, kPasses);
  const TimePoint first = next_probe();
  until_change();
  EXPECT_EQ(world_.state(kOne), State::up);
  EXPECT_GE(between(first, world_.now()), 2 * 450ms - 16ms);
  EXPECT_LE(between(first, world_.now()), 2 * 550ms);
}

TEST_F(Rules, AHostsOwnTroubleChangesNothing) {
  watch();
  settle();
  world_.says(kOne, kTellsNothing);
  world_.says(kTwo, kTellsNothing);
  world_.pass(1h);
  EXPECT_TRUE(world_.changes.empty());
  EXPECT_EQ(world_.state(kOne), State::up);
}

TEST_F(Rules, OwnTroubleAmidFailuresDoesNotEndTheirCount) {
  watch();
  settle();
  world_.says(kOne, kRefuses);
  next_probe();
  world_.says(kOne, kTellsNothing);
  next_probe();
  EXPECT_EQ(world_.state(kOne), State::up);
  world_.says(kOne, kRefuses);
  next_probe();
  EXPECT_EQ(world_.state(kOne), State::down);
}

TEST_F(Rules, APassThatIsTooSlowIsAFailure) {
  CheckSpec check = plain_check();
  check.max_latency = 100ms;
  watch(check);
  settle();
  Outcome slow = kPasses;
  slow.latency = 101ms;
  world_.says(kOne, slow);
  until_change();
  EXPECT_EQ(world_.state(kOne), State::down);
  EXPECT_EQ(world_.changes.back().reason, "took 101ms, more than the 100ms of max_latency");
}

TEST_F(Rules, ComingBackIsMadeHarderForWhatFlaps) {
  CheckSpec check = plain_check();
  check.max_flaps = 2;
  watch(check);
  settle();
  // How long a backend that passes again takes to come back.
  const auto time_to_return = [this] {
    world_.says(kOne, kRefuses);
    until_change();
    world_.says(kOne, kPasses);
    next_probe();
    return until_change();
  };
  const milliseconds first = time_to_return();
  const milliseconds second = time_to_return();
  const milliseconds third = time_to_return();
  EXPECT_LT(first, 600ms);       // one more pass
  EXPECT_GT(second, 3 * 440ms);  // twice as many
  EXPECT_GT(third, 4 * second);  // two changes later
}

TEST_F(Rules, SlowStartGivesATenthAtFirstAndThenMore) {
  ServiceSpec spec = plain_service("a.test", {kOne, kTwo});
  spec.slow_start = 30s;
  world_.apply({spec});
  world_.pass(0ms);
  EXPECT_EQ(world_.verdict(0, kOne).weight, 100U);  // never at the start
  world_.says(kOne, kRefuses);
  until_change();
  world_.says(kOne, kPasses);
  until_change();
  EXPECT_EQ(world_.verdict(0, kOne).weight, 10U);
  EXPECT_EQ(world_.verdict(0, kTwo).weight, 100U);
  for (std::uint32_t weight = 10; weight < 55; weight += 3) {
    world_.publications = 0;
    world_.pass(1s);
    EXPECT_GT(world_.publications, 0);
    EXPECT_EQ(world_.verdict(0, kOne).weight, weight + 3);
  }
  world_.pass(15s);
  EXPECT_EQ(world_.verdict(0, kOne).weight, 100U);
  EXPECT_EQ(world_.verdict(0, kTwo).weight, 100U);
}

TEST_F(Rules, SlowStartOfALongTimeIsPublishedByWholePercents) {
  ServiceSpec spec = plain_service("a.test", {kOne, kTwo});
  spec.slow_start = 1h;
  world_.apply({spec});
  world_.says(kOne, kRefuses);
  until_change();
  world_.says(kOne, kPasses);
  until_change();
  for (std::uint32_t weight = 10; weight < 100; ++weight) {
    EXPECT_EQ(world_.verdict(0, kOne).weight, weight);
    world_.publications = 0;
    world_.pass(40s);
    EXPECT_EQ(world_.publications, 1);
  }
  EXPECT_EQ(world_.verdict(0, kOne).weight, 100U);
}

TEST_F(Rules, ABackendOfSeveralChecksIsUpWhenAllPass) {
  Outcome of_443 = kPasses;
  FakeWorld world([&](const probes::Target& target, TimePoint) {
    return target.port == 443 ? of_443 : kPasses;
  });
  ServiceSpec spec = plain_service("a.test", {kOne});
  spec.checks = {plain_check(80), plain_check(443)};
  world.apply({spec});
  world.pass(1s);
  EXPECT_EQ(world.state(kOne), State::up);
  of_443 = kRefuses;
  world.pass(3s);
  EXPECT_EQ(world.state(kOne), State::down);
  of_443 = kPasses;
  world.pass(3s);
  EXPECT_EQ(world.state(kOne), State::up);
}

// ---- amid a mass failure -----------------------------------------------------------------------

class MassFailureRules : public Rules {
 protected:
  static constexpr int kServices = 10;

  void watch_many() {
    std::vector<ServiceSpec> services;
    for (int i = 0; i < kServices; ++i)
      services.push_back(plain_service("s" + std::to_string(i) + ".test", backends_of(i)));
    world_.apply(std::move(services));
    world_.pass(0ms);
    settle();
  }

  static std::vector<std::string> backends_of(int service) {
    std::vector<std::string> backends;
    for (int i = 1; i <= 3; ++i)
      backends.push_back("10.1." + std::to_string(service) + "." + std::to_string(i));
    return backends;
  }

  void all_say(const Outcome& outcome) {
    for (int i = 0; i < kServices; ++i) {
      for (const std::string& backend : backends_of(i))
        world_.says(backend, outcome);
    }
  }

  int up_of(int service) {
    int count = 0;
    for (const std::string& backend : backends_of(service))
      count += world_.state(backend, static_cast<std::size_t>(service)) == State::up ? 1 : 0;
    return count;
  }

  int up() {
    int count = 0;
    for (int i = 0; i < kServices; ++i)
      count += up_of(i);
    return count;
  }

  void forget_probes() {
    for (int i = 0; i < kServices; ++i) {
      for (const std::string& backend : backends_of(i))
        world_.probes(backend);
    }
  }

  // How many backends have been probed, as of the last struck().
  int probed() const {
    int count = 0;
    for (const auto& [service, backends] : probed_)
      count += static_cast<int>(backends.size());
    return count;
  }

  // How many services have had most of their backends probed, since forget_probes().
  int struck() {
    int count = 0;
    for (int i = 0; i < kServices; ++i) {
      for (const std::string& backend : backends_of(i)) {
        if (!world_.probes(backend).empty()) probed_[i].insert(backend);
      }
      count += probed_[i].size() >= 2 ? 1 : 0;
    }
    return count;
  }

 private:
  std::map<int, std::set<std::string>> probed_;
};

TEST_F(MassFailureRules, WhatPassesAtTheSecondConfirmationStays) {
  watch_many();
  forget_probes();
  all_say(kRefuses);
  while (struck() < 2 || 3 * probed() < 3 * kServices)
    world_.pass(1ms);
  const int left = up();
  ASSERT_GT(left, kServices);  // many have not been probed yet
  // From here on the third failure counts, and comes 450 ms behind the second at the least.
  world_.pass(400ms);
  EXPECT_EQ(up(), left) << "left out after one confirmation";
  world_.changes.clear();
  all_say(kPasses);
  world_.pass(10s);
  for (const FakeWorld::Change& change : world_.changes)
    EXPECT_EQ(change.now, State::up);
  EXPECT_EQ(up(), 3 * kServices);
}

TEST_F(MassFailureRules, WhatGoesOnFailingIsLeftOutAllTheSame) {
  watch_many();
  all_say(kRefuses);
  world_.pass(2200ms + kConfirmHard + 550ms);
  EXPECT_EQ(up(), 0);
}

// ---- reloads -----------------------------------------------------------------------------------

TEST_F(Rules, AReloadLeavesAnUnchangedCheckItsStateCountAndPhase) {
  watch();
  settle();
  world_.says(kOne, kRefuses);
  const TimePoint first = next_probe();
  world_.apply({plain_service("a.test", {kOne, "10.0.0.3"})});
  EXPECT_EQ(world_.state(kOne), State::up);
  EXPECT_EQ(between(first, next_probe()), kConfirmHard);  // the confirmation is the next probe
  EXPECT_EQ(world_.state(kOne), State::down);
}

TEST_F(Rules, AReloadKeepsWhatWasUpUntilTheNewIsKnown) {
  watch();
  settle();
  world_.says("10.0.0.3", kTellsNothing);
  world_.apply({plain_service("a.test", {"10.0.0.3"})});
  world_.pass(100ms);
  EXPECT_EQ(world_.state(kOne), State::up);
  world_.says("10.0.0.3", kPasses);
  until_change();
  EXPECT_EQ(world_.state("10.0.0.3"), State::up);
  EXPECT_EQ(world_.verdict(0).backends.size(), 1U);  // in the same publication
}

TEST_F(Rules, WhatAPredecessorSaidIsServedAndVerifiedAtOnce) {
  world_.says(kTwo, kRefuses);
  world_.apply({plain_service("a.test", {kOne, kTwo})}, State::up);
  EXPECT_EQ(world_.state(kTwo), State::up);
  world_.pass(kConfirmHard);
  EXPECT_EQ(world_.state(kOne), State::up);
  EXPECT_EQ(world_.state(kTwo), State::down);
}

// ---- advice ------------------------------------------------------------------------------------

class AdviceRules : public Rules {
 protected:
  AdviceRules() {
    service_.checks.push_back(plain_check());
    service_.checks.back().method = AgentCheck{};
    service_.checks.back().rise = service_.checks.back().fall = 1;
    service_.checks.back().port = 9777;
  }

  void agent_says(const std::optional<bool>& drained, std::optional<std::uint16_t> weight) {
    agent_ = Outcome::abstain("says");
    agent_.advice = {.weight_percent = weight, .drained = drained};
  }

  ServiceSpec service_ = plain_service("a.test", {kOne, kTwo});
  Outcome agent_ = Outcome::abstain("no agent");
  FakeWorld agents_{[this](const probes::Target& target, TimePoint) {
    return target.address == address(kOne) && target.port == 9777 ? agent_ : kPasses;
  }};
};

TEST_F(AdviceRules, AnAgentThatSaysNothingLeavesTheOtherChecksToDecide) {
  agents_.apply({service_});
  agents_.pass(1s);
  EXPECT_EQ(agents_.state(kOne), State::up);
  EXPECT_FALSE(agents_.verdict(0, kOne).withdrawn);
}

TEST_F(AdviceRules, TheWeightIsWhatTheAgentSays) {
  agents_.apply({service_});
  agents_.pass(1s);
  agent_says({}, 25);
  agents_.pass(3s);
  EXPECT_EQ(agents_.verdict(0, kOne).weight * 4, agents_.verdict(0, kTwo).weight);
}

TEST_F(AdviceRules, WhatIsDrainedKeepsItsStateAndIsWithdrawn) {
  agents_.apply({service_});
  agents_.pass(1s);
  agent_says(true, {});
  agents_.pass(3s);
  EXPECT_EQ(agents_.state(kOne), State::up);
  EXPECT_TRUE(agents_.verdict(0, kOne).withdrawn);
  agent_says(false, {});
  agents_.pass(3s);
  EXPECT_FALSE(agents_.verdict(0, kOne).withdrawn);
}

TEST_F(AdviceRules, AnAgentThatGoesLeavesItsWordStanding) {
  agents_.apply({service_});
  agents_.pass(1s);
  agent_says(true, {});
  agents_.pass(3s);
  agent_ = Outcome::abstain("no agent");
  agents_.pass(1h);
  EXPECT_TRUE(agents_.verdict(0, kOne).withdrawn);
}

TEST_F(AdviceRules, AnAgentsDownIsObeyedAtOnce) {
  agents_.apply({service_});
  agents_.pass(1s);
  agent_ = Outcome::hard_failure("agent: down");
  agents_.pass(2200ms);
  EXPECT_EQ(agents_.state(kOne), State::down);
  agent_ = Outcome::pass("agent: up");
  agents_.pass(2200ms);
  EXPECT_EQ(agents_.state(kOne), State::up);
}

TEST_F(Rules, AServiceIsUndecidedOnlyWhileOutcomesAreAwaited) {
  world_.says("10.0.0.1", kRefuses);
  world_.apply({plain_service("app.local", {"10.0.0.1"})});
  EXPECT_TRUE(world_.verdict(0).undecided);
  world_.pass(100ms);
  EXPECT_EQ(world_.state("10.0.0.1"), State::down);
  EXPECT_FALSE(world_.verdict(0).undecided) << "it waits for nothing";
}

}  // namespace
}  // namespace hlb
