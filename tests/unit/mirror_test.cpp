// How a host's copy follows the engine: what it reads, and what it does when the engine isn't
// there.
#include "fleet/mirror.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/mirror_world.h"

namespace hlb::fleet {
namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;
using Step = FakeEtcd::Step;
using Fate = FakeEtcd::Fate;

// Has the engine's answers at one step be a fault.
auto failing(Step at, EngineFault fault) {
  return [at, fault](Step step, std::size_t) {
    return step == at ? Fate{.hangs = false, .fault = fault} : Fate{};
  };
}
auto hanging(Step at) {
  return [at](Step step, std::size_t) { return Fate{.hangs = step == at, .fault = std::nullopt}; };
}

TEST_F(MirrorTest, ReadsAllKeysOnceAndThenFollowsTheirChanges) {
  etcd_.put("/hlb/1/o/m/host1", "not of the catalog");
  put("b", "1");
  put("a", "2");
  start();
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(told(), (Strings{"a=2", "b=1"}));
  put("c", "3");
  put("a", "4");
  erase("b");
  EXPECT_EQ(told(), (Strings{"c=3", "a=4", "-b"}));
  EXPECT_EQ(mirrored(), in_engine());
  EXPECT_EQ(etcd_.connects, 1U);
  EXPECT_EQ(etcd_.lists, 1U);
  EXPECT_EQ(standing().events, 3U);
  EXPECT_EQ(standing().revision, etcd_.store().revision);
}

TEST_F(MirrorTest, ATransactionIsToldAtOnce) {
  start();
  const auto batches = catalog_->batches;
  etcd_.commit({{.key = "/hlb/1/c/a", .value = "1"}, {.key = "/hlb/1/c/b", .value = "2"}});
  settle();
  EXPECT_EQ(catalog_->batches, batches + 1);
  EXPECT_EQ(told(), (Strings{"a=1", "b=2"}));
}

TEST_F(MirrorTest, AValueThatIsWrittenAgainIsntTold) {
  start();
  put("a", "1");
  told();
  put("a", "1");
  erase("never there");
  EXPECT_EQ(told(), Strings());
  EXPECT_EQ(mirror_->keys().find("/hlb/1/c/a")->revision,
            etcd_.store().keys.at("/hlb/1/c/a").revision);
}

TEST_F(MirrorTest, ResumesAfterTheLastChangeWithoutReadingAnew) {
  put("a", "1");
  start();
  const Revision last = put("b", "2");
  told();
  etcd_.break_all();
  etcd_.put("/hlb/1/c/c", "3");
  etcd_.erase("/hlb/1/c/a");
  settle();
  EXPECT_TRUE(is_frozen());
  EXPECT_EQ(told(), Strings());
  pass(100ms);
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(told(), (Strings{"c=3", "-a"}));
  EXPECT_EQ(etcd_.lists, 1U);
  EXPECT_EQ(etcd_.watched_from.back(), last) << "the last change known shows that it is the engine";
}

TEST_F(MirrorTest, SignsOfLifeDontAdvanceTheRevision) {
  start();
  const Revision last = put("a", "1");
  for (int i = 0; i < 10; ++i)
    etcd_.put("/elsewhere", "x");
  pass(10s);
  EXPECT_GT(etcd_.progress_requests, 2U);
  EXPECT_EQ(standing().revision, last);
  etcd_.break_all();
  pass(100ms);
  EXPECT_EQ(etcd_.watched_from.back(), last) << "the last change known shows that it is the engine";
}

TEST_F(MirrorTest, AQuietEngineIsAskedForALifeSignEveryTwoSeconds) {
  put("a", "1");
  start();
  pass(1h);
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(etcd_.connects, 1U);
  EXPECT_NEAR(static_cast<double>(etcd_.progress_requests), 1800, 2);
  EXPECT_GE(standing().last_sign, wall() - 2s);
}

TEST_F(MirrorTest, AMemberWithoutASignOfLifeIsLeftAfterFiveSeconds) {
  put("a", "1");
  start();
  const std::size_t member = static_cast<std::size_t>(standing().endpoint[1] - '0');
  etcd_.hang(member);
  etcd_.put("/hlb/1/c/b", "2");
  pass(4900ms);
  EXPECT_TRUE(is_fresh());
  pass(300ms);
  EXPECT_TRUE(is_fresh());
  EXPECT_NE(standing().endpoint, "m" + std::to_string(member));
  EXPECT_EQ(in_force(), in_engine());
  EXPECT_EQ(etcd_.lists, 1U);
  EXPECT_EQ(etcd_.connections(), 1U);
}

TEST_F(MirrorTest, NoFaultOfTheEngineChangesAnything) {
  put("a", "1");
  put("b", "2");
  start();
  told();
  using Kind = EngineFault::Kind;
  for (const Kind kind : {Kind::unavailable, Kind::compacted, Kind::refused}) {
    for (const Step step : {Step::connect, Step::list, Step::watch}) {
      etcd_.fate = failing(step, {.kind = kind, .message = "as never before"});
      etcd_.break_all();
      pass(1min);
      EXPECT_FALSE(standing().state == MirrorStanding::State::starting);
      EXPECT_EQ(told(), Strings());
      EXPECT_EQ(in_force(), (Values{{"a", "1"}, {"b", "2"}}));
      etcd_.fate = nullptr;
      pass(5s);
      EXPECT_TRUE(is_fresh()) << static_cast<int>(kind) << ' ' << static_cast<int>(step);
    }
  }
}

TEST_F(MirrorTest, AnAnswerThatNeverComesIsAFault) {
  put("a", "1");
  start();
  for (const Step step : {Step::connect, Step::list, Step::watch}) {
    etcd_.fate = hanging(step);
    etcd_.compact(etcd_.put("/hlb/1/c/a", std::to_string(static_cast<int>(step))) + 1);
    etcd_.break_all();
    pass(1min);
    EXPECT_TRUE(is_frozen());
    EXPECT_NE(standing().fault, "");
    EXPECT_GT(standing().connects, 2U);
    EXPECT_LE(etcd_.connections(), 1U);
    etcd_.fate = nullptr;
    pass(25s);
    EXPECT_TRUE(is_fresh());
    EXPECT_EQ(in_force(), in_engine());
  }
}

TEST_F(MirrorTest, StartsFrozenWhenNobodyIsThere) {
  for (std::size_t i = 0; i < 3; ++i)
    etcd_.stop(i);
  start();
  EXPECT_TRUE(is_frozen());
  EXPECT_EQ(standing().fault, "connection refused");
  EXPECT_EQ(standing().revision, 0);
  EXPECT_EQ(standing().last_sign, std::nullopt);
  put("a", "1");
  etcd_.recover(1);
  pass(10s);
  EXPECT_EQ(in_force(), in_engine());
}

// The times of the attempts to connect, from the first on, while nobody is there.
TEST_F(MirrorTest, PausesGrowToTwoSecondsAndDiffer) {
  for (std::size_t i = 0; i < 3; ++i)
    etcd_.stop(i);
  start();
  std::vector<std::chrono::milliseconds> pauses;
  auto last = clock_.now();
  auto seen = etcd_.connects;
  while (pauses.size() < 40) {
    pass(1ms);
    if (etcd_.connects == seen) continue;
    seen = etcd_.connects;
    pauses.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - last));
    last = clock_.now();
  }
  EXPECT_GE(pauses[0], 10ms);
  EXPECT_LE(pauses[0], 31ms);
  EXPECT_LE(pauses[0] + pauses[1] + pauses[2], 220ms);
  const auto [least, most] = std::minmax_element(pauses.begin() + 8, pauses.end());
  EXPECT_GE(*least, 1000ms);
  EXPECT_LT(*least, 1500ms);
  EXPECT_GT(*most, 2500ms);
  EXPECT_LE(*most, 3001ms);
}

