// The tables [fleet] and [[register]], and backends that the fleet has.

#include "config/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/certificates.h"
#include "tests/unit/config_parsing.h"

namespace hlb::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr char kFleet[] =
    "[fleet]\netcd = [\"https://etcd1:2379\"]\nnames = [\"*.app.internal\", \"db.test\"]\n"
    "allow = [\"10.0.0.0/8\", \"fd00::/8\", \"192.0.2.7\"]\n";

FleetConfig fleet_of(const std::string& text) {
  const LoadResult result = parse_config(text);
  EXPECT_THAT(faults_of(result), IsEmpty());
  return result && result->fleet ? *result->fleet : FleetConfig();
}

Address parsed(std::string_view text) {
  return Address::parse(text).value();
}

TEST(ConfigFleet, IsReadWhole) {
  const FleetConfig fleet =
      fleet_of(std::string(kFleet) + "prefix = \"/prod/hlb\"\nhealth = \"own\"\n");
  EXPECT_THAT(fleet.etcd, ElementsAre("https://etcd1:2379"));
  EXPECT_THAT(fleet.names, ElementsAre("*.app.internal", "db.test"));
  EXPECT_THAT(fleet.allow, ElementsAre(FleetConfig::Network{parsed("10.0.0.0"), 8},
                                       FleetConfig::Network{parsed("fd00::"), 8},
                                       FleetConfig::Network{parsed("192.0.2.7"), 32}));
  EXPECT_EQ(fleet.prefix, "/prod/hlb");
}

TEST(ConfigFleet, NeedsNoServiceBesideIt) {
  EXPECT_THAT(faults_of(parse_config(kFleet)), IsEmpty());
  EXPECT_FALSE(parse_config("[[service]]\nname = \"a.b\"\nbackends = [\"10.0.0.1\"]\n"
                            "check = { type = \"none\" }\n")
                   ->fleet);
}

TEST(ConfigFleet, TakesTheFilesThatTlsNeeds) {
  const CertificateFolder folder;
  const Certificate own = issue({});
  const std::string ca = folder.file("ca.pem", authority().pem());
  const std::string certificate = folder.file("host.pem", own.pem());
  const std::string key = folder.file("host.key", own.key_pem());
  const std::string files =
      "ca = \"" + ca + "\"\ncertificate = \"" + certificate + "\"\nkey = \"" + key + "\"\n";
  const FleetConfig fleet = fleet_of(kFleet + files);
  EXPECT_EQ(fleet.ca, ca);
  EXPECT_EQ(fleet.certificate, certificate);
  EXPECT_EQ(fleet.key, key);
  std::string plain = kFleet + files;
  plain.replace(plain.find("https"), 5, "http");
  EXPECT_EQ(faults_of(parse_config(plain)).size(), 3);
}

TEST(ConfigFleet, MayDefineWhatItsNamesSay) {
  const FleetConfig fleet = fleet_of(kFleet);
  for (const char* name : {"db.test", "a.app.internal", "a.b.app.internal"})
    EXPECT_TRUE(may_define(fleet, name)) << name;
  for (const char* name : {"app.internal", "a.db.test", "xdb.test", "xapp.internal", "test", ""})
    EXPECT_FALSE(may_define(fleet, name)) << name;
}

TEST(ConfigFleet, MayGiveAddressesOfItsNetworksAlone) {
  FleetConfig fleet = fleet_of(kFleet);
  fleet.allow.push_back({parsed("172.16.0.0"), 12});
  for (const char* text : {"10.0.0.0", "10.255.255.255", "fd12::1", "192.0.2.7", "172.31.0.1"})
    EXPECT_TRUE(may_give(fleet, parsed(text))) << text;
  for (const char* text :
       {"11.0.0.1", "9.255.0.1", "fc00::1", "192.0.2.6", "172.32.0.1", "::a00:1"})
    EXPECT_FALSE(may_give(fleet, parsed(text))) << text;
  fleet.allow = {{parsed("0.0.0.0"), 0}};
  EXPECT_TRUE(may_give(fleet, parsed("203.0.113.1")));
  EXPECT_FALSE(may_give(fleet, parsed("fd12::1")));
}

struct BrokenFleet {
  std::string line;  // in place of that of the same key, or at the end
  std::string fault;
};

std::ostream& operator<<(std::ostream& out, const BrokenFleet& row) {
  return out << row.line;
}

