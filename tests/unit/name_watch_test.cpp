// Names of backends, followed in the DNS of a name server on loopback.
#include "discovery/name_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/name_server.h"

namespace hlb::discovery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

class NameWatchTest : public testing::Test {
 protected:
  static ServiceSpec service(const std::string& name, std::vector<NamedBackends> named) {
    ServiceSpec spec;
    spec.name = name;
    spec.named = std::move(named);
    spec.checks.push_back({.method = TcpCheck{}, .port = 80});
    return spec;
  }

  std::optional<Bytes> answer(const Bytes& message) {
    const Query query = parse_query(message);
    if (silent_) return std::nullopt;
    if (failing_) return Reply(message, ns_r_servfail).bytes();
    if (query.name.starts_with("dead")) return std::nullopt;
    Reply reply(message);
    const bool srv = query.type == ns_t_srv;
    for (const std::string& record : zone_[query.name]) {
      const bool ipv6 = record.find(':') != std::string::npos;
      if (srv) reply.srv(ttl_, 1, 10, 8080, wire_name(record));
      if (!srv && ipv6 == (query.type == ns_t_aaaa)) reply.address(ttl_, record);
    }
    return reply.bytes();
  }

  std::vector<ServiceSpec> follow(std::vector<ServiceSpec> services) {
    take(watch_.follow(list_of(std::move(services))));
    return services_;
  }

  void take(const Services& services) {
    services_.assign(services->all().begin(), services->all().end());
  }

  std::vector<std::string> addresses(std::size_t service = 0) const {
    std::vector<std::string> texts;
    for (const BackendSpec& backend : services_.at(service).backends)
      texts.push_back(backend.address.to_string());
    return texts;
  }

  // Turns the loop until `done`, or for so long that it will never be.
  template <typename Done>
  bool run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + kPlenty;
    while (!done() && std::chrono::steady_clock::now() < deadline)
      loop_.run_one_for(100ms);
    return done();
  }

  bool settle() {
    return run_until([&] { return watch_.first_round_over(); });
  }

  asio::io_context loop_{1};
  ResolvConf resolv_conf_{"127.0.0.1"};
  std::map<std::string, std::vector<std::string>> zone_;
  std::uint32_t ttl_ = 60;
  bool failing_ = false;
  bool silent_ = false;
  NameServer server_{loop_, [this](const Bytes& query, bool) { return answer(query); }};
  std::vector<ServiceSpec> services_;
  int changes_ = 0;
  std::vector<std::string> news_;
  std::set<std::string> up_;  // "service/address"
  NameWatch watch_{
      loop_.get_executor(),
      [this](const Services& services) {
        take(services);
        ++changes_;
      },
      [this](const Notice& notice) { news_.push_back((notice.trouble ? "! " : "") + notice.text); },
      [this](std::string_view service, const Address& backend) {
        return up_.contains(std::string(service) + "/" + backend.to_string());
      },
      {.resolv_conf = resolv_conf_.path(), .timeout = kPlenty, .port = server_.port()}};
};

TEST_F(NameWatchTest, GivesServicesWithoutNamesBackAndAsksNobody) {
  ServiceSpec plain = service("a.test", {});
  plain.backends.push_back({Address::parse("10.0.0.1").value()});
  EXPECT_EQ(follow({plain}), std::vector<ServiceSpec>{plain});
  EXPECT_TRUE(watch_.first_round_over());
  EXPECT_EQ(server_.asked(), 0);
}

TEST_F(NameWatchTest, NamesWithoutAnAnswerDelayNoOtherService) {
  zone_["x.test"] = {"10.0.0.2"};
  std::vector<NamedBackends> dead;
  for (int i = 0; i < 200; ++i)
    dead.push_back({.name = "dead" + std::to_string(i) + ".test"});
  follow({service("dead.test", dead), service("a.test", {{.name = "x.test"}})});
  EXPECT_TRUE(run_until([&] { return !addresses(1).empty(); }));
}

