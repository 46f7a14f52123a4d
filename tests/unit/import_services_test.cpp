// What was found → services → text that hlbd takes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "ctl/import/services.h"
#include "tests/unit/config_parsing.h"
#include "tests/unit/importing.h"

namespace hlb::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Imported from_dnsmasq(std::string_view text, const Selection& selection = {}) {
  return make_services(found_in_dnsmasq(text), selection);
}

Imported from_hosts(std::string_view text, const Selection& selection = {}) {
  return make_services(found_in_hosts(text), selection);
}

// As a file of services.d says them.
std::vector<ServiceSpec> taken_by_hlbd(const Imported& imported) {
  const auto config = parse_config(to_toml(imported.services, {"a remark"}));
  EXPECT_THAT(faults_of(config), IsEmpty());
  return config ? config->services : std::vector<ServiceSpec>();
}

// ---- which services ----------------------------------------------------------------------------

TEST(Import, GathersTheAddressesOfANameEachOnce) {
  EXPECT_THAT(services_of(from_dnsmasq("address=/a/b/10.0.0.1\naddress=/a/10.0.0.2\n"
                                       "address=/A./10.0.0.1\n")),
              ElementsAre("*a 10.0.0.1 10.0.0.2", "*b 10.0.0.1"));
}

TEST(Import, MakesAliasesOfNamesThatTheSameLinesHave) {
  EXPECT_THAT(services_of(from_hosts("10.0.0.1 a.lan a\n10.0.0.2 a.lan a b\n")),
              ElementsAre("a.lan=a 10.0.0.1 10.0.0.2", "b 10.0.0.2"));
  EXPECT_THAT(services_of(from_dnsmasq("host-record=a,b,10.0.0.1,fd00::1")),
              ElementsAre("a=b 10.0.0.1 fd00::1"));
}

TEST(Import, FollowsCnamesToTheirService) {
  EXPECT_THAT(services_of(from_dnsmasq("cname=c,b\ncname=b,a\nhost-record=a,a.lan,10.0.0.1\n"
                                       "cname=d,a.lan\n")),
              ElementsAre("a=a.lan=c=b=d 10.0.0.1"));
}

TEST(Import, SaysOfACnameWhyItIsNoAlias) {
  const Imported imported = from_dnsmasq(
      "address=/a/10.0.0.1\naddress=/b/10.0.0.2\ncname=x,y\ncname=y,x\ncname=b,a\ncname=c,a\n"
      "cname=c,b\ncname=d,elsewhere\n");
  EXPECT_THAT(services_of(imported), ElementsAre("*a=c 10.0.0.1", "*b 10.0.0.2"));
  EXPECT_THAT(to_lines(imported.notes),
              ElementsAre(R"(d.conf:3: skipped: "y" has no addresses in these files)",
                          R"(d.conf:4: skipped: "x" has no addresses in these files)",
                          R"(d.conf:5: skipped: "b" has addresses of its own, and is no alias)",
                          HasSubstr(R"(d.conf:6: differs: "c" gets all addresses of "a";)"),
                          R"(d.conf:7: skipped: "c" is an alias already)",
                          R"(d.conf:8: skipped: "elsewhere" has no addresses in these files)"));
}

TEST(Import, PrefersAHostRecordToAnAddressLineOfTheSameName) {
  const Imported imported = from_dnsmasq("address=/a/10.0.0.1\nhost-record=a,10.0.0.2\n");
  EXPECT_THAT(services_of(imported), ElementsAre("a 10.0.0.2"));
  EXPECT_THAT(to_lines(imported.notes),
              ElementsAre(HasSubstr("d.conf:1: skipped: \"a\" has other addresses of its own")));
}

TEST(Import, TakesAnAddressLineAndARecordThatSayTheSameForOneService) {
  const Imported imported =
      from_dnsmasq("address=/a/10.0.0.1\nhost-record=a,10.0.0.1\naddress=/a/fd00::1\n");
  EXPECT_THAT(services_of(imported), ElementsAre("*a 10.0.0.1 fd00::1"));
  EXPECT_THAT(imported.notes, IsEmpty());
}

TEST(Import, GivesANameTheAddressesOfAFamilyThatWhatIsAboveItHas) {
  EXPECT_THAT(services_of(from_dnsmasq("address=/a/10.0.0.1\naddress=/a/fd00::1\n"
                                       "address=/b.a/10.0.0.2\nhost-record=c.a,10.0.0.3\n"
                                       "server=/d.a/10.0.0.9\naddress=/d.a/10.0.0.4\n"
                                       "address=/e.a/10.0.0.5\naddress=/e.a/::\n")),
              ElementsAre("*a 10.0.0.1 fd00::1", "*b.a fd00::1 10.0.0.2", "c.a fd00::1 10.0.0.3",
                          "*d.a 10.0.0.4", "*e.a 10.0.0.5"));
}

