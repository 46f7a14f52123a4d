// Which services of one configuration stand in another.
#include "health/service_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace hlb {
namespace {

using testing::ElementsAre;

ServiceSpec named(std::string name, std::uint16_t max_addresses = 8) {
  ServiceSpec spec;
  spec.name = std::move(name);
  spec.max_addresses = max_addresses;
  return spec;
}

TEST(ServiceList, FindsByName) {
  const Services list = list_of({named("a.test"), named("b.test")});
  EXPECT_EQ(list->find("b.test"), 1U);
  EXPECT_EQ(list->find("c.test"), std::nullopt);
}

TEST(ServiceList, IsComparedWithTheOneBefore) {
  const Services before = list_of({named("a.test"), named("b.test"), named("c.test")});
  const Services now = list_of({named("c.test"), named("b.test", 4), named("new.test")});
  const ServiceChange change = compare(now, before);
  EXPECT_EQ(change.now, now);
  EXPECT_THAT(change.same, ElementsAre(2U, std::nullopt, std::nullopt));
}

TEST(ServiceList, IsNotLookedAtWhereItIsKnownToBeAsItWas) {
  const Services before = list_of({named("a.test"), named("b.test")});
  const Services now = list_of({named("a.test", 4), named("b.test", 4)});
  EXPECT_THAT(compare(now, before, {true, false}).same, ElementsAre(0, std::nullopt));
}

TEST(ServiceList, GivesWayToOneWhoseServicesAreTheSameInTheSamePlaces) {
  const Services before = list_of({named("a.test"), named("b.test")});
  EXPECT_EQ(compare(list_of({named("a.test"), named("b.test")}), before).now, before);
  for (const Services& other :
       {list_of({named("b.test"), named("a.test")}), list_of({named("a.test")}),
        list_of({named("a.test"), named("b.test"), named("c.test")})})
    EXPECT_EQ(compare(other, before).now, other);
}

// ---- part of a change --------------------------------------------------------------------------

// A service's name, and a setting of it that may change.
using Setting = std::pair<std::string, std::uint16_t>;

Services with(const std::vector<Setting>& settings) {
  std::vector<ServiceSpec> services;
  for (const auto& [name, setting] : settings)
    services.push_back(named(name, setting));
  return list_of(std::move(services));
}

std::vector<Setting> settings_of(const Services& list) {
  std::vector<Setting> settings;
  for (const ServiceSpec& service : list->all())
    settings.emplace_back(service.name, service.max_addresses);
  return settings;
}

// The lists on the way from one to the other, without both.
std::vector<std::vector<Setting>> way(Services before, const Services& now, std::size_t most) {
  std::vector<std::vector<Setting>> parts;
  while (const Services part = part_way(compare(now, before), most).now) {
    parts.push_back(settings_of(part));
    before = part;
  }
  return parts;
}

TEST(PartOfAChange, ChangesSoManyServicesAndLeavesTheOthersInTheirPlaces) {
  const Services before = with({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}});
  const Services now = with({{"a", 2}, {"b", 1}, {"c", 2}, {"d", 2}, {"e", 2}});
  EXPECT_THAT(way(before, now, 2),
              ElementsAre(ElementsAre(Setting{"a", 2}, Setting{"b", 1}, Setting{"c", 2},
                                      Setting{"d", 1}, Setting{"e", 1})));
  const ServiceChange part = part_way(compare(now, before), 2);
  EXPECT_TRUE(compare(part.now, before).in_place);
  EXPECT_TRUE(part.in_place);
  EXPECT_EQ(part.same, compare(part.now, before).same);
}

TEST(PartOfAChange, HasSoManyNewOnes) {
  const Services now = with({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}});
  EXPECT_THAT(way(with({{"d", 1}}), now, 1),
              ElementsAre(ElementsAre(Setting{"a", 1}, Setting{"d", 1}),
                          ElementsAre(Setting{"a", 1}, Setting{"b", 1}, Setting{"d", 1})));
}

TEST(PartOfAChange, LacksSoManyThatAreGoneTheLastOnesFirst) {
  const Services before = with({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}});
  EXPECT_THAT(way(before, with({{"a", 1}}), 2),
              ElementsAre(ElementsAre(Setting{"a", 1}, Setting{"b", 1}, Setting{"c", 1})));
}

TEST(PartOfAChange, CountsThoseThatChangeAndThoseThatAreGoneTogether) {
  const Services before = with({{"a", 1}, {"b", 1}, {"gone", 1}, {"too", 1}});
  const Services now = with({{"a", 2}, {"b", 2}});
  EXPECT_THAT(way(before, now, 3),
              ElementsAre(ElementsAre(Setting{"a", 2}, Setting{"b", 2}, Setting{"gone", 1})));
  EXPECT_EQ(part_way(compare(now, before), 4).now, nullptr);
}

TEST(PartOfAChange, IsNoneWhereANameGoesFromOneServiceToAnother) {
  const auto list = [](std::vector<std::string> of_a, std::vector<std::string> of_b) {
    std::vector<ServiceSpec> services = {named("a"), named("b"), named("c")};
    services[0].aliases = std::move(of_a);
    services[1].aliases = std::move(of_b);
    return list_of(std::move(services));
  };
  const Services before = list({}, {"www"});
  EXPECT_EQ(part_way(compare(list({"www"}, {}), before), 1).now, nullptr);
  EXPECT_NE(part_way(compare(list({"web"}, {}), before), 1).now, nullptr);
}

}  // namespace
}  // namespace hlb
