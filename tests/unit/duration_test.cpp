#include "text/duration.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace hlb {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

class GoodDuration
    : public testing::TestWithParam<std::pair<const char*, std::chrono::milliseconds>> {};

TEST_P(GoodDuration, IsExact) {
  EXPECT_EQ(text::parse_duration(GetParam().first), GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(Duration, GoodDuration,
                         testing::Values(std::pair{"50ms", 50ms}, std::pair{"0s", 0ms},
                                         std::pair{"2s", 2000ms}, std::pair{"1.5s", 1500ms},
                                         std::pair{"0.001s", 1ms}, std::pair{"1m", 60'000ms},
                                         std::pair{"0.25m", 15'000ms}, std::pair{"1h", 3'600'000ms},
                                         std::pair{"1.50h", 5'400'000ms}, std::pair{"2.0ms", 2ms},
                                         std::pair{"007s", 7000ms},
                                         std::pair{"14d", 1'209'600'000ms},
                                         std::pair{"0.5d", 43'200'000ms},
                                         std::pair{"999999999d", 86'399'999'913'600'000ms},
                                         std::pair{"999999999h", 3'599'999'996'400'000ms}));

class NoDuration : public testing::TestWithParam<std::string> {};

TEST_P(NoDuration, IsRefused) {
  EXPECT_EQ(text::parse_duration(GetParam()), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Duration, NoDuration,
                         testing::Values("", "s", "2", "2 s", " 2s", "2s ", "-1s", "+1s", "1.s",
                                         ".5s", "1.5ms", "0.0001s", "1,5s", "1e3s", "1m30s", "2S",
                                         "2sec", "0x2s", "1w", "1D", "1.5", "1..5s", "2s\0"s,
                                         "1000000000s", "1.0000000001s",
                                         std::string(100'000, '9') + "s"));

TEST(Duration, PrintsInTheLargestWholeUnit) {
  EXPECT_EQ(text::to_string(10ms), "10ms");
  EXPECT_EQ(text::to_string(1500ms), "1500ms");
  EXPECT_EQ(text::to_string(90s), "90s");
  EXPECT_EQ(text::to_string(1h), "1h");
  EXPECT_EQ(text::to_string(36h), "36h");
  EXPECT_EQ(text::to_string(48h), "2d");
  EXPECT_EQ(text::to_string(0ms), "0s");
}

}  // namespace
}  // namespace hlb
