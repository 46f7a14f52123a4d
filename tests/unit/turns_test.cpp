#include "system/turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace hlb {
namespace {

class TurnsTest : public testing::Test {
 protected:
  struct Job : Turns::Waiter {
    char of = '?';
  };

  static constexpr int kPlaces = 24;

  // So many of a share begin to wait, who never go by themselves.
  void wait(char name, int count, bool silent = false) {
    for (int i = 0; i < count; ++i) {
      Job& job = *jobs_.emplace_back(std::make_unique<Job>());
      job.of = name;
      job.due = now_ += std::chrono::milliseconds(1);
      job.share = share_of(name);
      job.silent = silent;
      turns_.wait(job);
    }
  }

  Turns::SharePtr& share_of(char name) {
    Turns::SharePtr& share = shares_[static_cast<std::size_t>(name - 'a')];
    if (!share) share = Turns::new_share();
    return share;
  }

  // Whose turns come, until there is none for now, or so many have had theirs.
  std::string turns(int most = 1000) {
    std::string names;
    for (int i = 0; i < most; ++i) {
      auto* const job = static_cast<Job*>(turns_.next());
      if (job == nullptr) break;
      names += job->of;
      holding_.push_back(job);
    }
    return names;
  }

  int count_turns(char name) {
    const std::string names = turns();
    return static_cast<int>(std::ranges::count(names, name));
  }

  void end(char name, int count = 1) {
    for (int i = 0; i < count; ++i) {
      const auto job = std::ranges::find(holding_, name, &Job::of);
      ASSERT_NE(job, holding_.end());
      turns_.give_back(*(*job)->share, (*job)->silent);
      holding_.erase(job);
    }
  }

  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
  Turns turns_{kPlaces};
  std::vector<Turns::SharePtr> shares_{26};
  std::vector<std::unique_ptr<Job>> jobs_;
  std::vector<Job*> holding_;
};

TEST_F(TurnsTest, LeavesAThirdOfThePlacesFreeForOtherSharesThanOne) {
  wait('a', 1000);
  EXPECT_EQ(count_turns('a'), kPlaces * 2 / 3);
  wait('b', 1);
  EXPECT_EQ(turns(), "b");
}

TEST_F(TurnsTest, LeavesAPlaceFreeHoweverManySharesWantAll) {
  for (const char name : {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'})
    wait(name, 1000);
  turns();
  wait('z', 1);
  EXPECT_EQ(turns(), "z");
}

TEST_F(TurnsTest, GivesSharesThatWaitAsManyPlaces) {
  wait('a', 1000);
  turns();
  wait('b', 1000);
  turns();
  for (int i = 0; i < 100; ++i) {
    end('a');
    end('b');
    turns();
  }
  const auto held_by_a = std::ranges::count(holding_, 'a', &Job::of);
  const auto held_by_b = std::ranges::count(holding_, 'b', &Job::of);
  EXPECT_LE(std::abs(held_by_a - held_by_b), 1);
}

TEST_F(TurnsTest, TakesSharesThatHoldAsManyInTurn) {
  wait('a', 3);
  wait('b', 3);
  wait('c', 3);
  EXPECT_EQ(turns(), "abcabcabc");
}

TEST_F(TurnsTest, TakesWhoIsDueFirstWithinAShare) {
  wait('a', 3);
  Job late;
  late.due = jobs_.front()->due - std::chrono::seconds(1);
  late.share = share_of('a');
  late.of = 'l';
  turns_.wait(late);
  EXPECT_EQ(turns(2), "la");
}

TEST_F(TurnsTest, TakesTheLivelyFirst) {
  wait('a', 8, true);
  turns(kPlaces / 8);  // the silent have theirs
  wait('b', 3);
  wait('a', 3);
  EXPECT_EQ(turns(6), "bbbaaa");
  EXPECT_EQ(turns(), "aaaaa");
}

TEST_F(TurnsTest, LeavesHalfOfThePlacesFreeOfTheSilentOfOneShare) {
  wait('a', 1000, true);
  EXPECT_EQ(count_turns('a'), kPlaces / 2);
}

TEST_F(TurnsTest, FindsAPlaceForTheLivelyAmongTheSilentOfTheirShare) {
  wait('a', 1000, true);
  turns();
  wait('a', 1);
  EXPECT_EQ(turns(), "a");
}

TEST_F(TurnsTest, LeavesAQuarterOfThePlacesToTheLively) {
  for (char name = 'a'; name <= 'y'; ++name)
    wait(name, 100, true);
  EXPECT_EQ(turns().size(), kPlaces * 3 / 4);
  wait('z', 1);
  EXPECT_EQ(turns(), "z");
}

TEST_F(TurnsTest, HasPlacesForTheSilentHoweverManyLivelyWait) {
  for (char name = 'a'; name <= 'r'; ++name)
    wait(name, 1000);
  turns();
  for (const char name : {'s', 't', 'u', 'v'})
    wait(name, 1, true);
  std::string silent;
  for (int i = 0; i < 200; ++i) {
    end(holding_.front()->of);
    for (const char name : turns()) {
      if (name >= 's') silent += name;
    }
  }
  EXPECT_EQ(silent.substr(0, kPlaces / 8), "stu");
}

TEST_F(TurnsTest, TakesNobodyWhoHasGone) {
  wait('a', 2);
  wait('b', 1);
  jobs_.clear();
  EXPECT_EQ(turns(), "");
  EXPECT_FALSE(turns_.anyone_waits());
  wait('b', 1);
  EXPECT_EQ(turns(), "b");
}

TEST_F(TurnsTest, ForgetsAShareThatHasGone) {
  wait('a', 2);
  jobs_.clear();
  share_of('a').reset();
  EXPECT_FALSE(turns_.anyone_waits());
}

TEST_F(TurnsTest, CountsThePlacesOfOneThatWentMeanwhile) {
  wait('a', 1000);
  turns();
  const Turns::SharePtr share = share_of('a');
  for (const Job* each : holding_)
    turns_.give_back(*share, each->silent);
  holding_.clear();
  EXPECT_EQ(count_turns('a'), kPlaces * 2 / 3);
}

TEST_F(TurnsTest, HasAPlaceForEachEvenIfItIsTheOnlyOne) {
  Turns one(1);
  for (const bool silent : {false, true}) {
    Job job;
    job.share = Turns::new_share();
    job.silent = silent;
    one.wait(job);
    EXPECT_EQ(one.next(), &job);
    EXPECT_EQ(one.next(), nullptr);
    one.give_back(*job.share, silent);
  }
}

TEST_F(TurnsTest, MayGoBeforeThoseWhoWait) {
  Job job;
  job.share = Turns::new_share();
  {
    Turns gone(4);
    gone.wait(job);
  }
  job.unlink();
  turns_.wait(job);
  EXPECT_EQ(turns_.next(), &job);
}

}  // namespace
}  // namespace hlb