class ConfigFleetFault : public testing::TestWithParam<BrokenFleet> {};

TEST_P(ConfigFleetFault, IsReportedWithItsPlaceAndWhatToDo) {
  std::string text = kFleet;
  const std::string& line = GetParam().line;
  const std::size_t there = text.find(line.substr(0, line.find('=')));
  if (there != std::string::npos) text.erase(there, text.find('\n', there) + 1 - there);
  EXPECT_THAT(faults_of(parse_config(text + line + "\n")), ElementsAre(GetParam().fault));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, ConfigFleetFault,
    testing::Values(
        BrokenFleet{"etcd = []",
                    "hlbd.toml:4:8: \"etcd\" is empty; give one at least, as in "
                    "[\"https://etcd1:2379\"]"},
        BrokenFleet{"etcd = [\"etcd1:2379\"]",
                    "hlbd.toml:4:9: \"etcd1:2379\" is no address such as \"https://etcd1:2379\""},
        BrokenFleet{"etcd = [\"https://etcd1\"]",
                    "hlbd.toml:4:9: \"https://etcd1\" has no port, 1 to 65535; etcd's is 2379"},
        BrokenFleet{"etcd = [\"https://etcd1:2379/v3\"]",
                    "hlbd.toml:4:9: \"https://etcd1:2379/v3\" has a path; remove it"},
        BrokenFleet{"etcd = [\"https://e t:2379\"]",
                    "hlbd.toml:4:9: \"https://e t:2379\" has a host that is no hostname; use "
                    "letters, digits, \"-\", \"_\" and \".\" only"},
        BrokenFleet{
            "etcd = [\"http://[::1]:2379\", \"http://localhost:1\", \"http://localhost:1\"]",
            "hlbd.toml:4:52: \"http://localhost:1\" stands here twice; remove one of them"},
        BrokenFleet{"names = [\"*\"]",
                    "hlbd.toml:4:10: \"*\" is no name; give one such as "
                    "\"app.internal\" or \"*.internal\""},
        BrokenFleet{"names = 1",
                    "hlbd.toml:4:9: \"names\" must be an array such as "
                    "[\"*.internal\"], not an integer"},
        BrokenFleet{"allow = [\"10.0.0.1/8\"]",
                    "hlbd.toml:4:10: \"10.0.0.1/8\" has bits set after the first 8; write "
                    "\"10.0.0.0/8\""},
        BrokenFleet{"allow = [\"10.0.0.0/33\"]",
                    "hlbd.toml:4:10: \"10.0.0.0/33\" is no network; give one such as "
                    "\"10.0.0.0/8\" or \"fd00::/8\", or an address"},
        BrokenFleet{"prefix = \"hlb/\"",
                    "hlbd.toml:5:10: \"prefix\" must be a path such as \"/hlb\", without spaces, "
                    "and without a \"/\" at its end, not \"hlb/\""},
        BrokenFleet{"health = \"shared\"",
                    "hlbd.toml:5:10: \"shared\" is not in this version; "
                    "write \"own\", or remove the key"},
        BrokenFleet{"zone = \"r1\"",
                    "hlbd.toml:5:1: \"zone\" is for health = \"shared\", which is "
                    "not in this version; remove it"},
        BrokenFleet{"etc = 1",
                    "hlbd.toml:5:1: unknown key \"etc\" in [fleet]; did you mean "
                    "\"etcd\"?"}));

TEST(ConfigFleet, HasKeysThatCannotBeLeftOut) {
  EXPECT_THAT(
      faults_of(parse_config("[fleet]\n")),
      ElementsAre("hlbd.toml:1:1: [fleet] has no \"etcd\"; add etcd = [\"https://etcd1:2379\"]",
                  "hlbd.toml:1:1: [fleet] has no \"names\"; add names = [\"*.internal\"]",
                  "hlbd.toml:1:1: [fleet] has no \"allow\"; add allow = [\"10.0.0.0/8\"]"));
}

TEST(ConfigFleet, StandsInTheMainFileAlone) {
  EXPECT_THAT(faults_of(parse_config(kFleet, kFleet)),
              ElementsAre("services.d/a.toml:1:1: [fleet] can stand in hlbd.toml only; move it "
                          "there"));
}

// ---- backends of the fleet's -------------------------------------------------------------------

