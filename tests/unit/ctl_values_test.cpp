// Sparklines, times and durations of hlbctl.
#include <vector>

#include "ctl/terminal/sparkline.h"
#include "ctl/terminal/times.h"
#include "ctl_text.h"
#include "health/history.h"
#include "text/duration.h"

namespace hlb::ctl {
namespace {

using namespace std::chrono_literals;

class Values : public CtlOutput {};

std::string spark(const std::vector<std::int32_t>& outcomes, std::size_t most = 20) {
  return plain(sparkline(outcomes, most, true));
}

TEST_F(Values, SparklineRisesAStepWhereAPassTakesTwiceAsLong) {
  EXPECT_EQ(spark({1000, 1999, 2000, 3999, 4000, 8000, 16'000, 32'000, 64'000, 128'000, 9'000'000}),
            "▁▁▂▂▃▄▅▆▇██");
}

TEST_F(Values, SparklineIsFlatBelowAQuarterOfAMillisecond) {
  EXPECT_EQ(spark({0, 20, 100, 200, 499, 500}), "▁▁▁▁▁▂");
}

TEST_F(Values, SparklineMarksFailuresAndWhatSaysNothing) {
  const std::vector<std::int32_t> outcomes = {1000, History::kFailed, History::kUnknown};
  EXPECT_EQ(spark(outcomes), "▁x?");
  EXPECT_EQ(coloured(sparkline(outcomes, 20, true)), "▁\x1b[31mx\x1b[0m?");
}

TEST_F(Values, SparklineShowsTheLatestAndMeasuresByThem) {
  EXPECT_EQ(spark({1000, 8000, 8000, 16'000}, 3), "▁▁▂");
  EXPECT_EQ(spark({}), "");
}

TEST_F(Values, SparklineHasDigitsWhereThereIsNoUnicode) {
  const std::vector<std::int32_t> outcomes = {1000, 4000, 1'000'000, -1};
  EXPECT_EQ(plain(sparkline(outcomes, 20, false)), "138x");
}

TEST_F(Values, AgeIsSaidInItsLargestUnits) {
  const WallTime now{10'000'000'000s};
  EXPECT_EQ(age(now - 35s, now), "35s");
  EXPECT_EQ(age(now - 59'999ms, now), "59s");
  EXPECT_EQ(age(now - 60s, now), "1m");
  EXPECT_EQ(age(now - 3599s, now), "59m");
  EXPECT_EQ(age(now - 4h - 12min, now), "4h 12m");
  EXPECT_EQ(age(now - 86'399s, now), "23h 59m");
  EXPECT_EQ(age(now - 80h, now), "3d");
  EXPECT_EQ(age(now + 5s, now), "0s");  // the clock was set back
  EXPECT_EQ(age(WallTime{}, now), "-");
}

TEST_F(Values, MomentSaysTheDayWhereItIsAnother) {
  const WallTime now{1'795'522'800s};  // 2026-11-24 12:20:00
  EXPECT_EQ(moment(now + 30min, now), "12:50");
  EXPECT_EQ(moment(now + 12h, now), "Nov 25 00:20");
  EXPECT_EQ(moment(now + 24h * 40, now), "2027-01-03 12:20");
  EXPECT_EQ(timestamp(now + 7ms), "2026-11-24 12:20:00.007");
  EXPECT_EQ(brief_timestamp(now + 7ms), "Nov 24 12:20:00");
}

TEST_F(Values, LatencyHasTwoDigitsOrMore) {
  EXPECT_EQ(text::latency(40us), "0.0 ms");
  EXPECT_EQ(text::latency(1240us), "1.2 ms");
  EXPECT_EQ(text::latency(9949us), "9.9 ms");
  EXPECT_EQ(text::latency(9950us), "10 ms");
  EXPECT_EQ(text::latency(999'499us), "999 ms");
  EXPECT_EQ(text::latency(1'240'000us), "1.2 s");
}

TEST_F(Values, SpanIsASumOfTheConfigurationsDurations) {
  EXPECT_EQ(text::parse_durations("30m"), 30min);
  EXPECT_EQ(text::parse_durations("1h30m"), 90min);
  EXPECT_EQ(text::parse_durations("1.5h"), 90min);
  EXPECT_EQ(text::parse_durations("1d2h3m4s5ms"), 26h + 3min + 4s + 5ms);
  for (const char* wrong : {"", "5", "m", "1h30", "0s", "1h 30m", "-5m", "1x", "h1"})
    EXPECT_EQ(text::parse_durations(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace hlb::ctl
