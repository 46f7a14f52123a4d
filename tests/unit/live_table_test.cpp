// Changes in place: what a reader of the table finds after each, and what is left to hlbd.
#include "publish/live_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libnss_hlb/choose.h"
#include "published.h"

namespace hlb {
namespace {

using Addresses = std::vector<std::string>;

constexpr const char* kA = "10.0.0.1";
constexpr const char* kB = "10.0.0.2";
constexpr const char* kC = "10.0.0.3";

class Table {
 public:
  explicit Table(const std::vector<Sample>& services) : bytes_(table_of(services)) {}

  bool tell(const Sample& service, publish::AskHlbd ask = publish::AskHlbd::as_needed) {
    return live().tell(service.verdict(), ask);
  }
  publish::LiveTable live() { return publish::LiveTable(bytes_); }
  record::View record(std::string_view name = "app.local") {
    return live().view().find(Name(name));
  }

  // Whom a lookup may get.
  Addresses served(std::string_view name = "app.local") {
    const Choice choice(record(name), Asked::any);
    Addresses addresses;
    for (std::uint32_t i = 0; i < record(name).backend_count(); ++i) {
      if (choice.serves(i))
        addresses.push_back(publish::address_of(record(name).backend(i)).to_string());
    }
    return addresses;
  }

  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

Sample both_up() {
  return Sample().backend(kA).backend(kB);
}

TEST(LiveTable, TellsWhoIsUp) {
  Table table({both_up()});
  EXPECT_EQ(table.served(), (Addresses{kA, kB}));
  EXPECT_TRUE(table.tell(Sample().backend(kA, {.state = State::down}).backend(kB)));
  EXPECT_EQ(table.served(), Addresses{kB});
  EXPECT_TRUE(table.tell(both_up()));
  EXPECT_EQ(table.served(), (Addresses{kA, kB}));
}

TEST(LiveTable, BecomesWhatATableMadeAnewWouldBe) {
  const Sample before = Sample().backend(kA, {.weight = 5}).backend(kB, {.state = State::down});
  const Sample after = Sample()
                           .answer(AnswerMode::one)
                           .undecided()
                           .backend(kA, {.weight = 0})
                           .backend(kB, {.weight = 9});
  Table table({before});
  EXPECT_TRUE(table.tell(after));
  Table anew({after});
  EXPECT_EQ(table.record().bytes().size(), anew.record().bytes().size());
  EXPECT_EQ(table.served(), Addresses{kB});
  EXPECT_EQ(table.record().word().mode(), record::AnswerMode::one);
  EXPECT_TRUE(table.record().undecided());
  EXPECT_EQ(table.record().backend(1).weight(), 9U);
  EXPECT_TRUE(publish::same(table.bytes(), anew.bytes(), publish::Words::of_answers));
}

TEST(LiveTable, TakesOtherSortScoresForAllNames) {
  Table table({Sample().alias("also.local").backend(kA), Sample("b.local").backend(kB)});
  for (std::uint32_t slot = 0;
       table.live().sort_by([](const Address& each) { return each.bytes[3]; }, slot, 1); ++slot) {
  }
  EXPECT_EQ(table.record().backend(0).sort_score(), 1U);
  EXPECT_EQ(table.record("b.local").backend(0).sort_score(), 2U);
}

TEST(LiveTable, OfNoBytesHasAPlaceForNothing) {
  EXPECT_FALSE(publish::LiveTable().tell(both_up().verdict()));
  EXPECT_FALSE(publish::LiveTable().sort_by([](const Address&) { return 0; }, 0, 1));
}

TEST(LiveTable, CountsTheTurnsInWhichSomethingChanged) {
  Table table({both_up()});
  table.tell(both_up());
  EXPECT_EQ(table.record().changes<Order::relaxed>(), 0U);
  table.tell(Sample().backend(kA, {.state = State::down}).backend(kB, {.state = State::down}));
  EXPECT_EQ(table.record().changes<Order::relaxed>(), 1U);
  table.tell(both_up());
  EXPECT_EQ(table.record().changes<Order::relaxed>(), 2U);
}

TEST(LiveTable, LeavesOtherBackendsToHlbdAndWithdrawsThoseThatAreGone) {
  Table table({both_up()});
  EXPECT_FALSE(table.tell(Sample().backend(kB).backend(kC)));
  EXPECT_TRUE(table.record().undecided());
  EXPECT_EQ(table.served(), Addresses{kB});
}

TEST(LiveTable, MayGoOnAnsweringWhileOneThatItHasServes) {
  Table table({both_up()});
  const Sample more = Sample().backend(kA, {.state = State::down}).backend(kB).backend(kC);
  EXPECT_FALSE(table.tell(more, publish::AskHlbd::if_none_serves));
  EXPECT_FALSE(table.record().undecided());
  EXPECT_EQ(table.served(), Addresses{kB});
}

TEST(LiveTable, MayGoOnAnsweringThoseThatAreGoneWhileOnlyMissingOnesServe) {
  Table table({both_up()});
  const auto tell = [&](const Sample& sample) {
    EXPECT_FALSE(table.tell(sample, publish::AskHlbd::if_none_serves));
    return table.served();
  };
  EXPECT_EQ(tell(Sample().backend(kC)), (Addresses{kA, kB}));
  EXPECT_FALSE(table.record().undecided());
  EXPECT_EQ(tell(Sample().backend(kA, {.state = State::down}).backend(kC)), Addresses{kB});
  EXPECT_FALSE(table.record().undecided());
  EXPECT_EQ(tell(Sample().backend(kC, {.state = State::down})), Addresses{});
  EXPECT_TRUE(table.record().undecided());
  EXPECT_EQ(tell(Sample().backend(kC)), Addresses{}) << "nobody is left of those";
  EXPECT_TRUE(table.record().undecided());
}

TEST(LiveTable, NeedsNoOtherFileWhenBackendsGo) {
  Table table({both_up()});
  EXPECT_TRUE(table.tell(Sample().backend(kB)));
  EXPECT_FALSE(table.record().undecided());
  EXPECT_EQ(table.served(), Addresses{kB});
  EXPECT_FALSE(table.record().state(0).up()) << "which a later hlbd would take for its last word";
}

TEST(LiveTable, TakesAnotherPriorityInItsPlace) {
  Table table({both_up()});
  EXPECT_TRUE(table.tell(Sample().backend(kA).backend(kB, {.priority = 1})));
  EXPECT_FALSE(table.record().undecided());
  EXPECT_EQ(table.served(), Addresses{kA});
  EXPECT_EQ(table.record().changes<Order::relaxed>(), 1U);
  EXPECT_TRUE(table.tell(Sample().backend(kA, {.priority = 1}).backend(kB, {.priority = 1})));
  EXPECT_EQ(table.served(), (Addresses{kA, kB}));
}

TEST(LiveTable, AnswersThoseInPanicLikeThoseThatAreUp) {
  const Sample::Traits in_panic{.priority = 2, .state = State::down, .panic = true};
  Table table({both_up().backend(kC, {.state = State::down})});
  EXPECT_TRUE(table.tell(
      Sample().backend(kA, {.priority = 2}).backend(kB, in_panic).backend(kC, in_panic)));
  EXPECT_EQ(table.served(), (Addresses{kA, kB, kC}));
  EXPECT_FALSE(table.record().state(1).up());
}

TEST(LiveTable, TellsInAnyOrderOfBackends) {
  Table table({both_up()});
  EXPECT_TRUE(table.tell(Sample().backend(kB, {.state = State::down}).backend(kA)));
  EXPECT_EQ(table.served(), Addresses{kA});
}

TEST(LiveTable, HasNoPlaceForAnotherName) {
  Table table({both_up().subdomains()});
  EXPECT_FALSE(table.live().view().incomplete());
  EXPECT_FALSE(table.tell(Sample("other.local").backend(kA)));
  EXPECT_TRUE(table.live().view().incomplete());
  table.live().complete();
  EXPECT_FALSE(table.live().view().incomplete());
  EXPECT_FALSE(table.tell(Sample("below.app.local").backend(kA)));
  EXPECT_TRUE(table.live().view().incomplete());
  EXPECT_EQ(table.served("below.app.local"), (Addresses{kA, kB})) << "that is its parent's";
}

TEST(LiveTable, LeavesNamesThatAreGoneOrOfAnotherServiceToHlbd) {
  Table table({both_up().alias("app"), Sample("gone.local"), Sample("kept.local")});
  const Table truth({both_up(), Sample("kept.local").alias("app")});
  table.live().leave_names_to_hlbd(truth.bytes());
  EXPECT_TRUE(table.record("app").undecided());
  EXPECT_TRUE(table.record("gone.local").undecided());
  EXPECT_FALSE(table.record("kept.local").undecided());
  EXPECT_TRUE(table.live().view().incomplete());
}

TEST(LiveTable, LeavesAServiceToHlbdWhoseSubdomainsAreItsNoMore) {
  Table table({both_up().subdomains()});
  table.live().leave_names_to_hlbd(Table({both_up().subdomains()}).bytes());
  EXPECT_FALSE(table.record().undecided());
  table.live().leave_names_to_hlbd(Table({both_up()}).bytes());
  EXPECT_TRUE(table.record().undecided());
}

TEST(LiveTable, LeavesAServiceToHlbdOfWhoseSubdomainsOneIsAnothers) {
  Table table({both_up().subdomains(), Sample("other.local")});
  const Table truth({both_up().subdomains(), Sample("new.app.local"), Sample("other.local")});
  table.live().leave_names_to_hlbd(truth.bytes());
  EXPECT_TRUE(table.record("new.app.local").undecided());
  EXPECT_FALSE(table.record("other.local").undecided());
}

TEST(LiveTable, LeavesAServiceToHlbdThatHasAnotherException) {
  Table table({both_up().subdomains()});
  const Table truth({both_up().subdomains().except("git.app.local")});
  table.live().leave_names_to_hlbd(truth.bytes());
  EXPECT_TRUE(table.record().undecided());
}

TEST(LiveTable, LeavesAnExceptionToHlbdThatIsNoneAnyMore) {
  const Sample excepting = both_up().subdomains().except("git.app.local");
  for (const Table& truth : {Table({both_up().subdomains()}),
                             Table({both_up().subdomains(), Sample("git.app.local")})}) {
    Table table({excepting});
    table.live().leave_names_to_hlbd(truth.bytes());
    EXPECT_TRUE(table.live().view().find_or_exception(Name("git.app.local")).undecided())
        << "for older modules";
    EXPECT_TRUE(table.live().view().incomplete()) << "for those that know of exceptions";
  }
  Table table({excepting});
  table.live().leave_names_to_hlbd(Table({excepting}).bytes());
  EXPECT_FALSE(table.live().view().find_or_exception(Name("git.app.local")).undecided());
}

TEST(LiveTable, AnExceptionIsNoPlaceForAService) {
  Table table({both_up().subdomains().except("git.app.local")});
  EXPECT_FALSE(table.tell(Sample("git.app.local").backend(kA)));
  EXPECT_TRUE(table.live().view().incomplete());
}

TEST(LiveTable, WhatIsLeftToHlbdStaysSoThroughLaterVerdicts) {
  Table table({both_up().alias("app")});
  table.live().leave_names_to_hlbd(Table({both_up()}).bytes());
  EXPECT_TRUE(table.tell(both_up(), publish::AskHlbd::as_before));
  EXPECT_TRUE(table.record("app").undecided());
  EXPECT_TRUE(table.tell(both_up()));
  EXPECT_FALSE(table.record("app").undecided());
}

bool same_shape(const Table& one, const Table& other) {
  return publish::same(one.bytes(), other.bytes(), publish::Words::none);
}
bool same_answers(const Table& one, const Table& other) {
  return publish::same(one.bytes(), other.bytes(), publish::Words::of_answers);
}

TEST(LiveTable, OtherNamesOrBackendsAreAnotherShape) {
  const Table one({both_up()});
  EXPECT_TRUE(same_shape(one, Table({both_up()})));
  const Sample other_words = Sample().backend(kA).backend(kB, {.weight = 2, .priority = 1});
  EXPECT_TRUE(same_shape(one, Table({other_words})));
  for (const Sample& other : {both_up().alias("app"), both_up().subdomains(), Sample().backend(kA),
                              both_up().subdomains().except("git.app.local"),
                              Sample().backend(kA).backend(kC), Sample("abc.local").backend(kA)}) {
    EXPECT_FALSE(same_shape(one, Table({other})));
  }
}

TEST(LiveTable, OtherVerdictsAreOtherAnswers) {
  const Table one({both_up()});
  EXPECT_TRUE(same_answers(one, Table({both_up().undecided()}))) << "hlbd gives the same";
  EXPECT_TRUE(same_answers(one, Table({Sample().backend(kA).backend(kB, {.sort_score = 7})})));
  for (const Sample& other :
       {Sample().backend(kA).backend(kB, {.weight = 2}), both_up().answer(AnswerMode::one),
        Sample().backend(kA).backend(kB, {.state = State::down}),
        both_up().when_all_down(WhenAllDown::all), both_up().alias("app")}) {
    EXPECT_FALSE(same_answers(one, Table({other})));
  }
}

TEST(LiveTable, TheLeaseGoesWholeAcrossItsHalves) {
  Table table({both_up()});
  for (const std::uint64_t until : {1ULL, 0xffffffffULL, 0x100000000ULL, 0x123456789abcdefULL}) {
    table.live().set_lease(until);
    EXPECT_EQ(table.live().lease(), until);
  }
}

TEST(LiveTable, ATableOfAnyVersionIsSupersededAndNothingElseIs) {
  auto other = table_of({both_up()});
  other[table::at::kMajorVersion] = 77;
  publish::LiveTable(other).supersede();
  EXPECT_EQ(other[table::at::kSuperseded], 1);
  std::vector<std::uint8_t> none(100);
  publish::LiveTable(none).supersede();
  EXPECT_EQ(none, std::vector<std::uint8_t>(100));
}

}  // namespace
}  // namespace hlb
