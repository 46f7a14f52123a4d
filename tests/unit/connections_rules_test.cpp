#include "connections/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/fake_world.h"

namespace hlb::connections {
namespace {

using namespace std::chrono_literals;
using Ports = std::vector<std::uint16_t>;

constexpr const char* kDead = "10.0.0.1";

ServiceSpec closing(std::string name, const std::vector<std::string>& addresses,
                    CheckSpec check = plain_check()) {
  ServiceSpec service = plain_service(std::move(name), addresses, std::move(check));
  service.close_connections = CloseConnections::all;
  return service;
}

class ClosingRulesTest : public testing::Test {
 protected:
  // Puts these services in force, all up; then what is in `dead_` refuses.
  void begin(std::vector<ServiceSpec> services) {
    world_.apply(std::move(services));
    world_.pass(10s);
    now_dead_ = dead_;
    world_.pass(10s);
  }

  Ports ports(std::size_t service = 0) {
    world_.monitor().refresh();
    const auto with_close_ports = services_with_close_ports(world_.monitor());
    PlacesInUse alive = places_alive(world_.monitor(), with_close_ports);
    return ports_to_close(world_.monitor(), service, address(kDead), alive);
  }

  void override(OverrideKind kind) { override_of("app", kind); }

  // Of the first service, when an operator means these services.
  Ports ports_meant(const std::vector<std::size_t>& services) {
    const Monitor& monitor = world_.monitor();
    const auto with_close_ports = services_with_close_ports(monitor);
    PlacesInUse used_by_others =
        places_used_by_others(monitor, with_close_ports, [&](std::size_t service, const Address&) {
          return std::ranges::find(services, service) != services.end();
        });
    return ports_to_clear(monitor, 0, monitor.watched()[0].backends[0].spec, used_by_others);
  }

  void override_of(const std::string& service, OverrideKind kind) {
    Override override;
    override.kind = kind;
    world_.monitor().set_override({service, address(kDead)}, override);
  }

