// The checks of a service: what each key means, and every fault that one can have.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/unit/config_parsing.h"
#include "tests/unit/own_network.h"

namespace hlb {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;
using namespace std::chrono_literals;
using namespace std::string_literals;

// From line 4 on.
std::string with_checks(const std::string& checks) {
  return "[[service]]\nname = \"a.b\"\nbackends = [{ address = \"10.0.0.1\", port = 7 }]\n" +
         checks;
}

// A check of that type; `keys` from line 6 on.
std::string with_check(const std::string& type, const std::string& keys) {
  return with_checks("[service.check]\ntype = \"" + type + "\"\n" + keys + "\n");
}

std::vector<CheckSpec> checks_of(const std::string& text) {
  const auto result = parse_config(text);
  EXPECT_THAT(faults_of(result), IsEmpty());
  const Config* config = result ? &*result : nullptr;
  return config == nullptr ? std::vector<CheckSpec>(1) : config->services.at(0).checks;
}

CheckSpec check_of(const std::string& type, const std::string& keys) {
  return checks_of(with_check(type, keys)).at(0);
}

template <typename Method>
Method method_of(const std::string& type, const std::string& keys) {
  const CheckSpec check = check_of(type, keys);
  const auto* method = std::get_if<Method>(&check.method);
  EXPECT_NE(method, nullptr) << type;
  return method == nullptr ? Method{} : *method;
}

// ---- every type --------------------------------------------------------------------------------

TEST(ConfigCheck, TakesEveryKeyThatAllTypesHave) {
  const CheckSpec check = check_of("tcp", R"(
port = 65535
interval = "1h"
timeout = "1h"
fast_interval = "10ms"
down_interval = "1m"
max_latency = "1ms"
rise = 1
fall = 100
max_flaps = 1000
suspect = false)");
  const CheckSpec expected = {.method = TcpCheck{},
                              .port = 65535,
                              .interval = 1h,
                              .timeout = 1h,
                              .fast_interval = 10ms,
                              .down_interval = 1min,
                              .max_latency = 1ms,
                              .rise = 1,
                              .fall = 100,
                              .max_flaps = 1000,
                              .suspect = false};
  EXPECT_EQ(check, expected);
}

TEST(ConfigCheck, HasTheDocumentedDefaults) {
  const CheckSpec check = check_of("tcp", "");
  EXPECT_EQ(check.port, 0);
  EXPECT_EQ(check.interval, 2s);
  EXPECT_EQ(check.timeout, 1s);
  EXPECT_EQ(check.fast_interval, 0s);
  EXPECT_EQ(check.down_interval, 0s);
  EXPECT_EQ(check.max_latency, 0s);
  EXPECT_EQ(check.rise, 2U);
  EXPECT_EQ(check.fall, 2U);
  EXPECT_EQ(check.max_flaps, 6U);
  EXPECT_TRUE(check.suspect);
}

TEST(ConfigCheck, HasTheIntervalAsTimeOutWhenThatIsShorter) {
  EXPECT_EQ(check_of("tcp", "interval = '300ms'").timeout, 300ms);
  EXPECT_EQ(check_of("tcp", "interval = '999ms'").timeout, 999ms);
  EXPECT_EQ(check_of("tcp", "interval = '1h'").timeout, 1s);
  EXPECT_EQ(check_of("tcp", "interval = '300ms'\ntimeout = '200ms'").timeout, 200ms);
}

TEST(ConfigCheck, MayHaveItsDurationsEqual) {
  const CheckSpec check =
      check_of("tcp", "interval = '1s'\ntimeout = '1s'\nfast_interval = '1s'\nmax_latency = '1s'");
  EXPECT_EQ(check.fast_interval, check.interval);
  EXPECT_EQ(check.max_latency, check.timeout);
}

TEST(ConfigCheck, MayBeginByTheProxyProtocol) {
  EXPECT_EQ(check_of("tcp", "").proxy, 0);
  for (const char* type : {"tcp", "http", "https", "tls", "grpc"}) {
    EXPECT_EQ(check_of(type, "proxy = 1").proxy, 1) << type;
    EXPECT_EQ(check_of(type, "proxy = 2").proxy, 2) << type;
  }
}

TEST(ConfigCheck, MayAskElsewhereAndOnAWayOfItsOwn) {
  std::vector<const char*> types = {"tcp", "http", "https", "tls", "grpc"};
  if (geteuid() == 0) types.push_back("icmp");  // takes the right to ping
  for (const char* type : types) {
    const CheckSpec plain = check_of(type, "");
    EXPECT_EQ(plain.address, std::nullopt) << type;
    EXPECT_EQ(plain.way, Way()) << type;
    const CheckSpec check =
        check_of(type,
                 "address = 'fd00::9'\nsource = '10.0.0.5'\ninterface = 'eth1'\n"
                 "netns = '/run/netns/blue'");
    EXPECT_EQ(check.address, Address::parse("fd00::9")) << type;
    EXPECT_EQ(check.way, (Way{Address::parse("10.0.0.5"), "eth1", "/run/netns/blue"})) << type;
  }
}

TEST(ConfigCheck, MayBeSlowerThanTheIntervalWhileDown) {
  EXPECT_EQ(check_of("tcp", "down_interval = '1h'").down_interval, 1h);
}

TEST(ConfigCheck, MayLetABackendFlapAsItLikes) {
  EXPECT_EQ(check_of("tcp", "max_flaps = 0").max_flaps, 0U);
}

TEST(ConfigCheck, LeavesTheServiceToReturnAtOnceOrSlowly) {
  const auto slow_start = [](const std::string& key) {
    const auto result = parse_config("[[service]]\nname = 'a.b'\nbackends = ['::1']\n" + key +
                                     "\ncheck = { type = 'none' }\n");
    EXPECT_THAT(faults_of(result), IsEmpty());
    return result.value().services.at(0).slow_start;
  };
  EXPECT_EQ(slow_start(""), 0s);
  EXPECT_EQ(slow_start("slow_start = '0s'"), 0s);
  EXPECT_EQ(slow_start("slow_start = '1h'"), 1h);
}

// ---- the types ---------------------------------------------------------------------------------

TEST(ConfigTcpCheck, SaysNothingAndExpectsNothingUnlessTold) {
  EXPECT_EQ(method_of<TcpCheck>("tcp", ""), TcpCheck{});
}

Step say(std::string bytes) {
  return {Step::Kind::send, std::move(bytes)};
}

Step hear(std::string bytes) {
  return {Step::Kind::expect, std::move(bytes)};
}

std::vector<Step> steps_of(const std::string& keys) {
  return method_of<TcpCheck>("tcp", keys).steps;
}

TEST(ConfigTcpCheck, TakesBytesWithTheEscapesOfToml) {
  EXPECT_THAT(steps_of(R"(send = "PING\r\n\u0000\u00e9"
expect = '+PONG\r')"),
              ElementsAre(say("PING\r\n\0\xc3\xa9"s), hear(R"(+PONG\r)")));
}

TEST(ConfigTcpCheck, TakesBytesInHex) {
  EXPECT_THAT(steps_of("send = { hex = '00000008 04 D2 16 2f' }\nexpect = { hex = '4e' }"),
              ElementsAre(say("\0\0\0\x08\x04\xd2\x16\x2f"s), hear("N")));
}

TEST(ConfigTcpCheck, TakesStepsInTheirOrder) {
  EXPECT_THAT(steps_of("steps = [{ expect = '220 ' }, { send = { hex = '51 0d 0a' } },\n"
                       "  { expect = { hex = '32' } }]"),
              ElementsAre(hear("220 "), say("Q\r\n"), hear("2")));
}

TEST(ConfigTcpCheck, TakesAKibibyteOfEach) {
  const std::string most(1024, 'x');
  EXPECT_THAT(steps_of("send = '" + most + "'\nexpect = '" + most + "'"),
              ElementsAre(say(most), hear(most)));
}

TEST(ConfigHttpCheck, AsksForTheRootOfTheServiceUnlessTold) {
  const auto http = method_of<HttpCheck>("http", "");
  EXPECT_EQ(http.method, "GET");
  EXPECT_EQ(http.path, "/");
  EXPECT_EQ(http.host, "a.b");
  EXPECT_THAT(http.headers, IsEmpty());
  EXPECT_THAT(http.expect_status, ElementsAre(StatusRange{200, 399}));
  EXPECT_EQ(http.expect_body, BodyPattern{});
  EXPECT_FALSE(http.reuse);
  EXPECT_FALSE(http.tls);
}

TEST(ConfigHttpCheck, TakesEveryKeyOfItsRequest) {
  const auto http = method_of<HttpCheck>("http", R"(
method = "Purge-1"
path = "/health?a=%20"
host = "[fd99::1]:80"
headers = { X-Probe = "hlb, \"1\"", "Accept" = "" }
reuse = true)");
  EXPECT_EQ(http.method, "Purge-1");
  EXPECT_EQ(http.path, "/health?a=%20");
  EXPECT_EQ(http.host, "[fd99::1]:80");
  EXPECT_THAT(http.headers,
              testing::UnorderedElementsAre(Pair("X-Probe", "hlb, \"1\""), Pair("Accept", "")));
  EXPECT_TRUE(http.reuse);
}

TEST(ConfigHttpCheck, TakesHeadersFromATableOfTheirOwn) {
  const auto http = method_of<HttpCheck>("http", "[service.check.headers]\nX-A = 'b'");
  EXPECT_THAT(http.headers, ElementsAre(Pair("X-A", "b")));
}

TEST(ConfigHttpCheck, TakesOneStatusOrRangeOrSeveral) {
  const auto statuses = [](const std::string& value) {
    return method_of<HttpCheck>("http", "expect_status = " + value).expect_status;
  };
  EXPECT_THAT(statuses("204"), ElementsAre(StatusRange{204, 204}));
  EXPECT_THAT(statuses("'200-299'"), ElementsAre(StatusRange{200, 299}));
  EXPECT_THAT(statuses("[100, '401-401', 599, '100-599']"),
              ElementsAre(StatusRange{100, 100}, StatusRange{401, 401}, StatusRange{599, 599},
                          StatusRange{100, 599}));
}

TEST(ConfigHttpCheck, TakesStatusesThatMeanDrain) {
  EXPECT_THAT(method_of<HttpCheck>("http", "").drain_status, IsEmpty());
  EXPECT_THAT(method_of<HttpCheck>("http", "drain_status = 503").drain_status,
              ElementsAre(StatusRange{503, 503}));
  EXPECT_THAT(method_of<HttpCheck>("https", "drain_status = [301, '500-599']\nexpect_status = 200")
                  .drain_status,
              ElementsAre(StatusRange{301, 301}, StatusRange{500, 599}));
}

TEST(ConfigHttpCheck, TakesATextOrARegularExpressionForTheBody) {
  const auto body = [](const std::string& value) {
    return method_of<HttpCheck>("http", "expect_body = " + value).expect_body;
  };
  EXPECT_EQ(body("'[ready'"), (BodyPattern{"[ready", false}));
  EXPECT_EQ(body("{ regex = '^(ok|ready)\\b' }"), (BodyPattern{R"(^(ok|ready)\b)", true}));
}

TEST(ConfigGrpcCheck, AsksTheServerAsAWholeByTheServicesNameUnlessTold) {
  const auto grpc = method_of<GrpcCheck>("grpc", "");
  EXPECT_EQ(grpc, (GrpcCheck{.service = "", .authority = "a.b", .tls = std::nullopt}));
  const auto told = method_of<GrpcCheck>("grpc", "service = 'app.v1.Orders'\nauthority = 'x:1'");
  EXPECT_EQ(told.service, "app.v1.Orders");
  EXPECT_EQ(told.authority, "x:1");
}

TEST(ConfigGrpcCheck, TakesTheKeysOfTlsWithTls) {
  const auto grpc = method_of<GrpcCheck>("grpc", "tls = true\nserver_name = 'c.d'\nverify = false");
  ASSERT_TRUE(grpc.tls);
  EXPECT_EQ(grpc.tls->server_name, "c.d");
  EXPECT_FALSE(grpc.tls->verify);
  EXPECT_EQ(method_of<GrpcCheck>("grpc", "tls = true").tls->server_name, "a.b");
}

TEST(ConfigIcmpCheck, NeedsNoPort) {
  if (geteuid() != 0) GTEST_SKIP() << "takes the right to ping";
  const auto result =
      parse_config("[[service]]\nname = 'a.b'\nbackends = ['::1']\ncheck = { type = 'icmp' }\n");
  ASSERT_THAT(faults_of(result), IsEmpty());
  const ServiceSpec& service = result.value().services.at(0);
  EXPECT_EQ(check_port(service.checks.at(0), service.backends.at(0)), 0);
}

TEST(ConfigIcmpCheck, IsAFaultWhereItIsNotAllowed) {
  if (geteuid() != 0) GTEST_SKIP() << "takes a network of its own";
  in_own_network([] {
    set_network_option("ipv4/ping_group_range", "1 0");
    // Of this thread alone: past glibc, which would change all of them.
    ASSERT_EQ(syscall(SYS_setresuid, -1, 65534, -1), 0);  // NOLINT(*-vararg)
    const std::string message =
        R"(hlbd.toml:5:8: "icmp" needs a right that user nobody lacks: put one of its )"
        "groups into the range of sysctl net.ipv4.ping_group_range, or give hlbd CAP_NET_RAW by "
        "the drop-in "
        "icmp.conf, see hlbd.toml(5)";
    EXPECT_THAT(faults_of(parse_config(with_check("icmp", ""))), ElementsAre(message));
  });
}

// It may be there for whoever runs it.
TEST(ConfigExecCheck, TakesAProgramThatLiesWhereThisProcessMayNotLook) {
  const std::string folder = testing::TempDir() + "hlb-hidden-programs";
  ASSERT_EQ(mkdir(folder.c_str(), 0), 0);
  const std::string program = folder + "/check";
  const uid_t before = geteuid();
  ASSERT_EQ(seteuid(before == 0 ? 65534 : before), 0);
  const auto exec = method_of<ExecCheck>("exec", "command = ['" + program + "']");
  ASSERT_EQ(seteuid(before), 0);
  rmdir(folder.c_str());
  EXPECT_THAT(exec.command, ElementsAre(program));
}

TEST(ConfigExecCheck, RunsAsNobodyUnlessTold) {
  const auto exec = method_of<ExecCheck>("exec", R"(command = ["/bin/sh"])");
  EXPECT_EQ(exec.user, "nobody");
}

TEST(ConfigExecCheck, TakesAProgramItsArgumentsAndItsUser) {
  const auto exec = method_of<ExecCheck>("exec", "command = ['/bin/sh', '-c', '']\nuser = 'root'");
  EXPECT_THAT(exec.command, ElementsAre("/bin/sh", "-c", ""));
  EXPECT_EQ(exec.user, "root");
}

TEST(ConfigExecCheck, HasNoStatusThatWarnsUnlessTold) {
  const auto status = [](const std::string& key) {
    return method_of<ExecCheck>("exec", "command = ['/bin/sh']\n" + key).warning_status;
  };
  EXPECT_EQ(status(""), 0);
  EXPECT_EQ(status("warning_status = 1"), 1);
  EXPECT_EQ(status("warning_status = 255"), 255);
  for (const char* none : {"0", "256"}) {
    const auto result = parse_config(
        with_check("exec", "command = ['/bin/sh']\nwarning_status = " + std::string(none)));
    EXPECT_THAT(faults_of(result),
                ElementsAre("hlbd.toml:7:18: \"warning_status\" must be 1 to 255, not " +
                            std::string(none)));
  }
}

TEST(ConfigExecCheck, NeedsNoPortButIsToldOfOne) {
  const auto result = parse_config(
      "[[service]]\nname = 'a.b'\nbackends = ['10.0.0.1', { address = '10.0.0.2', port = 2 }]\n"
      "[[service.check]]\ntype = 'exec'\ncommand = ['/bin/sh']\n"
      "[[service.check]]\ntype = 'exec'\ncommand = ['/bin/sh']\nport = 1\n");
  ASSERT_THAT(faults_of(result), IsEmpty());
  const ServiceSpec& service = result.value().services.at(0);
  std::vector<int> ports;
  for (const CheckSpec& check : service.checks) {
    for (const BackendSpec& backend : service.backends)
      ports.push_back(check_port(check, backend));
  }
  EXPECT_THAT(ports, ElementsAre(0, 2, 1, 2));
}

TEST(ConfigNoneCheck, NeedsNothingMore) {
  EXPECT_EQ(checks_of("service = [{ name = 'a.b', backends = ['::1'], "
                      "check = { type = 'none' } }]"),
            std::vector<CheckSpec>(1));
}

// ---- several -----------------------------------------------------------------------------------

TEST(ConfigChecks, AreTakenInTheirOrder) {
  const auto checks = checks_of(with_checks(R"([[service.check]]
type = "http"
[[service.check]]
type = "tcp"
[[service.check]]
type = "tcp"
port = 9
)"));
  ASSERT_EQ(checks.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<HttpCheck>(checks[0].method));
  EXPECT_EQ(checks[1], (CheckSpec{.method = TcpCheck{}}));
  EXPECT_EQ(checks[2], (CheckSpec{.method = TcpCheck{}, .port = 9}));
}

TEST(ConfigChecks, MayBeSixteenOfAServiceAndNoMore) {
  const auto with = [](int count) {
    std::string checks;
    for (int i = 1; i <= count; ++i)
      checks += "[[service.check]]\ntype = 'tcp'\nport = " + std::to_string(i) + "\n";
    return with_checks(checks);
  };
  EXPECT_EQ(checks_of(with(16)).size(), 16U);
  EXPECT_THAT(faults_of(parse_config(with(17))),
              ElementsAre("hlbd.toml:4:1: \"check\" has 17 entries; at most 16 are possible in one "
                          "service"));
}

TEST(ConfigChecks, ThatAreNotUnderstoodEqualNothing) {
  EXPECT_THAT(faults_of(parse_config(with_checks("[[service.check]]\ntype = 'tpc'\n"
                                                 "[[service.check]]\ntype = 'tpc'\n"))),
              ElementsAre(StartsWith("hlbd.toml:5:8: \"type\" must be"),
                          StartsWith("hlbd.toml:7:8: \"type\" must be")));
}

TEST(ConfigChecks, WithoutAPortAreNotedOnceForEachBackend) {
  EXPECT_THAT(faults_of(parse_config("[[service]]\nname = 'a.b'\nbackends = ['10.0.0.1']\n"
                                     "[[service.check]]\ntype = 'none'\n"
                                     "[[service.check]]\ntype = 'tcp'\n"
                                     "[[service.check]]\ntype = 'http'\n")),
              ElementsAre("hlbd.toml:3:13: there is no port to check 10.0.0.1 at; add one to "
                          "[[service.check]], or write { address = \"10.0.0.1\", port = 8080 }"));
}

TEST(ConfigChecks, ThatHaveNoTypeMayHaveTheKeysOfAny) {
  EXPECT_THAT(
      faults_of(parse_config(with_checks(
          "[service.check]\nport = 0\nsend = 1\npath = 1\nexpect_status = 0\ncommand = 1\n"))),
      ElementsAre("hlbd.toml:4:1: [service.check] has no \"type\"; add type = \"tcp\", \"http\", "
                  "\"https\", \"tls\", \"grpc\", \"icmp\", \"exec\", \"file\" or \"none\""));
}

// ---- faults ------------------------------------------------------------------------------------

struct BrokenCheck {
  std::string text;
  std::string fault;  // behind "hlbd.toml:"
};

std::ostream& operator<<(std::ostream& out, const BrokenCheck& row) {
  return out << row.fault;
}

// `keys` from line 6 on.
BrokenCheck fault_in(const std::string& type, const std::string& keys, const std::string& fault) {
  return {with_check(type, keys), fault};
}

// From line 4 on.
BrokenCheck faulty_checks(const std::string& checks, const std::string& fault) {
  return {with_checks(checks), fault};
}

class CheckFault : public testing::TestWithParam<BrokenCheck> {};

TEST_P(CheckFault, IsReportedWithItsPlaceAndWhatToDo) {
  const bool pings = GetParam().text.find(R"(type = "icmp")") != std::string::npos;
  if (pings && geteuid() != 0) GTEST_SKIP() << "takes the right to ping";
  EXPECT_THAT(faults_of(parse_config(GetParam().text)),
              ElementsAre("hlbd.toml:" + GetParam().fault));
}

INSTANTIATE_TEST_SUITE_P(
    Tables, CheckFault,
    testing::Values(
        faulty_checks(
            "check = \"tcp\"\n",
            R"(4:9: "check" must be a table, [service.check], or several, [[service.check]], not a string)"),
        faulty_checks("check = []\n", R"(4:9: "check" is empty; give one check at least)"),
        faulty_checks("check = [\"tcp\"]\n",
                      "4:10: a check must be a table written [[service.check]], not a string"),
        faulty_checks(
            "[[service.check]]\ntype = \"http\"\nhost = \"a.b\"\n"
            "[[service.check]]\ntype = \"tcp\"\n"
            "[[service.check]]\ntype = \"http\"\nrise = 2\n",
            "9:1: this check says the same as the one at hlbd.toml:4:1; remove one of them"),
        faulty_checks(
            "[[service.check]]\nport = 1\n",
            R"(4:1: [[service.check]] has no "type"; add type = "tcp", "http", "https", "tls", "grpc", "icmp", "exec", "file" or "none")"),
        faulty_checks(
            "[service.check]\nport = 1\npath = \"/x\"\n",
            R"(4:1: [service.check] has no "type"; add type = "tcp", "http", "https", "tls", "grpc", "icmp", "exec", "file" or "none")"),
        fault_in(
            "htps", "port = 1",
            R"(5:8: "type" must be "tcp", "http", "https", "tls", "grpc", "icmp", "exec", "file" or "none", not "htps")"),
        fault_in(
            "TCP", "path = \"/\"",
            R"(5:8: "type" must be "tcp", "http", "https", "tls", "grpc", "icmp", "exec", "file" or "none", not "TCP")")));

INSTANTIATE_TEST_SUITE_P(
    OtherTypesKeys, CheckFault,
    testing::Values(
        fault_in(
            "tcp", "path = \"/\"",
            R"(6:1: "path" is for type = "http", "https" or "file" alone; remove it or change the type)"),
        fault_in(
            "tcp", "host = \"a\"",
            R"(6:1: "host" is for type = "http" or "https" alone; remove it or change the type)"),
        fault_in(
            "tcp", "expect_body = 1",
            R"(6:1: "expect_body" is for type = "http" or "https" alone; remove it or change the type)"),
        fault_in("http", "expect = \"a\"",
                 R"(6:1: "expect" is for type = "tcp" alone; remove it or change the type)"),
        fault_in("http", "user = \"root\"",
                 R"(6:1: "user" is for type = "exec" alone; remove it or change the type)"),
        fault_in(
            "icmp", "path = \"/\"",
            R"(6:1: "path" is for type = "http", "https" or "file" alone; remove it or change the type)"),
        fault_in("exec", "command = [\"/bin/sh\"]\nsend = \"a\"",
                 R"(7:1: "send" is for type = "tcp" alone; remove it or change the type)"),
        fault_in(
            "none", "port = 1",
            R"(6:1: "port" is for type = "tcp", "http", "https", "tls", "grpc", "exec" or "file" alone; remove it or change the type)"),
        fault_in(
            "icmp", "port = 1",
            R"(6:1: "port" is for type = "tcp", "http", "https", "tls", "grpc", "exec" or "file" alone; remove it or change the type)"),
        fault_in("none", "timout = \"1s\"",
                 R"(6:1: unknown key "timout" in [service.check]; did you mean "timeout"?)"),
        fault_in(
            "http", "volume = 1",
            R"(6:1: unknown key "volume" in [service.check]; remove it, or use "type", "port", "proxy", "address", "source", "interface", "netns", "method", "path", "host", "headers", "expect_status", "drain_status", "expect_body", "reuse", "interval", "timeout", "fast_interval", "down_interval", "max_latency", "rise", "fall", "max_flaps" or "suspect")"),
        fault_in(
            "none", "volume = 1",
            R"(6:1: unknown key "volume" in [service.check]; remove it, or use "type", "interval", "timeout", "fast_interval", "down_interval", "max_latency", "rise", "fall", "max_flaps" or "suspect")")));

INSTANTIATE_TEST_SUITE_P(
    GrpcKeys, CheckFault,
    testing::Values(
        fault_in("grpc", "service = 1",
                 R"(6:11: "service" must be a string in quotes, not an integer)"),
        fault_in(
            "grpc", "service = \"a b\"",
            R"(6:11: "service" must be at most 255 printable ASCII characters without spaces, )"
            R"(the name of a service such as "app.v1.Orders")"),
        fault_in(
            "grpc", "service = \"" + std::string(256, 'x') + "\"",
            R"(6:11: "service" must be at most 255 printable ASCII characters without spaces, )"
            R"(the name of a service such as "app.v1.Orders")"),
        fault_in("grpc", "authority = \"\"",
                 R"(6:13: "authority" is empty; leave it out for the service's name)"),
        fault_in("grpc", "authority = \"a\\nb\"",
                 "6:13: \"authority\" must have no spaces, control or non-ASCII characters; "
                 "remove them"),
        fault_in("grpc", "tls = 1", R"(6:7: "tls" must be true or false, not an integer)"),
        fault_in("grpc", "verify = false",
                 R"(6:10: "verify" is of no use without TLS; add tls = true)"),
        fault_in("grpc", "tls = false\nca = \"/x\"",
                 R"(7:6: "ca" is of no use without TLS; add tls = true)"),
        fault_in(
            "grpc", "path = \"/\"",
            R"(6:1: "path" is for type = "http", "https" or "file" alone; remove it or change the type)")));

INSTANTIATE_TEST_SUITE_P(
    CommonKeys, CheckFault,
    testing::Values(
        fault_in("tcp", "port = 0", R"(6:8: "port" must be 1 to 65535, not 0)"),
        fault_in("exec", "port = 0\ncommand = ['/bin/sh']",
                 R"(6:8: "port" must be 1 to 65535, not 0)"),
        fault_in("tcp", "port = 70000", R"(6:8: "port" must be 1 to 65535, not 70000)"),
        fault_in("tcp", "port = \"http\"",
                 R"(6:8: "port" must be an integer, 1 to 65535, not a string)"),
        fault_in("tcp", "proxy = 0", R"(6:9: "proxy" must be 1 to 2, not 0)"),
        fault_in("grpc", "proxy = 3", R"(6:9: "proxy" must be 1 to 2, not 3)"),
        fault_in("https", "proxy = true",
                 R"(6:9: "proxy" must be an integer, 1 to 2, not a boolean)"),
        fault_in(
            "icmp", "proxy = 1",
            R"(6:1: "proxy" is for type = "tcp", "http", "https", "tls" or "grpc" alone; remove it or change the type)"),
        fault_in("tcp", "address = 'a'",
                 R"(6:11: "a" is no address; give an IPv4 or IPv6 address such as "10.0.0.1")"),
        fault_in("icmp", "source = '0.0.0.0'",
                 R"(6:10: "0.0.0.0" is no address of a single host; give a backend's own)"),
        fault_in("tcp", "interface = 'a/b'",
                 R"(6:13: "interface" must be the name of an interface such as "eth1", not "a/b")"),
        fault_in(
            "tcp", "interface = 'sixteen-letters.'",
            R"(6:13: "interface" must be the name of an interface such as "eth1", not "sixteen-letters.")"),
        fault_in("tcp", "interface = ''",
                 R"(6:13: "interface" must be the name of an interface such as "eth1", not "")"),
        fault_in("tcp", "netns = 'blue'",
                 R"(6:9: "netns" must be a path such as "/run/netns/blue", not "blue")"),
        fault_in("tcp", "netns = '/run/netns/../x'",
                 R"(6:9: "netns" must be a path such as "/run/netns/blue", not "/run/netns/../x")"),
        fault_in(
            "none", "interface = 'eth1'",
            R"(6:1: "interface" is for type = "tcp", "http", "https", "tls", "grpc" or "icmp" alone; remove it or change the type)"),
        fault_in("tcp", "rise = 0", R"(6:8: "rise" must be 1 to 100, not 0)"),
        fault_in("tcp", "rise = 101", R"(6:8: "rise" must be 1 to 100, not 101)"),
        fault_in("tcp", "fall = 0", R"(6:8: "fall" must be 1 to 100, not 0)"),
        fault_in("tcp", "fall = -9223372036854775808",
                 R"(6:8: "fall" must be 1 to 100, not -9223372036854775808)"),
        fault_in("tcp", "fall = \"2\"",
                 R"(6:8: "fall" must be an integer, 1 to 100, not a string)"),
        fault_in("tcp", "max_flaps = -1", R"(6:13: "max_flaps" must be 0 to 1000, not -1)"),
        fault_in("tcp", "max_flaps = 1001", R"(6:13: "max_flaps" must be 0 to 1000, not 1001)"),
        fault_in("tcp", "max_flaps = false",
                 R"(6:13: "max_flaps" must be an integer, 0 to 1000, not a boolean)")));

INSTANTIATE_TEST_SUITE_P(
    Durations, CheckFault,
    testing::Values(
        fault_in(
            "tcp", "interval = 2",
            R"(6:12: "interval" must be a duration with its unit in quotes, such as "500ms" or "2s", not an integer)"),
        fault_in(
            "tcp", "interval = 0.5",
            R"(6:12: "interval" must be a duration with its unit in quotes, such as "500ms" or "2s", not a float)"),
        fault_in("tcp", "interval = \"9ms\"", R"(6:12: "interval" must be 10ms to 1h, not "9ms")"),
        fault_in("tcp", "interval = \"3601s\"",
                 R"(6:12: "interval" must be 10ms to 1h, not "3601s")"),
        fault_in(
            "tcp", "interval = \"2 s\"",
            R"(6:12: "interval" must be a duration with its unit in quotes, such as "500ms" or "2s", not "2 s")"),
        fault_in(
            "tcp", "interval = 1979-05-27",
            R"(6:12: "interval" must be a duration with its unit in quotes, such as "500ms" or "2s", not a date or time)"),
        // The interval alone is wrong, not that the time-out exceeds its default.
        fault_in("tcp", "interval = \"2h\"\ntimeout = \"5s\"",
                 R"(6:12: "interval" must be 10ms to 1h, not "2h")"),
        fault_in("tcp", "timeout = \"0s\"", R"(6:11: "timeout" must be 10ms to 1h, not "0s")"),
        fault_in("tcp", "timeout = \"2h\"", R"(6:11: "timeout" must be 10ms to 1h, not "2h")"),
        fault_in("tcp", "fast_interval = \"9ms\"",
                 R"(6:17: "fast_interval" must be 10ms to 1h, not "9ms")"),
        fault_in("tcp", "down_interval = \"61m\"",
                 R"(6:17: "down_interval" must be 10ms to 1h, not "61m")"),
        fault_in("tcp", "max_latency = \"0ms\"",
                 R"(6:15: "max_latency" must be 1ms to 1h, not "0ms")"),
        fault_in(
            "tcp", "timeout = \"3s\"",
            R"(6:11: "timeout" is too long: a check would still run when the next is due; give a timeout of at most "2s")"),
        fault_in(
            "tcp", "timeout = \"1s\"\ninterval = \"999ms\"",
            R"(6:11: "timeout" is too long: a check would still run when the next is due; give a timeout of at most "999ms")"),
        fault_in(
            "tcp", "fast_interval = \"2001ms\"",
            R"(6:17: "fast_interval" is longer than the interval; give a fast_interval of at most "2s")"),
        fault_in(
            "tcp", "max_latency = \"1.5s\"",
            R"(6:15: "max_latency" is never reached, since a check ends at its timeout; give a max_latency of at most "1s")"),
        fault_in(
            "tcp", "max_latency = \"200ms\"\ninterval = \"100ms\"",
            R"(6:15: "max_latency" is never reached, since a check ends at its timeout; give a max_latency of at most "100ms")")));

INSTANTIATE_TEST_SUITE_P(
    Tcp, CheckFault,
    testing::Values(
        fault_in("tcp", "send = 1",
                 R"(6:8: "send" must be a string in quotes or { hex = "0d 0a" }, not an integer)"),
        fault_in("tcp", "send = \"" + std::string(1025, 'x') + "\"",
                 R"(6:8: "send" has 1025 bytes; at most 1024 are possible)"),
        fault_in("tcp", "expect = [\"a\"]",
                 R"(6:10: "expect" must be a string in quotes or { hex = "0d 0a" }, not an array)"),
        fault_in("tcp", "expect = \"" + std::string(1025, 'x') + "\"",
                 R"(6:10: "expect" has 1025 bytes; at most 1024 are possible)"),
        fault_in("tcp", "expect = \"\"",
                 R"(6:10: "expect" is empty; leave it out to expect nothing)")));

constexpr char kNoHex[] =
    R"(: "hex" must be pairs of the digits 0-9 and a-f, such as "0d 0a", not )";
constexpr char kNoStep[] =
    R"(: a step must be { send = "PING" } or { expect = "PONG" }, one of them alone)";

INSTANTIATE_TEST_SUITE_P(
    Steps, CheckFault,
    testing::Values(
        fault_in("tcp", "send = { hex = \"0\" }", "6:16"s + kNoHex + R"("0")"),
        fault_in("tcp", "send = { hex = \"0 0\" }", "6:16"s + kNoHex + R"("0 0")"),
        fault_in("tcp", "expect = { hex = \"0x00\" }", "6:18"s + kNoHex + R"("0x00")"),
        fault_in("tcp", "send = { hex = 10 }",
                 R"(6:16: "hex" must be a string in quotes, not an integer)"),
        fault_in("tcp", "send = {}", R"(6:8: "send" has no "hex"; add hex = "0d 0a")"),
        fault_in("tcp", "send = { hexx = \"00\", hex = \"00\" }",
                 R"(6:10: unknown key "hexx" in "send"; did you mean "hex"?)"),
        fault_in("tcp", "expect = { hex = \"\" }",
                 R"(6:10: "expect" is empty; leave it out to expect nothing)"),
        fault_in("tcp", "send = { hex = \"" + std::string(2050, '0') + "\" }",
                 R"(6:8: "send" has 1025 bytes; at most 1024 are possible)"),
        fault_in("tcp", "steps = []", R"(6:9: "steps" is empty; give one step at least)"),
        fault_in(
            "tcp", "steps = \"PING\"",
            R"(6:9: "steps" must be an array such as [{ expect = "220 " }, { send = "QUIT" }], not a string)"),
        fault_in("tcp", "steps = [\"PING\"]",
                 R"(6:10: "steps" must be { send = "PING" } or { expect = "PONG" }, not a string)"),
        fault_in("tcp", "steps = [{}]", "6:10"s + kNoStep),
        fault_in("tcp", "steps = [{ send = \"a\", expect = \"b\" }]", "6:10"s + kNoStep),
        fault_in("tcp", "steps = [{ send = \"\" }]",
                 R"(6:19: "send" is empty; leave the step out)"),
        fault_in("tcp", "steps = [{ expect = { hex = \"g0\" } }]", "6:29"s + kNoHex + R"("g0")"),
        fault_in("tcp", "steps = [{ send = \"a\" }]\nexpect = \"b\"",
                 R"(7:10: "expect" stands beside "steps", which say all; make it one of them)"),
        fault_in("tls", "steps = []", R"(6:9: "steps" is empty; give one step at least)"),
        fault_in(
            "http", "steps = []",
            R"(6:1: "steps" is for type = "tcp" or "tls" alone; remove it or change the type)")));

constexpr char kNotPlain[] =
    " must have no spaces, control or non-ASCII characters; write them as %20 and the like";

INSTANTIATE_TEST_SUITE_P(
    HttpRequest, CheckFault,
    testing::Values(
        fault_in("http", "method = \"\"",
                 R"(6:10: "method" must be a method such as "GET" or "HEAD", not "")"),
        fault_in("http", "method = \"GET /\"",
                 R"(6:10: "method" must be a method such as "GET" or "HEAD", not "GET /")"),
        fault_in("http", "method = true",
                 R"(6:10: "method" must be a string in quotes, not a boolean)"),
        fault_in("http", "path = \"health\"",
                 R"(6:8: "path" must start with "/", not be "health")"),
        fault_in("http", "path = \"\"", R"(6:8: "path" must start with "/", not be "")"),
        fault_in("http", "path = \"/a b\"", "6:8: \"path\""s + kNotPlain),
        fault_in("http", "path = \"/a\\r\\nX: y\"", "6:8: \"path\""s + kNotPlain),
        fault_in("http", "path = 1", R"(6:8: "path" must be a string in quotes, not an integer)"),
        fault_in("http", "host = \"\"",
                 R"(6:8: "host" is empty; leave it out for the service's name)"),
        fault_in(
            "http", "host = \"a\\r\\nb\"",
            R"(6:8: "host" must have no spaces, control or non-ASCII characters; remove them)"),
        fault_in("http", "timout = \"1s\"",
                 R"(6:1: unknown key "timout" in [service.check]; did you mean "timeout"?)"),
        fault_in("http", "reuse = 1", R"(6:9: "reuse" must be true or false, not an integer)"),
        fault_in(
            "http", "headers = [\"a\"]",
            R"(6:11: "headers" must be a table such as { Accept = "text/plain" }, not an array)"),
        fault_in("http", "[service.check.headers]\n\"X A\" = \"b\"",
                 R"(7:1: "X A" is no name of a header; use letters, digits and "-")"),
        fault_in("http", "[service.check.headers]\n\"\" = \"b\"",
                 R"(7:1: "" is no name of a header; use letters, digits and "-")"),
        fault_in("http", "[service.check.headers]\n\"a\\r\\nb\" = \"b\"",
                 R"(7:1: "a\r\nb" is no name of a header; use letters, digits and "-")"),
        fault_in("http", "[service.check.headers]\nX-A = 1",
                 R"(7:7: "X-A" must be a string in quotes, not an integer)"),
        fault_in("http", "[service.check.headers]\nX-A = \"b\\r\\nX-C: d\"",
                 R"(7:7: "X-A" must have no control characters; remove them)"),
        fault_in("http", "[service.check.headers]\nX-A = \"b\\u007f\"",
                 R"(7:7: "X-A" must have no control characters; remove them)"),
        fault_in("http", "[service.check.headers]\nHost = \"b\"",
                 R"(7:1: "Host" is what "host" is for; use that key)"),
        fault_in("http", "[service.check.headers]\nCONTENT-length = \"0\"",
                 R"(7:1: "CONTENT-length" can't be set, since a check sends no body; remove it)"),
        fault_in(
            "http", "[service.check.headers]\nTransfer-Encoding = \"chunked\"",
            R"(7:1: "Transfer-Encoding" can't be set, since a check sends no body; remove it)"),
        fault_in("http", "[service.check.headers]\nConnection = \"close\"",
                 R"(7:1: "Connection" is what "reuse" is for; use that key)")));

BrokenCheck wrong_status(const std::string& value, const std::string& at,
                         const std::string& shown) {
  return fault_in("http", "expect_status = " + value,
                  "6:" + at + R"(: "expect_status" must be 100 to 599, or a range such as )" +
                      R"("200-299", not )" + shown);
}

INSTANTIATE_TEST_SUITE_P(
    HttpResponse, CheckFault,
    testing::Values(
        wrong_status("99", "17", "99"), wrong_status("600", "17", "600"),
        wrong_status("200.0", "17", "a float"), wrong_status("\"2xx\"", "17", R"("2xx")"),
        wrong_status("\"200\"", "17", R"("200")"), wrong_status("\"\"", "17", R"("")"),
        wrong_status("\"099-200\"", "17", R"("099-200")"),
        wrong_status("\"200-600\"", "17", R"("200-600")"),
        wrong_status("\"200 299\"", "17", R"("200 299")"),
        wrong_status("\"+20-299\"", "17", R"("+20-299")"),
        wrong_status("[200, 1000]", "23", "1000"), wrong_status("[[200]]", "18", "an array"),
        fault_in("http", "expect_status = [200, \"299-200\"]",
                 R"(6:23: "299-200" is no range; write the lower status first)"),
        fault_in("http", "expect_status = []",
                 R"(6:17: "expect_status" is empty; give one status at least)"),
        fault_in("http", "drain_status = []",
                 R"(6:16: "drain_status" is empty; give one status at least)"),
        fault_in(
            "http", "drain_status = \"5xx\"",
            R"(6:16: "drain_status" must be 100 to 599, or a range such as "200-299", not "5xx")"),
        fault_in(
            "http", "drain_status = [503, 399]",
            R"(6:16: "drain_status" has 399, which expect_status has unless that is set; a status has one meaning, so remove it from one of them)"),
        fault_in(
            "http", "expect_status = [200, \"500-503\"]\ndrain_status = \"503-599\"",
            R"(7:16: "drain_status" has 503, which expect_status has; a status has one meaning, so remove it from one of them)"),
        fault_in("http", "expect_body = \"\"",
                 R"(6:15: "expect_body" is empty; leave it out for any body)"),
        fault_in(
            "http", "expect_body = 1",
            R"(6:15: "expect_body" must be a string in quotes or { regex = "^ready" }, not an integer)"),
        fault_in("http", "expect_body = {}",
                 R"(6:15: "expect_body" has no "regex"; add regex = "^ready")"),
        fault_in("http", "expect_body = { regex = \"\" }",
                 R"(6:25: "regex" is empty; leave expect_body out for any body)"),
        fault_in("http", "expect_body = { regex = 1 }",
                 R"(6:25: "regex" must be a string in quotes, not an integer)"),
        fault_in("http", "expect_body = { regex = \"[a\" }",
                 R"(6:25: "[a" is no regular expression of RE2: missing ]: [a)"),
        fault_in("http", "expect_body = { regex = '(a)\\1' }",
                 R"(6:25: "(a)\1" is no regular expression of RE2: invalid escape sequence: \1)"),
        fault_in("http", "expect_body = { regex = \"a\", regx = \"b\" }",
                 R"(6:30: unknown key "regx" in "expect_body"; did you mean "regex"?)"),
        fault_in(
            "http", "method = \"HEAD\"\nexpect_body = \"a\"",
            R"(7:15: "expect_body" is never met: what answers HEAD has no body; remove it or change the method)")));

INSTANTIATE_TEST_SUITE_P(
    Exec, CheckFault,
    testing::Values(
        fault_in(
            "exec", "",
            R"(4:1: [service.check] has no "command"; add command = ["/usr/local/bin/check-app", "--quick"])"),
        fault_in(
            "exec", "command = \"/bin/sh\"",
            R"(6:11: "command" must be an array such as ["/usr/local/bin/check-app", "--quick"], not a string)"),
        fault_in("exec", "command = []",
                 R"(6:11: "command" is empty; give a program's absolute path)"),
        fault_in("exec", "command = [1]",
                 R"(6:12: "command" must be strings in quotes, not an integer)"),
        fault_in("exec", "command = [\"/bin/sh\", 1]",
                 R"(6:23: "command" must be strings in quotes, not an integer)"),
        fault_in("exec", "command = [\"/bin/sh\", \"a\\u0000b\"]",
                 R"(6:23: "a\x00b" has a zero byte, which no argument can hold; remove it)"),
        fault_in("exec", "command = [\"sh\"]",
                 R"(6:12: "sh" is no absolute path; start it with "/")"),
        fault_in("exec", "command = [\"\"]", R"(6:12: "" is no absolute path; start it with "/")"),
        fault_in("exec", "command = [\"/no-such-program\"]",
                 R"(6:12: "/no-such-program" cannot be run: No such file or directory)"),
        fault_in("exec", "command = [\"/bin/sh/x\"]",
                 R"(6:12: "/bin/sh/x" cannot be run: Not a directory)"),
        fault_in("exec", "command = [\"/usr\"]",
                 R"(6:12: "/usr" is not a regular file; give a program)"),
        fault_in("exec", "command = [\"/dev/null\"]",
                 R"(6:12: "/dev/null" is not a regular file; give a program)"),
        fault_in("exec", "command = [\"/etc/passwd\"]",
                 R"(6:12: "/etc/passwd" is not executable; chmod +x it)"),
        fault_in("exec", "command = [\"/bin/sh\"]\nuser = 0",
                 R"(7:8: "user" must be a string in quotes, not an integer)"),
        fault_in("exec", "command = [\"/bin/sh\"]\nuser = \"no-such-user\"",
                 R"(7:8: "no-such-user" is no user of this host; create it or choose another)"),
        fault_in("exec", "command = [\"/bin/sh\"]\nuser = \"\"",
                 R"(7:8: "" is no user of this host; create it or choose another)"),
        fault_in("exec", "command = [\"/bin/sh\"]\nuser = \"root\\u0000\"",
                 R"(7:8: "root\x00" is no user of this host; create it or choose another)")));

}  // namespace
}  // namespace hlb
