// What stands in the fleet's keys.

#include "fleet/entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fleet/json.h"
#include "tests/unit/config_parsing.h"
#include "tests/unit/fleet_keys.h"

namespace hlb::fleet {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

Read<ServiceSpec> read_app(const std::string& text) {
  return read_service(some_fleet(), {KeySubject::Kind::service, "app.internal", {}}, text);
}

Read<FleetBackend> read_own(const std::string& text) {
  return read_backend({KeySubject::Kind::backend, "app.internal", address_of_test("10.0.0.1")},
                      text);
}

// ---- services ----------------------------------------------------------------------------------

TEST(FleetService, IsTheOneThatHlbdTomlHasInTheSameWords) {
  const auto fleets = read_app(R"({"v":1,"answer":"one","aliases":["www.internal"],
      "min_healthy":"50%","slow_start":"10s","close_connections":"stale","checks_needed":1,
      "check":[{"type":"http","port":8080,"path":"/health","headers":{"Accept":"text/plain"},
                "expect_status":[204,"300-399"],"interval":"3s"},
               {"type":"tcp","port":80,"steps":[{"send":"a\r\n"},{"expect":{"hex":"00"}}]}]})");
  const auto own = parse_config(R"(
[fleet]
etcd = ["http://e:1"]
names = ["*.internal"]
allow = ["10.0.0.0/8"]
[[service]]
name = "app.internal"
answer = "one"
aliases = ["www.internal"]
min_healthy = "50%"
slow_start = "10s"
close_connections = "stale"
checks_needed = 1
backends = [{ fleet = "app.internal" }]
[[service.check]]
type = "http"
port = 8080
path = "/health"
headers = { Accept = "text/plain" }
expect_status = [204, "300-399"]
interval = "3s"
[[service.check]]
type = "tcp"
port = 80
steps = [{ send = "a\r\n" }, { expect = { hex = "00" } }]
)");
  ASSERT_TRUE(own) << faults_of(own).front();
  ASSERT_TRUE(fleets) << fleets.error();
  EXPECT_EQ(*fleets, own->services.front());
}

TEST(FleetService, HasNoFaultInWhatOtherVersionsSay) {
  const auto plain = read_app(kTcpService);
  ASSERT_TRUE(plain);
  EXPECT_EQ(read_app(R"({"v":1,"owner":"Bücher","needs":[],"name":"app.internal",
                         "check":{"type":"tcp","port":80,"hue":{"a":[1.5,true]}}})"),
            plain);
}

struct BrokenValue {
  std::string value;
  std::string fault;
};

std::ostream& operator<<(std::ostream& out, const BrokenValue& row) {
  return out << row.fault;
}

class FleetServiceFault : public testing::TestWithParam<BrokenValue> {};

TEST_P(FleetServiceFault, IsTold) {
  const auto read = read_app(GetParam().value);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), GetParam().fault);
}

BrokenValue with(const std::string& keys, const std::string& fault) {
  return {R"({"v":1,)" + keys + R"(,"check":{"type":"tcp","port":80}})", fault};
}

BrokenValue with_check(const std::string& check, const std::string& fault) {
  return {R"({"v":1,"check":)" + check + "}", fault};
}

INSTANTIATE_TEST_SUITE_P(
    AsInHlbdToml, FleetServiceFault,
    testing::Values(
        with(R"("answer":"two")", R"("answer" must be "spread", "one" or "all", not "two")"),
        with(R"("answer":1)", R"("answer" must be a string in quotes, not an integer)"),
        with(R"("max_addresses":1.0)",
             R"("max_addresses" must be an integer, 1 to 4096, not a float)"),
        with(R"("aliases":["app.internal"])",
             R"("app.internal" is a name at c/s/app.internal already; rename one of them)"),
        with(R"("except":["o.internal"],"subdomains":true)",
             R"("o.internal" isn't below app.internal, as www.app.internal is; remove it, or put )"
             "it into the service that it is of"),
        with(R"("answer":"two","slow_start":"x","failback":1)",
             R"("answer" must be "spread", "one" or "all", not "two" (and 2 more faults))"),
        BrokenValue{R"({"v":1})", R"([[service]] has no "check"; add [service.check] with type = )"
                                  R"("tcp" or "http", and a port)"},
        with_check("7", R"("check" must be a table, [service.check], or several, )"
                        "[[service.check]], not an integer"),
        with_check("[1]", "a check must be a table written [[service.check]], not an integer"),
        with_check(R"({"type":"tcp","path":"/"})",
                   R"("path" is for type = "http", "https" or "file" alone; remove it or change )"
                   "the type")));

