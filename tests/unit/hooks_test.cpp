// on_change with real shell scripts.
#include "operators/hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <sstream>

#include "tests/unit/scripts.h"

namespace hlb {
namespace {

using probes::children;
using probes::contents;
using probes::is_gone;
using probes::process_in;
using probes::run_until;
using probes::ScriptFolder;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

class HooksTest : public testing::Test {
 protected:
  HooksTest() { make_hooks(); }

  void make_hooks() {
    hooks_.emplace(loop_.get_executor(), [this] { return programs_; });
    service_.name = "app.test";
    service_.backends = {backend("192.0.2.7")};
    service_.checks = {{.method = TcpCheck{}, .port = 8080}};
  }

  static BackendSpec backend(std::string_view address) { return {Address::parse(address).value()}; }

  static std::vector<std::string> shell(std::string script) {
    return {"/bin/sh", "-c", std::move(script)};
  }

  // A script that notes the change of which it is told, and then goes on with `more`.
  void note_changes(const std::string& more = "") {
    service_.on_change =
        shell("echo \"$HLB_ADDRESS $HLB_OLD_STATE $HLB_NEW_STATE $HLB_REASON\" >>" +
              folder_.file("told") + "; " + more);
  }

  std::vector<std::string> told() const {
    std::vector<std::string> lines;
    std::istringstream text(contents(folder_.file("told")));
    for (std::string line; std::getline(text, line);)
      lines.push_back(line);
    return lines;
  }

  void transition(State before, State after, std::string_view reason = "why") {
    hooks_->transition(service_, service_.backends.front(), before, after, reason);
  }

  bool becomes(const std::function<bool()>& done) { return run_until(loop_, done); }
  bool told_are(std::size_t count) {
    return becomes([&] { return told().size() >= count; });
  }
  // Until there is nothing more to do.
  void finish() {
    loop_.restart();
    loop_.run();
  }

  void let_go() const { std::ofstream(folder_.file("go")).close(); }
  std::string until_let_go() const {
    return "until [ -e " + folder_.file("go") + " ]; do sleep 0.02; done";
  }

