// hlb-programs itself, spoken to as hlbd speaks to it, with real programs that misbehave.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "helpers/own_helper.h"
#include "helpers/packets.h"
#include "tests/unit/scripts.h"

namespace hlb::programs {
namespace {

using probes::becomes;
using probes::is_gone;
using probes::kPlenty;
using probes::process_in;
using probes::ScriptFolder;
using namespace std::chrono_literals;
using How = Ending::How;
using Step = Ending::Step;

Program in_shell(std::string script, std::chrono::milliseconds timeout = kPlenty) {
  return {.arguments = {"/bin/sh", "-c", std::move(script)},
          .environment = {"PATH=/usr/bin:/bin"},
          .user = "nobody",
          .timeout = timeout};
}

// A script that starts sleep(1) as a daemon does, in a session of its own that nothing leads to,
// and notes its id.
std::string daemon_noted_in(const std::string& file) {
  return "setsid sh -c 'setsid sh -c \"sleep 300 & echo \\$! >" + file + "; wait\" &'; " +
         "until [ -s " + file + " ]; do sleep 0.01; done; ";
}

// One side of a conversation.
class Conversation {
 public:
  explicit Conversation(FileDescriptor socket) : socket_(std::move(socket)) {}

  void say(const Message& message) { say(encode(message).value()); }
  void say(const Bytes& bytes) {
    ASSERT_EQ(helpers::send(socket_.get(), bytes), helpers::Sent::whole);
  }

  // What arrives next; nullopt when the other side ends the conversation, or is silent for long.
  std::optional<RunReply> next() {
    // With the sanitizer's memory 256 forks take a while.
    constexpr std::chrono::milliseconds kPatience = 6 * kPlenty;
    pollfd readable{socket_.get(), POLLIN, 0};
    if (::poll(&readable, 1, kPatience.count()) <= 0) return std::nullopt;
    auto arrived = receive(socket_.get());
    ended_ = !arrived;
    if (ended_) return std::nullopt;
    return std::get<RunReply>(*std::move(arrived));
  }
  // Whether nothing comes any more.
  bool ends() {
    while (next()) {
    }
    return ended_;
  }
  RunReply run(Program program) {
    say(RunRequest{++last_, std::move(program)});
    const auto reply = next();
    EXPECT_TRUE(reply);
    return reply.value_or(RunReply());
  }
  void hang_up() { socket_ = FileDescriptor(-1); }

 private:
  FileDescriptor socket_;
  Id last_ = 1'000'000;
  bool ended_ = false;
};

class HelperTest : public testing::Test {
 protected:
  static FileDescriptor start(helpers::OwnHelper& helper) {
    auto socket = helper.start();
    if (socket) return *std::move(socket);
    ADD_FAILURE() << socket.error().message();
    return FileDescriptor(-1);
  }

