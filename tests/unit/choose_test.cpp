// Choosing the answer: who may be in it, how often whom comes first, and what follows.
#include "libnss_hlb/choose.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "published.h"

namespace hlb {
namespace {

// Owns a record and chooses from it, with numbers that are the same in each run.
class Chooser {
 public:
  explicit Chooser(const Sample& sample, Asked asked = Asked::any, bool healthy = true)
      : bytes_(sample.record()),
        record_(record::View::over(bytes_)),
        choice_(record_, asked, healthy) {}

  const Choice& choice() const { return choice_; }

  std::vector<std::uint16_t> choose() {
    std::vector<std::uint16_t> chosen(choice_.most());
    chosen.resize(choice_.choose(random_, chosen));
    return chosen;
  }

  // How often each backend comes first, as a share.
  std::map<std::uint16_t, double> first_shares() {
    constexpr int kRounds = 20'000;
    std::map<std::uint16_t, double> shares;
    for (int i = 0; i < kRounds; ++i)
      shares[choose().front()] += 1.0 / kRounds;
    return shares;
  }

 private:
  std::vector<std::uint8_t> bytes_;
  record::View record_;
  Choice choice_;
  Random random_{42};
};

using Indices = std::vector<std::uint16_t>;

TEST(Choice, TheFirstFollowsTheWeightsInEveryMode) {
  for (const AnswerMode mode : {AnswerMode::spread, AnswerMode::one, AnswerMode::all}) {
    Chooser chooser(Sample()
                        .answer(mode)
                        .backend("10.0.0.1", {.weight = 1})
                        .backend("10.0.0.2", {.weight = 3})
                        .backend("10.0.0.3", {.weight = 4}));
    auto shares = chooser.first_shares();
    EXPECT_NEAR(shares[0], 0.125, 0.01);
    EXPECT_NEAR(shares[1], 0.375, 0.015);
    EXPECT_NEAR(shares[2], 0.5, 0.015);
  }
}

TEST(Choice, OfVeryManyTakesThoseOfTheBestPriorityWhereverTheyStand) {
  constexpr int kMany = 100;
  Sample sample;
  sample.answer(AnswerMode::all);
  for (int i = 0; i < kMany; ++i) {
    const std::uint16_t priority = i == 40 || i == 99 ? 1 : i < 40 ? 3 : 2;
    sample.backend(("10.0.0." + std::to_string(i + 1)).c_str(), {.priority = priority});
  }
  Chooser chooser(sample);
  EXPECT_TRUE(chooser.choice().serves(40));
  EXPECT_FALSE(chooser.choice().serves(39));
  Indices chosen = chooser.choose();
  std::ranges::sort(chosen);
  EXPECT_EQ(chosen, (Indices{40, 99}));
}

TEST(Choice, OneAnswersThePickAlone) {
  Chooser chooser(Sample().answer(AnswerMode::one).backend("10.0.0.1").backend("10.0.0.2"));
  EXPECT_EQ(chooser.choice().most(), 1U);
  EXPECT_EQ(chooser.choose().size(), 1U);
}

TEST(Choice, OneAnswersAPickOfEachFamily) {
  Chooser chooser(Sample().answer(AnswerMode::one).backend("10.0.0.1").backend("fd00::1"));
  EXPECT_EQ(chooser.choose(), (Indices{1, 0}));
}

TEST(Choice, SpreadNeverAddsWhatTheSortWouldPutAheadOfThePick) {
  Chooser chooser(Sample()
                      .backend("10.0.0.1", {.sort_score = 30})
                      .backend("10.0.0.2", {.sort_score = 20})
                      .backend("10.0.0.3", {.sort_score = 20})
                      .backend("10.0.0.4", {.sort_score = 10}));
  const std::map<std::uint16_t, std::size_t> sizes = {{0, 4}, {1, 3}, {2, 3}, {3, 1}};
  for (int i = 0; i < 1000; ++i) {
    const Indices chosen = chooser.choose();
    EXPECT_EQ(chosen.size(), sizes.at(chosen.front()));
    EXPECT_EQ(std::set(chosen.begin(), chosen.end()).size(), chosen.size());
  }
}

TEST(Choice, AllAnswersEveryHealthyBackendOnce) {
  Chooser chooser(Sample()
                      .answer(AnswerMode::all)
                      .backend("10.0.0.1", {.sort_score = 30})
                      .backend("10.0.0.2")
                      .backend("10.0.0.3", {.state = State::down}));
  const Indices chosen = chooser.choose();
  EXPECT_EQ(std::set(chosen.begin(), chosen.end()), (std::set<std::uint16_t>{0, 1}));
}

TEST(Choice, WhatFollowsIsInWeightedRandomOrder) {
  Chooser chooser(Sample()
                      .backend("10.0.0.1", {.weight = 1000})
                      .backend("10.0.0.2", {.weight = 3})
                      .backend("10.0.0.3", {.weight = 1}));
  int second = 0;
  int rounds = 0;
  while (rounds < 10'000) {
    const Indices chosen = chooser.choose();
    if (chosen.front() != 0) continue;
    ++rounds;
    if (chosen[1] == 1) ++second;
  }
  EXPECT_NEAR(second / 10'000.0, 0.75, 0.02);
}

TEST(Choice, OnlyTheBestPriorityWithAHealthyBackendServes) {
  Sample sample;
  sample.backend("10.0.0.1", {.priority = 0, .state = State::down})
      .backend("10.0.0.2", {.priority = 1})
      .backend("10.0.0.3", {.priority = 2});
  EXPECT_EQ(Chooser(sample).choose(), Indices{1});
}

TEST(Choice, WeightZeroGetsNothing) {
  Sample sample;
  sample.backend("10.0.0.1", {.weight = 0}).backend("10.0.0.2", {.priority = 1});
  EXPECT_EQ(Chooser(sample).choose(), Indices{1});
}

TEST(Choice, AFamilyWithoutHealthyBackendsHasNoAddress) {
  Sample sample;
  sample.backend("10.0.0.1").backend("fd00::1", {.state = State::down});
  EXPECT_EQ(Chooser(sample, Asked::ipv6).choice().availability(), Availability::no_address);
  EXPECT_EQ(Chooser(sample, Asked::ipv4).choice().availability(), Availability::answerable);
}

TEST(Choice, WhenAllAreDownTheServicesRuleDecides) {
  const auto availability = [](WhenAllDown rule) {
    Sample sample;
    sample.when_all_down(rule).backend("10.0.0.1", {.state = State::down});
    return Chooser(sample).choice().availability();
  };
  EXPECT_EQ(availability(WhenAllDown::fail), Availability::none_healthy);
  EXPECT_EQ(availability(WhenAllDown::next), Availability::let_next);
  EXPECT_EQ(availability(WhenAllDown::all), Availability::answerable);
}

TEST(Choice, FailingOpenTakesEveryPriorityButNoWeightZero) {
  Sample sample;
  sample.answer(AnswerMode::all)
      .when_all_down(WhenAllDown::all)
      .backend("10.0.0.1", {.state = State::down})
      .backend("10.0.0.2", {.priority = 1, .state = State::down})
      .backend("10.0.0.3", {.weight = 0, .state = State::down});
  const Indices chosen = Chooser(sample).choose();
  EXPECT_EQ(std::set(chosen.begin(), chosen.end()), (std::set<std::uint16_t>{0, 1}));
}

TEST(Choice, FailingOpenWithNobodyLeftFails) {
  Sample sample;
  sample.when_all_down(WhenAllDown::all).backend("10.0.0.1", {.weight = 0});
  EXPECT_EQ(Chooser(sample).choice().availability(), Availability::none_healthy);
}

TEST(Choice, ARecordOutOfDateCountsNobodyAsHealthy) {
  Sample sample;
  sample.backend("10.0.0.1");
  EXPECT_EQ(Chooser(sample, Asked::any, false).choice().availability(), Availability::none_healthy);
}

TEST(Choice, TakesTheMostBackendsAtTheMostWeight) {
  Sample sample;
  sample.answer(AnswerMode::all);
  for (std::size_t i = 0; i < record::kMaxBackends; ++i) {
    const std::string address = "10.0." + std::to_string(i / 256) + '.' + std::to_string(i % 256);
    sample.backend(address.c_str(), {.weight = record::kMaxWeight});
  }
  const Indices chosen = Chooser(sample).choose();
  EXPECT_EQ(std::set(chosen.begin(), chosen.end()).size(), record::kMaxBackends);
}

TEST(Choice, SpreadGivesNoMoreThanMaxAddressesOfEachFamily) {
  Sample sample;
  sample.max_addresses(3);
  for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "fd99::1"})
    sample.backend(address);
  Chooser spread(sample);
  EXPECT_EQ(spread.choice().most(), 4U);
  EXPECT_EQ(spread.choose().size(), 4U);
  auto shares = spread.first_shares();
  EXPECT_NEAR(shares[4], 1, 1e-6) << "IPv6 comes first, of which there is one";
  EXPECT_EQ(Chooser(sample.answer(AnswerMode::all)).choose().size(), 5U);
}

TEST(Choice, EachOfThoseBeyondMaxAddressesIsGivenToo) {
  Sample sample;
  sample.max_addresses(2);
  for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"})
    sample.backend(address);
  Chooser chooser(sample);
  std::map<std::uint16_t, int> given;
  for (int i = 0; i < 1000; ++i) {
    for (const std::uint16_t each : chooser.choose())
      ++given[each];
  }
  for (std::uint16_t i = 0; i < 4; ++i)
    EXPECT_NEAR(given[i], 500, 80);
}

TEST(Choice, ThePickAloneIsBalancedLikewise) {
  const auto bytes =
      Sample().backend("10.0.0.1", {.weight = 9}).backend("10.0.0.2", {.weight = 1}).record();
  Choice choice(record::View::over(bytes), Asked::any);
  EXPECT_TRUE(choice.counts_on_sort());
  choice.pick_alone();
  EXPECT_EQ(choice.most(), 1U);
  Random random(7);
  int second = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::uint16_t chosen = 0;
    ASSERT_EQ(choice.choose(random, {&chosen, 1}), 1U);
    second += chosen;
  }
  EXPECT_NEAR(second, 1000, 120);
}

// A table's pages may be given back while a lookup that was stopped has them to read.
TEST(Choice, TakesNoMoreRoomThanItSaidWhateverBecomesOfTheBytes) {
  Sample many;
  for (int i = 1; i <= 40; ++i)
    many.backend(("10.0.0." + std::to_string(i)).c_str());
  auto bytes = many.record();
  const record::View record = record::View::over(bytes);
  const Choice choice(record, Asked::any);
  std::vector<std::uint16_t> chosen(choice.most());
  ASSERT_EQ(chosen.size(), 8U);
  std::ranges::fill(bytes, std::uint8_t{0});
  Random random{42};
  EXPECT_LE(choice.choose(random, chosen), chosen.size());
  EXPECT_EQ(choice.most(), chosen.size());
}

}  // namespace
}  // namespace hlb
