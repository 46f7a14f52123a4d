// hlbd's side of its helper, with helpers that fail it.
#include "programs/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <optional>
#include <utility>

#include "helpers/packets.h"
#include "tests/unit/scripts.h"

namespace hlb::programs {
namespace {

namespace asio = boost::asio;
using probes::helpers;
using probes::is_gone;
using probes::process_in;
using probes::ScriptFolder;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;
using Fate = RunResult::Fate;

Program shell(std::string script, std::chrono::milliseconds timeout = probes::kPlenty) {
  return {.arguments = {"/bin/sh", "-c", std::move(script)},
          .environment = {std::string(kPath)},
          .user = "nobody",
          .timeout = timeout};
}

// Where a service manager would have hlb-programs.socket, with nothing behind it but the test.
class Socket {
 public:
  explicit Socket(const std::string& path)
      : listener_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), where, sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
  }

  // -1 while nobody has connected.
  FileDescriptor accept() const {
    return FileDescriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

 private:
  FileDescriptor listener_;
};

class ProgramsClientTest : public testing::Test {
 protected:
  using Asked = std::shared_ptr<std::optional<RunResult>>;

  void make_client(const std::string& socket = "") {
    client_ = std::make_shared<Runner>(
        loop_.get_executor(),
        HelperSettings{.socket = socket, .on_trouble = [this](const std::string& trouble) {
                         told_.push_back(trouble);
                       }});
  }

  // Asks, and goes on; the result is there once it is.
  Asked ask(Program program, asio::cancellation_slot cancel = {}) {
    auto result = std::make_shared<std::optional<RunResult>>();
    asio::co_spawn(loop_, client_->run(std::move(program)),
                   asio::bind_cancellation_slot(
                       cancel, [result](const std::exception_ptr&, RunResult arrived) {
                         *result = std::move(arrived);
                       }));
    return result;
  }
  bool becomes(const std::function<bool()>& done) { return probes::run_until(loop_, done); }
  RunResult result_of(const Asked& asked) {
    EXPECT_TRUE(becomes([&] { return asked->has_value(); }));
    return asked->value_or(RunResult());
  }
  RunResult run(Program program) { return result_of(ask(std::move(program))); }

  FileDescriptor accept(const Socket& socket) {
    FileDescriptor connection(-1);
    EXPECT_TRUE(becomes([&] {
      if (!connection.valid()) connection = socket.accept();
      return connection.valid();
    }));
    return connection;
  }
  RunRequest request_from(const FileDescriptor& connection) {
    std::optional<RunRequest> request;
    EXPECT_TRUE(becomes([&] {
      if (request) return true;
      auto arrived = receive(connection.get());
      if (arrived) request = std::get<RunRequest>(*std::move(arrived));
      return request.has_value();
    }));
    return request.value_or(RunRequest());
  }