// ---- exceptions --------------------------------------------------------------------------------

TEST(Import, KeepsWhatIsAnsweredElsewhereBelowAServiceAsAnException) {
  const Imported imported = from_dnsmasq(
      "address=/dev.example.com/10.8.0.1\nserver=/git.dev.example.com/127.0.0.1#5399\n"
      "local=/none.dev.example.com/\naddress=/gone.dev.example.com/\n"
      "server=/x.git.dev.example.com/#\nserver=/else.example.com/10.0.0.1\n"
      "address=/app.example.com/10.8.0.2\nhost-record=app.example.com,10.8.0.2\n");
  EXPECT_THAT(services_of(imported),
              ElementsAre("*dev.example.com!git.dev.example.com!none.dev.example.com"
                          "!gone.dev.example.com 10.8.0.1",
                          "*app.example.com 10.8.0.2"));
  EXPECT_THAT(to_lines(imported.notes),
              ElementsAre(HasSubstr("d.conf:3: differs: there is no such name to dnsmasq"),
                          HasSubstr("d.conf:4: skipped: has no address"),
                          HasSubstr("d.conf:4: differs: there is no such name to dnsmasq")));
  const std::vector<ServiceSpec> services = taken_by_hlbd(imported);
  ASSERT_THAT(services, SizeIs(2));
  EXPECT_THAT(services[0].except,
              ElementsAre("git.dev.example.com", "none.dev.example.com", "gone.dev.example.com"));
}

TEST(Import, PutsAnExceptionIntoTheClosestService) {
  EXPECT_THAT(services_of(from_dnsmasq("address=/a/10.0.0.1\naddress=/b.a/10.0.0.2\n"
                                       "server=/c.b.a/#\nserver=/d.a/#\naddress=/e.d.a/10.0.0.3\n"
                                       "server=/f.e.d.a/#\n")),
              ElementsAre("*a!d.a 10.0.0.1", "*b.a!c.b.a 10.0.0.2", "*e.d.a!f.e.d.a 10.0.0.3"));
}

TEST(Import, ExceptsWhatBelowAServiceIsNotImported) {
  EXPECT_THAT(services_of(from_dnsmasq("address=/a/10.0.0.1\naddress=/b.a/10.0.0.2\n"
                                       "host-record=c.a,d.a,10.0.0.3\n",
                                       {.names = {"a"}})),
              ElementsAre("*a!b.a!c.a!d.a 10.0.0.1"));
  EXPECT_THAT(services_of(from_dnsmasq("address=/a/10.0.0.1\ncname=c.a,elsewhere.example\n")),
              ElementsAre("*a!c.a 10.0.0.1"));
  EXPECT_THAT(services_of(from_dnsmasq("address=/a/10.0.0.1\naddress=/c.a/0.0.0.0\n")),
              ElementsAre("*a!c.a 10.0.0.1"));
}

TEST(Import, SaysOfWhatCannotBeAnException) {
  const Imported imported = from_dnsmasq(
      "address=/a/10.0.0.1\nserver=/b.a/#\nhost-record=b.a,10.0.0.2\nserver=/*.a/10.0.0.9\n"
      "address=/c/10.0.0.1\nserver=/c/10.0.0.9\n");
  EXPECT_THAT(services_of(imported), ElementsAre("*a 10.0.0.1", "b.a 10.0.0.2", "*c 10.0.0.1"));
  EXPECT_THAT(to_lines(imported.notes),
              ElementsAre(HasSubstr("d.conf:2: differs: \"b.a\" is a service, and so no exception"),
                          HasSubstr("d.conf:4: differs: is for a part of the names of a"),
                          HasSubstr("d.conf:6: differs: lookups get the addresses of \"c\"")));
}

TEST(Import, LeavesOutNamesWithoutAChoiceUnlessTheyAreAskedFor) {
  constexpr std::string_view kHosts = "10.0.0.1 a\n10.0.0.2 b\nfd00::2 b\n10.0.0.3 c\n10.0.0.4 c x";
  const Imported imported = from_hosts(kHosts, {.names = {}, .lone = false});
  EXPECT_THAT(services_of(imported), ElementsAre("c 10.0.0.3 10.0.0.4"));
  EXPECT_THAT(
      to_lines(imported.notes),
      ElementsAre(
          "hosts:1-3: skipped: has one address, so there is nothing to choose; --all imports it",
          "hosts:5: skipped: has one address, so there is nothing to choose; --all imports it"));
  EXPECT_THAT(from_hosts(kHosts, {.names = {}, .lone = true}).services, SizeIs(4));
}

