// Services whose probes take long, beside others that have places for theirs.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

class FairSharesTest : public testing::Test {
 protected:
  static constexpr Rounds::Limits kLimits{.probes = 24, .programs = 12};
  static constexpr auto kWell = "10.0.0.1";

  // So many that nobody answers for. The addresses of another `net` are others.
  std::vector<std::string> silent(int count, int net = 1) {
    std::vector<std::string> addresses;
    for (int i = 0; i < count; ++i) {
      addresses.push_back("10." + std::to_string(net) + "." + std::to_string(i / 250) + "." +
                          std::to_string(i % 250 + 1));
      world_.says(addresses.back(), kIsSilent);
      world_.takes(addresses.back(), 1s);
    }
    return addresses;
  }

  static CheckSpec check_by(CheckMethod method) {
    CheckSpec check = plain_check();
    check.method = std::move(method);
    return check;
  }

  static ServiceSpec well(const CheckSpec& check = plain_check()) {
    return plain_service("well.test", {kWell}, check);
  }

  State state_of(const std::string& service, const std::string& backend) {
    return world_.state(backend, world_.monitor().find(service).value());
  }

  int under_way() const {
    int count = 0;
    for (const auto& [backend, probes] : world_.under_way)
      count += probes;
    return count;
  }

  // Whether it is probed about once in its interval of 2 s.
  bool probed_in_its_own_time(const std::string& backend) {
    world_.probes(backend);
    world_.pass(60s);
    return world_.probes(backend).size() >= 27;
  }

  FakeWorld world_{kLimits};
};

TEST_F(FairSharesTest, SilentBackendsDelayNoFirstAnswerOfAnotherService) {
  world_.apply({plain_service("silent.test", silent(500)), well()});
  world_.pass(10ms);
  EXPECT_EQ(state_of("well.test", kWell), State::up);
}

