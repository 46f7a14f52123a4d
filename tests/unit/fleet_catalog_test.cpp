#include "fleet/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/unit/fleet_keys.h"

namespace hlb::fleet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kApp = "c/s/app.internal";
const std::string kFirst = "c/b/app.internal/10.0.0.1";
const std::string kSecond = "c/b/app.internal/10.0.0.2";
const std::string kDrained = "c/x/app.internal/10.0.0.1";

class FleetCatalog : public testing::Test {
 protected:
  // What is told of the changes, as people read it.
  std::vector<std::string> take(const std::vector<Change>& changes) {
    std::vector<std::string> lines;
    for (const RefusedKey& key : catalog_.take(changes)) {
      if (!key.again) lines.push_back(key.to_string());
    }
    return lines;
  }

  std::vector<std::string> refused() const {
    std::vector<std::string> lines;
    for (const RefusedKey& key : catalog_.refused())
      lines.push_back(key.to_string());
    return lines;
  }

  // Of the service's backends.
  std::vector<std::string> addresses(std::string_view name = "app.internal") const {
    std::vector<std::string> addresses;
    const auto service = catalog_.service(name);
    if (!service) return {"no service"};
    for (const BackendSpec& backend : service->backends)
      addresses.push_back(backend.address.to_string());
    return addresses;
  }

  std::vector<std::string> aliases(std::string_view name) const {
    const auto service = catalog_.service(name);
    return service ? service->aliases : std::vector<std::string>{"no service"};
  }

  Catalog catalog_{some_fleet()};
};

std::string alias(const std::string& name) {
  return R"({"v":1,"check":{"type":"none"},"aliases":[")" + name + R"("]})";
}

TEST_F(FleetCatalog, JoinsServicesWithTheirBackends) {
  EXPECT_THAT(take({put(kApp, kTcpService), put(kSecond, kPlainBackend),
                    put(kFirst, R"({"v":1,"weight":7,"by":"host7"})")}),
              IsEmpty());
  EXPECT_THAT(catalog_.services(), ElementsAre("app.internal"));
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ(catalog_.service("app.internal")->backends.front().weight, 7);
  EXPECT_EQ(catalog_.backend("app.internal", address_of_test("10.0.0.1"))->by, "host7");
  EXPECT_THAT(take({gone(kFirst)}), IsEmpty());
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.2"));
}

TEST_F(FleetCatalog, HasBackendsWaitForTheirServiceInWhicheverOrderTheyCome) {
  take({put(kFirst, kPlainBackend)});
  EXPECT_THAT(catalog_.services(), IsEmpty());
  EXPECT_THAT(catalog_.backends("app.internal"), SizeIs(1));
  take({put(kApp, kTcpService)});
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.1"));
}

TEST_F(FleetCatalog, HasServicesWithoutBackends) {
  take({put(kApp, kTcpService)});
  EXPECT_THAT(addresses(), IsEmpty());
}

TEST_F(FleetCatalog, KnowsOverrides) {
  take({put(kDrained, R"({"v":1,"kind":"drain","by":"alice"})")});
  ASSERT_NE(catalog_.override("app.internal", address_of_test("10.0.0.1")), nullptr);
  EXPECT_EQ(catalog_.override("app.internal", address_of_test("10.0.0.1"))->by, "alice");
  EXPECT_THAT(catalog_.overrides(),
              ElementsAre(Overrides::Key{"app.internal", address_of_test("10.0.0.1")}));
  take({gone(kDrained)});
  EXPECT_THAT(catalog_.overrides(), IsEmpty());
}

// ---- what is refused ---------------------------------------------------------------------------

TEST_F(FleetCatalog, KeepsTheLastGoodValueOfAKeyAndTellsOnce) {
  take({put(kApp, kTcpService), put(kFirst, R"({"v":1,"weight":7})"),
        put(kDrained, R"({"v":1,"kind":"drain"})")});
  const std::vector<Change> bad = {put(kApp, R"({"v":2})"), put(kFirst, "x"), put(kDrained, "")};
  EXPECT_THAT(take(bad),
              ElementsAre("c/b/app.internal/10.0.0.1: the value is no JSON, by its byte 1",
                          kApp + ": \"v\" is 2, but this version of hlb understands 1 "
                                 "alone",
                          "c/x/app.internal/10.0.0.1: the value is no JSON, by its byte 1"));
  EXPECT_THAT(take(bad), IsEmpty());
  EXPECT_THAT(refused(), SizeIs(3));
  EXPECT_EQ(catalog_.service("app.internal")->backends.front().weight, 7);
  EXPECT_THAT(catalog_.overrides(), SizeIs(1));
}

