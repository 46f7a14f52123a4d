#include "health/target_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace hlb {
namespace {

bool means(std::string_view target, std::string_view service, std::string_view address) {
  return TargetPattern(target).matches(service, address);
}

TEST(TargetPattern, AServiceMeansAllOfItsBackends) {
  EXPECT_TRUE(means("app.local", "app.local", "10.0.0.1"));
  EXPECT_TRUE(means("APP.local.", "app.local", "fd00::1"));
  EXPECT_FALSE(means("app.local", "app.locale", "10.0.0.1"));
  EXPECT_FALSE(means("app.loca", "app.local", "10.0.0.1"));
}

TEST(TargetPattern, AnAddressMeansItInAllServices) {
  EXPECT_TRUE(means("10.0.0.1", "app.local", "10.0.0.1"));
  EXPECT_TRUE(means("10.0.0.*", "db.local", "10.0.0.1"));
  EXPECT_FALSE(means("10.0.0.1", "app.local", "10.0.0.11"));
  EXPECT_TRUE(means("fd00:0:0::1", "app.local", "fd00::1"));
  EXPECT_TRUE(means("fd00:*", "app.local", "fd00::1"));
}

TEST(TargetPattern, BothMeanOneBackend) {
  EXPECT_TRUE(means("app.local/10.0.0.1", "app.local", "10.0.0.1"));
  EXPECT_FALSE(means("app.local/10.0.0.1", "db.local", "10.0.0.1"));
  EXPECT_FALSE(means("app.local/10.0.0.1", "app.local", "10.0.0.2"));
  EXPECT_TRUE(means("*.local/10.0.?.1", "app.local", "10.0.7.1"));
  EXPECT_FALSE(means("*.local/10.0.?.1", "app.local", "10.0.17.1"));
}

TEST(TargetPattern, WhatMakesNoSenseMeansNothing) {
  for (const char* target : {"", "/", "app.local/", "/10.0.0.1", "app.local/10.0.0.1/8", "\xff"})
    EXPECT_FALSE(means(target, "app.local", "10.0.0.1")) << target;
}

TEST(TargetPattern, KnowsWhenOneServiceIsMeant) {
  EXPECT_EQ(TargetPattern("APP.local./10.0.0.*").only_service(), "app.local");
  EXPECT_EQ(TargetPattern("app.local").only_service(), "app.local");
  EXPECT_EQ(TargetPattern("app.*").only_service(), std::nullopt);
  EXPECT_EQ(TargetPattern("10.0.0.1").only_service(), std::nullopt);
}

TEST(TargetPattern, AStarMeansEverything) {
  EXPECT_TRUE(means("*", "app.local", "10.0.0.1"));
  EXPECT_TRUE(means("*/*", "app.local", "10.0.0.1"));
}

TEST(Fits, TakesStarsAnywhere) {
  EXPECT_TRUE(fits("*a*b*", "xxaxxbxx"));
  EXPECT_TRUE(fits("a**b", "ab"));
  EXPECT_TRUE(fits("*aab", "aaab"));
  EXPECT_FALSE(fits("*a*b*", "xxbxxaxx"));
  EXPECT_FALSE(fits("", "a"));
  EXPECT_TRUE(fits("", ""));
}

// With fnmatch(3) this takes longer than anyone waits.
TEST(Fits, IsNotHeldUpByManyStars) {
  std::string pattern;
  for (int i = 0; i < 100; ++i)
    pattern += "*a";
  EXPECT_FALSE(fits(pattern + "b", std::string(10'000, 'a')));
}

}  // namespace
}  // namespace hlb
