// Standbys that serve beside those of a better priority, and panic.
#include "health/standby.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

class Standby : public testing::Test {
 protected:
  // "10.0.PRIORITY.1" and so on.
  static std::string backend(int priority, int number) {
    return "10.0." + std::to_string(priority) + "." + std::to_string(number);
  }

  // With so many backends of each priority.
  static ServiceSpec service(const std::vector<int>& counts) {
    ServiceSpec spec = plain_service("app.test", {});
    for (int priority = 0; priority < static_cast<int>(counts.size()); ++priority) {
      for (int number = 1; number <= counts[static_cast<std::size_t>(priority)]; ++number) {
        BackendSpec each;
        each.address = address(backend(priority, number));
        each.priority = static_cast<std::uint16_t>(priority);
        spec.backends.push_back(each);
      }
    }
    return spec;
  }

  void watch(const ServiceSpec& spec) {
    world_.apply({spec});
    world_.pass(5s);
  }

  // Those of a priority from one number to another.
  void say(int priority, int first, int last, const Outcome& outcome) {
    for (int number = first; number <= last; ++number)
      world_.says(backend(priority, number), outcome);
    world_.pass(20s);
  }
  void kill(int priority, int first, int last) { say(priority, first, last, kRefuses); }
  void revive(int priority, int first, int last) { say(priority, first, last, kPasses); }

  void override(int priority, int number, OverrideKind kind) {
    Override override;
    override.kind = kind;
    world_.monitor().set_override({"app.test", address(backend(priority, number))}, override);
  }

  // How many of each priority are answered.
  std::vector<int> answered() {
    std::vector<int> counts(3);
    const ServiceVerdict& verdict = world_.verdict(0);
    for (const BackendVerdict& each : verdict.backends)
      counts[each.address.bytes[2]] += verdict.serves(each) ? 1 : 0;
    return counts;
  }
  std::string serving() { return to_string(world_.verdict(0).status.serving.value()); }

  using Counts = std::vector<int>;

  FakeWorld world_;
};

TEST_F(Standby, TheNextPriorityServesAsWellWhenTooFewAreHealthy) {
  ServiceSpec spec = service({10, 10});
  spec.min_healthy.percent = 50;
  watch(spec);
  EXPECT_EQ(answered(), (Counts{10, 0, 0}));
  EXPECT_EQ(serving(), "priority 0");
  kill(0, 1, 5);
  EXPECT_EQ(answered(), (Counts{5, 0, 0}));
  kill(0, 6, 9);
  EXPECT_EQ(answered(), (Counts{1, 10, 0}));
  EXPECT_EQ(serving(), "priorities 0 to 1");
  revive(0, 1, 4);
  EXPECT_EQ(answered(), (Counts{5, 0, 0}));
}

TEST_F(Standby, WithoutMinHealthyTheLastPrimaryGetsAll) {
  watch(service({10, 10}));
  kill(0, 1, 9);
  EXPECT_EQ(answered(), (Counts{1, 0, 0}));
  EXPECT_FALSE(world_.verdict(0).status.serving);
}

TEST_F(Standby, GoesOnToThePriorityThatHasEnough) {
  ServiceSpec spec = service({3, 3, 3});
  spec.min_healthy.number = 2;
  watch(spec);
  kill(0, 1, 2);
  kill(1, 1, 2);
  EXPECT_EQ(answered(), (Counts{1, 1, 3}));
  EXPECT_EQ(serving(), "priorities 0 to 2");
  kill(1, 3, 3);
  EXPECT_EQ(answered(), (Counts{1, 0, 3}));
  kill(0, 3, 3);
  EXPECT_EQ(answered(), (Counts{0, 0, 3}));
  EXPECT_EQ(serving(), "priority 2");
}

TEST_F(Standby, AShareIsRoundedUpAndMoreThanThereAreIsNeverMet) {
  ServiceSpec spec = service({3, 1});
  spec.min_healthy.percent = 50;
  watch(spec);
  kill(0, 1, 1);
  EXPECT_EQ(answered(), (Counts{2, 0, 0}));
  kill(0, 2, 2);
  EXPECT_EQ(answered(), (Counts{1, 1, 0}));
  revive(0, 1, 2);
  spec.min_healthy = {.number = 4};
  watch(spec);
  EXPECT_EQ(answered(), (Counts{3, 1, 0}));
}

