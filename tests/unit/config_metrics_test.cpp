// [daemon] metrics.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/unit/config_parsing.h"

namespace hlb {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// On line 2, from column 11 on.
LoadResult with_metrics(const std::string& value) {
  return parse_config("[daemon]\nmetrics = " + value +
                      "\n[[service]]\nname = 'a.b'\nbackends = ['10.0.0.1']\n"
                      "check = { type = 'none' }\n");
}

std::optional<MetricsAddress> taken(const std::string& value) {
  const LoadResult result = with_metrics(value);
  EXPECT_THAT(faults_of(result), IsEmpty());
  const Config* config = result ? &*result : nullptr;
  return config == nullptr ? std::nullopt : config->metrics;
}

MetricsAddress at(const std::string& address, std::uint16_t port) {
  return {Address::parse(address).value(), port, ""};
}

TEST(ConfigMetrics, TakesAnAddressWithAPort) {
  EXPECT_EQ(taken("'127.0.0.1:9808'"), at("127.0.0.1", 9808));
  EXPECT_EQ(taken("'[::1]:1'"), at("::1", 1));
  EXPECT_EQ(taken("'0.0.0.0:65535'"), at("0.0.0.0", 65535));
  EXPECT_EQ(taken("'[::]:9808'"), at("::", 9808));
}

TEST(ConfigMetrics, TakesThePathOfAUnixSocket) {
  EXPECT_EQ(taken("'/run/hlb/metrics.sock'"), (MetricsAddress{{}, 0, "/run/hlb/metrics.sock"}));
  const std::string longest = "/" + std::string(102, 'x');
  EXPECT_EQ(taken("'" + longest + "'"), (MetricsAddress{{}, 0, longest}));
}

class MetricsForm : public testing::TestWithParam<const char*> {};

TEST_P(MetricsForm, OtherThanTheseIsAFault) {
  const std::string value = GetParam();
  EXPECT_THAT(faults_of(with_metrics("'" + value + "'")),
              ElementsAre(R"(hlbd.toml:2:11: "metrics" must be an address and a port such as )"
                          R"("127.0.0.1:9808" or "[::1]:9808", or the absolute path of a unix )"
                          "socket, not \"" +
                          value + '"'));
}

INSTANTIATE_TEST_SUITE_P(Forms, MetricsForm,
                         testing::Values("", "9808", ":9808", "127.0.0.1", "::1:9808", "[::1]",
                                         "localhost:9808", "run/metrics.sock",
                                         "unix:/run/hlb/metrics.sock", "http://127.0.0.1:9808",
                                         "[127.0.0.1:9808", "127.0.0.1:9808/metrics:1"));

TEST(ConfigMetrics, SaysWhatIsWrongWithAPort) {
  for (const std::string port : {"", "0", "65536", "-1", "+1", "0x10", "9808x", "9808 "}) {
    EXPECT_THAT(faults_of(with_metrics("'127.0.0.1:" + port + "'")),
                ElementsAre("hlbd.toml:2:11: \"127.0.0.1:" + port +
                            "\" has no port, 1 to 65535, behind its last colon"));
  }
}

TEST(ConfigMetrics, RefusesAnAddressThatNoHostHas) {
  for (const std::string address : {"224.0.0.1", "255.255.255.255", "[ff02::1]"}) {
    EXPECT_THAT(faults_of(with_metrics("'" + address + ":9808'")),
                ElementsAre("hlbd.toml:2:11: \"" + address +
                            ":9808\" has an address that no host can have; give one of this host's "
                            "own"));
  }
}

TEST(ConfigMetrics, RefusesAPathThatNoSocketCanHave) {
  EXPECT_THAT(faults_of(with_metrics("'/run/hlb/'")),
              ElementsAre("hlbd.toml:2:11: \"/run/hlb/\" is a folder; give the path of a socket in "
                          "it"));
  EXPECT_THAT(faults_of(with_metrics("'/" + std::string(103, 'x') + "'")),
              ElementsAre(testing::EndsWith("is too long for a unix socket; use at most 103 "
                                            "bytes")));
  EXPECT_THAT(faults_of(with_metrics(R"("/a\u0000b")")),
              ElementsAre(R"(hlbd.toml:2:11: "/a\x00b" has a zero byte; remove it)"));
}

TEST(ConfigMetrics, MustBeAString) {
  EXPECT_THAT(faults_of(with_metrics("9808")),
              ElementsAre(R"(hlbd.toml:2:11: "metrics" must be a string in quotes, not an )"
                          "integer"));
}

}  // namespace
}  // namespace hlb
