// The TCP check's send and expect against real sockets on loopback.
#include <gtest/gtest.h>

#include <boost/asio/read.hpp>

#include "probes/reason.h"
#include "tests/unit/loopback.h"

namespace hlb::probes {
namespace {

using Result = Outcome::Result;
using Evidence = Outcome::Evidence;

Step say(std::string bytes) {
  return {Step::Kind::send, std::move(bytes)};
}

Step hear(std::string bytes) {
  return {Step::Kind::expect, std::move(bytes)};
}

const TcpCheck kPing{{say("PING\r\n"), hear("+PONG")}};

Outcome tcp_against(const TcpCheck& check, Behaviour behaviour,
                    std::chrono::milliseconds timeout = kPlenty) {
  asio::io_context loop(1);
  const Backend backend(loop, std::move(behaviour));
  return run_until_known([&] { return run(loop, target_of(backend.endpoint(), check, timeout)); });
}

// Says the parts with some time between them, and waits.
Behaviour says_in_parts(std::vector<std::string> parts) {
  return [parts = std::move(parts)](tcp::socket socket) -> asio::awaitable<void> {
    for (const std::string& part : parts) {
      co_await asio::async_write(socket, asio::buffer(part), kAwait);
      asio::steady_timer pause(socket.get_executor(), 5ms);
      co_await pause.async_wait(kAwait);
    }
    co_await keep_open(socket);
  };
}

void expect_failure(const Outcome& outcome, Evidence evidence, std::string_view reason) {
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.evidence, evidence);
  EXPECT_EQ(outcome.reason, reason);
  EXPECT_LE(outcome.reason.size(), kMaxReason);
  EXPECT_GT(outcome.latency, 0us);
}

TEST(TcpConversation, SendsAndPassesOnWhatIsExpected) {
  asio::io_context loop(1);
  std::string received(100, '\0');
  const Backend backend(loop, [&](tcp::socket socket) -> asio::awaitable<void> {
    const auto [error, count] = co_await socket.async_read_some(asio::buffer(received), kAwait);
    received.resize(count);
    co_await asio::async_write(socket, asio::buffer("+PONG\r\n", 7), kAwait);
    co_await keep_open(socket);
  });
  const Outcome outcome = run(loop, target_of(backend.endpoint(), kPing, kPlenty));
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_EQ(outcome.reason, "got \"+PONG\"");
  EXPECT_EQ(received, "PING\r\n");
}

TEST(TcpConversation, ListensWithoutSending) {
  const Outcome outcome = tcp_against({{hear("220 ")}}, says_in_parts({"220 mail.test ESMTP\r\n"}));
  EXPECT_EQ(outcome.result, Result::passed);
}

TEST(TcpConversation, FindsWhatArrivesInPieces) {
  const Outcome outcome = tcp_against(kPing, says_in_parts({"noise +", "PO", "NG"}));
  EXPECT_EQ(outcome.result, Result::passed);
  const std::string filler(5000, '+');
  EXPECT_EQ(tcp_against(kPing, says_in_parts({filler, filler + "PON", "G"})).result,
            Result::passed);
}

TEST(TcpConversation, SendingAloneExpectsNothing) {
  const Outcome outcome = tcp_against({{say("hello\n")}}, says_and_waits(""));
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_EQ(outcome.reason, "connected");
}

TEST(TcpConversation, FailsHardOnAWrongAnswerAndTheEnd) {
  expect_failure(tcp_against(kPing, says_and_closes("-ERR wrong\r\n")), Evidence::hard,
                 R"(expected "+PONG", got "-ERR wrong\r\n")");
  expect_failure(tcp_against(kPing, says_and_closes("")), Evidence::hard,
                 R"(expected "+PONG", got nothing)");
}

TEST(TcpConversation, ShowsNoMoreThanFitsTheReason) {
  const TcpCheck check{{say("x"), hear(std::string(500, 'e'))}};
  const Outcome outcome = tcp_against(check, says_and_closes(std::string(500, '\x01')));
  EXPECT_LE(outcome.reason.size(), kMaxReason);
  EXPECT_TRUE(outcome.reason.starts_with("expected \"eee")) << outcome.reason;
  EXPECT_TRUE(outcome.reason.ends_with("\\x01\"")) << outcome.reason;
}

TEST(TcpConversation, FailsHardWhenReset) {
  expect_failure(tcp_against(kPing, resets()), Evidence::hard, "connection reset");
}

TEST(TcpConversation, FailsHardOnTooMuch) {
  expect_failure(tcp_against(kPing, says_and_waits(std::string(20'000, 'x'))), Evidence::hard,
                 "no \"+PONG\" in 16384 bytes");
}

TEST(TcpConversation, FailsSoftOnSilence) {
  expect_failure(tcp_against(kPing, says_and_waits(""), kShort), Evidence::soft,
                 "no response in 500ms");
}

TEST(TcpConversation, FailsSoftWhenWhatIsExpectedDoesNotCome) {
  expect_failure(tcp_against(kPing, says_and_waits("-LOADING"), kShort), Evidence::soft,
                 "no \"+PONG\" in 500ms, but \"-LOADING\"");
}

// ---- several steps -----------------------------------------------------------------------------

// Greets, and answers each request by what stands beside it; to anything else it has no answer.
Behaviour mail_server(std::vector<std::pair<std::string, std::string>> answers) {
  return [answers = std::move(answers)](tcp::socket socket) -> asio::awaitable<void> {
    co_await asio::async_write(socket, asio::buffer("220 mail 250 ok\r\n", 17), kAwait);
    for (const auto& [request, answer] : answers) {
      std::string received(request.size(), '\0');
      co_await asio::async_read(socket, asio::buffer(received), kAwait);
      if (received != request) break;
      co_await asio::async_write(socket, asio::buffer(answer), kAwait);
    }
    co_await keep_open(socket);
  };
}

const std::vector<std::pair<std::string, std::string>> kMail = {{"EHLO me\r\n", "250 welcome\r\n"},
                                                                {"QUIT\r\n", "221 bye\r\n"}};

TEST(TcpSteps, AreTakenOneAfterTheOther) {
  const TcpCheck check{
      {hear("220 "), say("EHLO me\r\n"), hear("250 "), say("QUIT\r\n"), hear("221 "), hear("bye")}};
  const Outcome outcome = tcp_against(check, mail_server(kMail));
  EXPECT_EQ(outcome.result, Result::passed) << outcome.reason;
  EXPECT_EQ(outcome.reason, "got \"bye\"");
}

TEST(TcpSteps, EndWithTheFirstThatFails) {
  const TcpCheck check{{hear("220 "), say("HELP\r\n..."), hear("250 "), say("QUIT\r\n")}};
  expect_failure(tcp_against(check, mail_server(kMail), kShort), Evidence::soft,
                 "no response in 500ms");
}

TEST(TcpSteps, FindWhatIsExpectedAfterWhatWasFoundBefore) {
  EXPECT_EQ(tcp_against({{hear("220"), hear("250")}}, mail_server({})).result, Result::passed);
  expect_failure(tcp_against({{hear("250"), hear("220")}}, mail_server({}), kShort), Evidence::soft,
                 R"(no "220" in 500ms, but " ok\r\n")");
}

// The greeting has a "250" as well.
TEST(TcpSteps, TakeNothingForAnAnswerThatCameBeforeTheRequest) {
  const TcpCheck check{{hear("220 "), hear("ok\r\n"), say("EHLO me\r\n"), hear("250")}};
  expect_failure(tcp_against(check, mail_server({{"EHLO me\r\n", "500 no\r\n"}}), kShort),
                 Evidence::soft, R"(no "250" in 500ms, but "500 no\r\n")");
}

TEST(TcpSteps, SayAndExpectAnyBytes) {
  using namespace std::string_literals;
  const TcpCheck check{{say("\0\0\0\x08\x04\xd2\x16\x2f"s), hear("\xff\0"s)}};
  EXPECT_EQ(tcp_against(check, says_and_waits("N\xff\0"s)).result, Result::passed);
}

}  // namespace
}  // namespace hlb::probes
