// What checks said last, over reloads and restarts.
#include "engine/last_words.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

// A backend with a check that passes beside one that says what the test has it say, at its port.
class LastWordsTest : public testing::Test {
 protected:
  static constexpr const char* kBackend = "10.0.0.1";
  static constexpr std::uint16_t kPort = 9777;

  static CheckSpec check_of(CheckMethod method, std::uint16_t port = kPort) {
    CheckSpec check = plain_check(port);
    check.method = std::move(method);
    check.rise = check.fall = 1;
    return check;
  }

  static CheckSpec drainable(std::uint16_t port = kPort, std::string path = "/") {
    HttpCheck http;
    http.path = std::move(path);
    http.drain_status = {{503, 503}};
    return check_of(http, port);
  }

  static ServiceSpec with(std::vector<CheckSpec> checks, std::string name = "a.test") {
    ServiceSpec service = plain_service(std::move(name), {kBackend});
    service.checks.insert(service.checks.end(), checks.begin(), checks.end());
    return service;
  }

  void say(Outcome outcome, Advice advice, std::uint16_t port = kPort) {
    outcome.advice = advice;
    says_.insert_or_assign(port, std::move(outcome));
  }
  void be_silent(std::uint16_t port = kPort) { say(Outcome::abstain("no agent"), {}, port); }

  bool withdrawn(std::size_t service = 0) { return world_.verdict(service, kBackend).withdrawn; }

  void run(std::vector<ServiceSpec> services) {
    world_.apply(std::move(services));
    world_.pass(5s);
  }

  static constexpr Advice kDrained = {std::nullopt, true};

 private:
  std::map<std::uint16_t, Outcome> says_;

 protected:
  FakeWorld world_{[this](const probes::Target& target, Clock::TimePoint) {
    const auto said = says_.find(target.port);
    return said == says_.end() ? kPasses : said->second;
  }};
};

TEST_F(LastWordsTest, StandWhileACheckThatTookItsPlaceIsSilent) {
  say(Outcome::abstain("says"), {50, true});
  run({with({check_of(AgentCheck{})})});
  be_silent();
  CheckSpec other = check_of(AgentCheck{}, kPort);
  other.interval = 3s;
  run({with({other})});
  EXPECT_TRUE(withdrawn());
  EXPECT_EQ(world_.monitor().watched()[0].backends[0].advice(), (Advice{50, true}));
  say(Outcome::abstain("says"), {std::nullopt, false});
  world_.pass(5s);
  EXPECT_FALSE(withdrawn());
  EXPECT_EQ(world_.monitor().watched()[0].backends[0].advice(), (Advice{50, false}));
}

TEST_F(LastWordsTest, AreThereBeforeTheFirstOutcome) {
  world_.said_before = {{"agent", kPort, kDrained, State::down}};
  world_.apply({with({check_of(AgentCheck{})})}, State::up);
  EXPECT_TRUE(withdrawn());
  EXPECT_EQ(world_.state(kBackend), State::down);
}

TEST_F(LastWordsTest, OfAnAgentThatSaidDownHoldUntilItSaysUp) {
  be_silent();
  world_.said_before = {{"agent", kPort, {}, State::down}};
  run({with({check_of(AgentCheck{})})});
  EXPECT_EQ(world_.state(kBackend), State::down);
  say(kPasses, {});
  world_.pass(5s);
  EXPECT_EQ(world_.state(kBackend), State::up);
}

TEST_F(LastWordsTest, OfAnAgentAreNotWhatItsBackendWasTakenFor) {
  be_silent();
  world_.apply({with({check_of(AgentCheck{})})}, State::down);
  world_.pass(10s);
  EXPECT_EQ(world_.state(kBackend), State::up);
}

TEST_F(LastWordsTest, GoWithTheLastCheckOfTheirType) {
  say(Outcome::abstain("says"), kDrained);
  run({with({check_of(AgentCheck{})})});
  run({with({})});
  EXPECT_FALSE(withdrawn());
  be_silent();
  run({with({check_of(AgentCheck{})})});
  EXPECT_FALSE(withdrawn());
}

TEST_F(LastWordsTest, AreGivenToNoCheckThatCannotTakeThemBack) {
  say(kPasses, kDrained);
  run({with({drainable()})});
  EXPECT_TRUE(withdrawn());
  say(kPasses, {});
  run({with({check_of(HttpCheck{})})});
  EXPECT_FALSE(withdrawn());
}

TEST_F(LastWordsTest, GoToTheCheckAtTheirPortFirst) {
  say(kPasses, kDrained, 81);
  say(kPasses, {std::nullopt, false}, 82);
  run({with({drainable(81), drainable(82)})});
  be_silent(81);
  be_silent(82);
  run({with({drainable(83), drainable(82, "/other"), drainable(81, "/other")})});
  const auto& checks = world_.monitor().watched()[0].backends[0].checks;
  EXPECT_EQ(checks[1]->advice, Advice{});
  EXPECT_EQ(checks[2]->advice, Advice{});
  EXPECT_EQ(checks[3]->advice, kDrained);
}

TEST_F(LastWordsTest, OfACheckThatStaysAreItsOwn) {
  say(kPasses, kDrained);
  run({with({drainable()})});
  say(kPasses, {std::nullopt, false}, 82);
  run({with({drainable(), drainable(82)})});
  be_silent(82);
  run({with({drainable(82, "/other"), drainable()})});
  const auto& checks = world_.monitor().watched()[0].backends[0].checks;
  EXPECT_EQ(checks[1]->advice, Advice{});
  EXPECT_EQ(checks[2]->advice, kDrained);
}

TEST_F(LastWordsTest, OfAServiceThatSharesACheckDoNotChangeIt) {
  say(Outcome::abstain("says"), kDrained);
  CheckSpec slow = check_of(AgentCheck{});
  slow.interval = 1h;
  run({with({slow}, "a.test")});
  say(Outcome::abstain("says"), {std::nullopt, false});
  run({with({slow}, "a.test"), with({check_of(AgentCheck{})}, "b.test")});
  EXPECT_FALSE(withdrawn(1));
  be_silent();
  run({with({check_of(AgentCheck{})}, "a.test"), with({check_of(AgentCheck{})}, "b.test")});
  EXPECT_FALSE(withdrawn(0));
  EXPECT_FALSE(withdrawn(1));
}

// A file's word is not the backend's state where another check's was "down".
TEST_F(LastWordsTest, OfAFileAreItsOwnState) {
  be_silent();
  world_.said_before = {{"file", kPort, {}, State::up}};
  world_.apply({with({check_of(FileCheck{.path = "/f"})})}, State::down);
  EXPECT_EQ(world_.state(kBackend), State::down);
  world_.pass(10s);
  EXPECT_EQ(world_.state(kBackend), State::up);
}

TEST_F(LastWordsTest, AreToldToTheObserverWhenTheyChange) {
  say(Outcome::abstain("says"), kDrained);
  run({with({check_of(AgentCheck{})})});
  EXPECT_EQ(world_.advice_changes, 1);
  world_.pass(1min);
  EXPECT_EQ(world_.advice_changes, 1);
}

// ---- the first round ---------------------------------------------------------------------------

TEST_F(LastWordsTest, OfAnAgentAreAwaitedInTheFirstRound) {
  world_.apply({with({check_of(AgentCheck{})})});
  EXPECT_FALSE(world_.monitor().first_round_over());
  be_silent();
  world_.publications = 0;
  world_.pass(0s);
  EXPECT_TRUE(world_.monitor().first_round_over());
  EXPECT_GT(world_.publications, 0);
}

}  // namespace
}  // namespace hlb
