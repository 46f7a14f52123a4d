// What the words of a command line mean.
#include "ctl/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hlb::ctl {
namespace {

using testing::ElementsAre;

class TargetsTest : public testing::Test {
 protected:
  TargetsTest() {
    there_.services = {"app.local", "db.local", "1st.local", "xn--bcher-kva.example"};
    there_.aliases = {{"www.app.local", "app.local"}, {"shop.example", "app.local"}};
    there_.below = {{"x.db.local", "db.local"}};
    there_.backends = {{"app.local", "10.0.0.1", 8082}, {"app.local", "10.0.0.2", 8082},
                       {"app.local", "fd77::11", 8082}, {"db.local", "10.0.0.1", 5432},
                       {"db.local", "fd77::8082", 0},   {"1st.local", "10.1.0.1", 80}};
  }

  // The backends that are meant, "SERVICE/ADDRESS"; or why not, the faults.
  std::vector<std::string> meant(const std::vector<std::string>& words,
                                 Purpose purpose = Purpose::change) {
    const auto targets = targets_of(words, there_, purpose);
    if (!targets) return targets.error();
    std::vector<std::string> found;
    const TargetList told(targets->to_string());
    for (const auto& [service, address, port] : there_.backends) {
      EXPECT_EQ(targets->means(service, address), told.matches(service, address)) << address;
      if (told.matches(service, address)) found.push_back(service + "/" + address);
    }
    return found;
  }
  std::vector<std::string> meant(const std::string& word, Purpose purpose = Purpose::change) {
    return meant(std::vector<std::string>{word}, purpose);
  }

