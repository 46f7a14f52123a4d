// What is held of the backends that DNS gave before.
#include "discovery/held_backends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace hlb::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

class HeldTest : public testing::Test {
 protected:
  static constexpr const char* kName = "x.test";
  static constexpr const char* kRecords = "_x._tcp.test";

  HeldTest() {
    service_.name = "a.test";
    service_.named = {{.name = kName}};
    service_.checks.push_back({.method = TcpCheck{}, .port = 80});
  }

  static Address at(const std::string& text) { return Address::parse(text).value(); }

  // What DNS gives now.
  static Given given(const std::string& address, std::chrono::seconds ttl = 1s) {
    return {.backend = {at(address)}, .by = {kName, false}, .last = {}, .ttl = ttl};
  }

  // Takes an answer with these, `after` the one before.
  void take(std::vector<Given> all, std::chrono::milliseconds after = 1s) {
    now_ += after;
    Expansion expansion{.service = service_};
    for (Given& each : all) {
      each.last = now_;
      expansion.service.backends.push_back(each.backend);
    }
    expansion.given = std::move(all);
    put_in(std::move(expansion));
    last_ = expansion_.given;
  }

  // Time alone passes: DNS gives what it gave.
  void pass(std::chrono::milliseconds time) {
    now_ += time;
    Expansion expansion{.service = service_, .given = last_};
    for (const Given& each : last_)
      expansion.service.backends.push_back(each.backend);
    put_in(std::move(expansion));
  }

  std::vector<std::string> used() const {
    std::vector<std::string> texts;
    for (const BackendSpec& backend : expansion_.service.backends)
      texts.push_back(backend.address.to_string());
    return texts;
  }

  ServiceSpec service_;
  std::set<Address> down_;
  HeldBackends held_;
  Expansion expansion_;
  HeldBackends::TimePoint now_{1h};
  HeldBackends::TimePoint came_before_{};

 private:
  void put_in(Expansion expansion) {
    expansion_ = std::move(expansion);
    held_.put_in(
        expansion_, service_, now_,
        [this](const Address& address) { return !down_.contains(address); },
        [this](const NameKey&) { return came_before_; });
  }

  std::vector<Given> last_;
};

TEST_F(HeldTest, AreHeldFromTheLastAnswerThatHadThemThoughItWasNoNews) {
  take({given("10.0.0.1"), given("10.0.0.2")});
  came_before_ = now_ + 1h;
  take({given("10.0.0.1")}, 1h + 1s);
  EXPECT_THAT(used(), ElementsAre("10.0.0.1", "10.0.0.2"));
  pass(28s);
  EXPECT_THAT(used(), SizeIs(2));
  came_before_ = now_;  // what was given later says nothing of one that is held
  pass(2s);
  EXPECT_THAT(used(), ElementsAre("10.0.0.1"));
}

TEST_F(HeldTest, HoldThirtySecondsAfterTheyWereGivenLast) {
  take({given("10.0.0.1"), given("10.0.0.2")});
  take({given("10.0.0.2")});
  EXPECT_THAT(used(), ElementsAre("10.0.0.1", "10.0.0.2"));
  pass(28s);
  EXPECT_THAT(used(), ElementsAre("10.0.0.1", "10.0.0.2"));
  pass(1s);
  EXPECT_THAT(used(), ElementsAre("10.0.0.2"));
  EXPECT_FALSE(held_.next_end());
}

TEST_F(HeldTest, HoldThreeTimesALongTimeToLive) {
  take({given("10.0.0.1", 60s), given("10.0.0.2", 60s)});
  take({given("10.0.0.2", 60s)}, 60s);
  pass(119s);
  EXPECT_THAT(used(), SizeIs(2));
  pass(1s);
  EXPECT_THAT(used(), SizeIs(1));
}

TEST_F(HeldTest, AreInOneOrderWhoeverIsHeld) {
  const std::vector<std::string> all = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "fd99::1"};
  take({given(all[2]), given(all[1])});
  take({given(all[0]), given(all[3])});
  EXPECT_EQ(used(), all);
  const Expansion before = expansion_;
  for (const std::string& each : all) {
    take({given(each)});
    EXPECT_EQ(expansion_, before);
  }
}

