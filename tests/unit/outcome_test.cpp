#include "health/outcome.h"

#include <gtest/gtest.h>

namespace hlb {
namespace {

using namespace std::chrono_literals;

Outcome after(Outcome outcome, std::chrono::microseconds latency) {
  outcome.latency = latency;
  return outcome;
}

TEST(MaxLatency, MakesASlowPassASoftFailureThatSaysBothTimes) {
  const Outcome slow = within(after(Outcome::pass("HTTP 200 OK"), 800'001us), 800ms);
  EXPECT_EQ(slow.result, Outcome::Result::failed);
  EXPECT_EQ(slow.evidence, Outcome::Evidence::soft);
  EXPECT_EQ(slow.reason, "took 801ms, more than the 800ms of max_latency");
  EXPECT_EQ(slow.latency, 800'001us);
}

TEST(MaxLatency, LetsAPassInTimePass) {
  const Outcome pass = within(after(Outcome::pass("HTTP 200 OK"), 800ms), 800ms);
  EXPECT_EQ(pass.result, Outcome::Result::passed);
  EXPECT_EQ(pass.reason, "HTTP 200 OK");
}

TEST(MaxLatency, DoesNotCountHowLateHlbdItselfWas) {
  Outcome late = after(Outcome::pass("HTTP 200 OK"), 1000ms);
  late.lag = 200ms;
  EXPECT_EQ(within(late, 800ms).result, Outcome::Result::passed);
  EXPECT_EQ(within(late, 799ms).reason, "took 800ms, more than the 799ms of max_latency");
}

TEST(MaxLatency, OfZeroLetsEveryPassPass) {
  EXPECT_EQ(within(after(Outcome::pass("connected"), 1h), 0ms).result, Outcome::Result::passed);
}

TEST(MaxLatency, SaysNothingOfWhatDidNotPass) {
  const Outcome refused = after(Outcome::hard_failure("connection refused"), 1h);
  EXPECT_EQ(within(refused, 1ms).reason, "connection refused");
  const Outcome unknown = after(Outcome::not_known("too many open files"), 1h);
  EXPECT_EQ(within(unknown, 1ms).result, Outcome::Result::unknown);
}

}  // namespace
}  // namespace hlb
