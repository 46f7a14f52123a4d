// Services with names for backends, and what becomes of them.
#include "discovery/expand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hlb::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Address address(const std::string& text) {
  return Address::parse(text).value();
}

BackendSpec backend(const std::string& text, std::uint32_t weight = 1, std::uint16_t priority = 0,
                    std::uint16_t port = 0) {
  return {address(text), weight, priority, port};
}

class ExpandTest : public testing::Test {
 protected:
  ExpandTest() {
    service_.name = "app.test";
    CheckSpec& check = service_.checks.emplace_back();
    check.method = TcpCheck{};
    check.port = 80;
  }

  void knows(const std::string& name, const std::vector<std::string>& addresses) {
    DnsAnswer answer = DnsAnswer::none("there are no such records");
    if (!addresses.empty()) answer.result = DnsAnswer::Result::records;
    for (const std::string& text : addresses)
      answer.addresses.push_back(address(text));
    KnownName& known = names_.try_emplace({name, false}, false).first->second;
    known.take(0, std::move(answer));
    known.take(1, DnsAnswer::none("there are no such records"));
  }

  void knows_targets(const std::string& name, std::vector<SrvTarget> targets) {
    KnownName& known = names_.try_emplace({name, true}, true).first->second;
    known.take(0, {DnsAnswer::Result::records, "", {}, std::move(targets), {}});
  }

  // Is being asked for, without an answer so far.
  void asks_for(const std::string& name) { names_.try_emplace({name, false}, false); }

  const KnownName* find(const NameKey& key) const {
    const auto found = names_.find(key);
    return found == names_.end() ? nullptr : &found->second;
  }

  Expansion expansion(bool may_wait = true) const {
    return expand(service_, [this](const NameKey& key) { return find(key); }, may_wait);
  }

  std::vector<BackendSpec> backends() const { return expansion().service.backends; }

  std::set<NameKey> names() const {
    std::set<NameKey> names;
    const FindName known = [this](const NameKey& key) { return find(key); };
    for (const auto& [name, service] : names_of(std::span(&service_, 1), known)) {
      EXPECT_EQ(service, service_.name);
      names.insert(name);
    }
    return names;
  }

  ServiceSpec service_;
  std::map<NameKey, KnownName> names_;
};