TEST_F(HeldTest, GoAtOnceWhenTheyAreNotUp) {
  down_ = {at("10.0.0.1"), at("10.0.0.2")};
  take({given("10.0.0.1"), given("10.0.0.2"), given("10.0.0.3")});
  EXPECT_THAT(used(), SizeIs(3));  // DNS gives them
  take({given("10.0.0.2")});
  EXPECT_THAT(used(), ElementsAre("10.0.0.2", "10.0.0.3"));
  down_.insert(at("10.0.0.3"));
  pass(0s);
  EXPECT_THAT(used(), ElementsAre("10.0.0.2"));
  down_.clear();
  pass(0s);
  EXPECT_THAT(used(), ElementsAre("10.0.0.2"));
}

TEST_F(HeldTest, AreNoneWithoutATimeToHoldThem) {
  service_.named[0].hold = 0s;
  take({given("10.0.0.1"), given("10.0.0.2")});
  take({given("10.0.0.2")});
  EXPECT_THAT(used(), ElementsAre("10.0.0.2"));
}

TEST_F(HeldTest, GoWithTheNameInTheConfiguration) {
  take({given("10.0.0.1"), given("10.0.0.2")});
  take({given("10.0.0.2")});
  service_.named = {{.name = "other.test"}};
  take({});
  EXPECT_THAT(used(), IsEmpty());
}

TEST_F(HeldTest, HaveTheWeightOfTheConfigurationOrOfTheirRecord) {
  service_.named = {{.name = kName, .weight = 3}, {.name = kRecords, .srv = true}};
  const Given record{.backend = {at("10.0.0.9"), 20, 2, 8080}, .by = {kRecords, true}};
  take({given("10.0.0.1"), record});
  service_.named[0].priority = 7;
  take({});
  EXPECT_THAT(expansion_.service.backends, ElementsAre(BackendSpec{at("10.0.0.1"), 3, 7, 0},
                                                       BackendSpec{at("10.0.0.9"), 20, 2, 8080}));
  service_.named[1].port = 81;
  take({});
  EXPECT_EQ(expansion_.service.backends.at(1).port, 81);
}

TEST_F(HeldTest, AreLeftOutWhereAnotherNameOrTheConfigurationGivesTheirAddress) {
  take({given("10.0.0.1"), given("10.0.0.2")});
  service_.named.push_back({.name = "b.test", .weight = 5});
  take({{.backend = {at("10.0.0.1"), 5}, .by = {"b.test", false}, .last = {}, .ttl = 1s}});
  EXPECT_THAT(expansion_.service.backends,
              ElementsAre(BackendSpec{at("10.0.0.2")}, BackendSpec{at("10.0.0.1"), 5}));
  service_.backends = {{at("10.0.0.2"), 9}};
  take({});
  EXPECT_THAT(used(), ElementsAre("10.0.0.2", "10.0.0.1"));
  EXPECT_EQ(expansion_.service.backends.at(0).weight, 9U);
}

TEST_F(HeldTest, AreAtMostWhatIsLeftOfARecordAndTheLatestFirst) {
  const auto many = [](int first, std::size_t count) {
    std::vector<Given> all;
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(given("10." + std::to_string(first) + "." + std::to_string(i / 250) + "." +
                          std::to_string(i % 250)));
    }
    return all;
  };
  for (int round = 1; round <= 20; ++round)
    take(many(round, 2000), 100ms);
  EXPECT_THAT(used(), SizeIs(kMaxBackends));
  EXPECT_EQ(std::ranges::count_if(used(), [](auto& each) { return each.starts_with("10.20."); }),
            2000);
  EXPECT_EQ(std::ranges::count_if(used(), [](auto& each) { return each.starts_with("10.19."); }),
            2000);
  take(many(21, kMaxBackends));
  EXPECT_THAT(used(), SizeIs(kMaxBackends));
  EXPECT_FALSE(held_.next_end());
}

}  // namespace
}  // namespace hlb::discovery