TEST_F(NameWatchTest, NorDoThoseOfManyServicesThatHadNoneBefore) {
  zone_["x.test"] = {"10.0.0.2"};
  failing_ = true;
  std::vector<ServiceSpec> services;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "dead" + std::to_string(i) + ".test";
    services.push_back(service(name, {{.name = name}}));
  }
  follow(services);
  ASSERT_TRUE(run_until([&] { return watch_.unresolved().size() == services.size(); }));
  failing_ = false;  // but silent from now on
  const int asked = server_.asked();
  ASSERT_TRUE(run_until([&] { return server_.asked() > asked; }));
  loop_.run_for(100ms);
  services.push_back(service("a.test", {{.name = "x.test"}}));
  follow(services);
  EXPECT_TRUE(run_until([&] { return !addresses(services.size() - 1).empty(); }));
}

TEST_F(NameWatchTest, TellsAllServicesOnceTheAddressesAreKnown) {
  zone_["x.test"] = {"10.0.0.2", "fd99::1", "10.0.0.1"};
  ServiceSpec plain = service("plain.test", {});
  plain.backends.push_back({Address::parse("10.0.0.9").value()});
  const auto before = follow({plain, service("a.test", {{.name = "x.test"}})});
  EXPECT_EQ(before.at(0), plain);
  EXPECT_EQ(before.at(1), service("a.test", {{.name = "x.test"}}));
  EXPECT_FALSE(watch_.first_round_over());
  ASSERT_TRUE(settle());
  EXPECT_THAT(addresses(0), ElementsAre("10.0.0.9"));
  EXPECT_THAT(addresses(1), ElementsAre("10.0.0.1", "10.0.0.2", "fd99::1"));
  EXPECT_THAT(services_.at(1).named, IsEmpty());
}

TEST_F(NameWatchTest, AsksOnceForANameOfSeveralServices) {
  zone_["x.test"] = {"10.0.0.1"};
  follow({service("a.test", {{.name = "x.test"}}), service("b.test", {{.name = "x.test"}})});
  ASSERT_TRUE(settle());
  EXPECT_THAT(addresses(0), ElementsAre("10.0.0.1"));
  EXPECT_THAT(addresses(1), ElementsAre("10.0.0.1"));
  EXPECT_EQ(server_.asked("x.test", ns_t_a), 1);
  EXPECT_EQ(server_.asked("x.test", ns_t_aaaa), 1);
}

TEST_F(NameWatchTest, FollowsServiceRecordsToTheirTargets) {
  zone_["_a._tcp.test"] = {"x.test", "y.test"};
  zone_["x.test"] = {"10.0.0.1"};
  zone_["y.test"] = {"10.0.0.2"};
  follow({service("a.test", {{.name = "_a._tcp.test", .srv = true}})});
  ASSERT_TRUE(settle());
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.1", "10.0.0.2"));
  const BackendSpec expected{Address::parse("10.0.0.1").value(), 10, 1, 8080};
  EXPECT_EQ(services_.at(0).backends.at(0), expected);
  EXPECT_EQ(server_.asked("_a._tcp.test", ns_t_a), 0);
}

TEST_F(NameWatchTest, AsksAgainWhenTheTimeToLiveIsOverAndTellsAChangeAlone) {
  ttl_ = 1;
  zone_["x.test"] = {"10.0.0.1"};
  follow({service("a.test", {{.name = "x.test"}})});
  ASSERT_TRUE(run_until([&] { return server_.asked("x.test", ns_t_a) == 2; }));
  EXPECT_EQ(changes_, 1);
  zone_["x.test"] = {"10.0.0.2"};
  ASSERT_TRUE(run_until([&] { return changes_ == 2; }));
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.2"));
  EXPECT_THAT(news_, ElementsAre("x.test is 10.0.0.1", "x.test is 10.0.0.2"));
}

TEST_F(NameWatchTest, KeepsTheAddressesWhileDnsFailsAndSaysItOnce) {
  ttl_ = 1;
  zone_["x.test"] = {"10.0.0.1"};
  follow({service("a.test", {{.name = "x.test"}})});
  ASSERT_TRUE(settle());
  failing_ = true;
  const int before = server_.asked();
  ASSERT_TRUE(run_until([&] { return server_.asked() >= before + 6; }));
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.1"));
  EXPECT_EQ(news_.size(), 2U);
  EXPECT_THAT(news_.back(), HasSubstr("! x.test can't be looked up ("));
  EXPECT_THAT(news_.back(), HasSubstr("what was known of it stays"));
  failing_ = false;
  ASSERT_TRUE(run_until([&] { return news_.size() == 3; }));
  EXPECT_EQ(news_.back(), "x.test can be looked up again");
  EXPECT_EQ(changes_, 1);
}

