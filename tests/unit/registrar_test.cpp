#include "fleet/registrar.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "fleet/entries.h"
#include "fleet/forgetter.h"
#include "fleet/mirrored_keys.h"
#include "tests/unit/fake_clock.h"
#include "tests/unit/fake_engine.h"

namespace hlb::fleet {
namespace {

using namespace std::chrono_literals;

constexpr const char* kKey = "/hlb/1/c/b/app.internal/10.0.0.7";

// A catalog that follows the fake engine at once, as the mirror does after a moment.
class WritingHost : public testing::Test {
 protected:
  void settle() {
    for (int i = 0; i < 100; ++i) {
      loop_.restart();
      loop_.poll();
    }
  }
  void pass(Clock::TimePoint::duration time) {
    const auto end = clock_.now() + time;
    while (clock_.pass_to_next_alarm(end))
      settle();
    settle();
  }

  // What the catalog has now.
  void follow() {
    keys_ = MirroredKeys();
    for (const auto& [key, value] : etcd_.store().keys)
      keys_.take({key, value.value, value.revision});
  }
  std::string value() const {
    const auto found = etcd_.store().keys.find(kKey);
    return found == etcd_.store().keys.end() ? "" : found->second.value;
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  FakeEtcd etcd_{loop_.get_executor()};
  MirroredKeys keys_;
};

// ---- registration ------------------------------------------------------------------------------

class RegistrarTest : public WritingHost {
 protected:
  RegistrarTest() {
    registrar_.emplace(
        loop_.get_executor(), clock_, etcd_.connect(),
        Registrar::Settings{
            .endpoints = etcd_.endpoints(), .keys = KeyLayout("/hlb"), .host = "host7"},
        [this] { return fresh_ ? &keys_.all() : nullptr; },
        [this](const std::string& trouble) { troubles_.push_back(trouble); });
  }

  static Registration registration(bool until_stop = false) {
    return {.service = "app.internal",
            .address = *Address::parse("10.0.0.7"),
            .deregister_on_stop = until_stop};
  }
  static std::string written() { return write_backend(registered(registration(), "host7")); }

  void look() {
    follow();
    registrar_->look();
    settle();
  }
  void have(bool until_stop) {
    registrar_->configure({registration(until_stop)});
    settle();
    follow();
  }
  bool leaves() {
    bool left = false;
    registrar_->leave([&left] { left = true; });
    settle();
    return left;
  }

