// Every fault that keys and values can have, with the exact line that reports it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/unit/config_parsing.h"

namespace hlb {
namespace {

using testing::ElementsAre;
using namespace std::string_literals;

constexpr char kTcp[] = "[service.check]\ntype = \"tcp\"\nport = 1\n";

struct BrokenFile {
  std::string text;
  std::string fault;
};

std::ostream& operator<<(std::ostream& out, const BrokenFile& row) {
  return out << row.fault;
}

// The name on line 2, the backends on line 3, the check from line 4.
std::string service(const std::string& name, const std::string& backends,
                    const std::string& check = kTcp) {
  return "[[service]]\nname = " + name + "\nbackends = " + backends + "\n" + check;
}

BrokenFile with_name(const std::string& name, const std::string& fault) {
  return {service(name, R"(["10.0.0.1"])"), "hlbd.toml:2:8: " + fault};
}

BrokenFile with_backends(const std::string& backends, const std::string& fault) {
  return {service("\"a.b\"", backends), "hlbd.toml:3:" + fault};
}

// `key` on line 4, in the service.
BrokenFile with_key(const std::string& key, const std::string& fault) {
  return {service("\"a.b\"", R"(["10.0.0.1"])", key + "\n" + kTcp), "hlbd.toml:4:" + fault};
}

// `key` on line 2.
BrokenFile with_daemon(const std::string& key, const std::string& fault) {
  return {"[daemon]\n" + key + "\n" + service("\"a.b\"", R"(["10.0.0.1"])"),
          "hlbd.toml:2:" + fault};
}

class ConfigFault : public testing::TestWithParam<BrokenFile> {};

TEST_P(ConfigFault, IsReportedWithItsPlaceAndWhatToDo) {
  const bool pings = GetParam().text.find(R"(type = "icmp")") != std::string::npos;
  if (pings && geteuid() != 0) GTEST_SKIP() << "takes the right to ping";
  EXPECT_THAT(faults_of(parse_config(GetParam().text)), ElementsAre(GetParam().fault));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, ConfigFault,
    testing::Values(
        BrokenFile{
            "",
            "hlbd.toml:1:1: there is no [[service]] here or in services.d/*.toml; add one with "
            "name, backends and [service.check]"},
        BrokenFile{
            "# nothing\n",
            "hlbd.toml:1:1: there is no [[service]] here or in services.d/*.toml; add one with "
            "name, backends and [service.check]"},
        BrokenFile{
            "[daemon]\nlog_level = \"info\"\n",
            "hlbd.toml:1:1: there is no [[service]] here or in services.d/*.toml; add one with "
            "name, backends and [service.check]"},
        BrokenFile{
            "service = []\n",
            "hlbd.toml:1:1: there is no [[service]] here or in services.d/*.toml; add one with "
            "name, backends and [service.check]"},
        BrokenFile{"[[services]]\nname = \"a.b\"\n",
                   R"(hlbd.toml:1:3: unknown key "services" in the file; did you mean "service"?)"},
        BrokenFile{"[check]\ntype = \"none\"\n" + service("\"a.b\"", R"(["10.0.0.1"])"),
                   "hlbd.toml:1:2: \"check\" is of a service; write it as [service.check], below "
                   "its [[service]]"},
        BrokenFile{
            "[service]\nname = \"a.b\"\n",
            R"(hlbd.toml:1:1: "service" must be an array of tables, [[service]], not a table)"},
        BrokenFile{"service = [\"a.b\"]\n",
                   "hlbd.toml:1:12: a service must be a table written [[service]], not a string"},
        BrokenFile{"[[daemon]]\nlog_level = \"info\"\n" + service("\"a.b\"", R"(["10.0.0.1"])"),
                   R"(hlbd.toml:1:1: "daemon" must be one table, [daemon], not an array)"},
        with_daemon(
            "listen = \"127.0.0.1:9808\"",
            R"(1: unknown key "listen" in [daemon]; remove it, or use "log_level", "max_stale", "on_change", "on_change_user", "watch_connections", "count_connections" or "metrics")"),
        with_daemon("log_levle = \"info\"",
                    R"(1: unknown key "log_levle" in [daemon]; did you mean "log_level"?)"),
        with_daemon(
            "log_level = \"warning\"",
            R"(13: "log_level" must be "trace", "debug", "info", "warn" or "error", not "warning")"),
        with_daemon("log_level = 3",
                    R"(13: "log_level" must be a string in quotes, not an integer)"),
        with_daemon(
            "max_stale = 10",
            R"(13: "max_stale" must be a duration with its unit in quotes, such as "500ms" or "2s", not an integer)"),
        with_daemon("max_stale = \"2h\"", R"(13: "max_stale" must be 0s to 1h, not "2h")"),
        with_daemon("on_change = [\"/bin/sh\", \"a\\u0000\"]",
                    R"(25: "a\x00" has a zero byte, which no argument can hold; remove it)"),
        with_daemon("on_change = [\"/etc/passwd\"]",
                    R"(14: "/etc/passwd" is not executable; chmod +x it)"),
        with_daemon("on_change_user = \"no-such-user\"",
                    R"(18: "no-such-user" is no user of this host; create it or choose another)"),
        with_daemon("watch_connections = \"no\"",
                    R"(21: "watch_connections" must be true or false, not a string)"),
        with_daemon("count_connections = 1",
                    R"(21: "count_connections" must be true or false, not an integer)"),
        with_daemon("on_change_user = 0",
                    R"(18: "on_change_user" must be a string in quotes, not an integer)"),
        with_daemon(
            "max_stale = \"10\"",
            R"(13: "max_stale" must be a duration with its unit in quotes, such as "500ms" or "2s", not "10")"),
        with_key("anwser = \"one\"",
                 R"(1: unknown key "anwser" in [[service]]; did you mean "answer"?)"),
        with_key(
            "\"\\n\" = 1",
            R"(1: unknown key "\n" in [[service]]; remove it, or use "name", "aliases", "subdomains", "except", "answer", "max_addresses", "when_all_down", "min_healthy", "panic", "failback", "backends", "check", "checks_needed", "agent", "slow_start", "close_connections", "close_ports" or "on_change")"),
        // What is meant isn't said to be absent as well.
        BrokenFile{
            "[[service]]\nname = \"a.b\"\nbackend = [\"10.0.0.1\"]\n"s + kTcp,
            R"(hlbd.toml:3:1: unknown key "backend" in [[service]]; did you mean "backends"?)"},
        BrokenFile{
            service("\"a.b\"", R"(["10.0.0.1"])", "[service.check]\ntype = \"http\"\nprt = 80\n"),
            R"(hlbd.toml:6:1: unknown key "prt" in [service.check]; did you mean "port"?)"},
        with_key("answer = \"first\"",
                 R"(10: "answer" must be "spread", "one" or "all", not "first")"),
        with_key("answer = true", R"(10: "answer" must be a string in quotes, not a boolean)"),
        with_key("when_all_down = \"none\"",
                 R"(17: "when_all_down" must be "fail", "all" or "next", not "none")"),
        with_key("subdomains = \"yes\"", R"(14: "subdomains" must be true or false, not a string)"),
        with_key(
            "except = [\"x.a.b\"]",
            R"(10: "except" is about names below a service's with subdomains = true; add that, or remove it)"),
        with_key("aliases = \"c.d\"",
                 R"(11: "aliases" must be an array such as ["www.example"], not a string)"),
        with_key("aliases = [1]", "12: an alias must be a string in quotes, not an integer"),
        with_key("aliases = [\"\"]", R"(12: "" is no hostname; give one such as "app.example")"),
        BrokenFile{"[[service]]\nbackends = [\"10.0.0.1\"]\n"s + kTcp,
                   R"(hlbd.toml:1:1: [[service]] has no "name"; add name = "app.example")"},
        BrokenFile{"[[service]]\nname = \"a.b\"\n"s + kTcp,
                   R"(hlbd.toml:1:1: [[service]] has no "backends"; add backends = ["10.0.0.1"])"},
        BrokenFile{
            "[[service]]\nname = \"a.b\"\nbackends = [\"10.0.0.1\"]\n",
            R"(hlbd.toml:1:1: [[service]] has no "check"; add [service.check] with type = "tcp" or "http", and a port)"},
        with_key("interval = \"2s\"",
                 R"(1: "interval" is a key of the check; move it below [service.check])"),
        with_key("path = \"/health\"",
                 R"(1: "path" is a key of the check; move it below [service.check])"),
        with_key("type = \"tcp\"",
                 R"(1: "type" is a key of the check; move it below [service.check])"),
        BrokenFile{service("\"a.b\"", R"(["10.0.0.1"])") + "answer = \"one\"\n",
                   R"(hlbd.toml:7:1: "answer" is a key of the service; move it above )"
                   "[service.check]"},
        BrokenFile{service("\"a.b\"", R"(["10.0.0.1"])", "[[service.check]]\ntype = \"icmp\"\n") +
                       "slow_start = \"5m\"\n",
                   R"(hlbd.toml:6:1: "slow_start" is a key of the service; move it above )"
                   "[[service.check]]"},
        BrokenFile{service("\"a.b\"", R"(["10.0.0.1"])") +
                       "[service.agent]\nport = 2\naliases = [\"c.d\"]\n",
                   R"(hlbd.toml:9:1: "aliases" is a key of the service; move it above )"
                   "[service.agent]"},
        with_key("checks_needed = 0", R"(17: "checks_needed" must be 1 to 65535, not 0)"),
        with_key(
            "checks_needed = 2",
            R"(17: "checks_needed" is 2, but the service's checks are 1; lower it, or add a [[service.check]])"),
        with_key(
            "slow_start = 30",
            R"(14: "slow_start" must be a duration with its unit in quotes, such as "500ms" or "2s", not an integer)"),
        with_key("close_connections = \"always\"",
                 R"(21: "close_connections" must be "never", "stale" or "all", not "always")"),
        with_key("close_ports = 443",
                 R"(15: "close_ports" must be an array such as [5432], not an integer)"),
        with_key("close_ports = [443, 65536]",
                 "21: a port must be a number from 1 to 65535, not 65536"),
        with_key("close_ports = [0]", "16: a port must be a number from 1 to 65535, not 0"),
        BrokenFile{service("\"a.b\"", R"(["10.0.0.1"])",
                           "close_connections = \"all\"\ncheck = { type = \"icmp\" }\n"),
                   "hlbd.toml:4:21: nothing says at which port there are connections to close, as "
                   "no check asks at one; add close_ports = [5432], with the ports that clients "
                   "connect to"},
        with_key("slow_start = \"61m\"", R"(14: "slow_start" must be 0s to 1h, not "61m")"),
        with_key(
            "on_change = \"/bin/sh\"",
            R"(13: "on_change" must be an array such as ["/usr/local/bin/on-change"], not a string)"),
        with_key("on_change = [\"/bin/sh\", 1]",
                 R"(25: "on_change" must be strings in quotes, not an integer)"),
        with_key("on_change = [\"sh\"]", R"(14: "sh" is no absolute path; start it with "/")"),
        with_key("on_change = [\"/no-such-program\"]",
                 R"(14: "/no-such-program" cannot be run: No such file or directory)"),
        with_key(
            "on_change_user = \"root\"",
            R"(1: unknown key "on_change_user" in [[service]]; remove it, or use "name", "aliases", "subdomains", "except", "answer", "max_addresses", "when_all_down", "min_healthy", "panic", "failback", "backends", "check", "checks_needed", "agent", "slow_start", "close_connections", "close_ports" or "on_change")")));

// `exceptions` on line 5 of a service a.b; its other names are x.a.b and, wide, w.a.b.
BrokenFile with_exceptions(const std::string& exceptions, const std::string& fault) {
  const std::string other = "backends = [\"10.0.0.1\"]\ncheck = { type = \"none\" }\n[[service]]\n";
  return {"[[service]]\nname = \"x.a.b\"\n" + other + "subdomains = true\nexcept = " + exceptions +
              "\nname = \"a.b\"\n" + other + "name = \"w.a.b\"\nsubdomains = true\n" +
              "backends = [\"10.0.0.1\"]\ncheck = { type = \"none\" }\n",
          "hlbd.toml:7:" + fault};
}

INSTANTIATE_TEST_SUITE_P(
    Exceptions, ConfigFault,
    testing::Values(
        with_exceptions(
            "\"c.a.b\"",
            R"(10: "except" must be an array such as ["git.dev.example"], not a string)"),
        with_exceptions("[1]", "11: an exception must be a string in quotes, not an integer"),
        with_exceptions(
            "[\"*.a.b\"]",
            R"(11: "*.a.b" is no hostname; use letters, digits, "-", "_" and "." only)"),
        with_exceptions(
            "[\"a.b\"]",
            R"(11: "a.b" isn't below a.b, as www.a.b is; remove it, or put it into the service that it is of)"),
        with_exceptions(
            "[\"ca.b\"]",
            R"(11: "ca.b" isn't below a.b, as www.a.b is; remove it, or put it into the service that it is of)"),
        with_exceptions(
            "[\"X.a.b\"]",
            R"(11: "x.a.b" is the name of a service, at hlbd.toml:2:8, and so not a.b's anyway; remove it from "except")"),
        with_exceptions(
            "[\"c.a.b\", \"C.a.b.\"]",
            R"(20: "c.a.b" is an exception at hlbd.toml:7:11 already; remove one of them)"),
        with_exceptions(
            "[\"c.w.a.b\"]",
            R"(11: "c.w.a.b" is below w.a.b, whose names below are its own, at hlbd.toml:12:8; put it into "except" there)")));

BrokenFile with_standby_rule(const std::string& key, const std::string& value,
                             const std::string& form) {
  const std::string at = std::to_string(key.size() + 4) + ": ";
  return with_key(key + " = " + value, at + "\"" + key + "\" must be " + form + ", not " + value);
}

BrokenFile with_min_healthy(const std::string& value) {
  return with_standby_rule(
      "min_healthy", value,
      R"(how many backends, 1 to 4096, or a share of them such as "50%", "1%" to "100%")");
}

BrokenFile with_panic(const std::string& value) {
  return with_standby_rule(
      "panic", value,
      R"(a share of the backends such as "50%", "1%" to "100%"; without it there is no panic)");
}

BrokenFile with_failback(const std::string& value) {
  return with_standby_rule("failback", value,
                           R"("at once", "manual" or a duration such as "10m", 1s to 30d)");
}

INSTANTIATE_TEST_SUITE_P(
    StandbyRules, ConfigFault,
    testing::Values(with_min_healthy("0"), with_min_healthy("-1"), with_min_healthy("4097"),
                    with_min_healthy("\"0%\""), with_min_healthy("\"150%\""),
                    with_min_healthy("\"5 %\""), with_min_healthy("\"-5%\""),
                    with_min_healthy("\"2.5%\""), with_min_healthy("\"2\""),
                    with_min_healthy("\"%\""), with_panic("1"), with_panic("\"0%\""),
                    with_panic("\"101%\""), with_panic("\"off\""), with_failback("\"never\""),
                    with_failback("\"at_once\""), with_failback("\"0s\""), with_failback("\"31d\""),
                    with_failback("10"),
                    with_key("panic = 0.5",
                             "9: \"panic\" must be a share of the backends such as \"50%\", "
                             "\"1%\" to \"100%\"; without it there is no panic, not a float"),
                    with_key("failback = true",
                             "12: \"failback\" must be \"at once\", \"manual\" or a duration such "
                             "as \"10m\", 1s to 30d, not a boolean")));

INSTANTIATE_TEST_SUITE_P(
    Names, ConfigFault,
    testing::Values(
        with_name("1", R"("name" must be a string in quotes, not an integer)"),
        with_name("\"\"", R"("" is no hostname; give one such as "app.example")"),
        with_name("\".\"", R"("." is no hostname; give one such as "app.example")"),
        with_name("\"a..b\"",
                  R"("a..b" has an empty label; two dots can't stand together, nor one in front)"),
        with_name("\".a\"",
                  R"(".a" has an empty label; two dots can't stand together, nor one in front)"),
        with_name("\"a b\"", R"("a b" is no hostname; use letters, digits, "-", "_" and "." only)"),
        with_name("\"*.app.local\"",
                  R"("*.app.local" is no hostname; use letters, digits, "-", "_" and "." only)"),
        with_name("\"a\\u0000b\"",
                  R"("a\x00b" is no hostname; use letters, digits, "-", "_" and "." only)"),
        with_name("\"localhost\"",
                  R"("localhost" belongs to the host itself; choose another name)"),
        with_name("\"LocalHost.\"",
                  R"("LocalHost." belongs to the host itself; choose another name)"),
        with_name("\"127.0.0.1\"",
                  R"("127.0.0.1" is a numeric address, which is never looked up; give a hostname)"),
        with_name("\"127.1.\"",
                  R"("127.1." is a numeric address, which is never looked up; give a hostname)"),
        with_name(
            "\"0x7f000001\"",
            R"("0x7f000001" is a numeric address, which is never looked up; give a hostname)"),
        with_name("\"::1\"",
                  R"("::1" is a numeric address, which is never looked up; give a hostname)"),
        with_name(
            "\"" + std::string(64, 'a') + ".b\"",
            R"("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..." has a label of 64 bytes; at most 63 are possible)"),
        with_name(
            "\"" + std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') +
                "." + std::string(62, 'd') + "\"",
            R"("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...." has 254 bytes; at most 253 are possible)"),
        with_name("\"b\\u00fccher.example\"",
                  R"("bücher.example" is looked up in its ASCII form; write )"
                  R"("xn--bcher-kva.example")"),
        with_key("aliases = [\"c.d\", \"A.B.\"]",
                 R"(19: "A.B." is a name at hlbd.toml:2:8 already; rename one of them)"),
        with_key("aliases = [\"c.d\", \"c.d\"]",
                 R"(19: "c.d" is a name at hlbd.toml:4:12 already; rename one of them)"),
        BrokenFile{
            service("\"a.b\"", R"(["10.0.0.1"])") + service("\"A.b\"", R"(["10.0.0.2"])"),
            R"(hlbd.toml:8:8: "A.b" is a name at hlbd.toml:2:8 already; rename one of them)"}));

INSTANTIATE_TEST_SUITE_P(
    Backends, ConfigFault,
    testing::Values(
        with_backends(
            "\"10.0.0.1\"",
            R"(12: "backends" must be an array such as ["10.0.0.1", "10.0.0.2"], not a string)"),
        with_backends("[]", R"(12: "backends" is empty; give one backend at least)"),
        with_backends(
            "[10]",
            "13: a backend must be an address or a hostname in quotes or a table, not an integer"),
        with_backends(
            "[[\"10.0.0.1\"]]",
            "13: a backend must be an address or a hostname in quotes or a table, not an array"),
        with_backends(
            "[\"10.0.0.256\"]",
            R"(13: "10.0.0.256" is no address; give an IPv4 or IPv6 address such as "10.0.0.1")"),
        with_backends("[\"10.0.0.1:80\"]",
                      R"(13: "10.0.0.1:80" has a port; write { address = "10.0.0.1", port = 80 })"),
        with_backends("[\"[fd99::1]:80\"]",
                      R"(13: "[fd99::1]:80" has a port; write { address = "fd99::1", port = 80 })"),
        with_backends("[{ address = \"10.0.0.1:80\" }]",
                      R"(25: "10.0.0.1:80" has a port; write { address = "10.0.0.1", port = 80 })"),
        with_backends("[\"[fd99::1]\"]", R"(13: "[fd99::1]" has brackets; write "fd99::1")"),
        with_backends("[\"10.0.0.1:65536\"]",
                      R"(13: "10.0.0.1:65536" is no address; give an IPv4 or IPv6 address )"
                      R"(such as "10.0.0.1")"),
        with_backends(
            "[\"10.0.0.1\\u0000\"]",
            R"(13: "10.0.0.1\x00" is no address; give an IPv4 or IPv6 address such as "10.0.0.1")"),
        with_backends(
            "[\"fe80::1%no-such-if\"]",
            R"(13: "fe80::1%no-such-if" is no address; "%" stands between a link-local IPv6 address and the name of an interface of this host)"),
        with_backends(
            "[\"fe80::1\"]",
            R"(13: "fe80::1" is link-local and needs its interface, as in "fe80::1%eth0")"),
        with_backends("[\"::ffff:10.0.0.1\"]",
                      R"(13: "::ffff:10.0.0.1" is an IPv4 address in IPv6 form; give it as IPv4)"),
        with_backends("[\"0.0.0.0\"]",
                      R"(13: "0.0.0.0" is no address of a single host; give a backend's own)"),
        with_backends(
            "[\"255.255.255.255\"]",
            R"(13: "255.255.255.255" is no address of a single host; give a backend's own)"),
        with_backends("[\"::\"]",
                      R"(13: "::" is no address of a single host; give a backend's own)"),
        with_backends("[\"ff02::1\"]",
                      R"(13: "ff02::1" is no address of a single host; give a backend's own)"),
        with_backends(
            "[\"10.0.0.1\", \"10.0.0.1\"]",
            R"(25: backend "10.0.0.1" stands at hlbd.toml:3:13 already; remove one of them)"),
        with_backends(
            "[\"fd99::1\", { address = \"FD99:0::1\" }]",
            R"(36: backend "FD99:0::1" stands at hlbd.toml:3:13 already; remove one of them)"),
        with_backends("[{ weight = 2 }]",
                      R"(13: a backend has no "address"; add address = "10.0.0.1", or a name or )"
                      "srv to look up"),
        with_backends("[{ address = 10 }]",
                      R"(25: "address" must be a string in quotes, not an integer)"),
        with_backends("[{ address = \"10.0.0.1\", wieght = 2 }]",
                      R"(37: unknown key "wieght" in a backend; did you mean "weight"?)"),
        with_backends("[{ address = \"10.0.0.1\", weight = 65536 }]",
                      R"(46: "weight" must be 0 to 65535, not 65536)"),
        with_backends("[{ address = \"10.0.0.1\", weight = -1 }]",
                      R"(46: "weight" must be 0 to 65535, not -1)"),
        with_backends("[{ address = \"10.0.0.1\", weight = 1.5 }]",
                      R"(46: "weight" must be an integer, 0 to 65535, not a float)"),
        with_backends("[{ address = \"10.0.0.1\", priority = 65536 }]",
                      R"(48: "priority" must be 0 to 65535, not 65536)"),
        with_backends("[{ address = \"10.0.0.1\", port = 0 }]",
                      R"(44: "port" must be 1 to 65535, not 0)"),
        with_backends("[{ address = \"10.0.0.1\", port = 65536 }]",
                      R"(44: "port" must be 1 to 65535, not 65536)"),
        with_backends("[{ address = \"10.0.0.1\", port = \"80\" }]",
                      R"(44: "port" must be an integer, 1 to 65535, not a string)"),
        BrokenFile{
            service("\"a.b\"", R"(["10.0.0.1", { address = "10.0.0.2", port = 2 }])",
                    "[service.check]\ntype = \"tcp\"\n"),
            R"(hlbd.toml:3:13: there is no port to check 10.0.0.1 at; add one to [service.check], or write { address = "10.0.0.1", port = 8080 })"}));

INSTANTIATE_TEST_SUITE_P(
    NamedBackends, ConfigFault,
    testing::Values(
        with_backends("[\"10.0.0\"]", R"(13: "10.0.0" is no address; give an IPv4 or IPv6 address )"
                                      R"(such as "10.0.0.1")"),
        with_backends("[\"app.internal:80\"]", R"(13: "app.internal:80" has a port; write )"
                                               R"({ name = "app.internal", port = 80 })"),
        with_backends("[{ name = \"app.internal:80\" }]",
                      R"(22: "app.internal:80" has a port; write )"
                      R"({ name = "app.internal", port = 80 })"),
        with_backends("[\"app.internal:http\"]",
                      R"(13: "app.internal:http" is no address; give an IPv4 or IPv6 address )"
                      R"(such as "10.0.0.1")"),
        with_backends("[{ address = \"app.internal\" }]",
                      R"(25: "app.internal" is no address; give an IPv4 or IPv6 address )"
                      R"(such as "10.0.0.1")"),
        with_backends("[\"app 1\"]",
                      R"(13: "app 1" is no hostname; use letters, digits, "-", "_" and "." only)"),
        with_backends("[\"app..internal\"]",
                      R"(13: "app..internal" has an empty label; two dots can't stand together, )"
                      "nor one in front"),
        with_backends("[\"0x7f000001\"]",
                      R"(13: "0x7f000001" is a numeric address, which is never )"
                      "looked up; give a hostname"),
        with_backends("[\"Localhost\"]", R"(13: "Localhost" is not looked up in DNS; give an )"
                                         R"(address such as "127.0.0.1")"),
        with_backends("[{ name = \"10.0.0.1\" }]",
                      R"(22: "10.0.0.1" is no hostname; write { address = ... } for an address)"),
        with_backends("[{ srv = 1 }]", R"(21: "srv" must be a string in quotes, not an integer)"),
        with_backends(
            "[{ address = \"10.0.0.1\", name = \"x.y\" }]",
            R"(44: "name" can't stand beside "address"; write two backends, or remove one)"),
        with_backends("[{ name = \"x.y\", srv = \"_x._tcp.y\" }]",
                      R"(35: "srv" can't stand beside "name"; write two backends, or remove one)"),
        with_backends(
            "[{ srv = \"_x._tcp.y\", weight = 2 }]",
            R"(43: "weight" can't stand beside "srv": the SRV records say it; remove it)"),
        with_backends(
            "[{ srv = \"_x._tcp.y\", priority = 0 }]",
            R"(45: "priority" can't stand beside "srv": the SRV records say it; remove it)"),
        with_backends("[{ address = \"10.0.0.1\", hold = \"1m\" }]",
                      R"(44: "hold" is of no use beside "address", which DNS isn't asked for; )"
                      "remove it"),
        with_backends("[{ name = \"x.y\", hold = \"25h\" }]",
                      R"(36: "hold" must be 0s to 1d, not "25h")"),
        with_backends("[{ name = \"x.y\", hold = 30 }]",
                      R"(36: "hold" must be a duration with its unit in quotes, such )"
                      R"(as "500ms" or "2s", not an integer)"),
        with_backends("[{ name = \"x.y\", nmae = 2 }]",
                      R"(29: unknown key "nmae" in a backend; did you mean "name"?)"),
        with_backends("[\"x.y\", { name = \"X.y.\" }]",
                      R"(29: backend "X.y." stands at hlbd.toml:3:13 already; remove one of them)"),
        with_backends("[\"A.B\"]",
                      R"(13: "a.b" is the name of a service, at hlbd.toml:2:8; look up )"
                      "a name that hlbd doesn't answer itself"),
        BrokenFile{
            service("\"a.b\"", R"(["c.d"])") +
                service("\"x.y\"", R"(["10.0.0.1"])", "aliases = ['c.d']\n") + kTcp,
            "hlbd.toml:3:13: \"c.d\" is the name of a service, at hlbd.toml:10:12; look up a name "
            "that hlbd doesn't answer itself"},
        BrokenFile{
            service("\"a.b\"", R"(["x.y", { name = "x.z", port = 2 }, { srv = "_x._tcp.y" }])",
                    "[service.check]\ntype = \"tcp\"\n"),
            R"(hlbd.toml:3:13: there is no port to check x.y at; add one to [service.check], or write { name = "x.y", port = 8080 })"}));

}  // namespace
}  // namespace hlb
