#include "fleet/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/fleet_keys.h"

namespace hlb::fleet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FleetMerge : public testing::Test {
 protected:
  static ServiceSpec own(std::string name, std::vector<std::string> fleet = {}) {
    ServiceSpec service;
    service.name = std::move(name);
    service.fleet = std::move(fleet);
    service.checks = {{.method = TcpCheck{}, .port = 80}};
    if (service.fleet.empty()) service.backends = {{.address = address_of_test("127.0.0.1")}};
    return service;
  }

  // Takes the changes in, and puts what comes of them in force.
  Merged merge(const std::vector<Change>& changes = {}) {
    catalog_.take(changes);
    Merged merged = merge_.merge(catalog_, in_force_);
    EXPECT_EQ(merged.services.before, in_force_);
    in_force_ = merged.services.now;
    return merged;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const ServiceSpec& service : in_force_->all())
      names.push_back(service.name);
    return names;
  }

  const ServiceSpec& find(std::string_view name) const {
    return in_force_->all()[in_force_->find(name).value()];
  }

  std::vector<std::string> addresses(std::string_view name) const {
    std::vector<std::string> addresses;
    for (const BackendSpec& backend : find(name).backends)
      addresses.push_back(backend.address.to_string());
    return addresses;
  }

  Catalog catalog_{some_fleet()};
  Merge merge_;
  Services in_force_ = list_of({});
};

std::string drain_by(const std::string& who) {
  return R"({"v":1,"kind":"drain","by":")" + who + R"("})";
}

TEST_F(FleetMerge, HasThisHostsServicesAndThenTheFleetsByName) {
  merge_.set_local({own("z.local"), own("b.local")});
  merge({put("c/s/b.internal", kTcpService), put("c/s/a.internal", kTcpService),
         put("c/b/a.internal/10.0.0.1", kPlainBackend)});
  EXPECT_THAT(names(), ElementsAre("z.local", "b.local", "a.internal", "b.internal"));
  EXPECT_THAT(addresses("a.internal"), ElementsAre("10.0.0.1"));
  EXPECT_THAT(addresses("b.internal"), IsEmpty());
}

TEST_F(FleetMerge, SaysWhichServicesAreAsTheyWere) {
  merge_.set_local({own("z.local")});
  merge({put("c/s/a.internal", kTcpService), put("c/s/b.internal", kTcpService)});
  const ServiceChange one = merge({put("c/b/a.internal/10.0.0.1", kPlainBackend)}).services;
  EXPECT_THAT(one.same, ElementsAre(0, std::nullopt, 2));
  const ServiceChange removed = merge({gone("c/s/a.internal")}).services;
  EXPECT_THAT(removed.same, ElementsAre(0, 2));
  const ServiceChange added = merge({put("c/s/c.internal", kTcpService)}).services;
  EXPECT_THAT(added.same, ElementsAre(0, 1, std::nullopt));
}

TEST_F(FleetMerge, IsWhatWasInForceIfNothingHasChanged) {
  merge({put("c/s/a.internal", kTcpService)});
  const Services before = in_force_;
  EXPECT_EQ(merge().services.now, before);
  EXPECT_EQ(merge({put("c/s/a.internal", "x"), put("c/b/b.internal/10.0.0.1", kPlainBackend)})
                .services.now,
            before);
  merge_.set_local({});
  EXPECT_EQ(merge().services.now, before);
}

TEST_F(FleetMerge, ComparesWithServicesThatItNeverMade) {
  merge({put("c/s/a.internal", kTcpService)});
  const std::vector<ServiceSpec> others = {own("o.local"), find("a.internal")};
  in_force_ = list_of(others);
  EXPECT_THAT(merge({put("c/s/b.internal", kTcpService)}).services.same,
              ElementsAre(1, std::nullopt));
}