TEST_F(FleetCatalog, SaysOfEachValueWhetherTheOneBeforeStays) {
  const std::vector<RefusedKey> first = catalog_.take(std::vector{put(kApp, "x")});
  EXPECT_THAT(first, ElementsAre(RefusedKey{kApp, "the value is no JSON, by its byte 1", true}));
  RefusedKey again = first.front();
  again.again = true;
  EXPECT_THAT(catalog_.take(std::vector{put(kApp, "y")}), ElementsAre(again));
  EXPECT_THAT(catalog_.take(std::vector{put(kSecond, kPlainBackend)}), IsEmpty());
  const std::vector<RefusedKey> beside = catalog_.take(
      std::vector{put("c/s/a.internal", alias("b.internal")), put("c/s/b.internal", kTcpService)});
  ASSERT_THAT(beside, SizeIs(1));
  EXPECT_FALSE(beside.front().by_value);
}

TEST_F(FleetCatalog, TellsWhenAKeyIsRefusedNoMore) {
  take({put(kApp, "x"), put(kFirst, "x"), put("c/s/Bad", "x")});
  EXPECT_THAT(take({put(kApp, kTcpService), gone(kFirst), gone("c/s/Bad")}),
              ElementsAre(kFirst + ": ", "c/s/Bad: ", kApp + ": "));
  EXPECT_THAT(refused(), IsEmpty());
  EXPECT_THAT(addresses(), IsEmpty());
}

TEST_F(FleetCatalog, ForgetsWhatAKeySaidWhenItGoes) {
  take({put(kApp, kTcpService), put(kFirst, kPlainBackend), put(kFirst, "x"), gone(kFirst),
        put(kFirst, "x")});
  EXPECT_THAT(addresses(), IsEmpty());
}

TEST_F(FleetCatalog, RefusesWhatThisHostDoesNotAllow) {
  EXPECT_THAT(
      take({put("c/s/app.example", kTcpService), put("c/b/app.internal/192.0.2.1", kPlainBackend),
            put("c/x/app.example/10.0.0.1", R"({"v":1,"kind":"drain"})")}),
      ElementsAre(
          R"(c/b/app.internal/192.0.2.1: "192.0.2.1" is not within "allow" of [fleet] on this host)",
          R"(c/s/app.example: "app.example" is not among "names" of [fleet] on this host)",
          R"(c/x/app.example/10.0.0.1: "app.example" is not among "names" of [fleet] on this host)"));
  EXPECT_THAT(catalog_.services(), IsEmpty());
  EXPECT_THAT(catalog_.overrides(), IsEmpty());
}

TEST_F(FleetCatalog, LeavesKeysOfOtherVersionsAlone) {
  EXPECT_THAT(take({put("c/v/app.internal/10.0.0.1", "x"), put("c/beat", ""), put("c/accept", "")}),
              IsEmpty());
}

TEST_F(FleetCatalog, RefusesABackendWithoutAPortToCheckUntilThereIsOne) {
  EXPECT_THAT(
      take({put(kApp, R"({"v":1,"check":{"type":"tcp"}})"), put(kFirst, kPlainBackend),
            put(kSecond, R"({"v":1,"port":80})")}),
      ElementsAre(kFirst + ": there is no port to check it at; add one to it, or to the checks of "
                           "c/s/app.internal"));
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.2"));
  EXPECT_THAT(take({put(kApp, kTcpService)}), ElementsAre(kFirst + ": "));
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.1", "10.0.0.2"));
}

// ---- names -------------------------------------------------------------------------------------

TEST_F(FleetCatalog, GivesAnAliasToTheFirstServiceByNameWhicheverCameFirst) {
  const std::string told = R"(c/s/b.internal: the alias "www.internal" is left out, as )"
                           "c/s/a.internal has it";
  EXPECT_THAT(take({put("c/s/b.internal", alias("www.internal"))}), IsEmpty());
  EXPECT_THAT(take({put("c/s/a.internal", alias("www.internal"))}), ElementsAre(told));
  EXPECT_THAT(aliases("a.internal"), ElementsAre("www.internal"));
  EXPECT_THAT(aliases("b.internal"), IsEmpty());
  EXPECT_THAT(take({gone("c/s/a.internal")}), ElementsAre("c/s/b.internal: "));
  EXPECT_THAT(aliases("b.internal"), ElementsAre("www.internal"));
}

