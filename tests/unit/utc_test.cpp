#include "text/utc.h"

#include <gtest/gtest.h>

namespace hlb::text {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

constexpr Time kAfternoon{std::chrono::sys_days(std::chrono::November / 28 / 2026) + 15h + 4min +
                          5s + 6ms};

TEST(Utc, IsWrittenAndReadBack) {
  EXPECT_EQ(utc(kAfternoon), "2026-11-28T15:04:05.006Z");
  EXPECT_EQ(utc(Time()), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(utc(Time(-1ms)), "1969-12-31T23:59:59.999Z");
  for (const Time at : {kAfternoon, Time(), Time(-1ms)})
    EXPECT_EQ(parse_utc(utc(at)), at);
}

TEST(Utc, IsReadWithoutAFractionOrWithAPartOfOne) {
  EXPECT_EQ(parse_utc("2026-11-28T15:04:05Z"), kAfternoon - 6ms);
  EXPECT_EQ(parse_utc("2026-11-28T15:04:05.5Z"), kAfternoon + 494ms);
  EXPECT_EQ(parse_utc("2024-02-29T00:00:00Z"), std::chrono::sys_days(2024y / 2 / 29));
}

TEST(Utc, IsNothingElse) {
  for (const char* text :
       {"", "Z", "2026-11-28T15:04:05", "2026-11-28 15:04:05Z", "2026-11-28T15:04:05+01:00",
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-11-28T24:00:00Z", "2026-11-28T15:60:05Z", "2026-11-28T15:04:60Z",
        "2026-11-28T15:04:05.Z", "2026-11-28T15:04:05.0123456789Z", "2026-11-28T15:04:05.xZ",
        "+026-11-28T15:04:05Z", "2026-11-28T15:04:05ZZ", "2026-11-28T15:04:05.-1Z"}) {
    EXPECT_FALSE(parse_utc(text)) << text;
  }
}

}  // namespace
}  // namespace hlb::text
