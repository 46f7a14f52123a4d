#include "fleet/keys.h"

#include <gtest/gtest.h>

#include "tests/unit/fleet_keys.h"

namespace hlb::fleet {
namespace {

using Kind = KeySubject::Kind;

const KeyLayout kKeys("/hlb");

TEST(FleetKeys, AreReadAsTheyAreMade) {
  for (const char* text : {"10.0.0.1", "fd99::1"}) {
    const Address address = address_of_test(text);
    EXPECT_EQ(kKeys.parse(kKeys.backend("app.internal", address)),
              (KeySubject{Kind::backend, "app.internal", address}));
    EXPECT_EQ(kKeys.parse(kKeys.override("app.internal", address)),
              (KeySubject{Kind::override, "app.internal", address}));
  }
  EXPECT_EQ(kKeys.parse(kKeys.service("app.internal")),
            (KeySubject{Kind::service, "app.internal", {}}));
  EXPECT_EQ(kKeys.parse(kKeys.accept())->kind, Kind::accept);
  EXPECT_EQ(kKeys.parse(kKeys.log_entry(WallTime(), 3))->kind, Kind::log);
}

TEST(FleetKeys, StandBelowThePrefix) {
  EXPECT_EQ(kKeys.backend("app.internal", address_of_test("10.0.0.1")),
            "/hlb/1/c/b/app.internal/10.0.0.1");
  EXPECT_EQ(kKeys.log_entry(WallTime(std::chrono::hours(1)), 3),
            "/hlb/1/log/1970-01-01T01:00:00.000Z-3");
  EXPECT_EQ(kKeys.catalog(), "/hlb/1/c/");
  EXPECT_EQ(kKeys.brief("/hlb/1/c/s/app.internal"), "c/s/app.internal");
  EXPECT_EQ(kKeys.brief("/other/c/s/\n"), "/other/c/s/\\n");
}

TEST(FleetKeys, OfOtherVersionsSayNothing) {
  for (const char* key :
       {"", "/hlb/1/c/", "/hlb/1/c/v/app.internal/10.0.0.1", "/hlb/1/c/beat", "/hlb/1/o/m/o3",
        "/hlb/2/c/s/app.internal", "/hlb/1/c/s", "/hlb/1/c/acceptable", "c/s/app.internal"}) {
    ASSERT_TRUE(kKeys.parse(key)) << key;
    EXPECT_EQ(kKeys.parse(key)->kind, Kind::other) << key;
  }
}

struct BrokenKey {
  std::string key;  // below "c/"
  std::string fault;
};

std::ostream& operator<<(std::ostream& out, const BrokenKey& row) {
  return out << row.key;
}

class FleetKeyFault : public testing::TestWithParam<BrokenKey> {};

TEST_P(FleetKeyFault, IsTold) {
  const auto subject = kKeys.parse("/hlb/1/c/" + GetParam().key);
  ASSERT_FALSE(subject);
  EXPECT_EQ(subject.error(), GetParam().fault);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, FleetKeyFault,
    testing::Values(
        BrokenKey{"s/App.internal", R"("App.internal" must be written "app.internal")"},
        BrokenKey{"s/app.internal.", R"("app.internal." must be written "app.internal")"},
        BrokenKey{"s/", R"("" is no hostname; give one such as "app.example")"},
        BrokenKey{"s/a/b", R"("a/b" is no hostname; use letters, digits, "-", "_" and "." only)"},
        BrokenKey{"b/app.internal", "has no address; it ends as in app.internal/10.0.0.1"},
        BrokenKey{"b/App/10.0.0.1", R"("App" must be written "app")"},
        BrokenKey{"b/app/FD00::1", R"("FD00::1" must be written "fd00::1")"},
        BrokenKey{"x/app/fd00:0::1", R"("fd00:0::1" must be written "fd00::1")"},
        BrokenKey{"b/app/10.0.0.1/x",
                  R"("10.0.0.1/x" is no address; give an IPv4 or IPv6 address such as "10.0.0.1")"},
        BrokenKey{"b/app/fe80::1%lo",
                  R"("fe80::1%lo" is of an interface, and so another one on each host)"},
        BrokenKey{"b/app/::ffff:10.0.0.1",
                  R"("::ffff:10.0.0.1" is an IPv4 address in IPv6 form; give it as IPv4)"},
        BrokenKey{"b/app/0.0.0.0",
                  R"("0.0.0.0" is no address of a single host; give a backend's own)"}));

}  // namespace
}  // namespace hlb::fleet