TEST(Import, TakesTheNamesThatAreAskedForAlone) {
  const Imported imported = from_hosts("10.0.0.1 a a.lan\n10.0.0.2 b\n10.0.0.3 b\n",
                                       {.names = {"A.lan.", "z"}, .lone = false});
  EXPECT_THAT(services_of(imported), ElementsAre("a=a.lan 10.0.0.1"));
  EXPECT_THAT(imported.missing, ElementsAre("z"));
  EXPECT_THAT(imported.notes, IsEmpty());
}

TEST(Import, LeavesOutAServiceOfMoreBackendsThanPossible) {
  std::string hosts;
  for (unsigned i = 0; i <= kMaxBackends; ++i)
    hosts += "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + " a\n";
  const Imported imported = from_hosts(hosts);
  EXPECT_THAT(imported.services, IsEmpty());
  EXPECT_THAT(to_lines(imported.notes), ElementsAre(HasSubstr("hosts:1-4097: skipped: has 4097")));
}

// ---- their text --------------------------------------------------------------------------------

TEST(ImportText, ShowsEachServiceWithThePlacesItComesFrom) {
  Imported imported = from_dnsmasq(
      "address=/a.example/10.0.0.1\naddress=/a.example/fd00::1\n\n"
      "host-record=b,c,10.0.0.1\n");
  imported.services[0].check = {.type = "http", .port = 80, .path = "/", .remark = "A guess."};
  EXPECT_EQ(to_toml(imported.services, {"one", "two"}), R"(# one
# two

# d.conf:1, 2
[[service]]
name = "a.example"
subdomains = true
backends = ["10.0.0.1", "fd00::1"]
# A guess.
check = { type = "http", port = 80, path = "/" }

# d.conf:4
[[service]]
name = "b"
aliases = ["c"]
backends = ["10.0.0.1"]
check = { type = "none" }
)");
}

TEST(ImportText, MeansToHlbdWhatWasFound) {
  Imported imported =
      from_dnsmasq("address=/a/10.0.0.1\naddress=/a/fd00::1\ncname=b,a\nhost-record=c,10.0.0.2\n");
  imported.services[0].check = {.type = "http", .port = 80, .path = "/\"\\", .remark = ""};
  const std::vector<ServiceSpec> services = taken_by_hlbd(imported);
  ASSERT_THAT(services, SizeIs(2));
  EXPECT_EQ(services[0].name, "a");
  EXPECT_THAT(services[0].aliases, ElementsAre("b"));
  EXPECT_TRUE(services[0].subdomains);
  EXPECT_THAT(services[0].backends, ElementsAre(BackendSpec{*Address::parse("10.0.0.1")},
                                                BackendSpec{*Address::parse("fd00::1")}));
  EXPECT_EQ(std::get<HttpCheck>(services[0].checks.at(0).method).path, "/\"\\");
  EXPECT_FALSE(services[1].subdomains);
}

TEST(ImportText, IsAsciiWhateverTheFileIsCalled) {
  Entries entries;
  read_hosts("10.0.0.1 a", "\xff\n[[", {.own_name = ""}, entries);
  EXPECT_THAT(taken_by_hlbd(make_services(entries, {})), SizeIs(1));
}

// ---- any bytes ---------------------------------------------------------------------------------

// Bytes, and between them words that lead further in.
std::string noise(std::mt19937& random) {
  constexpr std::array<std::string_view, 24> kWords = {
      "\nserver=/",  "\nlocal=/", ".a",         "*",

      "address=",    "/a",        "/",          "host-record=",
      "cname=",      ",",         "10.0.0.1",   "fd00::1",
      "b",           "\n",        "\n",         "\r\n",
      "\"",          "\\",        " ",          "#",
      "127.0.0.1 a", "0.0.0.0 b", "fe80::1%lo", "\n10.0.0.2 a b"};
  std::string text;
  for (auto i = random() % 60; i > 0; --i) {
    if (random() % 8 == 0) {
      text += static_cast<char>(random());
    } else {
      text += kWords.at(random() % kWords.size());
    }
  }
  return text;
}

TEST(Import, MakesOfAnyBytesWhatHlbdTakes) {
  std::mt19937 random(4);
  std::size_t services = 0;
  for (int round = 0; round < 5'000; ++round) {
    const std::string text = noise(random);
    for (const Imported& imported : {from_dnsmasq(text), from_hosts(text)}) {
      if (!imported.services.empty()) services += taken_by_hlbd(imported).size();
      ASSERT_FALSE(HasFailure()) << testing::PrintToString(text);
    }
  }
  EXPECT_GT(services, 2'500U);
}

}  // namespace
}  // namespace hlb::ctl
