#include "health/advice.h"

#include <gtest/gtest.h>

namespace hlb {
namespace {

Advice weight(std::uint16_t percent) {
  return {.weight_percent = percent, .drained = std::nullopt};
}

Advice drained(bool is) {
  return {.weight_percent = std::nullopt, .drained = is};
}

TEST(Advice, LeavesWhatIsNotSaidAsItWas) {
  Advice standing;
  standing = revised(standing, weight(50));
  EXPECT_EQ(standing, weight(50));
  standing = revised(standing, drained(true));
  EXPECT_EQ(standing, (Advice{50, true}));
  standing = revised(standing, {});
  EXPECT_EQ(standing, (Advice{50, true}));
}

TEST(Advice, IsTakenBackByWhoSaidIt) {
  EXPECT_EQ(revised({50, true}, drained(false)), (Advice{50, false}));
  EXPECT_EQ(revised({50, true}, weight(100)), (Advice{100, true}));
  EXPECT_EQ(revised({50, false}, {0, true}), (Advice{0, true}));
}

TEST(Advice, OfTwoChecksDrainsIfEitherDoes) {
  EXPECT_EQ(together({}, {}), Advice{});
  EXPECT_EQ(together(drained(true), {}), drained(true));
  EXPECT_EQ(together({}, drained(true)), drained(true));
  EXPECT_EQ(together(drained(true), drained(false)), drained(true));
  EXPECT_EQ(together(drained(false), drained(true)), drained(true));
  EXPECT_EQ(together(drained(false), drained(false)), drained(false));
}

TEST(Advice, OfTwoChecksMultipliesTheirPercentages) {
  EXPECT_EQ(together(weight(50), {}), weight(50));
  EXPECT_EQ(together({}, weight(50)), weight(50));
  EXPECT_EQ(together(weight(50), weight(50)), weight(25));
  EXPECT_EQ(together(weight(1), weight(1)), weight(1));
  EXPECT_EQ(together(weight(0), weight(100)), weight(0));
  EXPECT_EQ(together(weight(1000), weight(1000)), weight(kMaxWeightPercent));
}

TEST(Advice, LeavesAPercentageOfASlowStart) {
  EXPECT_EQ(percent_under({}, 100), 100U);
  EXPECT_EQ(percent_under({}, 10), 10U);
  EXPECT_EQ(percent_under(weight(50), 100), 50U);
  EXPECT_EQ(percent_under(weight(50), 10), 5U);
  EXPECT_EQ(percent_under(weight(200), 100), 200U);
  EXPECT_EQ(percent_under(weight(1), 10), 1U);
  EXPECT_EQ(percent_under(weight(0), 10), 0U);
}

TEST(Advice, OfNoWeightIsNotOfBeingDrained) {
  EXPECT_EQ(percent_under(drained(true), 100), 100U);
}

}  // namespace
}  // namespace hlb
