// How long a certificate is valid, in words; and for how long a session is offered.
#include "tls/certificate.h"

#include <gtest/gtest.h>

#include "probes/tls/peer.h"

namespace hlb::probes {
namespace {

using namespace std::chrono_literals;

TEST(Lifetime, IsToldInUnitsThatMatter) {
  const tls::WallClock::time_point now(std::chrono::sys_days(2026y / 11 / 24) + 12h);
  EXPECT_EQ(tls::lifetime(now + 24h * 6 + 1h, now), "ends in 6 days, on 2026-11-30");
  EXPECT_EQ(tls::lifetime(now + 48h, now), "ends in 2 days, on 2026-11-26");
  EXPECT_EQ(tls::lifetime(now + 47h, now), "ends in 47 hours, on 2026-11-26");
  EXPECT_EQ(tls::lifetime(now + 90min, now), "ends in 90 minutes, on 2026-11-24");
  EXPECT_EQ(tls::lifetime(now + 61s, now), "ends in 1 minute, on 2026-11-24");
  EXPECT_EQ(tls::lifetime(now, now), "ends in 0 minutes, on 2026-11-24");
  EXPECT_EQ(tls::lifetime(now - 1min, now), "expired 1 minute ago, on 2026-11-24");
  EXPECT_EQ(tls::lifetime(now - 24h * 400, now), "expired 400 days ago, on 2025-10-20");
}

TEST(TlsSession, IsOfferedUntilTheCertificateMustBeSeenAgain) {
  TlsSession session;
  const TlsSession::Monotonic::time_point start{100h};
  EXPECT_EQ(session.get(start), "");
  session.keep("one", false, start);
  EXPECT_EQ(session.get(start + 4min), "one");
  EXPECT_EQ(session.get(start + 4min), "one");
  session.keep("two", true, start + 4min);  // which shows no certificate
  EXPECT_EQ(session.get(start + 5min), "two");
  EXPECT_EQ(session.get(start + 5min + 1s), "");
  EXPECT_EQ(session.get(start), "");
  session.keep("three", false, start + 6min);
  EXPECT_EQ(session.get(start + 11min), "three");
  session.drop();
  EXPECT_EQ(session.get(start + 11min), "");
}

}  // namespace
}  // namespace hlb::probes