INSTANTIATE_TEST_SUITE_P(
    NotTheFleets, FleetServiceFault,
    testing::Values(
        with(R"("on_change":["/bin/sh"])",
             R"("on_change" is for the host's own hlbd.toml alone; remove it)"),
        with(R"("agent":{"port":1})",
             R"("agent" is for the host's own hlbd.toml alone; remove it)"),
        with(R"("backends":["10.0.0.1"])",
             R"("backends" have keys of their own here, c/b/app.internal/<address>; remove it)"),
        with(R"("name":"other.internal")",
             R"("name" is "other.internal", but the key says "app.internal"; remove it)"),
        with(R"("aliases":["www.example"])",
             R"("www.example" is not among "names" of [fleet] on this host)"),
        with_check(R"({"type":"exec","command":["/bin/true"]})",
                   R"(a check of type "exec" is for the host's own hlbd.toml alone; remove it)"),
        with_check(R"([{"type":"tcp","port":1},{"type":"file","path":"/etc/shadow"}])",
                   R"(a check of type "file" is for the host's own hlbd.toml alone; remove it)"),
        with_check(R"({"type":"https","port":1,"ca":"/etc/ssl/x"})",
                   R"("ca" is for the host's own hlbd.toml alone; remove it)"),
        with_check(R"({"type":"tls","port":1,"certificate":"/a","key":"/b"})",
                   R"("certificate" is for the host's own hlbd.toml alone; remove it)"),
        with_check(R"({"type":"tcp","port":1,"netns":"/run/netns/a"})",
                   R"("netns" is for the host's own hlbd.toml alone; remove it)"),
        with_check(R"({"type":"tcp","port":1,"address":"192.0.2.1"})",
                   R"("192.0.2.1" is not within "allow" of [fleet] on this host)")));

INSTANTIATE_TEST_SUITE_P(
    Texts, FleetServiceFault,
    testing::Values(
        BrokenValue{"", "the value is no JSON, by its byte 1"},
        BrokenValue{R"({"v":1,)", "the value is no JSON, by its byte 8"},
        BrokenValue{"{\"v\":1,\"a\":\"\xff\"}", "the value is no JSON, by its byte 13"},
        BrokenValue{R"({"v":1}{})", "the value is no JSON, by its byte 8"},
        BrokenValue{R"({"v":1,"a":1e999})", "the value is no JSON, by its byte 16"},
        BrokenValue{"[1]", "the value must be a table, not an array"},
        BrokenValue{R"({"answer":"one"})", R"(there is no "v"; add "v": 1)"},
        BrokenValue{R"({"v":2})", R"("v" is 2, but this version of hlb understands 1 alone)"},
        BrokenValue{R"({"v":"1"})", R"("v" is "1", but this version of hlb understands 1 alone)"},
        BrokenValue{R"({"v":1,"needs":["zones"]})",
                    R"("needs" has "zones", which this version of hlb lacks)"},
        BrokenValue{R"({"v":1,"v":1})", R"("v" stands twice in a table; remove one of them)"},
        BrokenValue{R"({"v":1,"a":{"b":1,"c":2,"b":3}})",
                    R"("b" stands twice in a table; remove one of them)"},
        BrokenValue{R"({"v":1,"a":null})",
                    R"("null" stands here, which says nothing; leave the key out)"},
        BrokenValue{R"({"v":18446744073709551615})",
                    "a number is larger than any that means something here"},
        BrokenValue{R"({"v":1,"a":[[[[[[[[1]]]]]]]]})",
                    "nested too deeply; no value needs more than 8 brackets"},
        with(R"("aliases":["b\u00fccher.internal"])",
             "\"b\u00fccher.internal\" has a character outside ASCII, or a zero byte; remove it"),
        with_check(R"({"type":"tcp","port":1,"send":"a\u0000b"})",
                   R"("a\x00b" has a character outside ASCII, or a zero byte; remove it)")));

TEST(FleetService, MayHaveNamesBelowItsOwnWhereThoseAreTheFleets) {
  FleetConfig config = some_fleet();
  const KeySubject of{KeySubject::Kind::service, "app.test", {}};
  const std::string text = R"({"v":1,"subdomains":true,"check":{"type":"none"}})";
  EXPECT_EQ(read_service(config, of, text).error(),
            R"("*.app.test" is not among "names" of [fleet] on this host)");
  config.names.emplace_back("*.test");
  EXPECT_TRUE(read_service(config, of, text));
}

TEST(FleetService, IsRefusedWhenItIsTooLong) {
  const std::string start = R"({"v":1,"check":{"type":"none"},"a":")";
  const std::string most = start + std::string(kMaxValue - start.size() - 2, 'a') + R"("})";
  EXPECT_TRUE(read_app(most));
  EXPECT_EQ(read_app(most + " ").error(),
            "the value has more than 65536 bytes, the most that are possible");
  const std::size_t much = 10'000'000;
  EXPECT_FALSE(read_app(std::string(much, '[')));
}

