#include "operators/bus/encoding.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tuple>

namespace hlb::bus {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kSince(1'234'567ms);

TEST(Encoding, ABackendComesBackAsItWasSent) {
  const BackendReport sent{.service = "app.test",
                           .address = "10.0.0.1",
                           .port = 8080,
                           .state = "down",
                           .suspect = false,
                           .since = kSince,
                           .reason = "connection refused",
                           .override = {.kind = "drain", .reason = ""},
                           .weight = 3,
                           .weight_percent = 50,
                           .priority = 2,
                           .held_back = false,
                           .outcomes = {250, -1}};
  const auto row = BackendRow::of(sent);
  EXPECT_EQ(std::get<2>(row), "/org/hlb1/service/app_2etest/_310_2e0_2e0_2e1");
  EXPECT_EQ(std::get<5>(row), 1'234'567'000U);
  const BackendReport told = BackendRow::report_of(row);
  EXPECT_EQ(told.service, sent.service);
  EXPECT_EQ(told.address, sent.address);
  EXPECT_EQ(told.port, sent.port);
  EXPECT_EQ(told.state, sent.state);
  EXPECT_EQ(told.since, sent.since);
  EXPECT_EQ(told.reason, sent.reason);
  EXPECT_EQ(told.override.kind, sent.override.kind);
  EXPECT_EQ(told.weight, sent.weight);
  EXPECT_EQ(told.weight_percent, sent.weight_percent);
  EXPECT_EQ(told.priority, sent.priority);
  EXPECT_EQ(told.outcomes, sent.outcomes);
}

TEST(Encoding, AServiceIsSentWithItsPath) {
  ServiceReport sent;
  sent.name = "app.test";
  const auto rows = ServiceRow::of_all({sent});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(std::get<0>(rows[0]), "app.test");
  EXPECT_EQ(std::get<1>(rows[0]), "/org/hlb1/service/app_2etest");
}

TEST(Encoding, AnEventSaysWhatHasChangedByName) {
  for (const auto what : {Event::What::state, Event::What::override, Event::What::serving}) {
    const auto row = EventRow::of({.at = kSince,
                                   .service = "app.test",
                                   .address = "",
                                   .what = what,
                                   .before = "up",
                                   .now = "down",
                                   .reason = ""});
    EXPECT_EQ(std::get<3>(row), name_of(what));
    EXPECT_EQ(EventRow::report_of(row).what, what);
    EXPECT_EQ(EventRow::report_of(row).at, kSince);
  }
}

TEST(Encoding, AnEventByNamesSaysWho) {
  Event sent{.at = kSince,
             .service = "app.test",
             .address = "10.0.0.1",
             .what = Event::What::override,
             .before = "",
             .now = "drain",
             .reason = "disk",
             .user = 1000};
  EXPECT_TRUE(is_same(event_of(named_values_of(sent)), sent));
  EXPECT_EQ(event_of(named_values_of(sent)).user, 1000U);
  sent.user.reset();
  EXPECT_FALSE(event_of(named_values_of(sent)).user);
  EXPECT_EQ(event_of({}).service, "");
}

TEST(Encoding, ATimeBefore1970IsNone) {
  EXPECT_EQ(timestamp(WallTime(-1ms)), 0U);
  EXPECT_EQ(wall_time(0), WallTime());
}

}  // namespace
}  // namespace hlb::bus
