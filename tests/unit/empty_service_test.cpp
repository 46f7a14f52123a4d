// Services that have no backend, as of a fleet that has said what they are and not where.

#include <gtest/gtest.h>

#include "libnss_hlb/choose.h"
#include "publish/encode.h"
#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

// What lookups get of the first service.
Availability availability(FakeWorld& world) {
  const auto bytes =
      publish::encode_record(world.verdict(0), [](const Address&) { return std::uint32_t{1}; });
  const record::View record = record::View::over(bytes);
  const Choice choice(record, Asked::any);
  EXPECT_FALSE(choice.undecided());
  return choice.availability();
}

TEST(EmptyService, IsDownAndIsNotLeftToOtherSources) {
  for (const WhenAllDown rule : {WhenAllDown::fail, WhenAllDown::all}) {
    FakeWorld world;
    ServiceSpec empty = plain_service("app.test", {});
    empty.when_all_down = rule;
    world.apply({empty});
    EXPECT_EQ(availability(world), Availability::none_healthy);
    EXPECT_EQ(world.verdict(0).status.state, ServiceState::down);
    world.pass(1min);
    EXPECT_EQ(availability(world), Availability::none_healthy);
  }
}

TEST(EmptyService, IsLeftToOtherSourcesWhereThatIsItsRule) {
  FakeWorld world;
  ServiceSpec empty = plain_service("app.test", {});
  empty.when_all_down = WhenAllDown::next;
  world.apply({empty});
  EXPECT_EQ(availability(world), Availability::let_next);
}

TEST(EmptyService, GetsItsBackendsAndLosesThem) {
  FakeWorld world;
  ServiceSpec empty = plain_service("app.test", {});
  empty.min_healthy.number = 2;
  empty.panic_percent = 50;
  empty.failback.reset();
  world.apply({empty});
  EXPECT_EQ(availability(world), Availability::none_healthy);
  ServiceSpec whole = empty;
  whole.backends = plain_service("app.test", {"10.0.0.1"}).backends;
  world.apply({whole});
  world.pass(1min);
  EXPECT_EQ(availability(world), Availability::answerable);
  world.apply({empty});
  EXPECT_EQ(availability(world), Availability::none_healthy);
  EXPECT_EQ(world.verdict(0).backends.size(), 0U);
}

}  // namespace
}  // namespace hlb