  using Places = std::vector<std::pair<std::string, std::uint16_t>>;
  Places dead_ = {{kDead, 80}};
  Places now_dead_;
  FakeWorld world_{[this](const probes::Target& target, FakeWorld::TimePoint) {
    const std::pair place(target.address.to_string(), target.port);
    return std::ranges::find(now_dead_, place) == now_dead_.end() ? kPasses : kRefuses;
  }};
};

TEST_F(ClosingRulesTest, ADeadBackendsPortIsClosedWhileAnotherServes) {
  begin({closing("app", {kDead, "10.0.0.2"})});
  EXPECT_EQ(ports(), Ports{80});
}

TEST_F(ClosingRulesTest, NothingIsClosedUnlessTheServiceWantsIt) {
  begin({plain_service("app", {kDead, "10.0.0.2"})});
  EXPECT_EQ(ports(), Ports{});
}

TEST_F(ClosingRulesTest, NothingIsClosedOfALivingBackend) {
  dead_.clear();
  begin({closing("app", {kDead, "10.0.0.2"})});
  EXPECT_EQ(ports(), Ports{});
}

TEST_F(ClosingRulesTest, TheLastOfAFamilyIsLeftAlone) {
  begin({closing("app", {kDead, "fd00::2"})});
  EXPECT_EQ(ports(), Ports{});
}

TEST_F(ClosingRulesTest, NothingIsClosedWhileTheOthersAreDownToo) {
  dead_.emplace_back("10.0.0.2", 80);
  begin({closing("app", {kDead, "10.0.0.2"})});
  EXPECT_EQ(ports(), Ports{});
}

TEST_F(ClosingRulesTest, NothingIsClosedWhileTheDeadIsAnsweredInPanic) {
  auto service = closing("app", {kDead, "10.0.0.2"});
  service.panic_percent = 80;
  begin({service});
  EXPECT_EQ(ports(), Ports{});
}

TEST_F(ClosingRulesTest, WhatTheOperatorHoldsIsLeftToTheOperator) {
  begin({closing("app", {kDead, "10.0.0.2"})});
  for (const auto kind : {OverrideKind::drain, OverrideKind::maintenance, OverrideKind::force_up}) {
    override(kind);
    EXPECT_EQ(ports(), Ports{}) << name_of(kind);
  }
  override(OverrideKind::force_down);
  EXPECT_EQ(ports(), Ports{80});
}

TEST_F(ClosingRulesTest, ClosePortsTakeThePlaceOfTheChecks) {
  auto service = closing("app", {kDead, "10.0.0.2"});
  service.close_ports = {443, 8443};
  begin({service});
  EXPECT_EQ(ports(), (Ports{443, 8443}));
}

TEST_F(ClosingRulesTest, AServiceThatHasItUpAtThePortPreventsIt) {
  auto other = plain_service("other", {kDead}, plain_check(8082));
  other.close_ports = {80, 443};
  begin({closing("app", {kDead, "10.0.0.2"}), other});
  EXPECT_EQ(ports(), Ports{});
}

TEST_F(ClosingRulesTest, WhatItsChecksHaveFoundCountsNotWhatHasBeenToldOfIt) {
  std::vector<ServiceSpec> services = {closing("app", {kDead, "10.0.0.2"})};
  for (int i = 0; i < 500; ++i)  // which are told in turns
    services.push_back(closing("s" + std::to_string(i), {kDead, "10.0.0.2"}));
  Ports when_told;
  world_.on_change = [&](const BackendChange& change) {
    if (change.service.name == "app" && change.now == State::down) {
      const auto with_close_ports = services_with_close_ports(world_.monitor());
      PlacesInUse alive = places_alive(world_.monitor(), with_close_ports);
      EXPECT_FALSE(alive.has({address(kDead), 80}));
      when_told = {80};
    }
  };
  world_.publish_in_turns_of(10);
  begin(std::move(services));
  EXPECT_EQ(when_told, Ports{80});
  EXPECT_EQ(ports(), Ports{80});
}

TEST_F(ClosingRulesTest, AServiceThatHasItDownPreventsNothing) {
  auto other = plain_service("other", {kDead}, plain_check(8082));
  other.close_ports = {80, 443};
  dead_.emplace_back(kDead, 8082);
  begin({closing("app", {kDead, "10.0.0.2"}), other});
  EXPECT_EQ(ports(), Ports{80});
}

TEST_F(ClosingRulesTest, AServiceAtOtherPortsOfTheAddressPreventsNothing) {
  begin({closing("app", {kDead, "10.0.0.2"}), plain_service("other", {kDead}, plain_check(443))});
  EXPECT_EQ(ports(), Ports{80});
}

TEST_F(ClosingRulesTest, AServiceWhosePortNobodyKnowsPreventsItAtAll) {
  begin({closing("app", {kDead, "10.0.0.2"}),
         plain_service("other", {kDead}, {.method = IcmpCheck{}})});
  EXPECT_EQ(ports(), Ports{});
}

TEST_F(ClosingRulesTest, OfSeveralPortsThoseAreClosedThatNobodyHasUp) {
  auto service = closing("app", {kDead, "10.0.0.2"});
  service.close_ports = {80, 443};
  begin({service, plain_service("other", {kDead}, plain_check(443))});
  EXPECT_EQ(ports(), Ports{80});
}

TEST_F(ClosingRulesTest, ABackendThatIsGoneHasNone) {
  begin({closing("app", {kDead, "10.0.0.2"})});
  world_.apply({closing("app", {"10.0.0.2", "10.0.0.3"})});
  EXPECT_EQ(ports(), Ports{});
}

TEST_F(ClosingRulesTest, AnOperatorClosesALivingBackendsPortsToo) {
  dead_.clear();
  begin({plain_service("app", {kDead})});
  EXPECT_EQ(ports_meant({0}), Ports{80});
}

TEST_F(ClosingRulesTest, AnotherServicesPortsAreClosedOnlyIfItIsMeantToo) {
  auto by_key = plain_service("other", {kDead}, plain_check(8082));
  by_key.close_ports = {80};
  for (const ServiceSpec& other : {plain_service("other", {kDead}), by_key,
                                   plain_service("other", {kDead}, {.method = IcmpCheck{}})}) {
    dead_.clear();
    now_dead_.clear();
    begin({plain_service("app", {kDead}), other});
    EXPECT_EQ(ports_meant({0}), Ports{}) << type_of(other.checks.front().method);
    EXPECT_EQ(ports_meant({0, 1}), Ports{80});
  }
}

TEST_F(ClosingRulesTest, AServiceThatHasItWithdrawnOrDownKeepsNoConnection) {
  dead_.clear();
  begin({plain_service("app", {kDead}), plain_service("other", {kDead})});
  for (const auto kind :
       {OverrideKind::drain, OverrideKind::maintenance, OverrideKind::force_down}) {
    override_of("other", kind);
    EXPECT_EQ(ports_meant({0}), Ports{80}) << name_of(kind);
  }
  override_of("other", OverrideKind::force_up);
  EXPECT_EQ(ports_meant({0}), Ports{});
  now_dead_ = {{kDead, 80}};
  world_.monitor().clear_override({"other", address(kDead)}, 0);
  world_.pass(10s);
  EXPECT_EQ(ports_meant({0}), Ports{80});
}

TEST_F(ClosingRulesTest, ABackendWithoutAPortHasNoneToClose) {
  begin({plain_service("app", {kDead}, {.method = IcmpCheck{}})});
  EXPECT_EQ(ports_meant({0}), Ports{});
}

}  // namespace
}  // namespace hlb::connections
