// Reasons to probe at once that concern many checks.
#include <gtest/gtest.h>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

class HintsTest : public testing::Test {
 protected:
  static CheckSpec seldom(CheckMethod method) {
    CheckSpec check = plain_check();
    check.method = std::move(method);
    check.interval = 1h;
    return check;
  }

  // Watches these until their next regular probes are far away.
  void watch(const std::vector<std::string>& addresses, CheckMethod method = TcpCheck{}) {
    world_.apply({plain_service("app.test", addresses, seldom(std::move(method)))});
    world_.pass(1h + 10min);
    for (const std::string& each : addresses)
      world_.probes(each);
  }

  FakeWorld world_;
};

TEST_F(HintsTest, OfTheNetworkHaveAllProbedThatIsAskedOverItInAShortWhile) {
  std::vector<std::string> addresses;
  for (int i = 0; i < 200; ++i)
    addresses.push_back("10.0.0." + std::to_string(i + 1));
  watch(addresses);
  const auto now = world_.now();
  world_.monitor().probe_network();
  world_.pass(200ms);
  std::map<Clock::TimePoint, int> at;
  for (const std::string& each : addresses) {
    const auto probes = world_.probes(each);
    ASSERT_EQ(probes.size(), 1U) << each;
    ++at[probes.front()];
  }
  EXPECT_EQ(at.begin()->first, now);
  EXPECT_GE(at.size(), 4U);
  EXPECT_LE(at.rbegin()->first, now + 20ms);
}

TEST_F(HintsTest, OfTheNetworkConcernNeitherLoopbackNorWhatIsTold) {
  watch({"127.0.0.1", "::1"});
  world_.monitor().probe_network();
  world_.pass(1s);
  EXPECT_TRUE(world_.probes("127.0.0.1").empty());
  EXPECT_TRUE(world_.probes("::1").empty());
  watch({"10.0.0.1"}, FileCheck{});
  world_.monitor().probe_network();
  world_.pass(1s);
  EXPECT_TRUE(world_.probes("10.0.0.1").empty());
}

class VagueHints : public HintsTest {
 protected:
  VagueHints() { watch({kBackend}); }

  // One in each pause; how many probes they make.
  std::size_t hint_for(std::chrono::milliseconds time, std::chrono::milliseconds pause = 10ms) {
    const Endpoint place{address(kBackend), 80};
    for (auto passed = 0ms; passed < time; passed += pause) {
      world_.monitor().hint({&place, 1});
      world_.pass(pause);
    }
    return world_.probes(kBackend).size();
  }

  static constexpr char kBackend[] = "10.0.0.1";
};

TEST_F(VagueHints, ProbeAtOnce) {
  world_.says(kBackend, kRefuses);
  EXPECT_EQ(hint_for(10ms), 1U);
}

TEST_F(VagueHints, ThatAreWrongMakeFewerAndFewerProbes) {
  EXPECT_EQ(hint_for(40ms), 1U);
  EXPECT_LE(hint_for(10s), 9U);
  EXPECT_LE(hint_for(1h), 10U);
  EXPECT_LE(hint_for(10h, 100ms), 22U);
}

TEST_F(VagueHints, AreHeardAtOnceAgainAfterAnInterval) {
  hint_for(10s);
  world_.pass(2h);
  world_.probes(kBackend);
  EXPECT_EQ(hint_for(40ms), 1U);
}

TEST_F(VagueHints, MakeNoProbeOfWhatIsDownOrFailing) {
  world_.says(kBackend, kIsSilent);
  hint_for(10ms);
  EXPECT_EQ(hint_for(180ms), 0U);  // of its confirmation after 200 ms
  hint_for(1s);
  ASSERT_EQ(world_.state(kBackend), State::down);
  EXPECT_EQ(hint_for(10s), 0U);
}

TEST_F(VagueHints, ConcernTheirPlaceAlone) {
  const std::vector<Endpoint> others{{address("10.0.0.1"), 81}, {address("10.0.0.2"), 80}};
  world_.monitor().hint(others);
  world_.pass(1s);
  EXPECT_TRUE(world_.probes(kBackend).empty());
}

}  // namespace
}  // namespace hlb
