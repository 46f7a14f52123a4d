// What is kept of a name, and when it is asked for again.
#include "discovery/known_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hlb::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;
using Standing = KnownName::Standing;

DnsAnswer addresses(const std::vector<std::string>& texts, std::chrono::seconds ttl = 60s) {
  DnsAnswer answer{DnsAnswer::Result::records, "", {}, {}, ttl};
  for (const std::string& text : texts)
    answer.addresses.push_back(Address::parse(text).value());
  return answer;
}

DnsAnswer none() {
  return DnsAnswer::none("there is no such name");
}

DnsAnswer failure() {
  return DnsAnswer::failure("connection refused");
}

std::vector<std::string> texts(const KnownName& name) {
  std::vector<std::string> texts;
  for (const Address& address : name.addresses())
    texts.push_back(address.to_string());
  return texts;
}

// A whole round of a name with addresses.
KnownName::Changes round(KnownName& name, DnsAnswer ipv4, DnsAnswer ipv6) {
  KnownName::Changes changes = name.take(0, std::move(ipv4));
  const KnownName::Changes more = name.take(1, std::move(ipv6));
  EXPECT_TRUE(name.round_over());
  return {changes.records || more.records, changes.standing || more.standing};
}

TEST(KnownName, AsksForBothFamiliesOrForServiceRecords) {
  EXPECT_THAT(KnownName(false).questions(), ElementsAre(RecordType::a, RecordType::aaaa));
  EXPECT_THAT(KnownName(true).questions(), ElementsAre(RecordType::srv));
}

TEST(KnownName, UsesRecordsAsSoonAsTheyCome) {
  KnownName name(false);
  EXPECT_FALSE(name.known());
  EXPECT_TRUE(name.take(1, addresses({"fd99::1"})).records);
  EXPECT_TRUE(name.known());
  EXPECT_THAT(texts(name), ElementsAre("fd99::1"));
  EXPECT_FALSE(name.round_over());
  EXPECT_TRUE(name.take(0, addresses({"10.0.0.1"})).records);
  EXPECT_THAT(texts(name), ElementsAre("10.0.0.1", "fd99::1"));
  EXPECT_TRUE(name.round_over());
}

TEST(KnownName, TellsRecordsOnlyWhenTheyAreOthers) {
  KnownName name(false);
  EXPECT_TRUE(round(name, addresses({"10.0.0.1"}), none()).records);
  EXPECT_FALSE(round(name, addresses({"10.0.0.1"}, 5s), none()).records);
  EXPECT_TRUE(round(name, addresses({"10.0.0.2"}), none()).records);
}

TEST(KnownName, IsKnownAfterARoundWithoutAnyRecord) {
  KnownName name(false);
  EXPECT_FALSE(name.take(0, failure()).records);
  EXPECT_FALSE(name.known());
  EXPECT_TRUE(name.take(1, none()).records);
  EXPECT_TRUE(name.known());
  EXPECT_THAT(texts(name), IsEmpty());
}

TEST(KnownName, KeepsWhatItKnewWhereAQuestionFails) {
  KnownName name(false);
  round(name, addresses({"10.0.0.1"}), addresses({"fd99::1"}));
  EXPECT_TRUE(round(name, addresses({"10.0.0.2"}), failure()).records);
  EXPECT_THAT(texts(name), ElementsAre("10.0.0.2", "fd99::1"));
  EXPECT_FALSE(round(name, failure(), failure()).records);
  EXPECT_THAT(texts(name), ElementsAre("10.0.0.2", "fd99::1"));
}

TEST(KnownName, LosesAFamilyThatIsNoMore) {
  KnownName name(false);
  round(name, addresses({"10.0.0.1"}), addresses({"fd99::1"}));
  EXPECT_TRUE(round(name, addresses({"10.0.0.1"}), none()).records);
  EXPECT_THAT(texts(name), ElementsAre("10.0.0.1"));
  EXPECT_EQ(name.standing(), Standing::resolved);
}

TEST(KnownName, KeepsBothFamiliesUntilTheRoundIsOver) {
  KnownName name(false);
  round(name, addresses({"10.0.0.1"}), none());
  EXPECT_FALSE(name.take(0, none()).records);
  EXPECT_THAT(texts(name), ElementsAre("10.0.0.1"));
  EXPECT_TRUE(name.take(1, addresses({"fd99::1"})).records);
  EXPECT_THAT(texts(name), ElementsAre("fd99::1"));
}