TEST_F(FleetMerge, ComesToTheSameStepByStepAsAtOnce) {
  const std::vector<Change> changes = {
      put("c/s/a.internal", kTcpService),
      put("c/b/a.internal/10.0.0.1", kPlainBackend),
      put("c/s/b.internal", R"({"v":1,"check":{"type":"none"},"aliases":["c.internal"]})"),
      put("c/b/b.internal/10.0.0.2", kPlainBackend),
      put("c/s/c.internal", kTcpService),
      gone("c/s/a.internal"),
      put("c/b/b.internal/10.0.0.2", R"({"v":1,"weight":4})"),
      gone("c/s/c.internal"),
      gone("c/b/b.internal/10.0.0.2")};
  const std::vector<ServiceSpec> locals = {own("d.local", {"b.internal"})};
  merge_.set_local(locals);
  std::vector<Change> so_far;
  for (const Change& change : changes) {
    merge({change});
    so_far.push_back(change);
    Catalog catalog(some_fleet());
    catalog.take(so_far);
    Merge at_once;
    at_once.set_local(locals);
    const Services all = at_once.merge(catalog, list_of({})).services.now;
    EXPECT_TRUE(std::ranges::equal(all->all(), in_force_->all())) << change.key;
  }
}

// ---- this host's own first ---------------------------------------------------------------------

TEST_F(FleetMerge, LetsAServiceOfThisHostWinWhole) {
  merge_.set_local({own("app.internal")});
  const std::vector<Change> app = {put("c/s/app.internal", kTcpService),
                                   put("c/b/app.internal/10.0.0.1", kPlainBackend)};
  EXPECT_THAT(merge(app).warnings,
              ElementsAre(R"(c/s/app.internal is left out: "app.internal" is a service of this )"
                          "host's own which wins"));
  EXPECT_THAT(names(), ElementsAre("app.internal"));
  EXPECT_THAT(addresses("app.internal"), ElementsAre("127.0.0.1"));
  EXPECT_THAT(merge({put("c/s/b.internal", kTcpService)}).warnings, IsEmpty());
  merge_.set_local({});
  EXPECT_THAT(merge().warnings, IsEmpty());
  EXPECT_THAT(addresses("app.internal"), ElementsAre("10.0.0.1"));
}

TEST_F(FleetMerge, LetsAnAliasOfThisHostWin) {
  ServiceSpec service = own("app.local");
  service.aliases = {"www.internal", "b.internal"};
  merge_.set_local({service});
  EXPECT_THAT(
      merge({put("c/s/a.internal",
                 R"({"v":1,"check":{"type":"none"},"aliases":["www.internal","x.internal"]})"),
             put("c/s/b.internal", kTcpService)})
          .warnings,
      ElementsAre(R"(c/s/a.internal: the alias "www.internal" is left out, as it is an alias of )"
                  "app.local, a service of this host's own, which wins",
                  R"(c/s/b.internal is left out: "b.internal" is an alias of app.local, a service )"
                  "of this host's own, which wins"));
  EXPECT_THAT(names(), ElementsAre("app.local", "a.internal"));
  EXPECT_THAT(find("a.internal").aliases, ElementsAre("x.internal"));
}

TEST_F(FleetMerge, TakesNamesThatAreServicesOutOfExceptions) {
  ServiceSpec service = own("dev.local");
  service.subdomains = true;
  service.except = {"git.dev.local", "www.dev.local"};
  FleetConfig config = some_fleet();
  config.names = {"*.dev.local"};
  Catalog catalog(config);
  merge_.set_local({service});
  catalog.take(std::vector{put("c/s/git.dev.local", kTcpService)});
  in_force_ = merge_.merge(catalog, in_force_).services.now;
  EXPECT_THAT(find("dev.local").except, ElementsAre("www.dev.local"));
}

// ---- backends of the fleet's -------------------------------------------------------------------