TEST_F(ExpandTest, LeavesAServiceWithoutNamesAsItIs) {
  service_.backends = {backend("10.0.0.2", 3), backend("10.0.0.1")};
  EXPECT_EQ(expansion(), (Expansion{service_, 0}));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(ExpandTest, PutsTheAddressesOfEachNameBehindThoseOfTheConfiguration) {
  service_.backends = {backend("10.0.0.9")};
  service_.named = {{.name = "b.test", .weight = 2, .priority = 1, .port = 81}, {.name = "a.test"}};
  knows("b.test", {"10.0.0.2", "10.0.0.3"});
  knows("a.test", {"10.0.0.1"});
  EXPECT_THAT(backends(), ElementsAre(backend("10.0.0.9"), backend("10.0.0.2", 2, 1, 81),
                                      backend("10.0.0.3", 2, 1, 81), backend("10.0.0.1")));
  EXPECT_THAT(expansion().service.named, IsEmpty());
}

TEST_F(ExpandTest, CountsTheFirstOfAnAddressThatOccursTwice) {
  service_.backends = {backend("10.0.0.1", 5)};
  service_.named = {{.name = "a.test", .weight = 2}, {.name = "b.test", .weight = 3}};
  knows("a.test", {"10.0.0.1", "10.0.0.2"});
  knows("b.test", {"10.0.0.2", "10.0.0.3"});
  EXPECT_THAT(backends(),
              ElementsAre(backend("10.0.0.1", 5), backend("10.0.0.2", 2), backend("10.0.0.3", 3)));
  EXPECT_EQ(expansion().left_out, 0U);
}

TEST_F(ExpandTest, SaysWhichNamesAwaitTheirFirstAnswer) {
  service_.named = {{.name = "a.test"}, {.name = "b.test"}, {.name = "c.test"}};
  asks_for("a.test");
  knows("b.test", {});
  EXPECT_THAT(expansion().service.named,
              ElementsAre(NamedBackends{.name = "a.test"}, NamedBackends{.name = "c.test"}));
  EXPECT_THAT(expansion(false).service.named, IsEmpty());
}

TEST_F(ExpandTest, TakesPortPriorityAndWeightFromServiceRecords) {
  service_.named = {{.name = "_app._tcp.test", .srv = true}};
  knows_targets("_app._tcp.test", {{1, 10, "a.test", 8081}, {2, 20, "b.test", 8082}});
  knows("a.test", {"10.0.0.2", "10.0.0.3"});
  knows("b.test", {"10.0.0.1"});
  EXPECT_THAT(backends(),
              ElementsAre(backend("10.0.0.2", 10, 1, 8081), backend("10.0.0.3", 10, 1, 8081),
                          backend("10.0.0.1", 20, 2, 8082)));
}

TEST_F(ExpandTest, PrefersThePortOfTheConfiguration) {
  service_.named = {{.name = "_app._tcp.test", .srv = true, .port = 9090}};
  knows_targets("_app._tcp.test", {{1, 10, "a.test", 8081}});
  knows("a.test", {"10.0.0.1"});
  EXPECT_THAT(backends(), ElementsAre(backend("10.0.0.1", 10, 1, 9090)));
}

TEST_F(ExpandTest, ReadsWeightsOfZeroAsEqualAmongThemselvesAndTinyBesideOthers) {
  service_.named = {{.name = "_app._tcp.test", .srv = true}};
  knows_targets("_app._tcp.test", {{1, 0, "a.test", 1},
                                   {1, 0, "b.test", 1},
                                   {2, 0, "c.test", 1},
                                   {2, 3, "d.test", 1},
                                   {3, 0, "e.test", 1},
                                   {3, 65535, "f.test", 1}});
  int last = 0;
  for (const char* name : {"a.test", "b.test", "c.test", "d.test", "e.test", "f.test"})
    knows(name, {"10.0.0." + std::to_string(++last)});
  std::vector<std::uint32_t> weights;
  for (const BackendSpec& backend : backends())
    weights.push_back(backend.weight);
  EXPECT_THAT(weights, ElementsAre(1, 1, 1, 300, 1, 65535));
}

TEST_F(ExpandTest, WaitsForTheTargetsOfServiceRecordsAndUsesThoseThatAreKnown) {
  service_.named = {{.name = "_app._tcp.test", .srv = true}};
  EXPECT_THAT(names(), ElementsAre(NameKey{"_app._tcp.test", true}));
  EXPECT_THAT(expansion().service.named, SizeIs(1));
  knows_targets("_app._tcp.test", {{1, 1, "a.test", 1}, {1, 1, "b.test", 1}});
  EXPECT_THAT(names(), ElementsAre(NameKey{"_app._tcp.test", true}, NameKey{"a.test", false},
                                   NameKey{"b.test", false}));
  knows("b.test", {"10.0.0.1"});
  EXPECT_THAT(expansion().service.named, SizeIs(1));
  EXPECT_THAT(backends(), ElementsAre(backend("10.0.0.1", 1, 1, 1)));
  knows("a.test", {});
  EXPECT_THAT(expansion().service.named, IsEmpty());
}

TEST_F(ExpandTest, LeavesOutBackendsWithoutAPortToCheck) {
  service_.named = {{.name = "_app._tcp.test", .srv = true}};
  knows_targets("_app._tcp.test", {{1, 1, "a.test", 0}, {1, 1, "b.test", 8082}});
  knows("a.test", {"10.0.0.1"});
  knows("b.test", {"10.0.0.2"});
  EXPECT_THAT(backends(), SizeIs(2));  // at the port of the check
  service_.checks = {{.method = TcpCheck{}}};
  EXPECT_THAT(backends(), ElementsAre(backend("10.0.0.2", 1, 1, 8082)));
  EXPECT_EQ(expansion().left_out, 1U);
  service_.checks = {{.method = NoneCheck{}}};
  EXPECT_THAT(backends(), SizeIs(2));
}

TEST_F(ExpandTest, HoldsAsManyBackendsAsARecordAndNoMore) {
  for (int name = 0; name < 3; ++name) {
    std::vector<std::string> many;
    for (int i = 0; i < 2000; ++i) {
      many.push_back("10." + std::to_string(name) + "." + std::to_string(i / 200) + "." +
                     std::to_string(i % 200));
    }
    service_.named.push_back({.name = std::to_string(name) + ".test"});
    knows(service_.named.back().name, many);
  }
  EXPECT_THAT(backends(), SizeIs(kMaxBackends));
  EXPECT_EQ(expansion().left_out, 6000 - kMaxBackends);
}

}  // namespace
}  // namespace hlb::discovery
