// Backends that are left out by their first failure, before it is confirmed.
#include <gtest/gtest.h>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

constexpr char kName[] = "app.test";
const std::string kA = "10.0.0.1";
const std::string kB = "10.0.0.2";
const std::string kC = "10.0.0.3";
const std::string kA6 = "fd00::1";

class Suspect : public testing::Test {
 protected:
  void watch(const std::vector<std::string>& backends, const CheckSpec& check = plain_check()) {
    apply(plain_service(kName, backends, check));
  }

  void apply(const ServiceSpec& service) {
    world_.apply({service});
    world_.pass(10s);
    world_.changes.clear();
  }

  // Until the next probe of each has had its outcome, and none has been confirmed.
  void fail(const std::vector<std::string>& backends) {
    for (const std::string& each : backends)
      world_.says(each, kRefuses);
    for (const std::string& each : backends) {
      world_.probes(each);
      while (world_.probes(each).empty())
        world_.pass(1ms);
    }
  }

  void override(const std::string& backend, OverrideKind kind) {
    Override override;
    override.kind = kind;
    world_.monitor().set_override({kName, address(backend)}, override);
  }

  bool suspect(const std::string& backend) { return world_.verdict(0, backend).suspect; }
  bool answered(const std::string& backend) {
    const ServiceVerdict& service = world_.verdict(0);
    return service.serves(world_.verdict(0, backend));
  }

  FakeWorld world_;
};

TEST_F(Suspect, IsLeftOutByItsFirstFailureWithoutATransition) {
  watch({kA, kB});
  fail({kA});
  EXPECT_TRUE(suspect(kA));
  EXPECT_FALSE(answered(kA));
  EXPECT_TRUE(answered(kB));
  EXPECT_EQ(world_.state(kA), State::up);
  EXPECT_EQ(world_.verdict(0).status.state, ServiceState::up);
  EXPECT_EQ(world_.verdict(0).status.up, 2U);
  EXPECT_EQ(world_.verdict(0).status.answered, 1U);
  EXPECT_TRUE(world_.changes.empty());
}

TEST_F(Suspect, ComesBackWithTheNextPass) {
  watch({kA, kB});
  fail({kA});
  world_.says(kA, kPasses);
  world_.pass(60ms);
  EXPECT_FALSE(suspect(kA));
  EXPECT_TRUE(answered(kA));
  EXPECT_TRUE(world_.changes.empty());
}

TEST_F(Suspect, IsNoneAnyMoreOnceItIsDown) {
  watch({kA, kB});
  fail({kA});
  world_.pass(60ms);
  EXPECT_FALSE(suspect(kA));
  EXPECT_EQ(world_.state(kA), State::down);
}

TEST_F(Suspect, IsWhoIsSilentToo) {
  watch({kA, kB});
  world_.says(kA, kIsSilent);
  world_.pass(2500ms);
  world_.probes(kA);
  EXPECT_FALSE(answered(kA));
}

TEST_F(Suspect, IsNobodyWhenThereAreFewerOthers) {
  watch({kA, kB, kC});
  fail({kA});
  EXPECT_TRUE(suspect(kA));
  world_.says(kA, kTellsNothing);  // so that it stays one
  fail({kB});
  EXPECT_FALSE(suspect(kA));
  EXPECT_FALSE(suspect(kB));
  EXPECT_TRUE(answered(kA) && answered(kB) && answered(kC));
}

TEST_F(Suspect, StaysWhereItIsTheLastOfItsFamily) {
  watch({kA, kB, kA6});
  fail({kA6});
  EXPECT_FALSE(suspect(kA6));
  EXPECT_TRUE(answered(kA6));
}

TEST_F(Suspect, IsReplacedByThoseOfItsOwnPriorityAlone) {
  ServiceSpec service = plain_service(kName, {kA, kB});
  service.backends[1].priority = 1;
  apply(service);
  fail({kA});
  EXPECT_FALSE(suspect(kA));
  EXPECT_TRUE(answered(kA));
  EXPECT_FALSE(answered(kB));
}

TEST_F(Suspect, IsReplacedByWhoIsAnsweredAlone) {
  ServiceSpec service = plain_service(kName, {kA, kB, kC});
  service.backends[1].weight = 0;
  apply(service);
  override(kC, OverrideKind::drain);
  fail({kA});
  EXPECT_FALSE(suspect(kA));
  EXPECT_TRUE(answered(kA));
}

TEST_F(Suspect, IsNobodyWhoIsForcedUp) {
  watch({kA, kB});
  override(kA, OverrideKind::force_up);
  fail({kA});
  EXPECT_TRUE(answered(kA));
}

TEST_F(Suspect, IsNobodyIfTheCheckSaysSo) {
  CheckSpec check = plain_check();
  check.suspect = false;
  watch({kA, kB}, check);
  fail({kA});
  EXPECT_TRUE(answered(kA));
  world_.pass(60ms);
  EXPECT_EQ(world_.state(kA), State::down);
}

TEST_F(Suspect, IsPublishedAsNotUp) {
  watch({kA, kB});
  fail({kA});
  const record::BackendState published = world_.verdict(0, kA).published();
  EXPECT_TRUE(published.suspect());
  EXPECT_FALSE(published.up());
}

}  // namespace
}  // namespace hlb