  WhatThereIs there_;
};

TEST_F(TargetsTest, AServiceByItsNameOrAnAliasMeansAllOfIt) {
  for (const char* word : {"app.local", "APP.local.", "www.app.local", "Shop.Example"}) {
    EXPECT_THAT(meant(word),
                ElementsAre("app.local/10.0.0.1", "app.local/10.0.0.2", "app.local/fd77::11"))
        << word;
  }
}

TEST_F(TargetsTest, AServiceWithAnAddressMeansOneBackend) {
  for (const char* word : {"app.local/10.0.0.1", "app.local/10.0.0.1:8082",
                           "www.app.local/10.0.0.1", "shop.example/10.0.0.1:8082"})
    EXPECT_THAT(meant(word), ElementsAre("app.local/10.0.0.1")) << word;
  for (const char* word : {"app.local/fd77::11", "app.local/[fd77::11]",
                           "app.local/[fd77::11]:8082", "app.local/fd77:0::11"})
    EXPECT_THAT(meant(word), ElementsAre("app.local/fd77::11")) << word;
}

TEST_F(TargetsTest, AnAddressAloneMeansItInAllServices) {
  EXPECT_THAT(meant("10.0.0.1"), ElementsAre("app.local/10.0.0.1", "db.local/10.0.0.1"));
  EXPECT_THAT(meant("10.0.0.1:5432"), ElementsAre("db.local/10.0.0.1"));
  EXPECT_THAT(meant("[fd77::11]:8082"), ElementsAre("app.local/fd77::11"));
  EXPECT_THAT(meant("[fd77::11]"), ElementsAre("app.local/fd77::11"));
  EXPECT_THAT(meant("fd77::11"), ElementsAre("app.local/fd77::11"));
}

TEST_F(TargetsTest, PatternsMeanAllThatFits) {
  EXPECT_THAT(meant("d?.*"), ElementsAre("db.local/10.0.0.1", "db.local/fd77::8082"));
  EXPECT_THAT(meant("*/10.0.0.1"), ElementsAre("app.local/10.0.0.1", "db.local/10.0.0.1"));
  EXPECT_THAT(meant("app.*/10.*:8082"), ElementsAre("app.local/10.0.0.1", "app.local/10.0.0.2"));
  EXPECT_THAT(meant("10.0.0.*"),
              ElementsAre("app.local/10.0.0.1", "app.local/10.0.0.2", "db.local/10.0.0.1"));
  EXPECT_THAT(meant("fd77:*"), ElementsAre("app.local/fd77::11", "db.local/fd77::8082"));
  EXPECT_EQ(meant("*").size(), 6U);
  EXPECT_EQ(meant("*/*").size(), 6U);
}

// A single colon before a number is a port, not the end of an address.
TEST_F(TargetsTest, AWildcardWithAPortMeansWhatIsAtThatPort) {
  EXPECT_THAT(meant("*:8082"),
              ElementsAre("app.local/10.0.0.1", "app.local/10.0.0.2", "app.local/fd77::11"));
  EXPECT_THAT(meant("*::8082"), ElementsAre("db.local/fd77::8082"));
}

TEST_F(TargetsTest, SeveralWordsMeanAllOfTheirs) {
  EXPECT_THAT(meant({"db.local", "www.app.local/10.0.0.2", "10.0.0.1"}),
              ElementsAre("app.local/10.0.0.1", "app.local/10.0.0.2", "db.local/10.0.0.1",
                          "db.local/fd77::8082"));
}

TEST_F(TargetsTest, AnInternationalNameIsTakenAsItIsTyped) {
  there_.backends.push_back({"xn--bcher-kva.example", "10.0.0.9", 80});
  EXPECT_THAT(meant("bücher.example/10.0.0.9"), ElementsAre("xn--bcher-kva.example/10.0.0.9"));
}

TEST_F(TargetsTest, AWordThatFitsNothingIsTheFaultOfAll) {
  EXPECT_THAT(meant({"db.local", "typo.test", "10.9.9.9"}),
              ElementsAre("typo.test: no service has this name or alias",
                          "10.9.9.9: no backend has this address"));
}

TEST_F(TargetsTest, SaysWhatWasProbablyMeant) {
  const auto fault = [this](const std::string& word) { return meant(word).front(); };
  EXPECT_EQ(fault("app.locl"),
            "app.locl: no service has this name or alias; did you mean app.local?");
  EXPECT_EQ(fault("applocal/10.0.0.1"),
            "applocal/10.0.0.1: no service has this name or alias; did you mean "
            "app.local/10.0.0.1?");
  EXPECT_EQ(fault("ww.app.local"),
            "ww.app.local: no service has this name or alias; did you mean www.app.local?");
  EXPECT_EQ(fault("app.local/10.0.0.3"),
            "app.local/10.0.0.3: app.local has no such address; did you mean app.local/10.0.0.1?");
  EXPECT_EQ(fault("10.0.0.11"), "10.0.0.11: no backend has this address; did you mean 10.0.0.1?");
  EXPECT_EQ(fault("app.local/10.0.0.2:8083"),
            "app.local/10.0.0.2:8083: not at this port; did you mean app.local/10.0.0.2:8082?");
  EXPECT_EQ(fault("app.local:8082"),
            "app.local:8082: no backend has this address; did you mean app.local?");
  EXPECT_EQ(fault("https://app.local/x"),
            "https://app.local/x: leave out scheme, port and path; did you mean app.local?");
  EXPECT_EQ(fault("http://[fd77::1]:80"),
            "http://[fd77::1]:80: leave out scheme, port and path; did you mean fd77::1?");
  EXPECT_EQ(fault("http://"), "http://: leave out scheme, port and path");
  EXPECT_EQ(fault("2*.3"), "2*.3: no backend has an address that fits");
}

TEST_F(TargetsTest, PatternsAreComparedWithNamesAlone) {
  EXPECT_THAT(meant("www.*"),
              ElementsAre("www.*: no service has a name that fits; www.app.local does, an alias of "
                          "app.local, but aliases are only taken whole"));
  EXPECT_THAT(meant("nothing*"), ElementsAre("nothing*: no service has a name that fits"));
}

TEST_F(TargetsTest, WhatMayMeanAddressesOrNamesIsToBeSaidClearly) {
  EXPECT_THAT(meant("1*"), ElementsAre("1*: may mean addresses, or names of services: give */1* or "
                                       "1*/*"));
  EXPECT_THAT(meant("1*/*"), ElementsAre("1st.local/10.1.0.1"));
  EXPECT_EQ(meant("*/1*").size(), 4U);
}

TEST_F(TargetsTest, ANameBelowAServiceIsForReadingAlone) {
  EXPECT_THAT(meant("x.db.local", Purpose::read),
              ElementsAre("db.local/10.0.0.1", "db.local/fd77::8082"));
  EXPECT_THAT(meant("x.db.local"),
              ElementsAre("x.db.local: is only a name below db.local; did you mean db.local?"));
}

TEST_F(TargetsTest, NonsenseMeansNothing) {
  for (const char* word : {"", "/", "app.local/", "/10.0.0.1", "app.local/10.0.0.1/8", "\xff", "[",
                           "[]", "[:80", "[fd77::11]:", "[fd77::11]8082", "app.local/[10.0.0.1",
                           "app.local/10.0.0.1:", "a b", "app.local/10.0.0.1:99999", "* *"}) {
    EXPECT_FALSE(targets_of(std::vector<std::string>{word}, there_, Purpose::read)) << word;
  }
}

TEST_F(TargetsTest, NoWordMeansAll) {
  const Targets all;
  EXPECT_TRUE(all.means("app.local", "10.0.0.1"));
  EXPECT_TRUE(all.means("app.local", ""));
  EXPECT_TRUE(all.means_some_of("app.local"));
}

TEST_F(TargetsTest, KnowsWhichServicesAreMeantAsAWhole) {
  const auto targets =
      targets_of(std::vector<std::string>{"www.app.local", "10.0.0.1"}, there_, Purpose::read);
  ASSERT_TRUE(targets);
  EXPECT_TRUE(targets->means("app.local", ""));
  EXPECT_FALSE(targets->means("db.local", ""));
  EXPECT_THAT(targets->services(), ElementsAre("app.local", "db.local"));
  EXPECT_FALSE(targets->means_some_of("1st.local"));
}

// A service whose backends' names aren't known yet has none.
TEST_F(TargetsTest, AServiceWithoutBackendsIsMeant) {
  there_.backends.clear();
  const auto targets = targets_of(std::vector<std::string>{"app.*"}, there_, Purpose::read);
  ASSERT_TRUE(targets);
  EXPECT_THAT(targets->services(), ElementsAre("app.local"));
  EXPECT_TRUE(targets->means("app.local", "10.0.0.7"));
}

}  // namespace
}  // namespace hlb::ctl