TEST_F(NameWatchTest, KeepsTheAddressesOfANameThatIsNoMore) {
  ttl_ = 1;
  zone_["x.test"] = {"10.0.0.1"};
  follow({service("a.test", {{.name = "x.test"}})});
  ASSERT_TRUE(settle());
  zone_.clear();
  ASSERT_TRUE(run_until([&] { return news_.size() == 2; }));
  EXPECT_EQ(news_.back(),
            "! x.test can't be looked up (there are no such records): what was known of it stays");
  EXPECT_EQ(changes_, 1);
}

TEST_F(NameWatchTest, EndsTheWaitForANameThatHasNoAddress) {
  follow({service("a.test", {{.name = "x.test"}})});
  ASSERT_TRUE(settle());
  EXPECT_EQ(changes_, 1);
  EXPECT_THAT(services_.at(0).named, IsEmpty());
  EXPECT_THAT(services_.at(0).backends, IsEmpty());
  EXPECT_THAT(news_, ElementsAre("! x.test can't be looked up (there are no such records): nothing "
                                 "is known of it yet"));
}

TEST_F(NameWatchTest, EndsTheWaitForASilentDnsAfterAWhileAndTakesItsAnswerLater) {
  silent_ = true;
  zone_["x.test"] = {"10.0.0.1"};
  NameWatch impatient(
      loop_.get_executor(), [this](const Services& services) { take(services); },
      [](const Notice&) {}, [](std::string_view, const Address&) { return false; },
      {.resolv_conf = resolv_conf_.path(), .timeout = 200ms, .tries = 20, .port = server_.port()},
      50ms);
  take(impatient.follow(list_of({service("a.test", {{.name = "x.test"}})})));
  ASSERT_FALSE(impatient.first_round_over());
  ASSERT_TRUE(run_until([&] { return impatient.first_round_over(); }));
  EXPECT_THAT(services_.at(0).named, IsEmpty());
  EXPECT_THAT(services_.at(0).backends, IsEmpty());
  silent_ = false;
  ASSERT_TRUE(run_until([&] { return !services_.at(0).backends.empty(); }));
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.1"));
}

TEST_F(NameWatchTest, EndsTheWaitThoughOtherServicesChangeWithoutEnd) {
  silent_ = true;
  NameWatch impatient(
      loop_.get_executor(), [this](const Services& services) { take(services); },
      [](const Notice&) {}, [](std::string_view, const Address&) { return false; },
      {.resolv_conf = resolv_conf_.path(), .timeout = kPlenty, .port = server_.port()}, 100ms);
  std::vector<ServiceSpec> services = {service("a.test", {{.name = "x.test"}}),
                                       service("b.test", {})};
  take(impatient.follow(list_of(services)));
  for (int i = 0; i < 20; ++i) {
    services.back().slow_start += 1ms;
    take(impatient.follow(list_of(services), NameWatch::Ask::new_names));
    loop_.run_for(20ms);
  }
  EXPECT_TRUE(impatient.first_round_over());
  EXPECT_THAT(services_.at(0).named, IsEmpty());
}

TEST_F(NameWatchTest, KeepsWhatIsKnownOverAReloadAndAsksAnew) {
  zone_["x.test"] = {"10.0.0.1"};
  zone_["y.test"] = {"10.0.0.2"};
  follow({service("a.test", {{.name = "x.test"}})});
  ASSERT_TRUE(settle());
  follow({service("a.test", {{.name = "x.test"}, {.name = "y.test"}})});
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.1"));
  EXPECT_THAT(services_.at(0).named, ElementsAre(NamedBackends{.name = "y.test"}));
  ASSERT_TRUE(settle());
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_TRUE(run_until([&] { return server_.asked("x.test", ns_t_a) == 2; }));
}

// ---- holding -----------------------------------------------------------------------------------