TEST(KnownName, NeverLosesTheLastOfItsAddresses) {
  KnownName name(false);
  round(name, addresses({"10.0.0.1"}), addresses({"fd99::1"}));
  EXPECT_FALSE(round(name, none(), none()).records);
  EXPECT_THAT(texts(name), ElementsAre("10.0.0.1", "fd99::1"));
  EXPECT_EQ(name.standing(), Standing::absent);
}

TEST(KnownName, NeverLosesTheLastOfItsTargets) {
  KnownName name(true);
  DnsAnswer answer{DnsAnswer::Result::records, "", {}, {{1, 2, "a.test", 3}}, 60s};
  name.take(0, answer);
  EXPECT_FALSE(name.take(0, none()).records);
  EXPECT_THAT(name.targets(), ElementsAre(SrvTarget{1, 2, "a.test", 3}));
}

TEST(KnownName, WaitsForTheShortestTimeToLiveWithinBounds) {
  KnownName name(false);
  round(name, addresses({"10.0.0.1"}, 60s), addresses({"fd99::1"}, 20s));
  EXPECT_EQ(name.wait(), 20s);
  round(name, addresses({"10.0.0.1"}, 60s), none());
  EXPECT_EQ(name.wait(), 60s);
  round(name, addresses({"10.0.0.1"}, 0s), none());
  EXPECT_EQ(name.wait(), 1s);
  round(name, addresses({"10.0.0.1"}, 24h), none());
  EXPECT_EQ(name.wait(), 5min);
}

TEST(KnownName, WaitsLongerAfterEachFailureUpToABound) {
  KnownName name(false);
  round(name, addresses({"10.0.0.1"}, 300s), none());
  std::vector<int> waits;
  for (int i = 0; i < 8; ++i) {
    round(name, i % 2 == 0 ? failure() : none(), none());
    waits.push_back(static_cast<int>(name.wait().count()));
  }
  EXPECT_THAT(waits, ElementsAre(1, 2, 4, 8, 16, 30, 30, 30));
  round(name, addresses({"10.0.0.1"}, 300s), none());
  EXPECT_EQ(name.wait(), 300s);
  round(name, failure(), failure());
  EXPECT_EQ(name.wait(), 1s);
}

TEST(KnownName, IsFollowedWithinItsTimeToLiveWhileHalfOfItFails) {
  KnownName name(false);
  for (int i = 0; i < 8; ++i)
    round(name, addresses({"10.0.0.1"}, 3s), failure());
  EXPECT_EQ(name.wait(), 3s);
}

TEST(KnownName, TellsTroubleOnceAndItsEnd) {
  KnownName name(false);
  EXPECT_FALSE(round(name, addresses({"10.0.0.1"}), none()).standing);
  EXPECT_TRUE(round(name, failure(), failure()).standing);
  EXPECT_EQ(name.reason(), "connection refused");
  EXPECT_FALSE(round(name, failure(), failure()).standing);
  EXPECT_TRUE(round(name, none(), none()).standing);
  EXPECT_EQ(name.reason(), "there is no such name");
  EXPECT_FALSE(round(name, none(), none()).standing);
  EXPECT_TRUE(round(name, none(), addresses({"fd99::1"})).standing);
  EXPECT_EQ(name.standing(), Standing::resolved);
  EXPECT_FALSE(round(name, none(), addresses({"fd99::1"})).standing);
}

TEST(KnownName, TellsTroubleFromItsFirstRoundOn) {
  KnownName name(true);
  EXPECT_TRUE(name.take(0, failure()).standing);
  EXPECT_EQ(name.standing(), Standing::failing);
}

TEST(KnownName, SaysWhichQuestionFailedWhenTheOtherDidNot) {
  KnownName name(false);
  round(name, none(), failure());
  EXPECT_EQ(name.reason(), "AAAA: connection refused");
  round(name, failure(), addresses({"fd99::1"}));
  EXPECT_EQ(name.reason(), "A: connection refused");
}

TEST(KnownName, TellsWhenTheAnswersCameBeforeTheLastOnes) {
  KnownName name(false);
  const auto at = [](std::chrono::seconds time, const std::string& address) {
    DnsAnswer answer = addresses({address});
    answer.came = std::chrono::steady_clock::time_point(time);
    return answer;
  };
  EXPECT_EQ(name.came_before(), std::chrono::steady_clock::time_point());
  for (const DnsAnswer& answer : {at(1s, "10.0.0.1"), at(2s, "10.0.0.1"), at(3s, "10.0.0.2")}) {
    name.take(0, answer);
    name.take(1, none());
  }
  EXPECT_EQ(name.came_before(), std::chrono::steady_clock::time_point(2s));
}

}  // namespace
}  // namespace hlb::discovery