  helpers::OwnHelper process_{"hlb-programs"};  // outlives the conversation, at whose end it goes
  Conversation helper_{start(process_)};
};

TEST_F(HelperTest, TellsHowAProgramEndedAndWhatItWrote) {
  RunReply reply = helper_.run(in_shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(reply.ending, (Ending{How::exited, Step::prepare, 3}));
  EXPECT_EQ(reply.output, "out\nerr\n");
  reply = helper_.run(in_shell("kill -SEGV $$"));
  EXPECT_EQ(reply.ending, (Ending{How::killed, Step::prepare, SIGSEGV}));
}

TEST_F(HelperTest, TellsWhyAProgramWasNotStarted) {
  Program program = in_shell("");
  program.arguments = {"/no/such/program"};
  EXPECT_EQ(helper_.run(program).ending, (Ending{How::not_started, Step::program, ENOENT}));
  program = in_shell("");
  program.user = "no-such-one";
  const Ending expected = geteuid() == 0 ? Ending{How::not_started, Step::user, 0}
                                         : Ending{How::exited, Step::prepare, 0};
  EXPECT_EQ(helper_.run(program).ending, expected);
}

TEST_F(HelperTest, KeepsAsMuchOfTheOutputAsWasAskedFor) {
  Program program = in_shell("printf 123456789; head -c 1000000 /dev/zero");
  program.output_limit = 5;
  EXPECT_EQ(helper_.run(program).output, "12345");
  program.output_limit = 0;
  const RunReply reply = helper_.run(program);
  EXPECT_EQ(reply.output, "");
  EXPECT_EQ(reply.ending, (Ending{How::exited, Step::prepare, 0}));
}

TEST_F(HelperTest, KillsAtTheTimeoutAndAnswersOnce) {
  const ScriptFolder folder;
  const RunReply reply = helper_.run(
      in_shell("echo begun; " + daemon_noted_in(folder.file("daemon")) + "sleep 300", 2s));
  EXPECT_EQ(reply.ending.how, How::timed_out);
  EXPECT_EQ(reply.output, "begun\n");
  const pid_t daemon = process_in(folder.file("daemon")).value();
  EXPECT_TRUE(becomes([&] { return is_gone(daemon); }));
  EXPECT_EQ(helper_.run(in_shell("exit 4")).ending.value, 4);  // nothing else came before
}

TEST_F(HelperTest, KillsWhatAProgramLeavesRunning) {
  const ScriptFolder folder;
  const RunReply reply = helper_.run(in_shell(daemon_noted_in(folder.file("daemon"))));
  EXPECT_EQ(reply.ending.how, How::exited);
  const pid_t daemon = process_in(folder.file("daemon")).value();
  EXPECT_TRUE(becomes([&] { return is_gone(daemon); }));
}

TEST_F(HelperTest, CancellingKillsAProgramWithoutAnAnswer) {
  const ScriptFolder folder;
  helper_.say(RunRequest{1, in_shell("echo $$ >" + folder.file("main") + "; sleep 300")});
  ASSERT_TRUE(becomes([&] { return process_in(folder.file("main")).has_value(); }));
  helper_.say(Cancel{1});
  helper_.say(Cancel{1});  // as one that has just ended may be
  const pid_t main = process_in(folder.file("main")).value();
  EXPECT_TRUE(becomes([&] { return is_gone(main); }));
  EXPECT_EQ(helper_.run(in_shell("exit 4")).ending.value, 4);
}

TEST_F(HelperTest, AnswersOthersBeside200HungPrograms) {
  constexpr Id kHung = 200;
  for (Id id = 1; id <= kHung; ++id)
    helper_.say(RunRequest{id, in_shell("trap '' TERM; setsid sleep 300 & sleep 300", 1h)});
  for (int count = 0; count < 20; ++count)
    EXPECT_EQ(helper_.run(in_shell("exit 4")).ending, (Ending{How::exited, Step::prepare, 4}));
}

TEST_F(HelperTest, RunsNoMoreThan256AtATime) {
  for (Id id = 1; id <= 256; ++id)
    helper_.say(RunRequest{id, in_shell("exec sleep 300", 1h)});
  EXPECT_EQ(helper_.run(in_shell("exit 4")).ending,
            (Ending{How::not_started, Step::prepare, EAGAIN}));
  helper_.say(Cancel{1});
  EXPECT_TRUE(becomes([&] { return helper_.run(in_shell("exit 4")).ending.value == 4; }));
}

TEST_F(HelperTest, EndsWhatRunsAndItselfWhenHlbdGoes) {
  const ScriptFolder folder;
  helper_.say(RunRequest{1, in_shell(daemon_noted_in(folder.file("daemon")) + "sleep 300", 1h)});
  ASSERT_TRUE(becomes([&] { return process_in(folder.file("daemon")).has_value(); }));
  const pid_t daemon = process_in(folder.file("daemon")).value();
  const pid_t helper = probes::helpers().front();
  helper_.hang_up();
  EXPECT_TRUE(becomes([&] { return is_gone(daemon); }));
  EXPECT_TRUE(becomes([] { return probes::helpers().empty(); })) << helper;
}

TEST_F(HelperTest, GivesProgramsNoNewPrivileges) {
  const std::string script =
      "while read -r line; do case $line in NoNewPrivs:*) echo $line;; esac; "
      "done </proc/self/status";
  EXPECT_EQ(helper_.run(in_shell(script)).output, "NoNewPrivs: 1\n");
}

TEST_F(HelperTest, HangsUpOnWhatIsNoRequest) {
  const Bytes cancel = encode(Cancel{1}).value();
  const std::vector<Bytes> wrong = {
      {1, 2, 3}, Bytes(kMaxMessage + 1), encode(RunReply{1, {}, "", 0}).value()};
  for (const Bytes& bytes : wrong) {
    helpers::OwnHelper process("hlb-programs");
    Conversation helper(start(process));
    helper.say(cancel);
    helper.say(bytes);
    EXPECT_TRUE(helper.ends());
  }
}

TEST_F(HelperTest, HangsUpOnWhoUsesAnIdTwice) {
  helper_.say(RunRequest{1, in_shell("sleep 300")});
  helper_.say(RunRequest{1, in_shell("sleep 300")});
  EXPECT_TRUE(helper_.ends());
}

// A helper that a service manager has started for its socket.
class ListeningHelper {
 public:
  explicit ListeningHelper(const std::string& path) {
    address_.sun_family = AF_UNIX;
    path.copy(address_.sun_path, sizeof address_.sun_path - 1);
    const int listener = ::socket(AF_UNIX, SOCK_SEQPACKET, 0);  // NOLINT(*-cloexec-*)
    EXPECT_EQ(::bind(listener, where(), sizeof address_), 0);
    EXPECT_EQ(::listen(listener, 8), 0);
    process_ = ::fork();
    if (process_ == 0) become_helper(listener);
    ::close(listener);
  }
  ~ListeningHelper() {
    ::kill(process_, SIGTERM);
    int status = 0;
    EXPECT_EQ(::waitpid(process_, &status, 0), process_);
    EXPECT_EQ(status, 0);
  }
  ListeningHelper(const ListeningHelper&) = delete;
  ListeningHelper& operator=(const ListeningHelper&) = delete;

  Conversation connect() const {
    FileDescriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), where(), sizeof address_), 0);
    return Conversation(std::move(socket));
  }