TEST_F(FleetMerge, GivesBackendsToServicesOfThisHost) {
  ServiceSpec service = own("app.local", {"app.internal", "b.internal"});
  service.backends = {{.address = address_of_test("10.0.0.1"), .weight = 9}};
  merge_.set_local({service, own("app.internal", {"app.internal"})});
  EXPECT_THAT(merge({put("c/b/app.internal/10.0.0.1", kPlainBackend),
                     put("c/b/app.internal/10.0.0.2", kPlainBackend),
                     put("c/b/b.internal/10.0.0.2", R"({"v":1,"weight":5})"),
                     put("c/s/app.internal", kTcpService)})
                  .warnings,
              IsEmpty());
  EXPECT_THAT(names(), ElementsAre("app.local", "app.internal"));
  EXPECT_THAT(addresses("app.local"), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ(find("app.local").backends.front().weight, 9);
  EXPECT_EQ(find("app.local").backends.back().weight, 1);
  const ServiceChange change = merge({put("c/b/b.internal/10.0.0.3", kPlainBackend)}).services;
  EXPECT_THAT(change.same, ElementsAre(std::nullopt, 1));
  EXPECT_THAT(addresses("app.local"), ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.3"));
}

TEST_F(FleetMerge, LeavesBackendsOutThatItCouldNotCheck) {
  ServiceSpec service = own("app.local", {"app.internal"});
  service.checks.front().port = 0;
  merge_.set_local({service});
  const std::vector<std::string> warnings =
      merge({put("c/b/app.internal/10.0.0.1", kPlainBackend)}).warnings;
  EXPECT_THAT(warnings, ElementsAre("c/b/app.internal/10.0.0.1: left out of app.local, as there is "
                                    "no port to check it at; add one to it, or to the check"));
  EXPECT_THAT(merge({put("c/b/app.internal/10.0.0.2", R"({"v":1,"port":80})")}).warnings,
              IsEmpty());
  EXPECT_THAT(addresses("app.local"), ElementsAre("10.0.0.2"));
}

// ---- overrides ---------------------------------------------------------------------------------

TEST_F(FleetMerge, TellsOverridesThatChange) {
  const Overrides::Key key{"app.internal", address_of_test("10.0.0.1")};
  const std::string drained = "c/x/app.internal/10.0.0.1";
  EXPECT_THAT(merge({put(drained, drain_by("alice"))}).overrides,
              ElementsAre(OverrideNews{
                  key, FleetOverride{OverrideKind::drain, std::nullopt, "alice", ""}}));
  EXPECT_THAT(merge({put(drained, drain_by("alice") + " ")}).overrides, IsEmpty());
  EXPECT_THAT(merge({put(drained, drain_by("bob"))}).overrides, testing::SizeIs(1));
  EXPECT_THAT(merge({gone(drained)}).overrides, ElementsAre(OverrideNews{key, std::nullopt}));
}

TEST_F(FleetMerge, TellsOverridesOfBackendsByTheServiceThatTakesThem) {
  const Address address = address_of_test("10.0.0.1");
  merge({put("c/x/app.internal/10.0.0.1", drain_by("alice"))});
  merge_.set_local({own("app.local", {"app.internal"})});
  EXPECT_THAT(merge().overrides,
              ElementsAre(OverrideNews{{"app.local", address},
                                       FleetOverride{OverrideKind::drain, {}, "alice", ""}}));
  EXPECT_THAT(merge({gone("c/x/app.internal/10.0.0.1")}).overrides,
              ElementsAre(OverrideNews{{"app.internal", address}, std::nullopt},
                          OverrideNews{{"app.local", address}, std::nullopt}));
}

TEST_F(FleetMerge, TellsWhatIsOverWithAnotherCatalog) {
  merge({put("c/x/app.internal/10.0.0.1", drain_by("alice"))});
  Catalog empty(some_fleet());
  merge_.set_local({});
  EXPECT_THAT(merge_.merge(empty, in_force_).overrides,
              ElementsAre(OverrideNews{{"app.internal", address_of_test("10.0.0.1")}, {}}));
}

}  // namespace
}  // namespace hlb::fleet
