#include "text/utc.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "fleet/accept.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;
using text::parse_utc;
using text::utc;

const text::UtcTime kDay{std::chrono::sys_days(std::chrono::year(2026) / 11 / 28)};

TEST(Utc, IsReadAsItIsWritten) {
  EXPECT_EQ(utc(kDay + 15h), "2026-11-28T15:00:00Z");
  EXPECT_EQ(utc(kDay + 15h + 7ms), "2026-11-28T15:00:00.007Z");
  EXPECT_EQ(utc(text::UtcTime()), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc(text::UtcTime(-1ms)), "1969-12-31T23:59:59.999Z");
  for (const auto part : {0ms, 1ms, 86399999ms})
    EXPECT_EQ(parse_utc(utc(kDay + part)), kDay + part);
}

TEST(Utc, TakesAnyFractionOfASecond) {
  EXPECT_EQ(parse_utc("2026-11-28T00:00:00.5Z"), kDay + 500ms);
  EXPECT_EQ(parse_utc("2026-11-28T00:00:00.123456789Z"), kDay + 123ms);
  EXPECT_EQ(parse_utc("2028-02-29T00:00:00Z").has_value(), true);
}

TEST(Utc, RefusesAllElse) {
  for (const char* text : {"",
                           "Z",
                           "2026-11-28",
                           "2026-11-28T15:00:00",
                           "2026-11-28T15:00:00+01:00",
                           "2026-11-28 15:00:00Z",
                           "2026-13-28T15:00:00Z",
                           "2026-02-29T15:00:00Z",
                           "2026-11-28T24:00:00Z",
                           "2026-11-28T15:60:00Z",
                           "2026-11-28T15:00:61Z",
                           "2026-11-28T15:00:00.Z",
                           "2026-11-28T15:00:00.1234567890Z",
                           "2026-11-28T1a:00:00Z",
                           "2026-11-28T-1:00:00Z",
                           "+026-11-28T15:00:00Z",
                           " 2026-11-28T15:00:00Z",
                           "2026-11-28T15:00:00Zx",
                           "2026-11-28T15.00:00Z",
                           "2026-11-28T15:00:00,5Z"})
    EXPECT_EQ(parse_utc(text), std::nullopt) << text;
}

TEST(Acceptance, IsReadAsItIsWritten) {
  const fleet::Acceptance acceptance{.at = kDay + 15h, .by = "alice"};
  const std::string value = fleet::encode_acceptance(acceptance);
  EXPECT_EQ(value, R"({"v":1,"at":"2026-11-28T15:00:00Z","by":"alice"})");
  EXPECT_EQ(fleet::read_acceptance(value), acceptance);
}

TEST(Acceptance, IsNothingElse) {
  for (const std::string value :
       {"", "null", "[]", "{}", "{\"v\":1}", R"({"at":"2026-11-28T15:00:00Z"})",
        R"({"v":2,"at":"2026-11-28T15:00:00Z"})", R"({"v":1,"at":"now"})", R"({"v":1,"at":7})"})
    EXPECT_EQ(fleet::read_acceptance(value), std::nullopt) << value;
  EXPECT_EQ(fleet::read_acceptance(std::string(100'000, '[')), std::nullopt);
  EXPECT_EQ(fleet::read_acceptance(R"({"v":1,"at":"2026-11-28T15:00:00Z","by":7})")->by, "");
}

}  // namespace
}  // namespace hlb