  ScriptFolder folder_;
  asio::io_context loop_{1};
  std::vector<std::string> told_;
  std::shared_ptr<Runner> client_;
};

TEST_F(ProgramsClientTest, StartsAHelperOfItsOwnOnceAndEndsItWhenItGoes) {
  make_client();
  EXPECT_THAT(helpers(), IsEmpty());
  const RunResult result = run(shell("echo done; exit 3"));
  EXPECT_EQ(result.fate, Fate::ended);
  EXPECT_EQ(result.ending, (Ending{Ending::How::exited, Ending::Step::prepare, 3}));
  EXPECT_EQ(result.output, "done\n");
  const auto before = helpers();
  EXPECT_EQ(before.size(), 1U);
  run(shell("exit 0"));
  EXPECT_EQ(helpers(), before);
  client_.reset();
  EXPECT_TRUE(probes::becomes([] { return helpers().empty(); }));
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(ProgramsClientTest, KeepsTheLoopBusyOnlyWhileSomethingRuns) {
  make_client();
  run(shell("exit 0"));
  loop_.restart();
  loop_.run();  // returns
  EXPECT_EQ(run(shell("exit 0")).fate, Fate::ended);
}

TEST_F(ProgramsClientTest, RunsManyAtATimeEachWithItsOwnAnswer) {
  make_client();
  std::vector<Asked> asked;
  for (int code = 0; code < 60; ++code)
    asked.push_back(ask(shell("exit " + std::to_string(code))));
  for (int code = 0; code < 60; ++code)
    EXPECT_EQ(result_of(asked[static_cast<std::size_t>(code)]).ending.value, code);
}

TEST_F(ProgramsClientTest, CancellingKillsTheProgram) {
  make_client();
  asio::cancellation_signal cancel;
  const auto asked = ask(shell("echo $$ >" + folder_.file("main") + "; sleep 300"), cancel.slot());
  ASSERT_TRUE(becomes([&] { return process_in(folder_.file("main")).has_value(); }));
  cancel.emit(asio::cancellation_type::terminal);
  EXPECT_EQ(result_of(asked).fate, Fate::cancelled);
  const pid_t main = process_in(folder_.file("main")).value();
  EXPECT_TRUE(becomes([&] { return is_gone(main); }));
}

TEST_F(ProgramsClientTest, AHelperThatDiesIsItsOwnTroubleAndIsReplaced) {
  make_client();
  const auto asked = ask(shell("echo $$ >" + folder_.file("main") + "; sleep 300"));
  ASSERT_TRUE(becomes([&] { return process_in(folder_.file("main")).has_value(); }));
  ::kill(helpers().front(), SIGKILL);
  const RunResult result = result_of(asked);
  EXPECT_EQ(result.fate, Fate::no_answer);
  EXPECT_EQ(result.trouble, "hlb-programs has gone");
  const pid_t main = process_in(folder_.file("main")).value();
  EXPECT_TRUE(becomes([&] { return is_gone(main); }));  // with the helper
  EXPECT_TRUE(becomes([&] { return run(shell("exit 0")).fate == Fate::ended; }));
  EXPECT_THAT(told_, ElementsAre("hlb-programs has gone", ""));
}

TEST_F(ProgramsClientTest, AHelperThatDiedUnnoticedIsReplaced) {
  make_client();
  run(shell("exit 0"));
  ::kill(helpers().front(), SIGKILL);
  EXPECT_TRUE(becomes([&] { return run(shell("exit 0")).fate == Fate::ended; }));
}

TEST_F(ProgramsClientTest, AHelperThatHangsIsItsOwnTroubleAndIsReplaced) {
  make_client();
  run(shell("exit 0"));
  const pid_t hung = helpers().front();
  ::kill(hung, SIGSTOP);
  const auto other = ask(shell("exit 0", 1h));
  const RunResult result = run(shell("exit 0", 100ms));
  EXPECT_EQ(result.fate, Fate::no_answer);
  EXPECT_EQ(result.trouble, "hlb-programs does not answer");
  EXPECT_EQ(result_of(other).fate, Fate::no_answer);
  EXPECT_EQ(run(shell("exit 0")).fate, Fate::ended);
  ::kill(hung, SIGCONT);
  EXPECT_TRUE(becomes([] { return helpers().size() == 1; }));  // it has left by itself
  EXPECT_NE(helpers().front(), hung);
}

TEST_F(ProgramsClientTest, WithASocketItNeverStartsAHelper) {
  make_client(folder_.file("socket"));
  const RunResult result = run(shell("exit 0"));
  EXPECT_EQ(result.fate, Fate::not_asked);
  EXPECT_EQ(result.trouble, "can't reach hlb-programs: No such file or directory");
  run(shell("exit 0"));
  EXPECT_THAT(told_, ElementsAre(result.trouble));  // once
  EXPECT_THAT(helpers(), IsEmpty());
}

TEST_F(ProgramsClientTest, AsksAtTheSocketAndIsAnsweredThere) {
  const Socket socket(folder_.file("socket"));
  make_client(folder_.file("socket"));
  const auto asked = ask(shell("exit 0"));
  const FileDescriptor helper = accept(socket);
  const RunRequest request = request_from(helper);
  EXPECT_EQ(request.program.arguments.front(), "/bin/sh");
  const Ending ending{Ending::How::exited, Ending::Step::prepare, 1};
  helpers::send(helper.get(), encode(RunReply{request.id + 1, ending, "nobody asked", 0}).value());
  helpers::send(helper.get(), encode(RunReply{request.id, ending, "said", 0}).value());
  EXPECT_EQ(result_of(asked).output, "said");
}

TEST_F(ProgramsClientTest, LeavesAHelperThatTalksNonsense) {
  const Socket socket(folder_.file("socket"));
  make_client(folder_.file("socket"));
  for (const Bytes& nonsense : {Bytes{1, 2, 3}, Bytes(kMaxMessage + 1), *encode(Cancel{1})}) {
    const auto asked = ask(shell("exit 0"));
    const FileDescriptor helper = accept(socket);
    request_from(helper);
    helpers::send(helper.get(), nonsense);
    EXPECT_EQ(result_of(asked).fate, Fate::no_answer);
    EXPECT_TRUE(becomes([&] {
      const auto arrived = receive(helper.get());
      return !arrived && arrived.error() == helpers::NoPacket::ever;
    }));
  }
}

TEST_F(ProgramsClientTest, NeitherWaitsForAHelperThatDoesNotReadNorKeepsWithoutEnd) {
  const Socket socket(folder_.file("socket"));
  make_client(folder_.file("socket"));
  std::vector<Asked> asked;
  const std::string large(32 * 1024, 'x');
  for (std::size_t count = 0; count < 100; ++count)
    asked.push_back(ask(shell(large, 1h)));
  loop_.restart();
  loop_.run_for(50ms);
  const FileDescriptor helper = accept(socket);
  for (std::size_t count = 0; count < 100; ++count) {
    const RunRequest request = request_from(helper);
    helpers::send(helper.get(), encode(RunReply{request.id, {Ending::How::exited}, "", 0}).value());
  }
  for (const Asked& each : asked)
    EXPECT_EQ(result_of(each).fate, Fate::ended);
}

TEST_F(ProgramsClientTest, DoesNotAskForWhatExceedsAMessage) {
  make_client();
  const RunResult result = run(shell(std::string(kMaxMessage, 'x')));
  EXPECT_EQ(result.fate, Fate::not_asked);
  EXPECT_EQ(result.trouble, "Argument list too long");
}

TEST_F(ProgramsClientTest, KillsWhatRunsWhenTheLoopGoes) {
  pid_t main = -1;
  {
    asio::io_context loop(1);
    auto client = std::make_shared<Runner>(loop.get_executor());
    asio::co_spawn(loop, client->run(shell("echo $$ >" + folder_.file("main") + "; sleep 300")),
                   asio::detached);
    client.reset();
    ASSERT_TRUE(
        probes::run_until(loop, [&] { return process_in(folder_.file("main")).has_value(); }));
    main = process_in(folder_.file("main")).value();
  }
  EXPECT_TRUE(probes::becomes([&] { return is_gone(main) && helpers().empty(); }));
}

}  // namespace
}  // namespace hlb::programs