  bool fresh_ = true;
  std::vector<std::string> troubles_;
  std::optional<Registrar> registrar_;
};

TEST_F(RegistrarTest, WritesWhatLacksAndPutsItBack) {
  registrar_->configure({registration()});
  settle();
  EXPECT_EQ(value(), written());
  etcd_.erase(kKey);
  look();
  EXPECT_EQ(value(), written());
  const Revision before = etcd_.store().revision;
  look();
  EXPECT_EQ(etcd_.store().revision, before) << "there is nothing to write";
}

TEST_F(RegistrarTest, WritesNothingWhileTheCatalogIsNotKnownForSure) {
  fresh_ = false;
  registrar_->configure({registration()});
  settle();
  EXPECT_EQ(value(), "");
  fresh_ = true;
  look();
  EXPECT_EQ(value(), written());
}

TEST_F(RegistrarTest, LeavesAloneWhatSomebodyElseHasWrittenAndSaysSo) {
  for (const char* others : {R"({"v":1})", R"({"v":1,"by":"host8"})", "{"}) {
    etcd_.put(kKey, others);
    follow();
    registrar_->configure({registration()});
    settle();
    EXPECT_EQ(value(), others);
    EXPECT_NE(troubles_.back().find("somebody else has written c/b/app.internal/10.0.0.7"),
              std::string::npos);
  }
  etcd_.erase(kKey);
  look();
  EXPECT_EQ(value(), written());
  EXPECT_EQ(troubles_.back(), "");
}

TEST_F(RegistrarTest, TakesOutWhatIsConfiguredNoMore) {
  have(false);
  registrar_->configure({});
  settle();
  EXPECT_EQ(value(), "");
}

TEST_F(RegistrarTest, TakesOutAtAStopWhatSaysSoAlone) {
  have(true);
  have(false);
  EXPECT_TRUE(leaves());
  EXPECT_EQ(value(), written()) << "it was to stay";
}

TEST_F(RegistrarTest, LeavesOnceItsEntryIsTakenOut) {
  have(true);
  EXPECT_TRUE(leaves());
  EXPECT_EQ(value(), "");
}

TEST_F(RegistrarTest, LeavesAfterTheWriteThatIsUnderWay) {
  registrar_->configure({registration(true)});
  EXPECT_TRUE(leaves());
  EXPECT_EQ(value(), written()) << "what was written isn't known yet";
}

TEST_F(RegistrarTest, TriesAgainAfterAFailure) {
  etcd_.fate = [](FakeEtcd::Step step, std::size_t) {
    return step == FakeEtcd::Step::transact
               ? FakeEtcd::Fate{.fault = EngineFault{.message = "no leader"}}
               : FakeEtcd::Fate{};
  };
  registrar_->configure({registration()});
  settle();
  EXPECT_EQ(troubles_, std::vector<std::string>{"can't register: no leader"});
  etcd_.fate = nullptr;
  pass(2s);
  EXPECT_EQ(value(), written());
  EXPECT_EQ(troubles_.back(), "");
}

// ---- what is forgotten -------------------------------------------------------------------------

TEST(ToBeForgotten, IsWhatWasRegisteredSoAndIsDownForSoLongBesideAnotherThatIsUp) {
  const FleetBackend backend{.spec = {}, .by = "host7", .forget_after = 24h};
  EXPECT_TRUE(is_to_be_forgotten(backend, State::down, 24h, true));
  EXPECT_FALSE(is_to_be_forgotten(backend, State::down, 24h - 1s, true));
  EXPECT_FALSE(is_to_be_forgotten(backend, State::down, 24h, false));
  EXPECT_FALSE(is_to_be_forgotten(backend, State::unknown, 24h, true));
  EXPECT_FALSE(
      is_to_be_forgotten({.spec = {}, .by = "host7", .forget_after = 0s}, State::down, 999h, true));
  EXPECT_FALSE(
      is_to_be_forgotten({.spec = {}, .by = "", .forget_after = 24h}, State::down, 999h, true));
}

TEST_F(WritingHost, ForgetsADeadBackendUnlessItWasRegisteredAnew) {
  const Revision seen = etcd_.put(kKey, "dead");
  std::vector<Transaction::Condition> gone;
  const Forgetter forgetter(
      loop_.get_executor(), clock_, etcd_.connect(), etcd_.endpoints(), 1,
      [&] { return std::vector<Transaction::Condition>{{kKey, seen}}; },
      [&](const std::vector<Transaction::Condition>& keys) { gone = keys; });
  etcd_.put(kKey, "alive again");
  pass(2min);
  EXPECT_EQ(value(), "alive again");
  EXPECT_TRUE(gone.empty());
}

TEST_F(WritingHost, ForgetsADeadBackend) {
  const Revision seen = etcd_.put(kKey, "dead");
  std::vector<Transaction::Condition> gone;
  const Forgetter forgetter(
      loop_.get_executor(), clock_, etcd_.connect(), etcd_.endpoints(), 1,
      [&] { return std::vector<Transaction::Condition>{{kKey, seen}}; },
      [&](const std::vector<Transaction::Condition>& keys) { gone = keys; });
  pass(29s);
  EXPECT_EQ(value(), "dead");
  pass(61s);
  EXPECT_EQ(value(), "");
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone.front().key, kKey);
}

}  // namespace
}  // namespace hlb::fleet
