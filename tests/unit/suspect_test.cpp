// Backends that are left out by their first failure, before it is confirmed.
#include <gtest/gtest.h>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

constexpr char kName[] = "app.test";

class Suspect : public testing::Test {
 protected:
  inline static const std::string kFirst = "10.0.0.1";
  inline static const std::string kSecond = "10.0.0.2";
  inline static const std::string kThird = "10.0.0.3";
  inline static const std::string kOfIpv6 = "fd00::1";

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
  watch({kFirst, kSecond});
  fail({kFirst});
  EXPECT_TRUE(suspect(kFirst));
  EXPECT_FALSE(answered(kFirst));
  EXPECT_TRUE(answered(kSecond));
  EXPECT_EQ(world_.state(kFirst), State::up);
  EXPECT_EQ(world_.verdict(0).status.state, ServiceState::up);
  EXPECT_EQ(world_.verdict(0).status.up, 2U);
  EXPECT_EQ(world_.verdict(0).status.answered, 1U);
  EXPECT_TRUE(world_.changes.empty());
}

TEST_F(Suspect, ComesBackWithTheNextPass) {
  watch({kFirst, kSecond});
  fail({kFirst});
  world_.says(kFirst, kPasses);
  world_.pass(60ms);
  EXPECT_FALSE(suspect(kFirst));
  EXPECT_TRUE(answered(kFirst));
  EXPECT_TRUE(world_.changes.empty());
}

TEST_F(Suspect, IsNoneAnyMoreOnceItIsDown) {
  watch({kFirst, kSecond});
  fail({kFirst});
  world_.pass(60ms);
  EXPECT_FALSE(suspect(kFirst));
  EXPECT_EQ(world_.state(kFirst), State::down);
}

TEST_F(Suspect, IsWhoIsSilentToo) {
  watch({kFirst, kSecond});
  world_.says(kFirst, kIsSilent);
  world_.pass(2500ms);
  world_.probes(kFirst);
  EXPECT_FALSE(answered(kFirst));
}

TEST_F(Suspect, IsNobodyWhenThereAreFewerOthers) {
  watch({kFirst, kSecond, kThird});
  fail({kFirst});
  EXPECT_TRUE(suspect(kFirst));
  world_.says(kFirst, kTellsNothing);  // so that it stays one
  fail({kSecond});
  EXPECT_FALSE(suspect(kFirst));
  EXPECT_FALSE(suspect(kSecond));
  EXPECT_TRUE(answered(kFirst) && answered(kSecond) && answered(kThird));
}

TEST_F(Suspect, StaysWhereItIsTheLastOfItsFamily) {
  watch({kFirst, kSecond, kOfIpv6});
  fail({kOfIpv6});
  EXPECT_FALSE(suspect(kOfIpv6));
  EXPECT_TRUE(answered(kOfIpv6));
}

TEST_F(Suspect, IsReplacedByThoseOfItsOwnPriorityAlone) {
  ServiceSpec service = plain_service(kName, {kFirst, kSecond});
  service.backends[1].priority = 1;
  apply(service);
  fail({kFirst});
  EXPECT_FALSE(suspect(kFirst));
  EXPECT_TRUE(answered(kFirst));
  EXPECT_FALSE(answered(kSecond));
}

TEST_F(Suspect, IsReplacedByWhoIsAnsweredAlone) {
  ServiceSpec service = plain_service(kName, {kFirst, kSecond, kThird});
  service.backends[1].weight = 0;
  apply(service);
  override(kThird, OverrideKind::drain);
  fail({kFirst});
  EXPECT_FALSE(suspect(kFirst));
  EXPECT_TRUE(answered(kFirst));
}

TEST_F(Suspect, IsNobodyWhoIsForcedUp) {
  watch({kFirst, kSecond});
  override(kFirst, OverrideKind::force_up);
  fail({kFirst});
  EXPECT_TRUE(answered(kFirst));
}

TEST_F(Suspect, IsNobodyIfTheCheckSaysSo) {
  CheckSpec check = plain_check();
  check.suspect = false;
  watch({kFirst, kSecond}, check);
  fail({kFirst});
  EXPECT_TRUE(answered(kFirst));
  world_.pass(60ms);
  EXPECT_EQ(world_.state(kFirst), State::down);
}

TEST_F(Suspect, IsPublishedAsNotUp) {
  watch({kFirst, kSecond});
  fail({kFirst});
  const record::BackendState published = world_.verdict(0, kFirst).published();
  EXPECT_TRUE(published.suspect());
  EXPECT_FALSE(published.up());
}

}  // namespace
}  // namespace hlb
