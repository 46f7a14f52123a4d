#include "ctl/doctor/answers.h"

#include <gtest/gtest.h>

#include "folder.h"
#include "libnss_hlb/bytes.h"
#include "libnss_hlb/clock.h"
#include "published.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

// What lookups of app.local got is compared with a table that hlbd has just renewed.
class AnswersTest : public testing::Test {
 protected:
  AnswersTest() { fs::create_directories(machine_.at("/run/hlb")); }

  void publish(const Sample& sample) {
    auto table = table_of({sample});
    store(table.data() + table::at::kLeaseUntil, read_clock(CLOCK_BOOTTIME) + kNsPerSecond);
    write_file(machine_.at("/run/hlb/table"),
               {reinterpret_cast<const char*>(table.data()), table.size()});
  }

  std::string difference(const Answers& answers) {
    const Published table(machine_, "/run/hlb");
    return HlbsAnswers(machine_, table).difference("app.local", answers);
  }
  std::size_t picks() {
    const Published table(machine_, "/run/hlb");
    return HlbsAnswers(machine_, table).picks_needed("app.local");
  }
  std::string always_first(const Answers& answers) {
    const Published table(machine_, "/run/hlb");
    return HlbsAnswers(machine_, table).always_first("app.local", answers).value_or("none");
  }
  bool picked_alone(const Answers& answers) {
    const Published table(machine_, "/run/hlb");
    return HlbsAnswers(machine_, table).picked_alone("app.local", answers);
  }

  Folder folder_;
  Host machine_ = Host(folder_.file(""));
};

Sample two_of_three() {
  return Sample()
      .backend("10.0.0.1")
      .backend("10.0.0.2")
      .backend("10.0.0.3", {.state = State::down});
}

TEST_F(AnswersTest, AreHlbsWhenTheyHaveHealthyBackendsAlone) {
  publish(two_of_three());
  EXPECT_EQ(difference({{"10.0.0.1"}, {"10.0.0.2", "10.0.0.1"}}), "");
  EXPECT_EQ(difference({{"10.0.0.1", "10.0.0.3"}}), "is 10.0.0.3, which is no healthy backend");
  EXPECT_EQ(difference({{"10.0.0.9"}}), "is 10.0.0.9, which is no backend of its");
  EXPECT_EQ(difference({}), "isn't found");
}

TEST_F(AnswersTest, MayBeOfATableThatIsYounger) {
  publish(Sample().backend("10.0.0.1"));
  const Published before(machine_, "/run/hlb");
  publish(two_of_three());
  EXPECT_EQ(HlbsAnswers(machine_, before).difference("app.local", {{"10.0.0.2"}}), "");
}

TEST_F(AnswersTest, AreNoneWithoutAHealthyBackendUnlessTheNextSourceMayAnswer) {
  publish(Sample().backend("10.0.0.1", {.state = State::down}));
  EXPECT_EQ(difference({}), "");
  EXPECT_EQ(difference({{"10.0.0.1"}}), "is 10.0.0.1, which is no healthy backend");
  publish(Sample().when_all_down(WhenAllDown::next).backend("10.0.0.1", {.state = State::down}));
  EXPECT_EQ(difference({{"10.0.0.9"}}), "");
}

TEST_F(AnswersTest, TakeMorePicksToJudgeTheLessTheBackendsShare) {
  publish(two_of_three());
  EXPECT_EQ(picks(), 30);
  publish(Sample().backend("10.0.0.1", {.weight = 9}).backend("10.0.0.2"));
  EXPECT_EQ(picks(), 197);
  publish(Sample().backend("10.0.0.1", {.weight = 999}).backend("10.0.0.2"));
  EXPECT_EQ(picks(), 1);
  publish(Sample().backend("10.0.0.1"));
  EXPECT_EQ(picks(), 1);
  publish(Sample().answer(AnswerMode::all).backend("10.0.0.1").backend("10.0.0.2"));
  EXPECT_EQ(picks(), 1);
}

TEST_F(AnswersTest, LackBalanceWhenAllHaveTheSameFirst) {
  publish(two_of_three());
  Answers answers(30, {"10.0.0.1", "10.0.0.2"});
  EXPECT_EQ(always_first(answers), "10.0.0.1");
  answers.back() = {"10.0.0.2"};
  EXPECT_EQ(always_first(answers), "none");
  EXPECT_EQ(always_first(Answers(29, {"10.0.0.1"})), "none");
}

TEST_F(AnswersTest, AreSinglePicksWhereThereCouldBeSeveral) {
  publish(two_of_three());
  EXPECT_TRUE(picked_alone({{"10.0.0.1"}, {"10.0.0.2", "fd00::1"}}));
  EXPECT_FALSE(picked_alone({{"10.0.0.1", "10.0.0.2"}}));
  EXPECT_FALSE(picked_alone({}));
  publish(Sample().answer(AnswerMode::one).backend("10.0.0.1").backend("10.0.0.2"));
  EXPECT_FALSE(picked_alone({{"10.0.0.1"}}));
  publish(Sample().max_addresses(1).backend("10.0.0.1").backend("10.0.0.2"));
  EXPECT_FALSE(picked_alone({{"10.0.0.1"}}));
}

}  // namespace
}  // namespace hlb::ctl::doctor