std::string service_with(const std::string& backends) {
  return "[[service]]\nname = \"a.b\"\nbackends = [" + backends + "]\ncheck = { type = \"tcp\" }\n";
}

TEST(ConfigFleet, GivesBackendsToAServiceOfThisHost) {
  const LoadResult result = parse_config(
      kFleet, service_with("{ fleet = \"DB.test.\" }, { fleet = \"x.app.internal\" }"));
  ASSERT_THAT(faults_of(result), IsEmpty());
  EXPECT_THAT(result->services.front().fleet, ElementsAre("db.test", "x.app.internal"));
  EXPECT_THAT(result->services.front().backends, IsEmpty());
}

TEST(ConfigFleet, GivesNoBackendsWhereThereIsNone) {
  EXPECT_THAT(faults_of(parse_config(service_with("{ fleet = \"db.test\" }"))),
              ElementsAre("hlbd.toml:3:23: { fleet = \"db.test\" } needs a fleet; add [fleet] to "
                          "hlbd.toml, or remove it"));
  EXPECT_THAT(faults_of(parse_config(kFleet, service_with("{ fleet = \"o.test\" }"))),
              ElementsAre("services.d/a.toml:3:23: \"o.test\" is not among \"names\" of [fleet]; "
                          "add it there"));
}

TEST(ConfigFleet, SaysAllOfItsBackendsItself) {
  EXPECT_THAT(
      faults_of(parse_config(
          kFleet, service_with("{ fleet = \"db.test\", weight = 2 }, { fleet = \"db.test\" }"))),
      ElementsAre("services.d/a.toml:3:43: \"weight\" can't stand beside \"fleet\": the fleet says "
                  "it; remove it",
                  "services.d/a.toml:3:58: backend \"db.test\" stands at services.d/a.toml:3:23 "
                  "already; remove one of them"));
}

// ---- registrations -----------------------------------------------------------------------------

TEST(ConfigRegister, IsReadFromEveryFile) {
  const LoadResult result = parse_config(
      std::string(kFleet) + "[[register]]\nservice = \"db.test\"\naddress = \"10.0.0.7\"\n",
      "[[register]]\nservice = \"db.test\"\naddress = \"10.0.0.8\"\nport = 80\nweight = 2\n"
      "priority = 1\nderegister_on_stop = true\nforget_after = \"1d\"\n");
  ASSERT_THAT(faults_of(result), IsEmpty());
  EXPECT_THAT(result->registrations,
              ElementsAre(Registration{"db.test", parsed("10.0.0.7"), 0, 1, 0, false, 0ms},
                          Registration{"db.test", parsed("10.0.0.8"), 80, 2, 1, true, 24h}));
}

TEST(ConfigRegister, NeedsAFleetThatTakesIt) {
  const std::string start = "[[register]]\nservice = \"db.test\"\naddress = ";
  EXPECT_THAT(faults_of(parse_config(start + "\"10.0.0.7\"\n")),
              testing::Contains(HasSubstr(
                  "1:1: [[register]] needs a fleet; add [fleet] to hlbd.toml, or remove it")));
  EXPECT_THAT(faults_of(parse_config(kFleet, start + "\"11.0.0.7\"\n")),
              ElementsAre("services.d/a.toml:1:1: \"11.0.0.7\" is not within \"allow\" of [fleet]; "
                          "add it there"));
  EXPECT_THAT(faults_of(parse_config(kFleet, start + "\"127.0.0.1\"\n")),
              testing::Contains(HasSubstr("\"127.0.0.1\" means another host everywhere else; ")));
  EXPECT_THAT(
      faults_of(parse_config(kFleet,
                             "[[register]]\nservice = \"o.test\"\n"
                             "address = \"10.0.0.7\"\n")),
      ElementsAre("services.d/a.toml:1:1: \"o.test\" is not among \"names\" of [fleet]; add "
                  "it there"));
}

TEST(ConfigRegister, IsNotMadeTwice) {
  const std::string one = "[[register]]\nservice = \"db.test\"\naddress = \"10.0.0.7\"\n";
  EXPECT_THAT(faults_of(parse_config(kFleet, one + one)),
              ElementsAre("services.d/a.toml:4:1: this is registered at services.d/a.toml:1:1 "
                          "already; remove one of them"));
}

}  // namespace
}  // namespace hlb::config