 private:
  const sockaddr* where() const { return reinterpret_cast<const sockaddr*>(&address_); }

  [[noreturn]] static void become_helper(int listener) {
    const auto path =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "hlb-programs";
    ::dup2(listener, 3);
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::execl(path.c_str(), "hlb-programs", nullptr);  // NOLINT(*-vararg)
    ::_exit(1);
  }

  sockaddr_un address_{};
  pid_t process_ = -1;
};

TEST(ListeningHelper, ServesSeveralAndKeepsThemApart) {
  const ScriptFolder folder;
  const ListeningHelper process(folder.file("socket"));
  Conversation one = process.connect();
  Conversation other = process.connect();
  one.say(RunRequest{1, in_shell("echo $$ >" + folder.file("one") + "; sleep 300", 1h)});
  other.say(RunRequest{1, in_shell("echo $$ >" + folder.file("other") + "; sleep 300", 1h)});
  ASSERT_TRUE(becomes([&] { return process_in(folder.file("one")).has_value(); }));
  ASSERT_TRUE(becomes([&] { return process_in(folder.file("other")).has_value(); }));
  one.hang_up();
  const pid_t gone = process_in(folder.file("one")).value();
  EXPECT_TRUE(becomes([&] { return is_gone(gone); }));
  EXPECT_FALSE(is_gone(process_in(folder.file("other")).value()));
  EXPECT_EQ(other.run(in_shell("exit 4")).ending.value, 4);
}

}  // namespace
}  // namespace hlb::programs
