#include "probes/reason.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "text/duration.h"
#include "text/printable.h"

namespace hlb::probes {
namespace {

using boost::system::error_code;

TEST(Reason, AnEscapeIsNeverCutInHalf) {
  EXPECT_EQ(text::printable("abc\x01", 6), "abc");
  EXPECT_EQ(text::printable("abc\x01", 7), "abc\\x01");
  EXPECT_EQ(text::printable("a\\b", 10), "a\\\\b");
}

TEST(Reason, DurationsAreInWords) {
  EXPECT_EQ(text::in_seconds(std::chrono::milliseconds(2000)), "2s");
  EXPECT_EQ(text::in_seconds(std::chrono::milliseconds(1500)), "1500ms");
}

Outcome failure_of(int error) {
  return network_failure(error_code(error, boost::system::system_category()));
}

Outcome local_failure_of(int error) {
  return local_failure(error_code(error, boost::system::system_category()));
}

TEST(NetworkFailure, TheNetworksNoIsHard) {
  const std::vector<std::pair<int, std::string>> reasons{
      {ECONNREFUSED, "connection refused"}, {ECONNRESET, "connection reset"},
      {EPIPE, "connection reset"},          {EHOSTUNREACH, "no route to host"},
      {ENETUNREACH, "network unreachable"}, {ENODEV, "No such device"}};
  for (const auto& [error, reason] : reasons) {
    const Outcome outcome = failure_of(error);
    EXPECT_EQ(outcome.result, Outcome::Result::failed) << reason;
    EXPECT_EQ(outcome.evidence, Outcome::Evidence::hard) << reason;
    EXPECT_EQ(outcome.reason, reason);
  }
}

TEST(NetworkFailure, AKernelTimeOutIsSoft) {
  EXPECT_EQ(failure_of(ETIMEDOUT).result, Outcome::Result::failed);
  EXPECT_EQ(failure_of(ETIMEDOUT).evidence, Outcome::Evidence::soft);
}

TEST(NetworkFailure, OwnTroubleSaysNothingOfTheBackend) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, ECONNABORTED}) {
    EXPECT_EQ(failure_of(error).result, Outcome::Result::unknown) << error;
    EXPECT_EQ(local_failure_of(error).result, Outcome::Result::unknown) << error;
  }
}

TEST(LocalFailure, NoRouteFromThisHostSaysNothingOfTheBackend) {
  for (const int error : {ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL}) {
    EXPECT_EQ(local_failure_of(error).result, Outcome::Result::unknown) << error;
  }
  EXPECT_EQ(local_failure_of(ENETUNREACH).reason,
            "no route from this host: Network is unreachable");
}

TEST(LocalFailure, ARefusalAtOnceIsStillTheBackends) {
  EXPECT_EQ(local_failure_of(ECONNREFUSED).result, Outcome::Result::failed);
  EXPECT_EQ(local_failure_of(ECONNREFUSED).reason, "connection refused");
}

}  // namespace
}  // namespace hlb::probes
