#include "probes/statement.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace hlb::probes {
namespace {

using namespace std::string_literals;

std::optional<bool> up_of(std::string_view line) {
  return read_statement(line).up;
}

std::optional<bool> drained_of(std::string_view line) {
  return read_statement(line).advice.drained;
}

std::optional<std::uint16_t> weight_of(std::string_view line) {
  return read_statement(line).advice.weight_percent;
}

std::string_view not_understood(std::string_view line) {
  return read_statement(line).not_understood;
}

TEST(Statement, SaysNothingWithoutAWord) {
  for (const std::string_view line : {"", " ", "\t,, ,", "#", "# down 0% drain", "\r\n"}) {
    EXPECT_EQ(up_of(line), std::nullopt) << line;
    EXPECT_EQ(read_statement(line).advice, Advice{}) << line;
    EXPECT_EQ(not_understood(line), "") << line;
  }
}

TEST(Statement, SaysUpOrDown) {
  EXPECT_EQ(up_of("up"), true);
  for (const std::string_view word : {"down", "fail", "failed", "stopped"})
    EXPECT_EQ(up_of(word), false) << word;
}

TEST(Statement, SaysWhetherItTakesNewClients) {
  EXPECT_EQ(drained_of("drain"), true);
  EXPECT_EQ(drained_of("maint"), true);
  EXPECT_EQ(drained_of("ready"), false);
}

TEST(Statement, SaysAWeight) {
  EXPECT_EQ(weight_of("75%"), 75);
  EXPECT_EQ(weight_of("0%"), 0);
  EXPECT_EQ(weight_of("007%"), 7);
  EXPECT_EQ(weight_of("1000%"), 1000);
}

TEST(Statement, OfOneThingLeavesTheOthersUnsaid) {
  EXPECT_EQ(read_statement("up").advice, Advice{});
  EXPECT_EQ(up_of("75%"), std::nullopt);
  EXPECT_EQ(drained_of("75%"), std::nullopt);
  EXPECT_EQ(up_of("drain"), std::nullopt);
  EXPECT_EQ(weight_of("drain"), std::nullopt);
}

TEST(Statement, PartsWordsBySpacesTabsAndCommas) {
  for (const std::string_view line : {"up ready 75%", "75%,ready,up", "\tup\t75%, ready ,\r\n"}) {
    EXPECT_EQ(up_of(line), true) << line;
    EXPECT_EQ(read_statement(line).advice, (Advice{75, false})) << line;
    EXPECT_EQ(not_understood(line), "") << line;
  }
}

TEST(Statement, TakesWordsInAnyCase) {
  EXPECT_EQ(up_of("UP"), true);
  EXPECT_EQ(up_of("Stopped"), false);
  EXPECT_EQ(drained_of("dRaIn"), true);
}

TEST(Statement, EndsAtARemark) {
  EXPECT_EQ(up_of("down #disk full, not up"), false);
  EXPECT_EQ(up_of("down#up"), false);
  EXPECT_EQ(not_understood("down # disk full"), "");
}

TEST(Statement, MeansTheLastOfWordsThatGainsayEachOther) {
  EXPECT_EQ(up_of("up down"), false);
  EXPECT_EQ(up_of("down up"), true);
  EXPECT_EQ(drained_of("drain ready"), false);
  EXPECT_EQ(weight_of("10% 20%"), 20);
}

TEST(Statement, SkipsAMaximumOfConnections) {
  EXPECT_EQ(up_of("maxconn:100 up"), true);
  EXPECT_EQ(not_understood("maxconn:100 up"), "");
  EXPECT_EQ(not_understood("maxconn"), "maxconn");
}

TEST(Statement, TellsTheFirstWordThatMeansNothingAndTakesTheOthers) {
  const Statement statement = read_statement("up rdy 50% HTTP/1.1");
  EXPECT_EQ(statement.not_understood, "rdy");
  EXPECT_EQ(statement.up, true);
  EXPECT_EQ(statement.advice.weight_percent, 50);
}

TEST(Statement, TakesNoNumberForAWeightThatIsNone) {
  for (const std::string_view word : {"75", "%", "-1%", "+1%", "7.5%", "1001%", "65536%", "0x1%",
                                      "99999999999999999999%", "75%%", "5%5"}) {
    EXPECT_EQ(weight_of(word), std::nullopt) << word;
    EXPECT_EQ(not_understood(word), word);
  }
}

TEST(Statement, IsNotMisledByWordsThatBeginOrEndAlike) {
  for (const std::string_view word : {"upp", "u", "downs", "drained", "readymaint", "failing"})
    EXPECT_EQ(not_understood(word), word);
}

TEST(Statement, ToleratesAnyBytes) {
  EXPECT_EQ(not_understood("up\0"s), "up\0"s);
  EXPECT_EQ(not_understood("\xc3\xa9 up"), "\xc3\xa9");
  std::mt19937 random(7);
  for (int i = 0; i < 10'000; ++i) {
    std::string line(random() % 64, '\0');
    for (char& byte : line)
      byte = static_cast<char>(random());
    const auto percent = weight_of(line);
    EXPECT_TRUE(!percent || *percent <= kMaxWeightPercent);
  }
}

}  // namespace
}  // namespace hlb::probes
