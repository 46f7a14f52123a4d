// How imported services are checked: as chosen, as asked for, or by a guess.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "ctl/import/check.h"
#include "ctl/import/guess.h"
#include "ctl/import/services.h"

namespace hlb::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// As TOML, or the reason why it is no check.
std::string parsed(std::string_view text) {
  const auto result = parse_check(text);
  return result ? result->to_toml() : result.error();
}

TEST(ImportCheck, IsATypeWithAPortAndAPathIfItHasThem) {
  EXPECT_EQ(parsed("none"), R"({ type = "none" })");
  EXPECT_EQ(parsed("tcp:6379"), R"({ type = "tcp", port = 6379 })");
  EXPECT_EQ(parsed("http:8082/a?b=\"c\""),
            R"({ type = "http", port = 8082, path = "/a?b=\"c\"" })");
}

TEST(ImportCheck, IsRefusedWithTheReason) {
  constexpr std::string_view kForm = "give TYPE[:PORT[/PATH]], as in http:8082/health";
  for (const std::string_view text :
       {"", ":80", "tcp:", "tcp:x", "tcp:0", "tcp:65536", "tcp:-1", "tcp:80x", "tcp:80\n", "\xff"})
    EXPECT_THAT(parsed(text), HasSubstr(kForm)) << text;
  EXPECT_EQ(parsed("http"), R"("http" is no check: it needs a port, as in http:8082)");
  EXPECT_THAT(parsed("tpc:80"), HasSubstr(R"("tpc:80" is no check: "type" must be "tcp")"));
  EXPECT_THAT(parsed("tcp:80/health"), HasSubstr(R"("path" is for type = "http")"));
  EXPECT_THAT(parsed("none:80"), HasSubstr("\"port\" is for type"));
  EXPECT_THAT(parsed("exec"), HasSubstr("has no \"command\""));
  EXPECT_THAT(parsed("http:80/a b"), HasSubstr("\"path\" must have no spaces"));
}

// ---- asking ------------------------------------------------------------------------------------

std::vector<ImportedService> three_services() {
  std::vector<ImportedService> services;
  for (const char* name : {"a", "b", "c"})
    services.push_back({name, {}, false, {}, {*Address::parse("10.0.0.1")}, {}, {}});
  services[1].check = {.type = "tcp", .port = 25, .path = "", .remark = "A guess."};
  return services;
}

std::vector<std::string> checks_of(const std::vector<ImportedService>& services) {
  std::vector<std::string> checks;
  for (const ImportedService& each : services)
    checks.push_back(each.check.to_string());
  return checks;
}

TEST(ImportAsks, ForEachServiceAndOffersTheAnswerBefore) {
  auto services = three_services();
  std::istringstream in("http:80/x\n\n tcp:443 \n");
  std::ostringstream out;
  ask_checks(services, in, out);
  EXPECT_THAT(checks_of(services), ElementsAre("http:80/x", "http:80/x", "tcp:443"));
  EXPECT_THAT(out.str(), HasSubstr("b (10.0.0.1) [http:80/x]: c (10.0.0.1) [http:80/x]: "));
}

TEST(ImportAsks, AgainAfterWhatIsNoCheck) {
  auto services = three_services();
  std::istringstream in("tcp\ntcp:80\n");
  std::ostringstream out;
  ask_checks(services, in, out);
  EXPECT_THAT(out.str(), HasSubstr("it needs a port, as in tcp:8082\na (10.0.0.1) [none]: "));
  EXPECT_THAT(checks_of(services), ElementsAre("tcp:80", "tcp:80", "tcp:80"));
}

TEST(ImportAsks, NoFurtherWhenTheInputEndsAndKeepsTheGuesses) {
  auto services = three_services();
  std::istringstream in("");
  std::ostringstream out;
  ask_checks(services, in, out);
  EXPECT_THAT(checks_of(services), ElementsAre("none", "tcp:25", "none"));
  EXPECT_EQ(services[1].check.remark, "A guess.");
}

// ---- guessing ----------------------------------------------------------------------------------

Address address(std::string_view text) {
  return Address::parse(text).value_or(Address{});
}

// A word of 32 bits as /proc/net/tcp shows it.
std::string word(std::uint32_t in_network_order) {
  std::ostringstream hex;
  hex << std::uppercase << std::hex;
  hex.width(8);
  hex.fill('0');
  hex << htonl(in_network_order);
  return hex.str();
}

TEST(ImportGuess, ReadsListenersAsTheKernelShowsThem) {
  const std::string v6 = word(0xfd000000) + word(0) + word(0) + word(1);
  EXPECT_THAT(parse_listeners("  sl  local_address rem_address   st tx_queue\n"
                              "   0: " +
                              word(0x7f000002) +
                              ":1F92 00000000:0000 0A 00000000:00000000\n"
                              "   1: " +
                              word(0x7f000002) +
                              ":1F93 00000000:0000 01 00000000:00000000\n"
                              "   2: " +
                              v6 + ":0050 " + v6 + ":0000 0A 0\n"),
              ElementsAre(Endpoint{address("127.0.0.2"), 8082}, Endpoint{address("fd00::1"), 80}));
  EXPECT_THAT(parse_listeners("   0: 7F:1F92 0:0 0A\n1: 0100007F 0 0A\n2: 0100007G:1F92 0 0A\n"),
              IsEmpty());
}

std::string guess(const std::vector<Address>& backends, const std::vector<Endpoint>& listeners) {
  const ChosenCheck check = guess_check(backends, listeners);
  EXPECT_THAT(check.remark, HasSubstr("A guess"));
  return check.to_string();
}

TEST(ImportGuess, IsThePortWhereAllBackendsOnThisHostListen) {
  const Address one = address("127.0.0.1");
  const Address two = address("127.0.0.2");
  const Address elsewhere = address("203.0.113.1");
  const Address everywhere{};
  EXPECT_EQ(guess({one, two, elsewhere}, {{one, 80}, {one, 81}, {two, 80}, {everywhere, 22}}),
            "tcp:80");
  EXPECT_EQ(guess({one}, {{everywhere, 80}}), "tcp:80");
}

TEST(ImportGuess, IsNoneWithoutSuchAPortOrWithSeveral) {
  const Address one = address("127.0.0.1");
  const Address two = address("127.0.0.2");
  EXPECT_EQ(guess({one, two}, {{one, 80}, {two, 81}}), "none");
  EXPECT_EQ(guess({one}, {{one, 80}, {one, 81}}), "none");
  EXPECT_EQ(guess({one}, {}), "none");
  EXPECT_EQ(guess({address("203.0.113.1")}, {{Address{}, 80}}), "none");
}

}  // namespace
}  // namespace hlb::ctl