TEST(FleetService, IsRefusedWhenItHasTooManyParts) {
  std::string list = "1";
  for (int i = 1; i < 1024; ++i)
    list += ",1";
  EXPECT_TRUE(read_app(R"({"v":1,"check":{"type":"none"},"a":[)" + list + "]}"));
  EXPECT_THAT(read_app(R"({"v":1,"check":{"type":"none"},"a":[1,)" + list + "]}").error(),
              StartsWith("more than 1024 values"));
  EXPECT_THAT(read_app(std::string(30'000, '[')).error(), HasSubstr("nested too deeply"));
}

// ---- backends ----------------------------------------------------------------------------------

TEST(FleetBackendValue, IsReadAsItIsWritten) {
  const Address address = address_of_test("10.0.0.1");
  for (const FleetBackend& backend :
       {FleetBackend{{address, 1, 0, 0}, "", 0ms},
        FleetBackend{{address, 2, 3, 8083}, "host7", 24h},
        FleetBackend{{address, 0, 65535, 65535}, "Bücher \"x\"", 90s}}) {
    EXPECT_EQ(read_own(write_backend(backend)), backend) << write_backend(backend);
  }
  EXPECT_EQ(write_backend({{address, 2, 0, 8083}, "host7", 0ms}),
            R"({"v":1,"weight":2,"priority":0,"port":8083,"by":"host7"})");
}

TEST(FleetBackendValue, HasDefaultsAndIgnoresWhatItDoesNotKnow) {
  EXPECT_EQ(read_own(R"({"v":1,"zone":"r1","address":"10.0.0.9","name":7})"),
            (FleetBackend{{address_of_test("10.0.0.1"), 1, 0, 0}, "", 0ms}));
}

TEST(FleetBackendValue, HasTheFaultsOfHlbdToml) {
  EXPECT_EQ(read_own(R"({"v":1,"weight":65536})").error(),
            R"("weight" must be 0 to 65535, not 65536)");
  EXPECT_EQ(read_own(R"({"v":1,"port":0})").error(), R"("port" must be 1 to 65535, not 0)");
  EXPECT_EQ(read_own(R"({"v":1,"forget_after":"1s"})").error(),
            R"("forget_after" must be 1m to 365d, not "1s")");
  EXPECT_EQ(read_own(R"({"v":1,"by":"a\nb"})").error(),
            R"("by" must have at most 253 bytes, and no control characters)");
  EXPECT_EQ(read_own(R"({"v":3})").error(),
            R"("v" is 3, but this version of hlb understands 1 alone)");
}

TEST(FleetBackendValue, IsWhatAHostRegisters) {
  const Registration registration{"app.internal", address_of_test("10.0.0.1"), 80, 2, 1, true, 24h};
  EXPECT_EQ(registered(registration, "host7"),
            (FleetBackend{{registration.address, 2, 1, 80}, "host7", 24h}));
}

// ---- overrides and the log ---------------------------------------------------------------------

constexpr WallTime kThree{std::chrono::sys_days(std::chrono::November / 28 / 2026) + 15h};

TEST(FleetOverrideValue, IsReadAsItIsWritten) {
  for (const FleetOverride& override :
       {FleetOverride{OverrideKind::drain, kThree, "alice", "kernel"},
        FleetOverride{OverrideKind::maintenance, std::nullopt, "", ""},
        FleetOverride{OverrideKind::force_up, kThree + 1ms, "b", "Bücher \"sind\" schön"},
        FleetOverride{OverrideKind::force_down, std::nullopt, "root", ""}}) {
    EXPECT_EQ(read_override(write_override(override)), override) << write_override(override);
  }
  EXPECT_EQ(read_override(R"({"v":1,"kind":"drain","until":"2026-11-28T15:00:00Z","by":"alice",)"
                          R"("why":"kernel","more":[]})"),
            (FleetOverride{OverrideKind::drain, kThree, "alice", "kernel"}));
}

TEST(FleetOverrideValue, HasFaults) {
  EXPECT_EQ(read_override(R"({"v":1})").error(), R"(the value has no "kind"; add "kind": "drain")");
  EXPECT_EQ(read_override(R"({"v":1,"kind":"stop"})").error(),
            R"("kind" must be "drain", "maintenance", "up" or "down", not "stop")");
  EXPECT_EQ(read_override(R"({"v":1,"kind":"up","until":"tomorrow"})").error(),
            R"("until" must be a time such as "2026-11-28T15:00:00Z", not "tomorrow")");
  EXPECT_EQ(read_override(R"({"v":1,"kind":"up","until":1})").error(),
            R"("until" must be a string in quotes, not an integer)");
  EXPECT_EQ(read_override(R"({"v":1,"kind":"up","why":")" + std::string(1001, 'a') + "\"}").error(),
            R"("why" must have at most 1000 bytes, and no control characters)");
}

TEST(FleetLogValue, IsReadAsItIsWritten) {
  const FleetLogEntry entry{kThree, "drain app.internal/10.0.0.1 for 1h", "alice", "kernel"};
  EXPECT_EQ(read_log_entry(write_log_entry(entry)), entry);
  EXPECT_FALSE(read_log_entry(R"({"v":1,"at":"never","what":"x"})"));
  EXPECT_EQ(read_log_entry("").error(), "the value is no JSON, by its byte 1");
}

}  // namespace
}  // namespace hlb::fleet