TEST_F(Standby, DrainedBackendsAreMissedAndThoseWithoutAShareAreNot) {
  ServiceSpec spec = service({4, 2});
  spec.min_healthy.percent = 100;
  spec.backends[3].weight = 0;
  watch(spec);
  EXPECT_EQ(answered(), (Counts{3, 0, 0}));
  override(0, 1, OverrideKind::drain);
  EXPECT_EQ(answered(), (Counts{2, 2, 0}));
}

// One that only fails once doesn't bring them in, and is left out among those it serves beside.
TEST_F(Standby, SuspectsCountAsHealthyAndAreReplacedByAllThatServe) {
  ServiceSpec spec = service({2, 2});
  spec.min_healthy.number = 2;
  watch(spec);
  const auto fail_once = [this](int priority, int number) {
    world_.says(backend(priority, number), kRefuses);
    world_.probes(backend(priority, number));
    while (world_.probes(backend(priority, number)).empty())
      world_.pass(1ms);
  };
  fail_once(0, 1);
  EXPECT_EQ(answered(), (Counts{1, 0, 0}));
  world_.pass(100ms);
  EXPECT_EQ(answered(), (Counts{1, 2, 0}));
  fail_once(0, 2);
  EXPECT_EQ(answered(), (Counts{0, 2, 0}));
  EXPECT_TRUE(world_.verdict(0, backend(0, 2)).suspect);
}

TEST_F(Standby, AtTheStartNobodyIsMissedWhoIsAwaited) {
  ServiceSpec spec = service({3, 3});
  spec.min_healthy.percent = 100;
  spec.panic_percent = 100;
  for (const int number : {2, 3})
    world_.says(backend(0, number), kTellsNothing);
  world_.apply({spec});
  world_.pass(100ms);
  EXPECT_EQ(answered(), (Counts{1, 0, 0}));
  world_.pass(10s);
  EXPECT_EQ(answered(), (Counts{3, 3, 0})) << "panic, as their time is over";
}

TEST_F(Standby, InPanicAllAreAnsweredThatArentWithdrawn) {
  ServiceSpec spec = service({4, 4});
  spec.min_healthy.percent = 50;
  spec.panic_percent = 50;
  watch(spec);
  override(1, 4, OverrideKind::drain);
  kill(0, 1, 3);
  EXPECT_EQ(answered(), (Counts{1, 3, 0})) << "4 of 7";
  kill(1, 1, 1);
  EXPECT_EQ(answered(), (Counts{4, 3, 0})) << "3 of 7";
  EXPECT_EQ(serving(), "all backends");
  EXPECT_EQ(world_.state(backend(0, 1)), State::down);
  EXPECT_EQ(world_.verdict(0).status.healthy, 3U);
  revive(1, 1, 1);
  EXPECT_EQ(answered(), (Counts{1, 3, 0}));
}

TEST_F(Standby, PanicWaitsUntilAllPrioritiesServe) {
  ServiceSpec spec = service({4, 4});
  spec.panic_percent = 50;
  watch(spec);
  kill(1, 1, 4);
  kill(0, 1, 2);
  EXPECT_EQ(answered(), (Counts{2, 0, 0})) << "2 of 8, but priority 0 has enough";
  kill(0, 3, 4);
  EXPECT_EQ(answered(), (Counts{4, 4, 0})) << "none of 8, whatever when_all_down says";
  EXPECT_EQ(world_.verdict(0).status.state, ServiceState::down);
}

TEST_F(Standby, PanicOfASinglePriorityLeavesNoSuspectOut) {
  ServiceSpec spec = service({4});
  spec.panic_percent = 60;
  watch(spec);
  kill(0, 1, 1);
  EXPECT_EQ(answered(), (Counts{3, 0, 0}));
  kill(0, 2, 2);
  EXPECT_EQ(answered(), (Counts{4, 0, 0}));
  world_.says(backend(0, 3), kRefuses);
  world_.probes(backend(0, 3));
  while (world_.probes(backend(0, 3)).empty())
    world_.pass(1ms);
  EXPECT_EQ(answered(), (Counts{4, 0, 0}));
  EXPECT_FALSE(world_.verdict(0, backend(0, 3)).suspect);
}

// What old modules make of it: those that are up.
TEST_F(Standby, PanicIsPublishedBesideWhoIsUp) {
  ServiceSpec spec = service({2});
  spec.panic_percent = 100;
  watch(spec);
  kill(0, 1, 1);
  const record::BackendState dead = world_.verdict(0, backend(0, 1)).published();
  EXPECT_TRUE(dead.panics());
  EXPECT_FALSE(dead.up());
  EXPECT_TRUE(world_.verdict(0, backend(0, 2)).published().up());
}

}  // namespace
}  // namespace hlb