TEST_F(NameWatchTest, HoldsWhatIsUpAndTellsNoChangeWhenDnsGivesAnotherPart) {
  ttl_ = 1;
  zone_["x.test"] = {"10.0.0.1", "10.0.0.2"};
  follow({service("a.test", {{.name = "x.test"}})});
  ASSERT_TRUE(settle());
  up_ = {"a.test/10.0.0.1", "a.test/10.0.0.2"};
  for (int round = 0; round < 4; ++round) {
    zone_["x.test"] = {round % 2 == 0 ? "10.0.0.2" : "10.0.0.1"};
    const int before = server_.asked("x.test", ns_t_a);
    ASSERT_TRUE(run_until([&] { return server_.asked("x.test", ns_t_a) > before + 1; }));
    EXPECT_THAT(addresses(), ElementsAre("10.0.0.1", "10.0.0.2"));
  }
  EXPECT_EQ(changes_, 1);
  EXPECT_THAT(news_, ElementsAre("x.test is 10.0.0.1, 10.0.0.2"));
}

TEST_F(NameWatchTest, LetsWhatItHoldsGoWhenItGoesDown) {
  ttl_ = 1;
  zone_["x.test"] = {"10.0.0.1", "10.0.0.2"};
  follow({service("a.test", {{.name = "x.test"}}), service("b.test", {{.name = "x.test"}})});
  ASSERT_TRUE(settle());
  up_ = {"a.test/10.0.0.1", "b.test/10.0.0.1"};
  zone_["x.test"] = {"10.0.0.2"};
  const int before = server_.asked("x.test", ns_t_a);
  ASSERT_TRUE(run_until([&] { return server_.asked("x.test", ns_t_a) > before + 1; }));
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.1", "10.0.0.2"));
  up_ = {"b.test/10.0.0.1"};
  watch_.went_down("a.test");
  ASSERT_TRUE(run_until([&] { return changes_ == 2; }));
  EXPECT_THAT(addresses(0), ElementsAre("10.0.0.2"));
  EXPECT_THAT(addresses(1), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ(news_.back(), "x.test is 10.0.0.2");
}

TEST_F(NameWatchTest, LetsWhatItHoldsGoWhenItsTimeIsOver) {
  ttl_ = 1;
  zone_["x.test"] = {"10.0.0.1", "10.0.0.2"};
  follow({service("a.test", {{.name = "x.test", .hold = 2500ms}})});
  ASSERT_TRUE(settle());
  up_ = {"a.test/10.0.0.1"};
  zone_["x.test"] = {"10.0.0.2"};
  ttl_ = 60;
  const int before = server_.asked("x.test", ns_t_a);
  ASSERT_TRUE(run_until([&] { return server_.asked("x.test", ns_t_a) > before; }));
  EXPECT_EQ(changes_, 1);
  ASSERT_TRUE(run_until([&] { return changes_ == 2; }));
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.2"));
}

TEST_F(NameWatchTest, HoldsOverAReloadAndByItsSettings) {
  ttl_ = 1;
  zone_["x.test"] = {"10.0.0.1", "10.0.0.2"};
  follow({service("a.test", {{.name = "x.test"}})});
  ASSERT_TRUE(settle());
  up_ = {"a.test/10.0.0.1"};
  zone_["x.test"] = {"10.0.0.2"};
  const int before = server_.asked("x.test", ns_t_a);
  ASSERT_TRUE(run_until([&] { return server_.asked("x.test", ns_t_a) > before + 1; }));
  follow({service("a.test", {{.name = "x.test", .weight = 7}})});
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ(services_.at(0).backends.at(0).weight, 7U);
  follow({service("a.test", {{.name = "x.test", .hold = 0ms}})});
  EXPECT_THAT(addresses(), ElementsAre("10.0.0.2"));
}

TEST_F(NameWatchTest, ForgetsNamesThatAReloadDrops) {
  zone_["x.test"] = {"10.0.0.1"};
  follow({service("a.test", {{.name = "x.test"}})});
  ASSERT_TRUE(settle());
  silent_ = true;
  follow({service("a.test", {{.name = "y.test"}})});
  follow({service("a.test", {{.name = "x.test"}})});
  EXPECT_THAT(addresses(), IsEmpty());
}

}  // namespace
}  // namespace hlb::discovery
