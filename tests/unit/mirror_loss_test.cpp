// What a host does when the engine was wiped, restored, or replaced: nothing that it had goes
// before somebody accepts that.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/unit/mirror_world.h"

namespace hlb::fleet {
namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

class MirrorLossTest : public MirrorTest {
 protected:
  // A mirror of "a", "b" and "c", which has seen as many changes elsewhere.
  MirrorLossTest() {
    for (int i = 0; i < 10; ++i)
      etcd_.put("/elsewhere", "x");
    for (const char* key : {"a", "b", "c"})
      put(key, "1");
    start();
    for (int i = 0; i < 100; ++i)
      etcd_.put("/elsewhere", "x");
    pass(1min);
    told();
  }

  static constexpr auto kNoticed = 5s;
};

TEST_F(MirrorLossTest, WhatAWipedEngineLacksIsHeldBack) {
  etcd_.wipe();
  etcd_.put("/hlb/1/c/b", "2");
  etcd_.put("/hlb/1/c/d", "3");
  pass(kNoticed);
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(told(), (Strings{"b=2", "d=3"}));
  EXPECT_EQ(in_force(), (Values{{"a", "1"}, {"b", "2"}, {"c", "1"}, {"d", "3"}}));
  EXPECT_EQ(standing().held, 2U);
  EXPECT_EQ(standing().losses, 1U);
  EXPECT_GE(standing().held_since.value(), wall() - kNoticed);
  ASSERT_EQ(catalog_->notices.size(), 1U);
  EXPECT_NE(catalog_->notices[0].find("2 keys that it lacks stay"), std::string::npos);
  EXPECT_NE(catalog_->notices[0].find("`hlbctl fleet accept`"), std::string::npos);
}

TEST_F(MirrorLossTest, ItIsFollowedWhileKeysAreHeldBack) {
  etcd_.wipe();
  pass(kNoticed);
  put("d", "3");
  erase("d");
  EXPECT_EQ(told(), (Strings{"d=3", "-d"}));
  etcd_.break_all();
  pass(1min);
  EXPECT_EQ(standing().losses, 1U);
  EXPECT_EQ(standing().held, 3U);
}

TEST_F(MirrorLossTest, AcceptanceRemovesWhatWasHeldBack) {
  etcd_.wipe();
  put("b", "1");
  pass(kNoticed);
  told();
  accept(wall());
  EXPECT_EQ(in_force(), in_engine());
  EXPECT_EQ(standing().held, 0U);
  EXPECT_EQ(standing().held_since, std::nullopt);
  EXPECT_NE(catalog_->notices.back().find("2 keys that etcd had lost went, as alice"),
            std::string::npos);
  pass(1min);
  EXPECT_EQ(catalog_->notices.size(), 2U);
}

TEST_F(MirrorLossTest, AHeldKeyThatIsWrittenAgainIsHeldNoMore) {
  etcd_.wipe();
  pass(kNoticed);
  told();
  put("a", "1");
  put("b", "2");
  EXPECT_EQ(told(), Strings{"b=2"});
  EXPECT_EQ(standing().held, 1U);
  accept(wall());
  EXPECT_EQ(in_force(), in_engine());
}

TEST_F(MirrorLossTest, AHeldKeyThatIsDeletedGoes) {
  etcd_.wipe();
  pass(kNoticed);
  told();
  etcd_.hang(0), etcd_.hang(1), etcd_.hang(2);
  etcd_.put("/hlb/1/c/a", "1");
  etcd_.erase("/hlb/1/c/a");
  etcd_.recover(0), etcd_.recover(1), etcd_.recover(2);
  settle();
  EXPECT_EQ(told(), Strings{"-a"});
  EXPECT_EQ(standing().held, 2U);
}

TEST_F(MirrorLossTest, HeldKeysOutliveARestart) {
  etcd_.wipe();
  pass(kNoticed);
  const auto since = standing().held_since;
  pass(1h);
  restart();
  EXPECT_EQ(in_force().size(), 3U);
  EXPECT_EQ(standing().held, 3U);
  EXPECT_EQ(standing().held_since, since);
  pass(kNoticed);
  EXPECT_EQ(catalog_->notices, Strings());
  accept(wall());
  EXPECT_EQ(in_force(), in_engine());
}

TEST_F(MirrorLossTest, AnOldAcceptanceInARestoredSnapshotDoesntCount) {
  accept(wall());
  const FakeStore backup = etcd_.store();
  put("d", "1");
  pass(1min);
  etcd_.restore(backup);
  pass(kNoticed);
  EXPECT_EQ(standing().held, 1U);
  restart();
  pass(kNoticed);
  EXPECT_EQ(standing().held, 1U);
  EXPECT_EQ(in_force().at("d"), "1");
  accept(wall());
  EXPECT_EQ(in_force(), in_engine());
}

// The clock of who accepted was ahead: what this host had seen before the loss was of before it.
TEST_F(MirrorLossTest, AnAcceptanceThatWasSeenBeforeTheLossDoesntCount) {
  accept(wall() + 4min);
  const FakeStore backup = etcd_.store();
  put("d", "1");
  etcd_.restore(backup);
  pass(1min);
  EXPECT_EQ(standing().held, 1U);
}

TEST_F(MirrorLossTest, AHostThatWasCutOffTakesTheAcceptanceThatItFinds) {
  etcd_.stop(0), etcd_.stop(1), etcd_.stop(2);
  pass(1min);
  etcd_.wipe();
  etcd_.put("/hlb/1/c/b", "1");
  accept(wall());
  pass(1h);
  etcd_.recover(0), etcd_.recover(1), etcd_.recover(2);
  pass(kNoticed);
  EXPECT_EQ(in_force(), in_engine());
  EXPECT_EQ(told().size(), 3U) << "-a, -c and the acceptance itself";
  EXPECT_EQ(standing().held, 0U);
  EXPECT_EQ(standing().losses, 1U);
}

TEST_F(MirrorLossTest, AcceptancesOfTheFutureOrWithoutATimeDontCount) {
  etcd_.wipe();
  pass(kNoticed);
  accept(wall() + 24h);
  put(std::string(kAcceptKey), "yes");
  put(std::string(kAcceptKey), R"({"v":2,"at":"2026-11-28T15:00:00Z"})");
  EXPECT_EQ(standing().held, 3U);
}

TEST_F(MirrorLossTest, ASecondLossTakesASecondAcceptance) {
  etcd_.wipe();
  pass(kNoticed);
  accept(wall());
  put("d", "1");
  const FakeStore backup = etcd_.store();
  put("e", "1");
  pass(1min);
  etcd_.restore(backup);
  pass(kNoticed);
  EXPECT_EQ(standing().losses, 2U);
  EXPECT_EQ(standing().held, 1U);
  EXPECT_EQ(in_force().at("e"), "1");
}

TEST_F(MirrorLossTest, AnotherClusterIsALossToo) {
  FakeStore other;
  other.cluster = 2;
  other.revision = 1'000'000;
  etcd_.restore(other);
  pass(kNoticed);
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(standing().held, 3U);
  EXPECT_EQ(standing().cluster, 2U);
  EXPECT_NE(catalog_->notices.at(0).find("another cluster"), std::string::npos);
}

// It may have grown past the revision that the catalog had: changes elsewhere count as well.
TEST_F(MirrorLossTest, ARestoredEngineIsKnownByChangesElsewhereToo) {
  FakeStore older;
  older.revision = standing().revision + 10;
  etcd_.restore(older);
  pass(kNoticed);
  EXPECT_EQ(standing().held, 3U);
}

// Even past all that was seen: the keys' own revisions are older ones, where all is read.
TEST_F(MirrorLossTest, AnEngineThatHasGrownSinceItWasWipedIsKnownByItsKeys) {
  etcd_.stop(0), etcd_.stop(1), etcd_.stop(2);
  put("c", "4");
  etcd_.wipe();
  etcd_.put("/hlb/1/c/a", "1");
  for (int i = 0; i < 200; ++i)
    etcd_.put("/elsewhere", "x");
  etcd_.compact(etcd_.store().revision);
  etcd_.recover(0), etcd_.recover(1), etcd_.recover(2);
  pass(10s);
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(in_force().size(), 3U);
  EXPECT_EQ(standing().held, 2U);
}

TEST_F(MirrorLossTest, ALaggingMemberIsInnocent) {
  etcd_.lag(0), etcd_.lag(1), etcd_.lag(2);
  etcd_.stop(0);
  put("d", "1");
  restart();
  pass(10s);
  etcd_.recover(0);
  etcd_.stop(1), etcd_.stop(2);
  pass(10s);
  EXPECT_EQ(in_force(), in_engine());
  ASSERT_TRUE(is_fresh());
  told();
  const auto lists = etcd_.lists;
  etcd_.recover(1), etcd_.recover(2);
  etcd_.lag(1), etcd_.lag(2);
  put("e", "1");
  EXPECT_EQ(told(), Strings{"e=1"});
  etcd_.stop(0);
  pass(10s);
  EXPECT_GT(etcd_.lists, lists) << "asked whether it is the engine or the member";
  EXPECT_TRUE(is_frozen()) << "the members are too far behind to be followed";
  EXPECT_EQ(told(), Strings());
  EXPECT_EQ(standing().losses, 0U);
  etcd_.recover(2);
  pass(10s);
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(standing().held, 0U);
  EXPECT_EQ(in_force(), in_engine());
}

TEST_F(MirrorLossTest, AMemberThatCatchesUpSoonIsFollowedWithoutAListing) {
  etcd_.lag(0), etcd_.lag(1), etcd_.lag(2);
  const std::size_t member = static_cast<std::size_t>(standing().endpoint[1] - '0');
  etcd_.recover(member);
  put("d", "1");
  etcd_.stop(member);
  etcd_.put("/hlb/1/c/e", "1");
  pass(500ms);
  EXPECT_TRUE(is_frozen());
  const auto lists = etcd_.lists;
  for (std::size_t i = 0; i < 3; ++i)
    if (i != member) etcd_.recover(i);
  pass(500ms);
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(etcd_.lists, lists);
  EXPECT_EQ(in_force(), in_engine());
}

TEST_F(MirrorLossTest, AnEngineThatLacksNothingNeedsNoAcceptance) {
  FakeStore older = etcd_.store();
  older.revision -= 50;
  etcd_.restore(older);
  pass(kNoticed);
  EXPECT_EQ(standing().losses, 1U);
  EXPECT_EQ(standing().held, 0U);
  EXPECT_NE(catalog_->notices.at(0).find("it lacks nothing"), std::string::npos);
}

TEST_F(MirrorLossTest, WhatIsReadAfterCompactionSparesHeldKeys) {
  etcd_.wipe();
  put("d", "1");
  put("e", "1");
  pass(kNoticed);
  told();
  etcd_.stop(0), etcd_.stop(1), etcd_.stop(2);
  etcd_.erase("/hlb/1/c/d");
  etcd_.put("/hlb/1/c/a", "2");
  etcd_.compact(etcd_.store().revision + 1);
  etcd_.put("/elsewhere", "x");
  pass(1min);
  etcd_.recover(0);
  pass(10s);
  EXPECT_EQ(told(), (Strings{"a=2", "-d"}));
  EXPECT_EQ(standing().held, 2U);
  EXPECT_EQ(standing().losses, 1U);
}

}  // namespace
}  // namespace hlb::fleet
