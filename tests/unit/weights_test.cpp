#include "health/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hlb {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::uint32_t> of(std::vector<PartialWeight> shares) {
  return weights_of(shares);
}

TEST(Weights, AreInTheProportionsThatAreConfigured) {
  EXPECT_THAT(of({}), IsEmpty());
  EXPECT_THAT(of({{1, 100}, {7, 100}, {0, 100}}), ElementsAre(100, 700, 0));
  EXPECT_THAT(of({{1, 100}, {7, 100}, {0, 100}, {65535, 100}}), ElementsAre(1, 7, 0, 65535));
}

TEST(Weights, OfTheOthersStayWhenOneGetsAPart) {
  for (const std::uint32_t percent : {0U, 1U, 50U, 100U, 1000U})
    EXPECT_THAT(of({{1, percent}, {3, 100}}), ElementsAre(percent, 300));
}

TEST(Weights, AreAllMultipliedSoThatSmallOnesCanBeDivided) {
  EXPECT_THAT(of({{1, 100}, {1, 50}, {1, 1}}), ElementsAre(100, 50, 1));
  EXPECT_THAT(of({{2, 25}, {3, 100}}), ElementsAre(50, 300));
}

TEST(Weights, MayBeMoreThanConfigured) {
  EXPECT_THAT(of({{1, 150}, {1, 100}}), ElementsAre(150, 100));
  EXPECT_THAT(of({{100, 1000}, {100, 100}}), ElementsAre(65000, 6500));
}

TEST(Weights, AreZeroOnlyForNothing) {
  EXPECT_THAT(of({{65535, 100}, {1, 1}, {1, 0}, {0, 50}}), ElementsAre(65535, 1, 0, 0));
}

TEST(Weights, NeverExceedWhatARecordHolds) {
  EXPECT_THAT(of({{65535, 1000}, {65535, 50}}), ElementsAre(kMaxWeight, 32767));
  EXPECT_THAT(of({{40000, 100}, {40000, 99}}), ElementsAre(40000, 39600));
}

}  // namespace
}  // namespace hlb