TEST_F(FairSharesTest, NorThatOfAServiceThatIsAddedMeanwhile) {
  const ServiceSpec hog = plain_service("silent.test", silent(500));
  world_.apply({hog});
  world_.pass(3'500ms);
  world_.apply({hog, well()});
  world_.pass(10ms);
  EXPECT_EQ(state_of("well.test", kWell), State::up);
}

TEST_F(FairSharesTest, NorItsLaterProbes) {
  world_.apply({plain_service("silent.test", silent(500)), well()});
  EXPECT_TRUE(probed_in_its_own_time(kWell));
  world_.pass(60s);  // all are found
  EXPECT_TRUE(probed_in_its_own_time(kWell));
}

TEST_F(FairSharesTest, NorIfTheyAreOfManyServices) {
  std::vector<ServiceSpec> services;
  services.reserve(101);
  for (int net = 1; net <= 100; ++net)
    services.push_back(plain_service("silent" + std::to_string(net) + ".test", silent(5, net)));
  services.push_back(well());
  world_.apply(services);
  world_.pass(60s);
  EXPECT_TRUE(probed_in_its_own_time(kWell));
}

TEST_F(FairSharesTest, NorThoseOfTheServiceItself) {
  std::vector<std::string> backends = silent(500);
  backends.emplace_back(kWell);
  world_.apply({plain_service("mixed.test", backends)});
  world_.pass(60s);
  EXPECT_TRUE(probed_in_its_own_time(kWell));
}

TEST_F(FairSharesTest, NorHintsThatComeForAllOfThem) {
  world_.apply({plain_service("silent.test", silent(500)), well()});
  world_.pass(60s);
  world_.probes(kWell);
  for (int hint = 0; hint < 60; ++hint) {
    world_.monitor().probe_now(
        [](const probes::Target& target) { return target.address != address(kWell); });
    world_.pass(1s);
    EXPECT_EQ(under_way(), kLimits.probes / 2);
  }
  EXPECT_GE(world_.probes(kWell).size(), 27U);
}

TEST_F(FairSharesTest, AHintEndsTheWaitAmongThem) {
  world_.apply({plain_service("silent.test", silent(500)), well()});
  world_.pass(60s);
  world_.says(kWell, kRefuses);
  world_.probes(kWell);
  world_.monitor().probe_now(
      [](const probes::Target& target) { return target.address == address(kWell); });
  world_.pass(100ms);
  EXPECT_EQ(state_of("well.test", kWell), State::down);
}

TEST_F(FairSharesTest, SilentBackendsAreProbedAllTheSame) {
  const std::vector<std::string> backends = silent(100);
  world_.apply({plain_service("silent.test", backends), well()});
  world_.pass(60s);
  for (const std::string& back : backends) {
    world_.says(back, kPasses);
    world_.takes(back, 1ms);
  }
  world_.pass(15s);
  for (const std::string& back : backends)
    EXPECT_EQ(state_of("silent.test", back), State::up) << back;
}

TEST_F(FairSharesTest, AServiceKeepsItsShareOverReloads) {
  ServiceSpec hog = plain_service("silent.test", silent(500));
  world_.apply({hog});
  for (int reload = 0; reload < 10; ++reload) {
    hog.max_addresses += 1;  // another service, with the same checks
    const auto other = plain_service("another" + std::to_string(reload), {"10.9.9.9"});
    world_.apply(reload % 2 == 0 ? std::vector{other, hog} : std::vector{hog});
    world_.pass(300ms);
    EXPECT_LE(under_way(), kLimits.probes * 2 / 3);
  }
}

TEST_F(FairSharesTest, GivesBackThePlacesOfServicesThatWent) {
  for (int net = 1; net <= 10; ++net) {
    world_.apply({plain_service("silent" + std::to_string(net), silent(100, net))});
    world_.pass(500ms);
  }
  world_.apply({plain_service("silent.test", silent(100))});
  world_.pass(10ms);
  EXPECT_EQ(under_way(), kLimits.probes * 2 / 3);
}

TEST_F(FairSharesTest, ACheckThatServicesShareCountsToTheOneThatHasFewer) {
  std::vector<std::string> backends = silent(500);
  backends.emplace_back(kWell);
  world_.apply({plain_service("large.test", backends), plain_service("small.test", {kWell})});
  world_.pass(10ms);
  EXPECT_EQ(state_of("small.test", kWell), State::up);
}

TEST_F(FairSharesTest, AgentsThatSayNothingAreSilentWhateverTheySaidBefore) {
  const std::vector<std::string> agents = silent(500);
  for (const std::string& each : agents) {
    world_.says(each, kPasses);
    world_.takes(each, 0ms);
  }
  world_.apply({plain_service("agents.test", agents, check_by(AgentCheck{}))});
  world_.pass(5s);
  for (const std::string& each : agents) {
    world_.says(each, Outcome::abstain("no connection in 1s"));
    world_.takes(each, 1s);
  }
  world_.pass(60s);
  EXPECT_EQ(under_way(), kLimits.probes / 2);
}

TEST_F(FairSharesTest, WhoRefusesAtOnceIsNotSilent) {
  const std::vector<std::string> backends = silent(500);
  for (const std::string& each : backends) {
    world_.says(each, kRefuses);
    world_.takes(each, 1ms);
  }
  world_.apply(
      {plain_service("silent.test", silent(500, 2)), plain_service("refusing.test", backends)});
  world_.pass(60s);
  EXPECT_TRUE(probed_in_its_own_time(backends.front()));
}

TEST_F(FairSharesTest, ProgramsThatHangDelayNoOtherServices) {
  const CheckSpec exec = check_by(ExecCheck{.command = {"/bin/true"}});
  const CheckSpec well_by_exec = check_by(ExecCheck{.command = {"/bin/false"}});
  world_.apply({plain_service("hung.test", silent(200), exec), well(well_by_exec)});
  world_.pass(10ms);
  EXPECT_EQ(state_of("well.test", kWell), State::up);
  EXPECT_TRUE(probed_in_its_own_time(kWell));
}

TEST_F(FairSharesTest, ProgramsHavePlacesOfTheirOwn) {
  world_.apply({plain_service("hung.test", silent(200), check_by(ExecCheck{.command = {"/x"}}))});
  world_.pass(10ms);
  EXPECT_EQ(under_way(), kLimits.programs * 2 / 3);
  world_.apply({plain_service("hung.test", silent(200), check_by(ExecCheck{.command = {"/x"}})),
                plain_service("silent.test", silent(200, 2))});
  world_.pass(10ms);
  EXPECT_EQ(under_way(), (kLimits.programs + kLimits.probes) * 2 / 3);
}

TEST_F(FairSharesTest, FilesTakeNoPlace) {
  const CheckSpec file = check_by(FileCheck{.path = "/run/app/health"});
  world_.apply({plain_service("slow.test", silent(200), file)});
  world_.pass(10ms);
  EXPECT_EQ(under_way(), 200);
}

}  // namespace
}  // namespace hlb
