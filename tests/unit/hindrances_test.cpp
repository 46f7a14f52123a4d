#include "engine/hindrances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/fake_clock.h"
#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class HindrancesTest : public testing::Test {
 protected:
  static Hindrances::Cause cause(const std::string& reason) { return {reason, reason, true}; }

  void hinder(Hindrances::Part& part, const Hindrances::Cause& cause,
              const std::string& who = "tcp 10.0.0.1:80") {
    hindrances_.hinder(part, cause, [&] { return who; });
  }

  void pass(std::chrono::milliseconds time) {
    const auto end = clock_.now() + time;
    while (clock_.pass_to_next_alarm(end)) {
    }
  }

  // Since the last call.
  std::vector<std::string> said() { return std::exchange(said_, {}); }

  const Hindrances::Cause full_ = cause("no probe: Too many open files");
  FakeClock clock_;
  std::vector<std::string> said_;
  Hindrances hindrances_{clock_, [this](const Notice& notice) {
                           said_.push_back((notice.trouble ? "! " : "") + notice.text);
                         }};
  std::vector<Hindrances::Part> parts_ = std::vector<Hindrances::Part>(10'000);
};

TEST_F(HindrancesTest, AreToldWhenTheyBeginAndWhenTheyAreOver) {
  hinder(parts_[0], full_);
  pass(1s);
  EXPECT_THAT(said(),
              ElementsAre("! tcp 10.0.0.1:80 finds nothing out, for a reason of this host's "
                          "own, and its state stays: no probe: Too many open files"));
  EXPECT_EQ(hindrances_.summary(),
            "tcp 10.0.0.1:80 finds nothing out: no probe: Too many open files");
  pass(11s);
  EXPECT_THAT(said(), IsEmpty());
  hindrances_.release(parts_[0]);
  pass(0s);
  EXPECT_THAT(said(), ElementsAre("over after 12s: tcp 10.0.0.1:80 had found nothing out: "
                                  "no probe: Too many open files"));
  EXPECT_EQ(hindrances_.summary(), "");
  pass(1h);
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(HindrancesTest, OfManyChecksAreToldOnce) {
  for (int round = 0; round < 100; ++round) {
    for (Hindrances::Part& part : parts_)
      hinder(part, full_);
    pass(1s);
  }
  EXPECT_THAT(said(), ElementsAre("! tcp 10.0.0.1:80 and 9999 other checks find nothing out, for a "
                                  "reason of this host's own, and the states stay: "
                                  "no probe: Too many open files"));
  for (Hindrances::Part& part : parts_) {
    EXPECT_THAT(said(), IsEmpty());
    hindrances_.release(part);
    pass(1ms);
  }
  EXPECT_THAT(said(), SizeIs(1));
}

TEST_F(HindrancesTest, ThatEndBeforeTheyAreToldAreToldAllTheSame) {
  hinder(parts_[0], full_);
  pass(200ms);
  hindrances_.release(parts_[0]);
  pass(1s);
  const auto all = said();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_TRUE(all[1].starts_with("over after 200ms: ")) << all[1];
}

TEST_F(HindrancesTest, ThatComeAndGoAreToldOnceAMinute) {
  for (int i = 0; i < 600; ++i) {
    hinder(parts_[0], full_);
    pass(500ms);
    hindrances_.release(parts_[0]);
    pass(500ms);
  }
  const std::size_t count = said().size();
  EXPECT_GE(count, 18U);
  EXPECT_LE(count, 22U);
}

TEST_F(HindrancesTest, OfDifferentCausesAreToldApart) {
  hinder(parts_[0], full_);
  hinder(parts_[1], cause("no route"), "tcp 10.0.0.2:80");
  pass(1s);
  EXPECT_THAT(said(), SizeIs(2));
  hinder(parts_[0], cause("no route"));  // the other one's, after its own
  pass(0s);
  EXPECT_THAT(said(), ElementsAre(testing::HasSubstr("over after 1s: ")));
  EXPECT_EQ(hindrances_.summary(), "tcp 10.0.0.2:80 and 1 other check find nothing out: no route");
}

TEST_F(HindrancesTest, EndWithTheChecks) {
  hinder(parts_[0], full_);
  pass(2s);
  said();
  parts_.clear();
  hindrances_.recount();
  pass(0s);
  EXPECT_THAT(said(), SizeIs(1));
}

TEST_F(HindrancesTest, OfThatManyCausesAreNotToldApart) {
  for (std::size_t i = 0; i < parts_.size(); ++i)
    hinder(parts_[i], cause("reason " + std::to_string(i)));
  pass(1s);
  const auto all = said();
  EXPECT_THAT(all, SizeIs(Hindrances::kMost + 1));
  EXPECT_THAT(all, testing::Contains(testing::HasSubstr(": reason 64, and various other reasons")));
  EXPECT_LT(hindrances_.summary().size(), 300U);
  for (std::size_t i = 0; i < parts_.size(); ++i)
    hinder(parts_[i], cause("reason " + std::to_string(i)));
  pass(1s);
  EXPECT_THAT(said(), IsEmpty());
  for (Hindrances::Part& part : parts_)
    hindrances_.release(part);
  pass(1min);
  EXPECT_THAT(said(), SizeIs(Hindrances::kMost + 1));
  hinder(parts_[0], cause("another"));  // there is room again
  hinder(parts_[1], cause("one more"));
  pass(1s);
  EXPECT_THAT(said(), SizeIs(2));
}

// ---- of a monitor ------------------------------------------------------------------------------

TEST(MonitorsHindrances, AreToldTwiceHoweverManyChecksThereAre) {
  bool full = true;
  FakeWorld world(
      [&](const probes::Target&, Clock::TimePoint) { return full ? kTellsNothing : kPasses; });
  world.keeps_times = false;
  std::vector<ServiceSpec> services;
  for (int i = 0; i < 100; ++i) {
    std::vector<std::string> backends;
    for (int k = 1; k <= 100; ++k)
      backends.push_back("10.0." + std::to_string(i) + "." + std::to_string(k));
    services.push_back(plain_service("s" + std::to_string(i) + ".test", backends));
  }
  world.apply(services);
  world.pass(4s);
  full = false;
  world.pass(4s);
  EXPECT_THAT(world.hindered, ElementsAre("tcp 10.0.0.1:80 of s0.test and 9999 other checks find "
                                          "nothing out: no probe: no descriptors",
                                          ""));
}

TEST(MonitorsHindrances, EndWhenTheirChecksAreRemoved) {
  FakeWorld world;
  world.says("10.0.0.1", kTellsNothing);
  world.apply({plain_service("a.test", {"10.0.0.1", "10.0.0.2"})});
  world.pass(1min);
  world.apply({plain_service("a.test", {"10.0.0.2"})});
  world.pass(1s);
  EXPECT_THAT(world.hindered, SizeIs(2));
}

TEST(MonitorsHindrances, DoNotComeOfAgentsThatAreSilent) {
  FakeWorld world;
  world.says("10.0.0.1", Outcome::abstain("no agent"));
  world.apply({plain_service("a.test", {"10.0.0.1"})});
  world.pass(1min);
  EXPECT_THAT(world.hindered, IsEmpty());
}

// ---- what they are -----------------------------------------------------------------------------

Hindrances::Cause cause_of_file(const std::string& path, const Outcome& outcome) {
  CheckSpec check;
  check.method = FileCheck{.path = path};
  return Hindrances::cause_of(check, outcome);
}

TEST(HindranceCause, OfAFileIsThatFilesAndNotTheHosts) {
  const auto one =
      cause_of_file("/f", Outcome::unsaid("lacks lines", "/f has no line for 10.0.0.1"));
  const auto two =
      cause_of_file("/f", Outcome::unsaid("lacks lines", "/f has no line for 10.0.0.2"));
  EXPECT_EQ(one.key, two.key);
  EXPECT_FALSE(one.of_host);
  EXPECT_EQ(one.reason, "/f has no line for 10.0.0.1");
  EXPECT_NE(one.key, cause_of_file("/g", Outcome::unsaid("lacks lines", "")).key);
  EXPECT_NE(one.key, cause_of_file("/f", Outcome::unsaid("is too old", "")).key);
}

TEST(HindranceCause, OfALateOutcomeIsTheSameHoweverLate) {
  const auto one = Hindrances::cause_of({}, Outcome::too_late("hlbd itself was late by 110ms"));
  const auto two = Hindrances::cause_of({}, Outcome::too_late("hlbd itself was late by 120ms"));
  EXPECT_EQ(one.key, two.key);
  EXPECT_TRUE(one.of_host);
}

TEST(HindranceCause, OfAnythingElseIsItsReason) {
  const auto cause = Hindrances::cause_of({}, Outcome::not_known("no probe: no descriptors"));
  EXPECT_EQ(cause.key, "no probe: no descriptors");
  EXPECT_TRUE(cause.of_host);
}

}  // namespace
}  // namespace hlb
