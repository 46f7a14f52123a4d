// The TCP check's send and expect against real sockets on loopback.
#include <gtest/gtest.h>

#include "probes/reason.h"
#include "tests/unit/loopback.h"

namespace hlb::probes {
namespace {

using Result = Outcome::Result;
using Evidence = Outcome::Evidence;

const TcpCheck kPing{.send = "PING\r\n", .expect = "+PONG"};

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
  EXPECT_EQ(received, kPing.send);
}

TEST(TcpConversation, ListensWithoutSending) {
  const Outcome outcome =
      tcp_against({.send = "", .expect = "220 "}, says_in_parts({"220 mail.test ESMTP\r\n"}));
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
  const Outcome outcome = tcp_against({.send = "hello\n", .expect = ""}, says_and_waits(""));
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
  const TcpCheck check{.send = "x", .expect = std::string(500, 'e')};
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

}  // namespace
}  // namespace hlb::probes
