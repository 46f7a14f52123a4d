#include "health/mass_failure.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hlb {
namespace {

using namespace std::chrono_literals;
using TimePoint = MassFailure::TimePoint;

constexpr auto kInterval = 2s;

class MassFailureTest : public testing::Test {
 protected:
  // A backend of one service, which has this many.
  void fail(std::uint32_t service, int backend, std::uint32_t size = 2) {
    fail({{service, size}}, backend);
  }
  void fail(const std::vector<MassFailure::Service>& services, int backend) {
    mass_.failed(address(backend), services, now_, kInterval);
  }
  void pass(int backend) { mass_.passed(address(backend)); }
  static Address address(int number) {
    return Address::parse("10.0.0." + std::to_string(number)).value();
  }

  MassFailure mass_;
  TimePoint now_;
};

TEST_F(MassFailureTest, IsWhenMostBackendsOfTwoServicesFailWithinAnInterval) {
  fail(0, 1);
  fail(0, 2);
  fail(1, 3);
  EXPECT_FALSE(mass_.active(now_));
  now_ += kInterval - 1ms;
  fail(1, 4);
  EXPECT_TRUE(mass_.active(now_));
}

TEST_F(MassFailureTest, IsNotTheDeathOfOneServiceHoweverLarge) {
  for (int backend = 1; backend <= 100; ++backend)
    fail(0, backend, 100);
  EXPECT_FALSE(mass_.active(now_));
}

TEST_F(MassFailureTest, IsNotTheDeathOfOneHostThatServesMany) {
  for (std::uint32_t service = 0; service < 50; ++service)
    fail(service, 1, 1);
  EXPECT_FALSE(mass_.active(now_));
}

TEST_F(MassFailureTest, IsNotWhileMostOfAllThatIsWatchedGoesOn) {
  constexpr int kBackends = 30;
  mass_.reset(kBackends);
  int failed = 0;
  for (std::uint32_t service = 0; 3 * (failed + 1) < kBackends; ++service)
    fail(service, ++failed, 1);
  EXPECT_FALSE(mass_.active(now_));
  fail(99, ++failed, 1);
  EXPECT_TRUE(mass_.active(now_));
}

TEST_F(MassFailureTest, DoesNotAddUpWhatFailedLongAgo) {
  mass_.reset(6);
  for (int backend = 1; backend <= 4; ++backend) {
    fail(static_cast<std::uint32_t>(backend), backend, 1);
    now_ += kInterval;
  }
  EXPECT_FALSE(mass_.active(now_));
}

TEST_F(MassFailureTest, IsNotWhenHalfOfTheBackendsFail) {
  for (std::uint32_t service = 0; service < 50; ++service)
    fail(service, static_cast<int>(service), 2);
  EXPECT_FALSE(mass_.active(now_));
}

TEST_F(MassFailureTest, IsNotWhenTheFailuresLieFurtherApart) {
  fail(0, 1);
  fail(0, 2);
  now_ += kInterval;
  fail(1, 3);
  fail(1, 4);
  EXPECT_FALSE(mass_.active(now_));
}

TEST_F(MassFailureTest, EndsAnIntervalAfterTheFailures) {
  for (int backend = 1; backend <= 2; ++backend) {
    fail(0, backend);
    fail(1, backend + 2);
  }
  EXPECT_TRUE(mass_.active(now_ + kInterval - 1ms));
  EXPECT_FALSE(mass_.active(now_ + kInterval));
}

TEST_F(MassFailureTest, EndsWhenTheBackendsPassAgain) {
  for (int backend = 1; backend <= 2; ++backend) {
    fail(0, backend);
    fail(1, backend + 2);
  }
  pass(1);
  EXPECT_FALSE(mass_.active(now_));
}

TEST_F(MassFailureTest, CountsABackendOnceHoweverOftenItFails) {
  for (int time = 0; time < 10; ++time) {
    fail(0, 1, 3);
    fail(1, 2, 3);
  }
  EXPECT_FALSE(mass_.active(now_));
}

TEST_F(MassFailureTest, CountsABackendForEachServiceThatHasIt) {
  const std::vector<MassFailure::Service> both = {{0, 3}, {1, 3}};
  fail(both, 1);
  fail(both, 2);
  fail(2, 3, 9);
  EXPECT_TRUE(mass_.active(now_));
}

TEST_F(MassFailureTest, CountsABackendOnceWhereSeveralChecksOfItFail) {
  fail({{0, 3}, {1, 3}}, 1);
  fail({{1, 3}, {2, 3}}, 1);
  fail({{0, 3}, {1, 3}, {2, 3}}, 1);
  fail(3, 2, 9);
  fail(3, 3, 9);
  EXPECT_FALSE(mass_.active(now_));
  fail({{0, 3}, {2, 3}}, 2);
  EXPECT_TRUE(mass_.active(now_));
  pass(2);
  EXPECT_FALSE(mass_.active(now_));
}

TEST_F(MassFailureTest, CountsAsLongAsTheLastOfSeveralChecksSays) {
  fail({{0, 1}, {1, 1}}, 1);
  fail(2, 2, 1);
  mass_.failed(address(2), std::vector<MassFailure::Service>{{2, 1}}, now_, kInterval / 2);
  fail(3, 3, 1);
  EXPECT_TRUE(mass_.active(now_ + kInterval - 1ms));
  EXPECT_FALSE(mass_.active(now_ + kInterval));
}

TEST_F(MassFailureTest, ForgetsServicesWhoseNumbersMeanOthers) {
  mass_.reset(4);
  fail({{0, 1}, {1, 1}}, 1);
  fail({{1, 1}, {2, 1}}, 2);
  fail(3, 3, 1);
  EXPECT_TRUE(mass_.active(now_));
  mass_.forget(std::vector<std::uint32_t>{0, 1, 2});
  EXPECT_FALSE(mass_.active(now_));
  fail({{0, 5}, {1, 5}, {2, 5}}, 1);
  fail({{0, 5}, {1, 5}, {2, 5}}, 2);
  EXPECT_FALSE(mass_.active(now_));
}

TEST_F(MassFailureTest, ForgetsAServiceSeveralBackendsOfWhichAreCheckedAtOneAddress) {
  mass_.reset(4);
  fail({{0, 3}, {0, 3}, {0, 3}}, 1);
  fail(1, 2, 1);
  mass_.forget(std::vector<std::uint32_t>{0});
  fail(2, 3, 9);
  EXPECT_FALSE(mass_.active(now_));
}

TEST_F(MassFailureTest, ForgetsAllWhenAllNumbersMeanOthers) {
  for (int backend = 1; backend <= 4; ++backend)
    fail(static_cast<std::uint32_t>(backend), backend, 1);
  EXPECT_TRUE(mass_.active(now_));
  mass_.reset(4);
  EXPECT_FALSE(mass_.active(now_));
  fail(1, 1, 1);
  EXPECT_FALSE(mass_.active(now_));
}

}  // namespace
}  // namespace hlb
