// Which services of one configuration stand in another.
#include "health/service_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace hlb
