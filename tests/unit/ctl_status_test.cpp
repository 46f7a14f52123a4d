// What `hlbctl status` makes of what hlbd says.
#include <string>
#include <utility>
#include <vector>

#include "ctl/status/snapshot.h"
#include "ctl/status/status_text.h"
#include "ctl/targets.h"
#include "ctl_text.h"

namespace hlb::ctl {
namespace {

using namespace std::chrono_literals;

const WallTime kNow{1'795'522'800s};  // 2026-11-24 12:20:00 UTC

BackendReport backend(const std::string& address, const std::string& state) {
  BackendReport report;
  report.service = "app.local";
  report.address = address;
  report.port = 8082;
  report.state = state;
  report.since = kNow - 2h;
  report.reason = state == "up" ? "HTTP 200 OK" : "connection refused";
  report.weight_percent = state == "up" ? 100 : 0;
  report.outcomes = {1000, state == "up" ? 1000 : -1};
  return report;
}

OverrideReport override_by_root(const std::string& kind) {
  return {.kind = kind, .reason = "", .set_by = 0, .since = kNow - 1min, .until = {}};
}

Listed service(const std::string& state, std::vector<BackendReport> backends) {
  Listed listed{{.name = "app.local", .state = state, .since = kNow - 35s}, std::move(backends)};
  listed.service.backends = static_cast<std::uint32_t>(listed.backends.size());
  for (const BackendReport& each : listed.backends) {
    listed.service.up += each.state == "up" ? 1 : 0;
    listed.service.answered += each.weight_percent > 0 ? 1 : 0;
  }
  return listed;
}

Snapshot snapshot(std::vector<Listed> services) {
  Snapshot all;
  all.hlbd = {.version = "0.1.0",
              .config_file = "/etc/hlb/hlbd.toml",
              .started = kNow - 80h,
              .overview = {.services = 1, .services_down = 0, .backends = 2, .backends_up = 1},
              .degraded = {}};
  all.services = std::move(services);
  return all;
}

class Status : public CtlOutput {};

TEST_F(Status, OfADegradedService) {
  BackendReport drained = backend("10.0.0.2", "up");
  drained.override = override_by_root("drain");
  drained.override.reason = "kernel update";
  drained.override.until = kNow + 30min;
  drained.weight_percent = 0;
  const Snapshot all = snapshot(
      {service("degraded", {backend("10.0.0.1", "up"), drained, backend("10.0.0.3", "down")})});
  EXPECT_EQ(status_text(all, wide(80), true, kNow),
            "hlbd 0.1.0, up 3d: 1 service, none down; 1 of 2 backends up\n"
            "  BACKEND        STATE  AGE    LATENCY      REMARK\n"
            "app.local  degraded for 35s, 2 of 3 up, 1 answered\n"
            "  10.0.0.1:8082  up     2h 0m   1.0 ms  ▁▁\n"
            "  10.0.0.2:8082  up     2h 0m   1.0 ms  ▁▁  drained until 12:50 by root: kernel\n"
            "                                            update\n"
            "  10.0.0.3:8082  down   2h 0m        -  ▁x  connection refused\n");
}

std::vector<std::string> addresses(const Snapshot& all) {
  std::vector<std::string> found;
  for (const Listed& listed : all.services)
    for (const BackendReport& each : listed.backends)
      found.push_back(each.address);
  return found;
}

TEST_F(Status, OfWhatIsWrongAloneHasNoStandbyAndNobodyWhoIsUp) {
  BackendReport drained = backend("10.0.0.2", "up");
  drained.override = override_by_root("drain");
  drained.weight_percent = 0;
  BackendReport standby = backend("10.0.0.4", "up");
  standby.priority = 1;
  standby.weight_percent = 0;
  BackendReport left_out = backend("10.0.0.5", "up");
  left_out.weight_percent = 0;
  Snapshot all = snapshot({service("degraded", {backend("10.0.0.1", "up"), drained,
                                                backend("10.0.0.3", "down"), standby, left_out}),
                           service("up", {backend("10.0.1.1", "up")})});
  const int code = exit_code(all);
  keep_wrong(all);
  EXPECT_EQ(addresses(all), (std::vector<std::string>{"10.0.0.2", "10.0.0.3", "10.0.0.5"}));
  EXPECT_EQ(all.services.size(), 1U);
  EXPECT_EQ(exit_code(all), code);
}

TEST_F(Status, OfAPartStandsAsThatDoes) {
  const WhatThereIs there{
      .services = {"app.local"},
      .aliases = {},
      .below = {},
      .backends = {{"app.local", "10.0.0.1", 8082}, {"app.local", "10.0.0.3", 8082}}};
  for (const auto& [address, code] : {std::pair("10.0.0.1", 0), std::pair("10.0.0.3:8082", 1)}) {
    const std::vector<std::string> word = {address};
    Snapshot all =
        snapshot({service("degraded", {backend("10.0.0.1", "up"), backend("10.0.0.3", "down")})});
    keep_meant(all.services[0], targets_of(word, there, Purpose::read).value());
    EXPECT_EQ(addresses(all).size(), 1U);
    EXPECT_EQ(exit_code(all), code) << address;
  }
}

TEST_F(Status, SaysWhoIsHeldBackAndByWhom) {
  BackendReport primary = backend("10.0.0.1", "up");
  primary.held_back = true;
  primary.weight_percent = 0;
  BackendReport standby = backend("10.0.0.2", "up");
  standby.priority = 1;
  Listed listed = service("up", {primary, standby});
  listed.service.serving = "priority 1";
  EXPECT_EQ(status_text(snapshot({listed}), wide(80), true, kNow),
            "hlbd 0.1.0, up 3d: 1 service, none down; 1 of 2 backends up\n"
            "  BACKEND        STATE  AGE    LATENCY      REMARK\n"
            "app.local  up for 35s, 2 of 2 up, 1 answered, a better priority than priority 1\n"
            "    held back\n"
            "  10.0.0.1:8082  up     2h 0m   1.0 ms  ▁▁  held back, priority 0\n"
            "  10.0.0.2:8082  up     2h 0m   1.0 ms  ▁▁\n");
  const std::string json = status_json(snapshot({listed}));
  EXPECT_NE(json.find(R"("answered":1,"serving":"priority 1",)"), std::string::npos);
  EXPECT_NE(json.find(R"("suspect":false,"held_back":true,)"), std::string::npos);
}

TEST_F(Status, SaysWhoServesBesideTheBestAndInPanic) {
  BackendReport standby = backend("10.0.0.2", "up");
  standby.priority = 1;
  Listed listed = service("up", {backend("10.0.0.1", "up"), standby});
  const auto headline = [&](const std::string& serving) {
    listed.service.serving = serving;
    const std::string text = status_text(snapshot({listed}), wide(120), true, kNow);
    const std::size_t start = text.find("app.local");
    return text.substr(start, text.find('\n', start) - start);
  };
  EXPECT_EQ(headline("priority 0"), "app.local  up for 35s, 2 of 2 up");
  EXPECT_EQ(headline("priorities 0 to 1"), "app.local  up for 35s, 2 of 2 up, priorities 0 to 1");
  EXPECT_EQ(headline("all backends"), "app.local  up for 35s, 2 of 2 up, panic");
}

TEST_F(Status, ShowsConnectionsWhereTheyAreCounted) {
  BackendReport busy = backend("10.0.0.1", "up");
  busy.connections = 1234;
  BackendReport idle = backend("10.0.0.2", "up");
  idle.connections = 0;
  const Snapshot all = snapshot({service("up", {busy, idle, backend("10.0.0.3", "down")})});
  EXPECT_EQ(status_text(all, wide(80), true, kNow),
            "hlbd 0.1.0, up 3d: 1 service, none down; 1 of 2 backends up\n"
            "  BACKEND        STATE  AGE    LATENCY      CONN  REMARK\n"
            "app.local  up for 35s, 2 of 3 up\n"
            "  10.0.0.1:8082  up     2h 0m   1.0 ms  ▁▁  1234\n"
            "  10.0.0.2:8082  up     2h 0m   1.0 ms  ▁▁     0\n"
            "  10.0.0.3:8082  down   2h 0m        -  ▁x        connection refused\n");
}

TEST_F(Status, OfASuspect) {
  BackendReport suspect = backend("10.0.0.2", "up");
  suspect.suspect = true;
  suspect.reason = "connection refused";
  suspect.weight_percent = 0;
  suspect.outcomes = {1000, -1};
  const Snapshot all = snapshot({service("up", {backend("10.0.0.1", "up"), suspect})});
  EXPECT_EQ(
      status_text(all, wide(100), true, kNow),
      "hlbd 0.1.0, up 3d: 1 service, none down; 1 of 2 backends up\n"
      "  BACKEND        STATE    AGE    LATENCY      REMARK\n"
      "app.local  up for 35s, 2 of 2 up, 1 answered\n"
      "  10.0.0.1:8082  up       2h 0m   1.0 ms  ▁▁\n"
      "  10.0.0.2:8082  suspect  2h 0m        -  ▁x  left out by its first failure: connection "
      "refused\n");
  EXPECT_NE(status_json(all).find(R"("state":"up","suspect":true)"), std::string::npos);
}

TEST_F(Status, SaysOnAWideTerminalWhyABackendIsUp) {
  const Snapshot all = snapshot({service("up", {backend("10.0.0.1", "up")})});
  EXPECT_EQ(status_text(all, wide(79), true, kNow).find("HTTP 200"), std::string::npos);
  EXPECT_NE(status_text(all, wide(120), true, kNow).find("HTTP 200"), std::string::npos);
  EXPECT_NE(status_text(all, wide(0), true, kNow).find("HTTP 200"), std::string::npos);
}

TEST_F(Status, SaysWhyABackendThatIsUpGetsLess) {
  BackendReport first = backend("10.0.0.1", "up");
  first.weight = 100;
  first.weight_percent = 20;
  BackendReport standby = backend("10.0.0.2", "up");
  standby.priority = 1;
  standby.weight_percent = 0;
  BackendReport silent = backend("10.0.0.3", "up");
  silent.weight_percent = 0;
  const std::string text =
      status_text(snapshot({service("up", {first, standby, silent})}), wide(80), true, kNow);
  EXPECT_NE(text.find("  100  given 20% of its weight\n"), std::string::npos) << text;
  EXPECT_NE(text.find("    1  standby, priority 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("    1  given no clients\n"), std::string::npos) << text;
}

TEST_F(Status, WhatABackendSaidCannotMoveTheCursor) {
  BackendReport hostile = backend("10.0.0.1", "down");
  hostile.reason = "\x1b[2J\nHTTP 500";
  const Snapshot all = snapshot({service("down", {hostile})});
  EXPECT_NE(status_text(all, wide(80), true, kNow).find("?[2J?HTTP 500"), std::string::npos);
}

TEST_F(Status, OnATerminalTooSmallForAllShowsTheWorstFirstAndCountsTheRest) {
  std::vector<Listed> services(20, service("up", {backend("10.0.0.1", "up")}));
  services[5] = service("degraded", {backend("10.0.0.1", "up"), backend("10.0.0.2", "down")});
  services[9] = service("down", {backend("10.0.0.9", "down")});
  services[12].backends[0].override = override_by_root("maintenance");
  Terminal terminal = wide(80);
  terminal.rows = 24;
  const std::string text = status_text(snapshot(services), terminal, false, kNow);
  const std::size_t down = text.find("app.local  down");
  const std::size_t degraded = text.find("app.local  degraded");
  const std::size_t overridden = text.find("in maintenance by root");
  EXPECT_LT(down, degraded);
  EXPECT_LT(degraded, overridden);
  EXPECT_NE(overridden, std::string::npos);
  EXPECT_TRUE(
      text.ends_with("\n17 other services are up, with nothing to tell: --all lists "
                     "them\n"))
      << text;
  EXPECT_EQ(status_text(snapshot(services), terminal, true, kNow).find("other"), std::string::npos);
}

TEST_F(Status, EndsWithHowTheWorstServiceStands) {
  const Listed up = service("up", {backend("10.0.0.1", "up")});
  const Listed degraded =
      service("degraded", {backend("10.0.0.1", "up"), backend("10.0.0.2", "down")});
  const Listed down = service("down", {backend("10.0.0.1", "down")});
  const Listed unknown = service("unknown", {backend("10.0.0.1", "unknown")});
  EXPECT_EQ(exit_code(snapshot({})), 0);
  EXPECT_EQ(exit_code(snapshot({up, up})), 0);
  EXPECT_EQ(exit_code(snapshot({up, degraded})), 1);
  EXPECT_EQ(exit_code(snapshot({up, unknown})), 1);
  EXPECT_EQ(exit_code(snapshot({degraded, down, up})), 2);
}

TEST_F(Status, CountsADrainedServiceAsOneThatHasNoBackendButNotAMaintainedOne) {
  BackendReport out = backend("10.0.0.1", "up");
  out.weight_percent = 0;
  out.override = override_by_root("drain");
  EXPECT_EQ(exit_code(snapshot({service("down", {out})})), 2);
  out.override = override_by_root("maintenance");
  EXPECT_EQ(exit_code(snapshot({service("down", {out})})), 0);
}

TEST_F(Status, AsJson) {
  BackendReport drained = backend("10.0.0.1", "up");
  drained.override = override_by_root("drain");
  drained.outcomes = {1250, -1, -2};
  drained.connections = 7;
  BackendReport down = backend("fd77::1", "down");
  down.port = 0;
  down.outcomes = {};
  EXPECT_EQ(
      status_json(snapshot({service("up", {drained, down})})),
      R"({"hlbd":{"version":"0.1.0","config":"/etc/hlb/hlbd.toml","started":1795234800.0,)"
      R"("degraded":[]},"services":[{"name":"app.local","state":"up","since":1795522765.0,"up":1,)"
      R"("answered":1,"serving":null,"backends":[{"address":"10.0.0.1","port":8082,"state":"up","suspect":false,)"
      R"("held_back":false,)"
      R"("since":1795515600.0,"reason":"HTTP 200 OK","override":{"kind":"drain","reason":"",)"
      R"("fleet":false,"user":"root","user_id":0,"set":1795522740.0,"until":null},"weight":1,)"
      R"("weight_percent":100,"priority":0,"connections":7,"outcomes":[0.00125,"failed","unknown"]},)"
      R"({"address":"fd77::1","port":null,"state":"down","suspect":false,"held_back":false,"since":1795515600.0,)"
      R"("reason":"connection refused","override":null,"weight":1,"weight_percent":0,)"
      R"("priority":0,"connections":null,"outcomes":[]}]}]})"
      "\n");
}

}  // namespace
}  // namespace hlb::ctl