TEST_F(MirrorTest, HostsBeginWithDifferentMembers) {
  std::map<std::string, int> begun;
  for (int i = 0; i < 30; ++i) {
    start();
    ++begun[standing().endpoint];
  }
  EXPECT_EQ(begun.size(), 3U);
}

TEST_F(MirrorTest, AnEngineThatBreaksEachWatchAtOnceIsntAskedWithoutEnd) {
  put("a", "1");
  start();
  etcd_.fate = [this](Step step, std::size_t) {
    const bool breaks = step == Step::watch && is_fresh();
    return Fate{.hangs = false,
                .fault = breaks ? std::optional(EngineFault{.message = "no"}) : std::nullopt};
  };
  etcd_.break_all();
  settle();
  const auto before = etcd_.connects;
  pass(1min);
  EXPECT_LT(etcd_.connects - before, 60U);
}

TEST_F(MirrorTest, ReadsAllAndAppliesTheDifferenceAfterCompaction) {
  for (const char* key : {"a", "b", "c"})
    put(key, "1");
  start();
  told();
  etcd_.stop(0), etcd_.stop(1), etcd_.stop(2);
  etcd_.erase("/hlb/1/c/a");
  etcd_.put("/hlb/1/c/b", "2");
  etcd_.put("/hlb/1/c/d", "3");
  etcd_.compact(etcd_.store().revision);
  pass(1min);
  EXPECT_EQ(told(), Strings());
  etcd_.recover(2);
  pass(10s);
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(told(), (Strings{"b=2", "d=3", "-a"}));
  EXPECT_EQ(etcd_.lists, 2U);
  EXPECT_EQ(standing().held, 0U);
  EXPECT_EQ(standing().losses, 0U);
}

