// What hlbctl finds in hosts(5) files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/importing.h"

namespace hlb::ctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Hosts, GiveEachNameOfALineItsAddress) {
  EXPECT_THAT(addresses_of(found_in_hosts("# hosts\n\n10.0.0.1\tA.Example a # c\r\n  fd00::1 a\n")),
              ElementsAre("a.example 10.0.0.1 3", "a 10.0.0.1 3", "a fd00::1 4"));
}

TEST(Hosts, LeaveOutWhatBelongsToTheHostItself) {
  const Entries entries = found_in_hosts(
      "127.0.0.1 localhost localhost.localdomain\n"
      "::1 localhost ip6-localhost ip6-loopback\n"
      "127.0.1.1 own.example OWN\n"
      "ff02::1 ip6-allnodes\n");
  EXPECT_THAT(entries.addresses(), IsEmpty());
  EXPECT_THAT(to_lines(entries.notes()),
              ElementsAre("hosts:1-2: skipped: is a name that every host has for itself",
                          "hosts:3: skipped: is this host itself",
                          "hosts:4: skipped: is a name that every host has for itself"));
}

TEST(Hosts, MayNameLoopbackAddressesAsBackends) {
  EXPECT_THAT(addresses_of(found_in_hosts("127.0.0.1 app\n127.0.0.2 app\n")),
              ElementsAre("app 127.0.0.1 1", "app 127.0.0.2 2"));
}

TEST(Hosts, SayWhatIsWrongWithALine) {
  const Entries entries = found_in_hosts("10.0.0.1\n10.0.0 a\n0.0.0.0 a\n0.0.0.0 b\n10.0.0.1 a..b");
  EXPECT_THAT(entries.addresses(), IsEmpty());
  EXPECT_THAT(
      to_lines(entries.notes()),
      ElementsAre(
          "hosts:1: skipped: has no name", R"(hosts:2: skipped: "10.0.0" is no address)",
          R"(hosts:3-4: skipped: "0.0.0.0" is no address of a single host; give a backend's own)",
          R"(hosts:5: skipped: "a..b" has an empty label; two dots can't stand together, nor )"
          "one in front"));
}

}  // namespace
}  // namespace hlb::ctl
