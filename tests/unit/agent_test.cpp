// The agent, in conversation with real ones on loopback that behave and misbehave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/probes.h"
#include "probes/reason.h"
#include "tests/unit/loopback.h"

namespace hlb::probes {
namespace {

using testing::StartsWith;
using Result = Outcome::Result;
using namespace std::string_literals;

// Says it at once, as an agent does that isn't asked.
Behaviour says(std::string text, bool closes = true) {
  return [text = std::move(text), closes](tcp::socket socket) -> asio::awaitable<void> {
    co_await asio::async_write(socket, asio::buffer(text), kAwait);
    if (!closes) co_await keep_open(socket);
  };
}

// Says one byte after the other.
Behaviour says_slowly(std::string text) {
  return [text = std::move(text)](tcp::socket socket) -> asio::awaitable<void> {
    socket.set_option(tcp::no_delay(true));
    for (const char byte : text) {
      co_await asio::async_write(socket, asio::buffer(&byte, 1), kAwait);
      asio::steady_timer pause(socket.get_executor(), 1ms);
      co_await pause.async_wait(kAwait);
    }
    co_await keep_open(socket);
  };
}

Outcome ask_at(asio::io_context& loop, const tcp::endpoint& agent, std::string send = "",
               std::chrono::milliseconds timeout = kPlenty) {
  const Target target = target_of(agent, AgentCheck{std::move(send)}, timeout);
  return run(loop, *agent_probe(target));
}

Outcome ask(Behaviour behaviour, std::string send = "",
            std::chrono::milliseconds timeout = kPlenty) {
  asio::io_context loop(1);
  const Backend agent(loop, std::move(behaviour));
  return ask_at(loop, agent.endpoint(), std::move(send), timeout);
}

void expect_abstention(const Outcome& outcome, std::string_view reason) {
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_TRUE(outcome.abstained);
  EXPECT_EQ(outcome.advice, Advice{});
  EXPECT_EQ(outcome.reason, reason);
  EXPECT_GT(outcome.latency, 0us);
}

TEST(Agent, ThatSaysUpPasses) {
  const Outcome outcome = ask(says("up\n"));
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_FALSE(outcome.warning);
  EXPECT_EQ(outcome.reason, "says \"up\"");
  EXPECT_EQ(outcome.advice, Advice{});
  EXPECT_GT(outcome.latency, 0us);
}

// The kernel may hold an ACK back for 40 ms and more; the quickest of many has no such pause.
TEST(Agent, IsNotKeptWaitingBeforeItSpeaks) {
  std::chrono::microseconds quickest = 1h;
  for (int i = 0; i < 50; ++i)
    quickest = std::min(quickest, ask(says("up\n")).latency);
  EXPECT_LT(quickest, 20ms);
}

TEST(Agent, ThatSaysDownFailsHardAndTellsWhy) {
  for (const std::string word : {"down", "failed", "stopped"}) {
    const Outcome outcome = ask(says(word + " #disk full\r\n"));
    EXPECT_EQ(outcome.result, Result::failed);
    EXPECT_EQ(outcome.evidence, Outcome::Evidence::hard);
    EXPECT_EQ(outcome.reason, "says \"" + word + " #disk full\"");
  }
}

TEST(Agent, ThatSpeaksOfItsWeightAloneAbstainsAndAdvises) {
  const Outcome outcome = ask(says("75%\n"));
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_TRUE(outcome.abstained);
  EXPECT_EQ(outcome.reason, "says \"75%\"");
  EXPECT_EQ(outcome.advice, (Advice{75, std::nullopt}));
}

TEST(Agent, MayAdviseWhateverElseItSays) {
  EXPECT_EQ(ask(says("drain\n")).advice, (Advice{std::nullopt, true}));
  EXPECT_EQ(ask(says("ready up 100%\n")).advice, (Advice{100, false}));
  EXPECT_EQ(ask(says("ready up 100%\n")).result, Result::passed);
  EXPECT_EQ(ask(says("down,maint,0%\n")).advice, (Advice{0, true}));
  EXPECT_EQ(ask(says("down,maint,0%\n")).result, Result::failed);
}

TEST(Agent, MayLeaveTheConnectionOpenBehindItsLine) {
  EXPECT_EQ(ask(says("up\n", false)).result, Result::passed);
  EXPECT_EQ(ask(says("up\rdown\n", false)).reason, "says \"up\"");
}

TEST(Agent, MayEndItsLineByClosing) {
  EXPECT_EQ(ask(says("up 50%")).reason, "says \"up 50%\"");
}

TEST(Agent, MaySayItsLineInPieces) {
  EXPECT_EQ(ask(says_slowly("maxconn:10 up 50%\n")).reason, "says \"maxconn:10 up 50%\"");
}

TEST(Agent, IsAskedIfThatIsConfigured) {
  const auto echo = [](tcp::socket socket) -> asio::awaitable<void> {
    std::array<char, 64> question;
    const auto [error, count] = co_await socket.async_read_some(asio::buffer(question), kAwait);
    co_await asio::async_write(socket, asio::buffer(question.data(), count), kAwait);
  };
  EXPECT_EQ(ask(echo, "75% drain\n").advice, (Advice{75, true}));
}

TEST(Agent, NeedNotReadWhatItIsAsked) {
  // With the question unread, its close is a reset.
  EXPECT_EQ(ask(says("up\n"), "state\n").result, Result::passed);
}

TEST(Agent, ThatIsHalfUnderstoodCountsAsFarAsThatAndWarns) {
  const Outcome outcome = ask(says("up rdy\n"));
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_TRUE(outcome.warning);
  EXPECT_EQ(outcome.reason, "says \"up rdy\", of which \"rdy\" means nothing");
}

TEST(Agent, ThatIsNoneAbstains) {
  expect_abstention(ask(says_and_closes("HTTP/1.1 200 OK\r\n\r\n"), "x\n"),
                    "says \"HTTP/1.1 200 OK\", of which \"HTTP/1.1\" means nothing");
  expect_abstention(ask(says("\n")), "says \"\"");
  expect_abstention(ask(says("\0\x1b[31m\n"s)),
                    R"(says "\x00\x1b[31m", of which "\x00\x1b[31m" means nothing)");
}

TEST(Agent, ThatSaysNothingAbstains) {
  expect_abstention(ask(says("")), "says nothing");
  expect_abstention(ask(resets(), "x\n"), "says nothing");
}

TEST(Agent, ThatNeverEndsItsLineAbstains) {
  expect_abstention(ask(says(std::string(1'000'000, ' '))), "says no line within 1024 bytes");
  const Outcome longest = ask(says("up" + std::string(1021, ' ') + "\n", false));
  EXPECT_EQ(longest.result, Result::passed);
  EXPECT_LE(longest.reason.size(), kMaxReason);
}

TEST(Agent, ThatCannotBeReachedAbstains) {
  asio::io_context loop(1);
  const ClosedPort closed;
  expect_abstention(ask_at(loop, closed.endpoint()), "connection refused");
}

// The machine may be slow enough for the time-out to prove nothing; that is no abstention.
TEST(Agent, ThatIsSilentAbstainsAtTheTimeOut) {
  asio::io_context loop(1);
  const Backend silent(loop, says("up", false));
  Outcome outcome;
  for (int i = 0; i < 20 && !outcome.abstained; ++i)
    outcome = ask_at(loop, silent.endpoint(), "", kShort);
  expect_abstention(outcome, "no line in 500ms");
  const FullBackend full;
  outcome = {};
  for (int i = 0; i < 20 && !outcome.abstained; ++i)
    outcome = ask_at(loop, full.endpoint(), "", kShort);
  expect_abstention(outcome, "no connection in 500ms");
}

TEST(Agent, IsNotToBlameWhenHlbdHasNoDescriptorLeft) {
  asio::io_context loop(1);
  const Backend agent(loop, says("up\n"));
  const Outcome outcome = [&] {
    const NoDescriptors none;  // which a sanitizer needs, too
    return ask_at(loop, agent.endpoint());
  }();
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_FALSE(outcome.abstained);
  EXPECT_THAT(outcome.reason, StartsWith("no probe: "));
}

TEST(Agent, LeavesNoConnectionBehind) {
  asio::io_context loop(1);
  const Backend agent(loop, says("up\n", false));
  EXPECT_EQ(ask_at(loop, agent.endpoint()).result, Result::passed);
  EXPECT_FALSE(leaves_a_trace(agent.endpoint().port()));
}

}  // namespace
}  // namespace hlb::probes
