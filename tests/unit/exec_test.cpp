// The exec check with real shell scripts, which misbehave in every way we know.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <csignal>
#include <optional>
#include <thread>
#include <vector>

#include "probes/probes.h"
#include "probes/reason.h"
#include "tests/unit/loopback.h"
#include "tests/unit/outcomes.h"
#include "tests/unit/scripts.h"

namespace hlb::probes {
namespace {

using Result = Outcome::Result;
using Evidence = Outcome::Evidence;
using Monotonic = std::chrono::steady_clock;

Target exec_target(std::vector<std::string> command, std::chrono::milliseconds timeout = kPlenty) {
  return target_of({asio::ip::make_address("192.0.2.7"), 8080},
                   ExecCheck{.command = std::move(command), .user = "nobody"}, timeout);
}

Target shell(std::string script, std::chrono::milliseconds timeout = kPlenty) {
  return exec_target({"/bin/sh", "-c", std::move(script)}, timeout);
}

Outcome run_shell(std::string script) {
  asio::io_context loop(1);
  return run(loop, shell(std::move(script)));
}

// Holds the loop from when a helper runs a program until well after its time was up: the helper,
// which is a process of its own, may come to either as late as it likes.
asio::awaitable<void> stall_while_a_program_ends() {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (children().empty()) {
    pause.expires_after(1ms);
    co_await pause.async_wait(kAwait);
  }
  EXPECT_TRUE(becomes([] { return children().empty(); }));
  std::this_thread::sleep_for(kShort);
}

void expect_failed_run(const Outcome& outcome, std::string_view reason) {
  expect(outcome, Result::failed, Evidence::hard, reason);
}

TEST(ExecProbe, PassesOnExitCode0WithTheFirstLineAsItsReason) {
  const Outcome outcome = run_shell("echo all is well; echo and more; exit 0");
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_FALSE(outcome.warning);
  EXPECT_EQ(outcome.reason, "all is well");
  EXPECT_GT(outcome.latency, 0us);
}

TEST(ExecProbe, PassesWithAWarningOnTheStatusThatMeansOneAndNoOther) {
  const auto run_plugin = [](std::string script) {
    asio::io_context loop(1);
    const ExecCheck check{
        .command = {"/bin/sh", "-c", std::move(script)}, .user = "nobody", .warning_status = 1};
    return run(loop, target_of({asio::ip::make_address("192.0.2.7"), 8080}, check, kPlenty));
  };
  const Outcome outcome = run_plugin("echo getting full >&2; exit 1");
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_TRUE(outcome.warning);
  EXPECT_EQ(outcome.reason, "getting full");
  expect_failed_run(run_plugin("exit 2"), "exit code 2");
  EXPECT_FALSE(run_plugin("exit 0").warning);
}

// As curl and others tell a failure, by "|| exit 1" if not by themselves.
TEST(ExecProbe, FailsHardOnAnyOtherExitCode) {
  expect_failed_run(run_shell("echo Connection refused >&2; exit 1"), "Connection refused");
  expect_failed_run(run_shell("exit 1"), "exit code 1");
  expect_failed_run(run_shell("echo CRITICAL; exit 2"), "CRITICAL");
  expect_failed_run(run_shell("exit 3"), "exit code 3");
}

TEST(ExecProbe, FailsHardWhenASignalKillsIt) {
  expect_failed_run(run_shell("kill -SEGV $$"), "killed by SIGSEGV");
  expect_failed_run(run_shell("kill -40 $$"), "killed by signal 40");
}

TEST(ExecProbe, FailsHardWhenThereIsNoSuchFile) {
  asio::io_context loop(1);
  expect_failed_run(run(loop, exec_target({"/no/such/check"})),
                    "can't run /no/such/check: No such file or directory");
}

TEST(ExecProbe, FailsHardWhenTheFileIsNotExecutable) {
  asio::io_context loop(1);
  expect_failed_run(run(loop, exec_target({"/etc/passwd"})),
                    "can't run /etc/passwd: Permission denied");
}

TEST(ExecProbe, SaysWhyItCannotRunAProgramOfALongName) {
  asio::io_context loop(1);
  const Outcome outcome = run(loop, exec_target({"/" + std::string(500, 'x')}));
  EXPECT_EQ(outcome.reason.size(), kMaxReason);
  EXPECT_TRUE(outcome.reason.ends_with("x: File name too long")) << outcome.reason;
}

TEST(ExecProbe, FailsHardWhenThereIsNoSuchUser) {
  if (geteuid() != 0) GTEST_SKIP() << "the user counts for root alone";
  asio::io_context loop(1);
  const Target target =
      target_of({asio::ip::address_v4::loopback(), 0},
                ExecCheck{.command = {"/bin/true"}, .user = "no-such-one"}, kPlenty);
  expect_failed_run(run(loop, target), "no such user: no-such-one");
}

TEST(ExecProbe, MakesOutputPrintable) {
  EXPECT_EQ(run_shell(R"(printf 'caf\303\251\033[1m\tx\r\n')").reason, "caf\\xc3\\xa9\\x1b[1m\\tx");
  EXPECT_EQ(run_shell("head -c 1000 /dev/zero | tr '\\0' x").reason, std::string(kMaxReason, 'x'));
}

TEST(ExecProbe, ReadsEndlessOutputAndKeepsItsBeginning) {
  const Outcome outcome = run_shell("echo first; head -c 3000000 /dev/zero; exit 2");
  expect_failed_run(outcome, "first");
}

TEST(ExecProbe, ReadsAllThatWasWrittenBeforeTheEnd) {
  asio::io_context loop(1);
  const Target target = shell("printf 'one '; printf 'two '; printf three");
  Prober prober(loop.get_executor());
  const auto probe = prober.make(target);
  for (int round = 0; round < 50; ++round)
    ASSERT_EQ(run(loop, *probe).reason, "one two three");
}

TEST(ExecProbe, TellsTheProgramOfTheBackendAndNothingElse) {
  EXPECT_EQ(
      run_shell("/usr/bin/env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= | sort | tr '\\n' ' '").reason,
      "HLB_ADDRESS=192.0.2.7 HLB_PORT=8080 HLB_SERVICE=app.test "
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/b");  // up to kMaxReason
}

TEST(ExecProbe, TellsNoPortWhenThereIsNone) {
  asio::io_context loop(1);
  Target target = shell("echo port ${HLB_PORT-none}");
  target.port = 0;
  EXPECT_EQ(run(loop, target).reason, "port none");
}

TEST(ExecProbe, RunsAsNobodyWhenHlbdIsRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch";
  EXPECT_EQ(run_shell("id -un; exit").reason, "nobody");
  EXPECT_EQ(run_shell("echo $(id -G)").reason, run_shell("echo $(id -G nobody)").reason);
  EXPECT_EQ(run_shell("cat /etc/shadow >/dev/null 2>&1 || echo kept out").reason, "kept out");
}

TEST(ExecProbe, StartsInTheRootFolderInASessionOfItsOwn) {
  EXPECT_EQ(run_shell("pwd").reason, "/");
  EXPECT_EQ(
      run_shell("set -- $(cat /proc/$$/stat); [ $5 = $$ ] && [ $6 = $$ ] && echo leads").reason,
      "leads");
}

TEST(ExecProbe, GivesTheProgramNoDescriptorButTheStandardOnes) {
  const int inheritable = ::open("/dev/null", O_RDONLY);     // NOLINT(*-vararg,*-cloexec-*)
  ASSERT_EQ(::fcntl(inheritable, F_GETFD) & FD_CLOEXEC, 0);  // NOLINT(*-vararg)
  EXPECT_EQ(run_shell("ls -m /proc/$$/fd; exit").reason, "0, 1, 2");
  EXPECT_EQ(run_shell("readlink /proc/$$/fd/0").reason, "/dev/null");
  ::close(inheritable);
}

TEST(ExecProbe, GivesTheProgramDefaultSignals) {
  const auto before = std::signal(SIGUSR1, SIG_IGN);
  sigset_t blocked;
  sigset_t mask;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &blocked, &mask);
  expect_failed_run(run_shell("kill -USR1 $$"), "killed by SIGUSR1");
  expect_failed_run(run_shell("kill -USR2 $$"), "killed by SIGUSR2");
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  (void)std::signal(SIGUSR1, before);
}

TEST(ExecProbe, DoesNotWaitForWhoeverHoldsItsOutput) {
  const auto started = Monotonic::now();
  EXPECT_EQ(run_shell("echo done; sleep 60 & exit 0").reason, "done");
  EXPECT_LT(Monotonic::now() - started, kPlenty);
}

TEST(ExecProbe, FailsSoftAtTheTimeOut) {
  asio::io_context loop(1);
  const Outcome outcome =
      run_until_known([&] { return run(loop, shell("echo on my way; sleep 60", kShort)); });
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.evidence, Evidence::soft);
  EXPECT_EQ(outcome.reason, "no end in 500ms");
  EXPECT_GE(outcome.latency, kShort);
}

TEST(ExecProbe, DoesNotKnowWhenItsOwnLoopWasLate) {
  asio::io_context loop(1);
  asio::co_spawn(loop, stall_while_a_program_ends(), asio::detached);
  const Outcome outcome = run(loop, shell("sleep 60", kShort));
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_TRUE(outcome.reason.starts_with("hlbd itself was late by ")) << outcome.reason;
}

TEST(ExecProbe, DoesNotKnowWithoutADescriptor) {
  asio::io_context loop(1);
  Prober prober(loop.get_executor());
  const Target target = shell("exit 0");
  const auto probe = prober.make(target);
  run(loop, *probe);
  const NoDescriptorsForHelpers none;
  const Outcome outcome = run(loop, *probe);
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_EQ(outcome.reason, "no probe: Too many open files");
}

TEST(ExecProbe, KillsTheWholeTreeAtTheTimeOut) {
  asio::io_context loop(1);
  const ScriptFolder folder;
  const std::string inner = "sleep 300 & echo $! >" + folder.file("deep") + "; wait";
  const Target target = shell("echo $$ >" + folder.file("main") + "; sleep 300 & echo $! >" +
                                  folder.file("group") + "; setsid sh -c '" + inner + "' & wait",
                              kShort);
  Prober prober(loop.get_executor());
  const auto probe = prober.make(target);
  ASSERT_EQ(run_until_known([&] { return run(loop, *probe); }).reason, "no end in 500ms");
  for (const char* name : {"main", "group", "deep"}) {
    const auto process = process_in(folder.file(name));
    ASSERT_TRUE(process) << name;
    EXPECT_TRUE(run_until(loop, [&] { return is_gone(*process); })) << name;
  }
  EXPECT_TRUE(run_until(loop, [] { return children().empty(); }));
}

TEST(ExecProbe, KillsWhatItLeftRunningWhenItEnds) {
  asio::io_context loop(1);
  const ScriptFolder folder;
  const std::string daemon = "sleep 300 & echo $! >" + folder.file("daemon");
  const Target target =
      shell("setsid sh -c '" + daemon + "'; sleep 300 & echo $! >" + folder.file("group"));
  Prober prober(loop.get_executor());
  const auto probe = prober.make(target);
  ASSERT_EQ(run(loop, *probe).result, Result::passed);
  for (const char* name : {"daemon", "group"}) {
    const auto process = process_in(folder.file(name));
    ASSERT_TRUE(process) << name;
    EXPECT_TRUE(run_until(loop, [&] { return is_gone(*process); })) << name;
  }
  EXPECT_TRUE(run_until(loop, [] { return children().empty(); }));
}

TEST(ExecProbe, SparesTheDaemonOfAnotherAttemptUntilThatEnds) {
  asio::io_context loop(1);
  const ScriptFolder folder;
  const std::string daemon = "sleep 300 & echo $! >" + folder.file("daemon");
  const Target target = shell("setsid sh -c '" + daemon + "'; until [ -e " + folder.file("go") +
                              " ]; do sleep 0.01; "
                              "done; kill -0 $(cat " +
                              folder.file("daemon") + ") && echo still there");
  const Target other = shell("exit 0");
  Prober prober(loop.get_executor());
  const auto probe = prober.make(target);
  const auto other_probe = prober.make(other);
  const Attempt attempt(loop, *probe);
  ASSERT_TRUE(run_until(loop, [&] { return process_in(folder.file("daemon")).has_value(); }));
  for (int round = 0; round < 3; ++round) {
    const Attempt another(loop, *other_probe);
    ASSERT_TRUE(run_until(loop, [&] { return another.outcome().has_value(); }));
  }
  std::ofstream(folder.file("go")).close();
  ASSERT_TRUE(run_until(loop, [&] { return attempt.outcome().has_value(); }));
  EXPECT_EQ(attempt.outcome()->reason, "still there");
  const pid_t process = process_in(folder.file("daemon")).value();
  EXPECT_TRUE(run_until(loop, [&] { return is_gone(process); }));
}

TEST(ExecProbe, LeavesOtherChildrenOfHlbdAlone) {
  const pid_t other = ::fork();
  if (other == 0) {
    ::pause();
    ::_exit(0);
  }
  EXPECT_EQ(run_shell("exit 0").result, Result::passed);
  asio::io_context loop(1);
  run(loop, shell("sleep 60", 50ms));
  EXPECT_TRUE(run_until(loop, [&] { return children() == std::vector<pid_t>{other}; }));
  EXPECT_EQ(::waitpid(other, nullptr, WNOHANG), 0);
  ::kill(other, SIGKILL);
  EXPECT_EQ(::waitpid(other, nullptr, 0), other);
}

TEST(ExecProbe, LeavesNoZombieAndNoDescriptorAfter200HangingPrograms) {
  asio::io_context loop(1);
  const Target target = shell("setsid sleep 300 & sleep 300", 200ms);
  Prober prober(loop.get_executor());
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<std::unique_ptr<Attempt>> attempts;
  {
    run(loop, *prober.make(target));
  }
  ASSERT_TRUE(run_until(loop, [] { return children().empty(); }));
  loop.restart();
  loop.run();  // to its end, where the last pidfd is closed
  const std::size_t before = open_descriptors();
  for (int count = 0; count < 200; ++count) {
    probes.push_back(prober.make(target));
    attempts.push_back(std::make_unique<Attempt>(loop, *probes.back()));
  }
  loop.restart();
  loop.run();
  for (const auto& attempt : attempts)
    EXPECT_NE(attempt->outcome()->result, Result::passed);
  EXPECT_TRUE(run_until(loop, [] { return children().empty(); }));
  EXPECT_EQ(open_descriptors(), before);
}

TEST(ExecProbe, CancellingKillsItAtOnceAndLeavesNothingBehind) {
  asio::io_context loop(1);
  const ScriptFolder folder;
  const Target target = shell("echo $$ >" + folder.file("main") + "; setsid sleep 300", 1h);
  const Target simple = shell("exit 0");
  Prober prober(loop.get_executor());
  const auto probe = prober.make(target);
  {
    run(loop, *prober.make(simple));
  }  // the loop's descriptors, and the helper's, come with it
  const std::size_t before = open_descriptors();
  Attempt attempt(loop, *probe);
  ASSERT_TRUE(run_until(loop, [&] { return process_in(folder.file("main")).has_value(); }));
  attempt.cancel();
  loop.restart();
  loop.run();  // returns because not even the deadline is left
  ASSERT_TRUE(attempt.outcome());
  EXPECT_EQ(attempt.outcome()->result, Result::unknown);
  EXPECT_EQ(attempt.outcome()->reason, "cancelled");
  EXPECT_GT(attempt.outcome()->latency, 0us);
  const pid_t process = process_in(folder.file("main")).value();
  EXPECT_TRUE(run_until(loop, [&] { return is_gone(process); }));
  EXPECT_TRUE(run_until(loop, [] { return children().empty(); }));
  EXPECT_EQ(open_descriptors(), before);
}

TEST(ExecProbe, DestroyingTheLoopKillsAndReapsWhatIsInFlight) {
  const std::size_t before = open_descriptors();
  const ScriptFolder folder;
  const Target target = shell("echo $$ >" + folder.file("main") + "; sleep 300", 1h);
  std::unique_ptr<Probe> probe;
  {
    asio::io_context loop(1);
    Prober prober(loop.get_executor());
    probe = prober.make(target);
    asio::co_spawn(loop, probe->attempt(), asio::detached);
    ASSERT_TRUE(run_until(loop, [&] { return process_in(folder.file("main")).has_value(); }));
  }
  const pid_t process = process_in(folder.file("main")).value();
  EXPECT_TRUE(becomes([&] { return is_gone(process) && children().empty(); }));
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace hlb::probes
