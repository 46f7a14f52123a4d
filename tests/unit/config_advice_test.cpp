// Checks of type = "file", and agents.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/config_parsing.h"

namespace hlb {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

// `keys` on line 4 and behind it, in the service.
std::string with(const std::string& keys) {
  return "[[service]]\nname = 'a.b'\nbackends = ['10.0.0.1', { address = '10.0.0.2', port = 7 "
         "}]\n" +
         keys + "\n";
}

std::string with_file(const std::string& keys) {
  return with("[service.check]\ntype = 'file'\n" + keys);
}

std::string with_agent(const std::string& agent) {
  return with("agent = " + agent + "\ncheck = { type = 'none' }");
}

ServiceSpec service_of(const std::string& text) {
  const auto result = parse_config(text);
  EXPECT_THAT(faults_of(result), IsEmpty());
  const Config* config = result ? &*result : nullptr;
  return config == nullptr ? ServiceSpec{} : config->services.at(0);
}

// ---- file --------------------------------------------------------------------------------------

TEST(ConfigFileCheck, NeedsAPathThatNeedNotBeThereYet) {
  const ServiceSpec service = service_of(with_file("path = '/run/no-such-folder/backends'"));
  ASSERT_THAT(service.checks, SizeIs(1));
  EXPECT_EQ(std::get<FileCheck>(service.checks[0].method),
            (FileCheck{.path = "/run/no-such-folder/backends"}));
}

TEST(ConfigFileCheck, IsTakenAtItsFirstWordUnlessTold) {
  const CheckSpec check = service_of(with_file("path = '/run/x'")).checks.at(0);
  EXPECT_EQ(check.rise, 1U);
  EXPECT_EQ(check.fall, 1U);
  const CheckSpec slow = service_of(with_file("path = '/run/x'\nrise = 3\nfall = 2")).checks.at(0);
  EXPECT_EQ(slow.rise, 3U);
  EXPECT_EQ(slow.fall, 2U);
}

TEST(ConfigFileCheck, MayFailWhenItIsTooOld) {
  const auto fails = [](const std::string& keys) {
    const CheckSpec check = service_of(with_file("path = '/run/x'\n" + keys)).checks.at(0);
    return std::get<FileCheck>(check.method).fails_when_old;
  };
  EXPECT_FALSE(fails("max_age = '30s'"));
  EXPECT_FALSE(fails("max_age = '30s'\nwhen_old = 'unknown'"));
  EXPECT_TRUE(fails("max_age = '30s'\nwhen_old = 'down'"));
  EXPECT_THAT(faults_of(parse_config(with_file("path = '/run/x'\nwhen_old = 'down'"))),
              ElementsAre("hlbd.toml:7:12: \"when_old\" is of no use without \"max_age\"; add it"));
  EXPECT_THAT(
      faults_of(parse_config(with_file("path = '/run/x'\nmax_age = '1s'\nwhen_old = 'up'"))),
      ElementsAre(R"(hlbd.toml:8:12: "when_old" must be "unknown" or "down", not "up")"));
}

TEST(ConfigFileCheck, TakesAnAgeThatIsTooOld) {
  const auto max_age = [](const std::string& value) {
    const CheckSpec check =
        service_of(with_file("path = '/run/x'\nmax_age = '" + value + "'")).checks.at(0);
    return std::get<FileCheck>(check.method).max_age;
  };
  EXPECT_EQ(max_age("1s"), 1s);
  EXPECT_EQ(max_age("720h"), 720h);
}

TEST(ConfigFileCheck, NeedsNoPortButTellsLinesApartByOne) {
  const ServiceSpec service = service_of(with_file("path = '/run/x'\nport = 80"));
  EXPECT_EQ(check_port(service.checks.at(0), service.backends.at(0)), 80);
  EXPECT_EQ(check_port(service.checks.at(0), service.backends.at(1)), 7);
  const ServiceSpec without = service_of(with_file("path = '/run/x'"));
  EXPECT_EQ(check_port(without.checks.at(0), without.backends.at(0)), 0);
}

TEST(ConfigFileCheck, HasNoPathThatCannotBeAFile) {
  const auto faults = [](const std::string& path) {
    return faults_of(parse_config(with_file("path = " + path)));
  };
  EXPECT_THAT(faults_of(parse_config(with_file(""))),
              ElementsAre("hlbd.toml:4:1: [service.check] has no \"path\"; add path = "
                          "\"/run/app/backends\""));
  EXPECT_THAT(faults("1"),
              ElementsAre("hlbd.toml:6:8: \"path\" must be a string in quotes, not an integer"));
  EXPECT_THAT(faults("'backends'"),
              ElementsAre("hlbd.toml:6:8: \"backends\" is no absolute path; start it with \"/\""));
  EXPECT_THAT(faults("''"),
              ElementsAre("hlbd.toml:6:8: \"\" is no absolute path; start it with \"/\""));
  EXPECT_THAT(faults("'/usr'"),
              ElementsAre("hlbd.toml:6:8: \"/usr\" is not a regular file; name one"));
  EXPECT_THAT(faults("'/run/none/'"),
              ElementsAre("hlbd.toml:6:8: \"/run/none/\" is not a regular file; name one"));
  EXPECT_THAT(faults("'/dev/null'"),
              ElementsAre("hlbd.toml:6:8: \"/dev/null\" is not a regular file; name one"));
  EXPECT_THAT(faults("\"/run/x\\u0000\""),
              ElementsAre("hlbd.toml:6:8: \"/run/x\\x00\" has a zero byte; remove it"));
  EXPECT_THAT(faults("'/" + std::string(4096, 'x') + "'"), SizeIs(1));
}

TEST(ConfigFileCheck, HasNoAgeOutOfItsLimits) {
  const auto faults = [](const std::string& age) {
    return faults_of(parse_config(with_file("path = '/run/x'\nmax_age = " + age)));
  };
  EXPECT_THAT(faults("'0s'"),
              ElementsAre("hlbd.toml:7:11: \"max_age\" must be 1s to 30d, not \"0s\""));
  EXPECT_THAT(faults("'721h'"),
              ElementsAre("hlbd.toml:7:11: \"max_age\" must be 1s to 30d, not \"721h\""));
  EXPECT_THAT(faults("30"),
              ElementsAre("hlbd.toml:7:11: \"max_age\" must be a duration with its unit in quotes, "
                          "such as \"500ms\" or \"2s\", not an integer"));
}

// ---- agent -------------------------------------------------------------------------------------

TEST(ConfigAgent, IsOneMoreCheckWhoseWordIsTakenAtOnce) {
  const ServiceSpec service = service_of(with_agent("{ port = 9777 }"));
  ASSERT_THAT(service.checks, SizeIs(2));
  EXPECT_EQ(service.checks[1], (CheckSpec{.method = AgentCheck{},
                                          .port = 9777,
                                          .interval = 2s,
                                          .timeout = 1s,
                                          .rise = 1,
                                          .fall = 1,
                                          .max_flaps = 0}));
}

TEST(ConfigAgent, TakesEveryKey) {
  const CheckSpec check =
      service_of(with("check = { type = 'none' }\n[service.agent]\nport = 1\ninterval = '10s'\n"
                      "timeout = '3s'\nsend = \"state\\n\""))
          .checks.at(1);
  EXPECT_EQ(check.port, 1);
  EXPECT_EQ(check.interval, 10s);
  EXPECT_EQ(check.timeout, 3s);
  EXPECT_EQ(std::get<AgentCheck>(check.method).send, "state\n");
}

TEST(ConfigAgent, HasTheIntervalAsTimeOutWhenThatIsShorter) {
  EXPECT_EQ(service_of(with_agent("{ port = 1, interval = '300ms' }")).checks.at(1).timeout, 300ms);
}

TEST(ConfigAgent, HasItsPortOnEveryBackend) {
  const ServiceSpec service = service_of(with_agent("{ port = 9777 }"));
  for (const BackendSpec& backend : service.backends)
    EXPECT_EQ(check_port(service.checks.at(1), backend), 9777);
}

TEST(ConfigAgent, MayStandBesideSixteenChecks) {
  std::string checks = "agent = { port = 1 }\n";
  for (int i = 1; i <= 16; ++i)
    checks += "[[service.check]]\ntype = 'tcp'\nport = " + std::to_string(i) + "\n";
  EXPECT_THAT(service_of(with(checks)).checks, SizeIs(17));
}

TEST(ConfigAgent, ReportsEachFaultWithItsPlace) {
  const auto faults = [](const std::string& agent) {
    return faults_of(parse_config(with_agent(agent)));
  };
  EXPECT_THAT(
      faults("9777"),
      ElementsAre(
          "hlbd.toml:4:9: \"agent\" must be a table such as { port = 9777 }, not an integer"));
  EXPECT_THAT(faults("{}"),
              ElementsAre("hlbd.toml:4:9: \"agent\" has no \"port\"; add port = 9777"));
  EXPECT_THAT(faults("{ port = 0 }"),
              ElementsAre("hlbd.toml:4:18: \"port\" must be 1 to 65535, not 0"));
  EXPECT_THAT(faults("{ port = 1, rise = 1 }"),
              ElementsAre("hlbd.toml:4:21: unknown key \"rise\" in \"agent\"; remove it, or use "
                          "\"port\", \"address\", \"source\", \"interface\", \"netns\", "
                          "\"interval\", \"timeout\" or \"send\""));
  EXPECT_THAT(faults("{ port = 1, send = 1 }"),
              ElementsAre("hlbd.toml:4:28: \"send\" must be a string in quotes or { hex = \"0d "
                          "0a\" }, not an integer"));
  EXPECT_THAT(faults("{ port = 1, interval = '1ms' }"),
              ElementsAre("hlbd.toml:4:32: \"interval\" must be 10ms to 1h, not \"1ms\""));
  EXPECT_THAT(faults("{ port = 1, timeout = '3s' }"),
              ElementsAre("hlbd.toml:4:31: \"timeout\" is too long: a check would still run when "
                          "the next is due; give a timeout of at most \"2s\""));
}

TEST(ConfigAgent, DoesNotStandForACheck) {
  EXPECT_THAT(faults_of(parse_config(with("agent = { port = 1 }"))), SizeIs(1));
}

}  // namespace
}  // namespace hlb
