// Changes of single services among others, which stay in their places.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

std::string backend_address(int number) {
  return "10.0.0." + std::to_string(number);
}

// Two worlds that are told the same: in one the services that stay keep their places, as far as
// they can, in the other all are taken over one by one.
class Amended : public testing::Test {
 protected:
  void apply(const std::vector<ServiceSpec>& services) {
    amended_.apply(services);
    ServiceChange change = compare(list_of(services), whole_.monitor().list());
    change.in_place = false;
    whole_.monitor().apply(std::move(change), [](const ServiceSpec&, const BackendSpec&) {
      return Monitor::Inherited();
    });
    whole_.loop().poll();
  }
  void says(int backend, const Outcome& outcome) {
    for (FakeWorld* const world : {&amended_, &whole_})
      world->says(backend_address(backend), outcome);
  }
  void pass(std::chrono::milliseconds time) {
    for (FakeWorld* const world : {&amended_, &whole_})
      world->pass(time);
  }

  int up_to(int most) { return std::uniform_int_distribution(1, most)(chance_); }

  ServiceSpec any_service(std::string name) {
    ServiceSpec spec;
    spec.name = std::move(name);
    spec.checks = {plain_check(static_cast<std::uint16_t>(79 + up_to(2)))};
    if (up_to(3) == 1) spec.slow_start = 400ms;
    if (up_to(3) == 1) spec.failback.reset();
    for (int i = 1; i <= 6; ++i) {
      if (up_to(2) == 1) continue;
      BackendSpec& backend = spec.backends.emplace_back();
      backend.address = address(backend_address(i));
      backend.weight = static_cast<std::uint32_t>(up_to(3));
      backend.priority = static_cast<std::uint16_t>(up_to(2));
    }
    if (spec.backends.empty()) spec.backends.push_back({.address = address("10.0.0.9")});
    return spec;
  }

  void change_any(std::vector<ServiceSpec>& services) {
    const auto place = static_cast<std::size_t>(up_to(static_cast<int>(services.size()))) - 1;
    const std::string new_name = "new" + std::to_string(up_to(1000000)) + ".test";
    switch (up_to(5)) {
      case 1:
        services.push_back(any_service(new_name));
        break;
      case 2:
        services[place] = any_service(new_name);
        break;
      case 3:
        if (services.size() > 2) services.pop_back();
        break;
      default:
        services[place] = any_service(services[place].name);
    }
  }

  void override_any(const std::vector<ServiceSpec>& services) {
    const ServiceSpec& service = services[static_cast<std::size_t>(up_to(2)) - 1];
    const Overrides::Key key{service.name, service.backends.front().address};
    const bool drains = up_to(2) == 1;
    for (FakeWorld* const world : {&amended_, &whole_}) {
      if (drains) {
        world->monitor().set_override(key, Override());  // a drain
      } else {
        world->monitor().clear_override(key, 0);
      }
    }
  }

  static auto facts_of(FakeWorld& world) {
    std::vector<std::tuple<std::string, bool, ServiceState, std::vector<std::string>>> facts;
    world.monitor().refresh();
    for (const ServiceVerdict& verdict : world.monitor().verdicts()) {
      std::vector<std::string> backends;
      for (const BackendVerdict& each : verdict.backends)
        backends.push_back(each.address.to_string() + " " +
                           std::to_string(each.published().word()));
      facts.emplace_back(verdict.spec->name, verdict.undecided, verdict.status.state,
                         std::move(backends));
    }
    return facts;
  }

  static void expect_true_totals(const Monitor& monitor) {
    Totals sums;
    for (const ServiceVerdict& verdict : monitor.verdicts())
      sums.add(verdict.status);
    EXPECT_EQ(monitor.totals().services_down, sums.services_down);
    EXPECT_EQ(monitor.totals().services_healthy, sums.services_healthy);
    EXPECT_EQ(monitor.totals().backends, sums.backends);
    EXPECT_EQ(monitor.totals().backends_up, sums.backends_up);
  }

  static int users_at(FakeWorld& world, int backend, std::uint16_t port) {
    int users = 0;
    world.monitor().any_user_at(address(backend_address(backend)), port,
                                [&](const Check::User&) { return ++users < 0; });
    return users;
  }

  void expect_the_same() {
    EXPECT_EQ(facts_of(amended_), facts_of(whole_));
    expect_true_totals(amended_.monitor());
    expect_true_totals(whole_.monitor());
    EXPECT_EQ(amended_.monitor().first_round_over(), whole_.monitor().first_round_over());
    for (int i = 1; i <= 6; ++i) {
      for (const std::uint16_t port : std::array<std::uint16_t, 2>{80, 81}) {
        EXPECT_EQ(users_at(amended_, i, port), users_at(whole_, i, port));
      }
    }
  }

  std::mt19937 chance_{7};
  FakeWorld amended_;
  FakeWorld whole_;
};

TEST_F(Amended, HaveAllAsIfTheyHadBeenTakenOverAsAWhole) {
  std::vector<ServiceSpec> services = {any_service("a.test"), any_service("b.test"),
                                       any_service("c.test")};
  apply(services);
  for (int step = 0; step < 300 && !HasFailure(); ++step) {
    SCOPED_TRACE(step);
    change_any(services);
    if (up_to(3) == 1) override_any(services);
    // Two backends alone fail, which is no mass failure.
    says(up_to(2), up_to(2) == 1 ? kPasses : kRefuses);
    apply(services);
    expect_the_same();
    pass(up_to(2) == 1 ? 30s : 1ms);
    expect_the_same();
  }
}

TEST_F(Amended, LeaveTheOthersAlone) {
  std::vector<ServiceSpec> services = {plain_service("a.test", {"10.0.0.1"}),
                                       plain_service("b.test", {"10.0.0.2"})};
  amended_.apply(services);
  amended_.pass(1min);
  amended_.monitor().refresh();
  const Check* const check = amended_.monitor().watched()[0].backends[0].checks[0].get();
  services[1].backends[0].weight = 2;
  amended_.apply(services);
  const auto refreshed = amended_.monitor().refresh();
  ASSERT_EQ(refreshed.size(), 1U);
  EXPECT_EQ(refreshed[0].service, 1U);
  EXPECT_EQ(amended_.monitor().watched()[0].backends[0].checks[0].get(), check);
  EXPECT_EQ(amended_.monitor().verdicts()[0].spec, &amended_.monitor().services()[0]);
}

}  // namespace
}  // namespace hlb