TEST_F(FleetCatalog, LetsAServiceHaveItsNameThatIsAnAliasOfAnother) {
  take({put("c/s/a.internal", alias("www.internal"))});
  EXPECT_THAT(take({put("c/s/www.internal", kTcpService)}),
              ElementsAre(R"(c/s/a.internal: the alias "www.internal" is left out, as )"
                          "c/s/www.internal has it"));
  EXPECT_THAT(aliases("a.internal"), IsEmpty());
}

TEST_F(FleetCatalog, HasAsManyServicesAsArePossibleTheFirstByName) {
  std::vector<Change> changes;
  for (std::size_t i = 0; i <= kMaxFleetServices; ++i)
    changes.push_back(put("c/s/s" + std::to_string(10'000 + i) + ".internal", kTcpService));
  EXPECT_THAT(take(changes), SizeIs(1));
  EXPECT_EQ(catalog_.services().size(), kMaxFleetServices);
  EXPECT_FALSE(catalog_.service("s14096.internal"));
  EXPECT_THAT(take({put("c/s/a.internal", kTcpService)}), SizeIs(1));
  EXPECT_THAT(refused(), SizeIs(2));
  EXPECT_THAT(take({gone("c/s/a.internal"), gone("c/s/s10000.internal")}), SizeIs(2));
  EXPECT_TRUE(catalog_.service("s14096.internal"));
  EXPECT_THAT(refused(), IsEmpty());
}

// ---- what is touched ---------------------------------------------------------------------------

TEST_F(FleetCatalog, TellsWhatWasTouched) {
  take({put(kApp, kTcpService), put("c/s/b.internal", kTcpService)});
  EXPECT_TRUE(catalog_.touched().names);
  EXPECT_THAT(catalog_.touched().services, IsEmpty());
  take({put(kFirst, kPlainBackend), put(kDrained, R"({"v":1,"kind":"drain"})")});
  const Catalog::Touched touched = catalog_.touched();
  EXPECT_THAT(touched.services, ElementsAre("app.internal"));
  EXPECT_THAT(touched.overrides, SizeIs(1));
  EXPECT_FALSE(touched.names);
}

TEST_F(FleetCatalog, TouchesNothingByAValueThatSaysTheSame) {
  take({put(kApp, kTcpService), put(kFirst, kPlainBackend)});
  catalog_.touched();
  take({put(kApp, kTcpService), put(kFirst, R"({"v":1,"weight":1,"new":true})"), put(kFirst, "x")});
  EXPECT_THAT(catalog_.touched().services, IsEmpty());
}

// ---- hostile keys and values -------------------------------------------------------------------

// A good key and value, with some bytes of either changed.
Change mutated(std::mt19937& random) {
  const std::vector<Change> good = {
      put(kApp, kTcpService), put(kFirst, R"({"v":1,"weight":2,"by":"host7"})"),
      put(kDrained, R"({"v":1,"kind":"drain","until":"2026-11-28T15:00:00Z","by":"a"})"),
      put("c/s/b.internal", alias("www.internal"))};
  Change change = good[random() % good.size()];
  std::string& text = random() % 3 == 0 ? change.key : *change.value;
  for (unsigned left = random() % 4 + 1; left > 0; --left)
    text[random() % text.size()] = static_cast<char>(random());
  return change;
}

TEST_F(FleetCatalog, IsAsItWasAfterAThousandBrokenKeys) {
  take({put("c/s/z.internal", kTcpService), put("c/b/z.internal/10.0.0.9", kPlainBackend)});
  const auto before = catalog_.service("z.internal");
  std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed,cert-msc51-cpp): repeatable
  std::vector<Change> changes;
  for (int i = 0; i < 1000; ++i)
    changes.push_back(mutated(random));
  const std::vector<RefusedKey> told = catalog_.take(changes);
  EXPECT_LE(told.size(), 1000);
  EXPECT_GT(told.size(), 100);
  for (const RefusedKey& key : told)
    EXPECT_EQ(key.to_string().find('\n'), std::string::npos);
  EXPECT_EQ(catalog_.service("z.internal"), before);
}

}  // namespace
}  // namespace hlb::fleet
