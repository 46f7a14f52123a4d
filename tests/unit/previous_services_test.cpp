// What outlives a new configuration.
#include "engine/previous_services.h"

#include <gtest/gtest.h>

#include <chrono>
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
