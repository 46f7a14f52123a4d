#include "health/history.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace hlb {
namespace {

using Numbers = std::vector<std::int32_t>;

Outcome pass_after(std::chrono::microseconds latency) {
  Outcome outcome = Outcome::pass("connected");
  outcome.latency = latency;
  return outcome;
}

TEST(History, IsEmptyAtFirst) {
  EXPECT_EQ(History().latest(), Numbers());
  EXPECT_EQ(History().reason(), "");
}

TEST(History, KeepsLatenciesAndTellsFailuresFromWhatIsUnknown) {
  History history;
  history.add(pass_after(std::chrono::microseconds(250)));
  history.add(Outcome::hard_failure("connection refused"));
  history.add(Outcome::not_known("no descriptors"));
  EXPECT_EQ(history.latest(), (Numbers{250, History::kFailed, History::kUnknown}));
  EXPECT_EQ(history.reason(), "no descriptors");
}

TEST(History, ForgetsTheOldest) {
  History history;
  for (int i = 0; i < 30; ++i)
    history.add(pass_after(std::chrono::microseconds(i)));
  const Numbers latest = history.latest();
  ASSERT_EQ(latest.size(), History::kSize);
  EXPECT_EQ(latest.front(), 18);
  EXPECT_EQ(latest.back(), 29);
}

TEST(History, HoldsAnyLatency) {
  History history;
  history.add(pass_after(std::chrono::hours(24)));
  history.add(pass_after(std::chrono::microseconds(-5)));
  EXPECT_EQ(history.latest(), (Numbers{2147483647, 0}));
}

}  // namespace
}  // namespace hlb