TEST_F(MirrorTest, ResumesAtTheCompactedRevisionItself) {
  start();
  put("a", "1");
  etcd_.stop(0), etcd_.stop(1), etcd_.stop(2);
  etcd_.compact(etcd_.put("/hlb/1/c/a", "2"));
  etcd_.recover(0);
  pass(10s);
  EXPECT_EQ(in_force(), in_engine());
  EXPECT_EQ(etcd_.lists, 1U);
}

TEST_F(MirrorTest, ServesWhatWasSavedBeforeItAsksAnybody) {
  put("a", "1");
  start();
  put("b", "2");
  const SavedMirror before = saved();
  etcd_.stop(0), etcd_.stop(1), etcd_.stop(2);
  start(before);
  EXPECT_EQ(in_force(), (Values{{"a", "1"}, {"b", "2"}}));
  etcd_.erase("/hlb/1/c/a");
  etcd_.recover(0), etcd_.recover(1), etcd_.recover(2);
  told();
  pass(10s);
  EXPECT_EQ(told(), (Strings{"-a"}));
  EXPECT_EQ(etcd_.lists, 1U);
}

TEST_F(MirrorTest, TellsOfAFreezeThatLastsAndOfItsEndOnce) {
  start();
  etcd_.break_all();
  pass(10s);
  EXPECT_EQ(catalog_->notices, Strings());
  etcd_.stop(0), etcd_.stop(1), etcd_.stop(2);
  pass(1min);
  ASSERT_EQ(catalog_->notices.size(), 1U);
  EXPECT_NE(catalog_->notices[0].find("connection refused"), std::string::npos);
  etcd_.recover(0);
  pass(10s);
  ASSERT_EQ(catalog_->notices.size(), 2U);
  EXPECT_NE(catalog_->notices[1].find("again, after 6"), std::string::npos);
  pass(1min);
  EXPECT_EQ(catalog_->notices.size(), 2U);
}

TEST_F(MirrorTest, GoesOnWithOtherEndpoints) {
  put("a", "1");
  start();
  told();
  FakeEtcd other(loop_.get_executor());
  mirror_->reconnect(other.connect(), {"m0"});
  settle();
  EXPECT_TRUE(is_frozen()) << "the other is another cluster, or wiped";
  EXPECT_EQ(etcd_.connections(), 0U);
  mirror_->reconnect(etcd_.connect(), etcd_.endpoints());
  settle();
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(told(), Strings());
}

// 100,000 keys are read without holding the loop: others have their turns between.
TEST_F(MirrorTest, TakesALongListingInSlices) {
  std::vector<Transaction::Write> writes;
  for (int i = 0; i < 5000; ++i)
    writes.push_back({.key = kPrefix + std::to_string(i), .value = "x"});
  etcd_.commit(writes);
  start();
  EXPECT_EQ(catalog_->values.size(), 5000U);
  EXPECT_LE(catalog_->largest_call, 512U);
  EXPECT_EQ(catalog_->batches, 1U);
  EXPECT_FALSE(catalog_->in_batch);
}

TEST_F(MirrorTest, ABatchThatBreaksOffIsClosed) {
  std::vector<Transaction::Write> writes;
  for (int i = 0; i < 5000; ++i)
    writes.push_back({.key = kPrefix + std::to_string(i), .value = "x"});
  etcd_.commit(writes);
  mirror_.reset();
  start();
  for (auto& write : writes)
    write.value = "y";
  etcd_.commit(writes);
  while (!catalog_->in_batch)
    loop_.poll_one();
  mirror_->reconnect(etcd_.connect(), etcd_.endpoints());
  EXPECT_FALSE(catalog_->in_batch);
  settle();
  EXPECT_TRUE(is_fresh());
  EXPECT_EQ(in_force(), in_engine());
}

}  // namespace
}  // namespace hlb::fleet