  ScriptFolder folder_;
  boost::asio::io_context loop_{1};
  std::shared_ptr<programs::Runner> programs_ =
      std::make_shared<programs::Runner>(loop_.get_executor());
  std::optional<Hooks> hooks_;
  ServiceSpec service_;
};

TEST_F(HooksTest, TellTheProgramOfTheChangeAndNothingElse) {
  service_.on_change =
      shell("/usr/bin/env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= | sort >" + folder_.file("told"));
  transition(State::up, State::down, "connection refused");
  finish();
  EXPECT_THAT(told(),
              ElementsAre("HLB_ADDRESS=192.0.2.7", "HLB_NEW_STATE=down", "HLB_OLD_STATE=up",
                          "HLB_PORT=8080", "HLB_REASON=connection refused", "HLB_SERVICE=app.test",
                          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
                          "/bin"));
}

TEST_F(HooksTest, TellNoPortWhenThereIsNone) {
  service_.checks = {{}};
  service_.on_change = shell("echo port ${HLB_PORT-none} >" + folder_.file("told"));
  transition(State::up, State::down);
  finish();
  EXPECT_THAT(told(), ElementsAre("port none"));
}

TEST_F(HooksTest, TellNoPortOfAnAgent) {
  service_.checks = {{.method = AgentCheck{}, .port = 9999}};
  service_.on_change = shell("echo port ${HLB_PORT-none} >" + folder_.file("told"));
  transition(State::up, State::down);
  finish();
  EXPECT_THAT(told(), ElementsAre("port none"));
}

TEST_F(HooksTest, PassArgumentsAsTheyAre) {
  service_.on_change = {
      "/bin/sh", "-c",  "for word; do echo \"<$word>\"; done >" + folder_.file("told"),
      "sh",      "a b", "",
      "$HOME;*"};
  transition(State::up, State::down);
  finish();
  EXPECT_THAT(told(), ElementsAre("<a b>", "<>", "<$HOME;*>"));
}

TEST_F(HooksTest, BoundTheReasonAndMakeItPrintable) {
  note_changes();
  transition(State::up, State::down, std::string("a\0b\nc\xff", 6) + std::string(1000, 'x'));
  finish();
  EXPECT_THAT(told(), ElementsAre("192.0.2.7 up down a?b?c?" + std::string(250, 'x')));
}

TEST_F(HooksTest, RunAsNobodyWhenHlbdIsRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch";
  service_.on_change = shell("id -un >" + folder_.file("told"));
  transition(State::up, State::down);
  finish();
  EXPECT_THAT(told(), ElementsAre("nobody"));
}

TEST_F(HooksTest, RunAsTheUserThatIsConfigured) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch";
  service_.on_change = shell("id -un >>" + folder_.file("told"));
  for (const char* user : {"daemon", "root"}) {
    hooks_->configure({.user = user});
    transition(State::up, State::down);
    finish();
  }
  EXPECT_THAT(told(), ElementsAre("daemon", "root"));
}

TEST_F(HooksTest, AreThoseOfAllServicesUnlessAServiceHasItsOwn) {
  hooks_->configure({.command = shell("echo all >>" + folder_.file("told"))});
  service_.on_change = std::nullopt;
  transition(State::up, State::down);
  finish();
  service_.on_change = shell("echo own >>" + folder_.file("told"));
  transition(State::down, State::up);
  finish();
  service_.on_change = std::vector<std::string>();
  transition(State::up, State::down);
  finish();
  EXPECT_THAT(told(), ElementsAre("all", "own"));
}

TEST_F(HooksTest, TellNothingWhenHlbdStartsAndAllIsWell) {
  note_changes();
  transition(State::unknown, State::up);
  transition(State::up, State::unknown);
  transition(State::unknown, State::up);
  finish();
  EXPECT_THAT(told(), IsEmpty());
  transition(State::unknown, State::down, "refused");
  finish();
  transition(State::down, State::up, "connected");
  finish();
  EXPECT_THAT(told(), ElementsAre("192.0.2.7 unknown down refused", "192.0.2.7 down up connected"));
}

TEST_F(HooksTest, TellNothingOfWhatIsOverBeforeItCouldBeTold) {
  note_changes();
  transition(State::up, State::down);
  transition(State::down, State::up);
  finish();
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(HooksTest, TellWhatHappenedMeanwhileByOneRunMore) {
  note_changes(until_let_go());
  transition(State::up, State::down, "1");
  ASSERT_TRUE(told_are(1));
  for (const char* reason : {"2", "4", "6"}) {
    transition(State::down, State::up, reason);
    transition(State::up, State::down, "odd");
  }
  transition(State::down, State::up, "last");
  let_go();
  finish();
  EXPECT_THAT(told(), ElementsAre("192.0.2.7 up down 1", "192.0.2.7 down up last"));
}

TEST_F(HooksTest, TellNothingMoreWhenAllIsAsItWasTold) {
  note_changes(until_let_go());
  transition(State::up, State::down, "1");
  ASSERT_TRUE(told_are(1));
  transition(State::down, State::up, "2");
  transition(State::up, State::down, "3");
  let_go();
  finish();
  EXPECT_THAT(told(), ElementsAre("192.0.2.7 up down 1"));
}

TEST_F(HooksTest, TellOfSeveralBackendsAtOnceAndOfEachService) {
  note_changes(until_let_go());
  transition(State::up, State::down, "1");
  ServiceSpec other = service_;
  other.name = "other.test";
  hooks_->transition(other, other.backends.front(), State::down, State::up, "2");
  hooks_->transition(other, backend("::1"), State::down, State::up, "3");
  EXPECT_TRUE(told_are(3));
  EXPECT_THAT(told(),
              UnorderedElementsAre("192.0.2.7 up down 1", "192.0.2.7 down up 2", "::1 down up 3"));
  let_go();
  finish();
}

TEST_F(HooksTest, RunEightAtATimeAndTheOthersAfterThem) {
  note_changes(until_let_go());
  constexpr std::size_t kAll = 30;
  for (std::size_t number = 1; number <= kAll; ++number) {
    hooks_->transition(service_, backend("10.0.0." + std::to_string(number)), State::up,
                       State::down, "");
  }
  ASSERT_TRUE(told_are(Hooks::kMaxAtOnce));
  loop_.run_for(200ms);
  EXPECT_EQ(told().size(), Hooks::kMaxAtOnce);
  let_go();
  finish();
  EXPECT_EQ(told().size(), kAll);
}

TEST_F(HooksTest, KillTheWholeTreeAtTheTimeLimitAndGoOn) {
  hooks_->configure({.time_limit = 2s});
  note_changes("echo $$ >" + folder_.file("main") + "; setsid sleep 300 & echo $! >" +
               folder_.file("deep") + "; wait");
  transition(State::up, State::down, "1");
  ASSERT_TRUE(becomes([&] { return process_in(folder_.file("deep")).has_value(); }));
  const pid_t main = process_in(folder_.file("main")).value();
  const pid_t deep = process_in(folder_.file("deep")).value();
  note_changes();
  transition(State::down, State::up, "2");
  testing::internal::CaptureStdout();
  finish();
  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              testing::EndsWith("[warning] app.test/192.0.2.7: on_change /bin/sh for up -> down: "
                                "killed after 2s\n"));
  EXPECT_THAT(told(), ElementsAre("192.0.2.7 up down 1", "192.0.2.7 down up 2"));
  EXPECT_TRUE(becomes([&] { return is_gone(main) && is_gone(deep); }));
  EXPECT_TRUE(becomes([] { return children().empty(); }));
}

struct Failure {
  std::vector<std::string> command;
  std::string user;
  std::string warning;
};

TEST_F(HooksTest, WarnOfOneThatFailedInOneLine) {
  const std::vector<Failure> failures = {
      {shell("echo no mail server; echo and more; exit 3"), "nobody",
       "/bin/sh for up -> down: exit code 3: no mail server"},
      {shell("exit 1"), "nobody", "/bin/sh for up -> down: exit code 1"},
      {shell("kill -SEGV $$"), "nobody", "/bin/sh for up -> down: killed by SIGSEGV"},
      {{"/no/such/program"},
       "nobody",
       "/no/such/program for up -> down: can't run /no/such/program: No such file or directory"},
      {shell("exit 0"), "no-such-one", "/bin/sh for up -> down: no such user: no-such-one"},
  };
  for (const Failure& failure : failures) {
    if (failure.user != "nobody" && geteuid() != 0) continue;
    hooks_->configure({.command = failure.command, .user = failure.user});
    testing::internal::CaptureStdout();
    transition(State::up, State::down);
    finish();
    const std::string log = testing::internal::GetCapturedStdout();
    EXPECT_THAT(log, testing::EndsWith("[warning] app.test/192.0.2.7: on_change " +
                                       failure.warning + "\n"));
    EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  }
}

TEST_F(HooksTest, SayNothingOfOneThatWentWell) {
  note_changes("echo a lot; exit 0");
  testing::internal::CaptureStdout();
  transition(State::up, State::down);
  finish();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(told().size(), 1U);
}

TEST_F(HooksTest, TryAgainOnceThereIsADescriptorLeft) {
  note_changes();
  transition(State::up, State::down, "1");
  finish();
  testing::internal::CaptureStdout();
  transition(State::down, State::up, "2");
  {
    const probes::NoDescriptorsForHelpers none;
    loop_.restart();
    loop_.run_for(1300ms);  // for two attempts
  }
  finish();
  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_THAT(log, testing::HasSubstr("can't be started: Too many open files\n"));
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_THAT(told(), ElementsAre("192.0.2.7 up down 1", "192.0.2.7 down up 2"));
}

TEST_F(HooksTest, LeaveNoZombieAndNoDescriptor) {
  note_changes();
  transition(State::up, State::down);
  finish();
  const std::size_t before = probes::open_descriptors();
  for (int number = 1; number <= 50; ++number) {
    hooks_->transition(service_, backend("10.0.0." + std::to_string(number)), State::up,
                       State::down, "");
  }
  finish();
  EXPECT_EQ(told().size(), 51U);
  EXPECT_TRUE(becomes([] { return children().empty(); }));
  EXPECT_EQ(probes::open_descriptors(), before);
}

TEST_F(HooksTest, DropWhatWaitsWhenTheyGoAndLetWhatRunsEnd) {
  note_changes(until_let_go());
  transition(State::up, State::down, "1");
  ASSERT_TRUE(told_are(1));
  transition(State::down, State::up, "2");
  hooks_->transition(service_, backend("::1"), State::down, State::up, "3");
  hooks_.reset();
  let_go();
  finish();
  EXPECT_THAT(told(), ElementsAre("192.0.2.7 up down 1"));
  EXPECT_TRUE(becomes([] { return children().empty(); }));
}

TEST(Hooks, KillWhatRunsWhenTheLoopGoes) {
  const ScriptFolder folder;
  {
    boost::asio::io_context loop(1);
    auto programs = std::make_shared<programs::Runner>(loop.get_executor());
    Hooks hooks(loop.get_executor(), [&] { return programs; });
    ServiceSpec service;
    service.on_change = {"/bin/sh", "-c", "echo $$ >" + folder.file("main") + "; sleep 300"};
    hooks.transition(service, {}, State::up, State::down, "");
    ASSERT_TRUE(run_until(loop, [&] { return process_in(folder.file("main")).has_value(); }));
  }
  const pid_t process = process_in(folder.file("main")).value();
  EXPECT_TRUE(probes::becomes([&] { return is_gone(process) && children().empty(); }));
}

}  // namespace
}  // namespace hlb
