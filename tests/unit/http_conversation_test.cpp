// The HTTP check's expectations of a body, and its kept connection, against real sockets.
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/loopback.h"

namespace hlb::probes {
namespace {

using Result = Outcome::Result;
using Evidence = Outcome::Evidence;

HttpCheck expecting(std::string body, bool is_regex = false) {
  HttpCheck check = http_check();
  check.expect_body = {.text = std::move(body), .is_regex = is_regex};
  return check;
}

HttpCheck reusing() {
  HttpCheck check = http_check();
  check.reuse = true;
  return check;
}

Outcome against(const HttpCheck& check, Behaviour behaviour,
                std::chrono::milliseconds timeout = kPlenty) {
  asio::io_context loop(1);
  const Backend backend(loop, std::move(behaviour));
  return run_until_known([&] { return run(loop, target_of(backend.endpoint(), check, timeout)); });
}

std::string ok_with(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

const std::string kOk = ok_with("ok");

TEST(HttpBody, PassesWhenItHasWhatIsExpected) {
  const Outcome plain = against(expecting("healthy"), says_and_waits(ok_with("all healthy")));
  EXPECT_EQ(plain.result, Result::passed);
  EXPECT_EQ(plain.reason, "HTTP 200 OK");
  EXPECT_EQ(against(expecting("^[a-z]+$", true), says_and_waits(ok_with("fine"))).result,
            Result::passed);
  EXPECT_EQ(against(expecting("fine"), says_and_closes("HTTP/1.0 200 OK\r\n\r\nfine")).result,
            Result::passed);
}

TEST(HttpBody, FailsHardWithoutWhatIsExpected) {
  const Outcome plain = against(expecting("healthy"), says_and_waits(ok_with("ill")));
  EXPECT_EQ(plain.result, Result::failed);
  EXPECT_EQ(plain.evidence, Evidence::hard);
  EXPECT_EQ(plain.reason, "HTTP 200 OK, but the body has no \"healthy\"");
  EXPECT_EQ(against(expecting("^o+$", true), says_and_waits(kOk)).reason,
            "HTTP 200 OK, but the body doesn't match \"^o+$\"");
}

TEST(HttpBody, IsNotAwaitedWhenTheStatusFails) {
  const auto endless = says_and_waits("HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_EQ(against(expecting("ok"), endless).reason, "HTTP 503 Busy");
}

TEST(HttpBody, DoesNotMatterWhenTheStatusMeansDrain) {
  HttpCheck check = expecting("ok");
  check.drain_status = {{503, 503}};
  const Outcome drains = against(check, says_and_closes("HTTP/1.1 503 Busy\r\n\r\nleaving"));
  EXPECT_EQ(drains.result, Result::passed);
  EXPECT_EQ(drains.advice.drained, true);
  const Outcome other = against(check, says_and_closes("HTTP/1.1 200 OK\r\n\r\nleaving"));
  EXPECT_EQ(other.result, Result::failed);
  EXPECT_EQ(other.advice, Advice{});
}

TEST(HttpBody, FailsSoftWhenItStopsHalfWay) {
  const auto half = says_and_waits("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok");
  const Outcome outcome = against(expecting("okay"), half, kShort);
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.evidence, Evidence::soft);
  EXPECT_EQ(outcome.reason, "response body incomplete after 500ms");
}

TEST(HttpBody, FailsHardWhenClosedHalfWay) {
  const auto half = says_and_closes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok");
  const Outcome outcome = against(expecting("okay"), half);
  EXPECT_EQ(outcome.evidence, Evidence::hard);
  EXPECT_EQ(outcome.reason, "HTTP 200 OK, but its body is broken off");
}

TEST(HttpBody, PassesAtOnceByWhatHasComeOfIt) {
  for (const char* framing : {"", "Content-Length: 900\r\n", "Content-Length: x\r\n"}) {
    const std::string begun = "HTTP/1.1 200 OK\r\n" + std::string(framing) + "\r\nall ok, ";
    EXPECT_EQ(against(expecting("ok"), says_and_waits(begun)).result, Result::passed);
    EXPECT_EQ(against(expecting("o+k", true), says_and_waits(begun)).result, Result::passed);
  }
  const std::string chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok";
  EXPECT_EQ(against(expecting("ok"), says_and_waits(chunk)).result, Result::passed);
}

// What follows could undo the match.
TEST(HttpBody, ThatMatchesToItsVeryEndIsAwaitedToItsEnd) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
  EXPECT_EQ(against(expecting("^ok$", true), says_and_waits(head + "okay")).result, Result::failed);
  EXPECT_EQ(against(expecting("^okay$", true), says_and_waits(head + "okay")).result,
            Result::passed);
  // Here two more bytes are to come.
  EXPECT_EQ(against(expecting("^ok$", true), says_and_waits(head + "ok"), kShort).result,
            Result::failed);
  const std::string endless = "HTTP/1.1 200 OK\r\n\r\nok";
  EXPECT_EQ(against(expecting("^ok$", true), says_and_waits(endless), kShort).result,
            Result::passed);
}

TEST(HttpBody, PassesByWhatCameBeforeAReset) {
  const auto says_and_resets = [](tcp::socket socket) -> asio::awaitable<void> {
    co_await read_request(socket);
    const std::string reply = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok";
    co_await asio::async_write(socket, asio::buffer(reply), kAwait);
    socket.set_option(asio::socket_base::linger(true, 0));
    socket.close();
  };
  EXPECT_EQ(against(expecting("ok"), says_and_resets).result, Result::passed);
  EXPECT_EQ(against(expecting("^ok$", true), says_and_resets).result, Result::passed);
  EXPECT_EQ(against(expecting("no"), says_and_resets).reason, "connection reset");
}

TEST(HttpBody, IsSearchedInItsFirst64KiBOnly) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n";
  const std::string filler(70'000, 'x');
  EXPECT_EQ(against(expecting("xx"), says_and_waits(head + filler)).result, Result::passed);
  EXPECT_EQ(against(expecting("ok"), says_and_waits(head + filler + "ok")).result, Result::failed);
}

// A backend that says its replies one after the other, one to each request, on as many connections
// as it is asked over. An empty reply, or the last, closes.
struct Session {
  Behaviour behaviour(std::vector<std::string> replies) {
    return [this, replies = std::move(replies)](tcp::socket socket) -> asio::awaitable<void> {
      ++connections;
      for (const std::string& reply : replies) {
        std::array<char, 1024> request;
        const auto [error, count] = co_await socket.async_read_some(asio::buffer(request), kAwait);
        if (error) co_return;
        ++requests;
        if (reply.empty()) co_return;
        co_await asio::async_write(socket, asio::buffer(reply), kAwait);
      }
    };
  }

  int connections = 0;
  int requests = 0;
};

// So many attempts of one probe, with time between them for the backend to go on.
std::vector<Outcome> attempts(Behaviour behaviour, int count, const HttpCheck& check = reusing()) {
  asio::io_context loop(1);
  const Backend backend(loop, std::move(behaviour));
  return attempts(loop, target_of(backend.endpoint(), check, kPlenty), count);
}

void expect_all_pass(const std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    EXPECT_EQ(outcome.result, Result::passed) << outcome.reason;
    EXPECT_EQ(outcome.reason, "HTTP 200 OK");
    EXPECT_GT(outcome.latency, 0us);
  }
}

TEST(HttpReuse, KeepsTheConnectionFromAttemptToAttempt) {
  Session session;
  expect_all_pass(attempts(session.behaviour({kOk, kOk, kOk, kOk, kOk}), 4));
  EXPECT_EQ(session.connections, 1);
  EXPECT_EQ(session.requests, 4);
}

TEST(HttpReuse, WithoutItEveryAttemptConnects) {
  Session session;
  expect_all_pass(attempts(session.behaviour({kOk, kOk, kOk}), 3, http_check()));
  EXPECT_EQ(session.connections, 3);
}

TEST(HttpReuse, ReadsTheBodyToItsEnd) {
  Session session;
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
  const std::string big = ok_with(std::string(60'000, 'x'));
  expect_all_pass(attempts(session.behaviour({chunked, big, kOk, kOk}), 3));
  EXPECT_EQ(session.connections, 1);
}

TEST(HttpReuse, GoesOnOverAFreshConnectionWhenTheKeptOneWasClosedAtRest) {
  Session session;
  expect_all_pass(attempts(session.behaviour({kOk}), 3));
  EXPECT_EQ(session.connections, 3);
  EXPECT_EQ(session.requests, 3);
}

TEST(HttpReuse, GoesOnOverAFreshConnectionWhenTheKeptOneClosesOnTheRequest) {
  Session session;
  expect_all_pass(attempts(session.behaviour({kOk, ""}), 3));
  EXPECT_EQ(session.connections, 3);
  EXPECT_EQ(session.requests, 5);
}

TEST(HttpReuse, ATimeOutOfTheIdleConnectionIsNoReply) {
  Session session;
  const std::string idle = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
  expect_all_pass(attempts(session.behaviour({kOk + idle, kOk}), 2));
  expect_all_pass(attempts(session.behaviour({kOk, idle}), 2));
}

TEST(HttpReuse, TriesAgainOnlyOnce) {
  asio::io_context loop(1);
  int connections = 0;
  const Backend backend(loop, [&](tcp::socket socket) -> asio::awaitable<void> {
    ++connections;
    co_await read_request(socket);
    if (connections > 1) co_return;
    co_await asio::async_write(socket, asio::buffer(kOk), kAwait);
    co_await read_request(socket);
  });
  const Target target = target_of(backend.endpoint(), reusing(), kPlenty);
  Prober prober(loop.get_executor());
  const auto probe = prober.make(target);
  EXPECT_EQ(run(loop, *probe).result, Result::passed);
  const Outcome outcome = run(loop, *probe);
  EXPECT_EQ(outcome.evidence, Evidence::hard);
  EXPECT_EQ(outcome.reason, "connection closed before any response");
  EXPECT_EQ(connections, 2);
}

TEST(HttpReuse, SilenceOnTheKeptConnectionIsTheBackends) {
  asio::io_context loop(1);
  const Backend backend(loop, says_and_waits(kOk));
  const Target target = target_of(backend.endpoint(), reusing(), kShort);
  const Outcome outcome = run_until_known([&] {
    Prober prober(loop.get_executor());
    const auto probe = prober.make(target);
    const Outcome first = run(loop, *probe);
    return first.result == Result::passed ? run(loop, *probe) : first;
  });
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.evidence, Evidence::soft);
  EXPECT_EQ(outcome.reason, "no response in 500ms");
  EXPECT_GE(outcome.latency, kShort);
}

TEST(HttpReuse, GivesUpAConnectionThatIsNotFitForMore) {
  for (const std::string& reply :
       {std::string("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
        std::string("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), kOk + "unasked",
        std::string("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
        ok_with(std::string(100'000, 'x'))}) {
    Session session;
    expect_all_pass(attempts(session.behaviour({reply, reply}), 2));
    EXPECT_EQ(session.connections, 2) << reply.substr(0, 60);
    EXPECT_EQ(session.requests, 2) << reply.substr(0, 60);
  }
}

TEST(HttpReuse, KeepsTheConnectionWhenTheTextIsFoundBeforeTheBodysEnd) {
  Session session;
  HttpCheck check = reusing();
  check.expect_body = {.text = "ready", .is_regex = false};
  const std::string big = ok_with("ready" + std::string(60'000, 'x'));
  expect_all_pass(attempts(session.behaviour({big, big, big, big}), 3, check));
  EXPECT_EQ(session.connections, 1);
}

TEST(HttpReuse, DoesNotWaitForABodyThatEndsTheConnectionAnyway) {
  EXPECT_EQ(against(reusing(), says_and_waits("HTTP/1.1 200 OK\r\n\r\nendless")).reason,
            "HTTP 200 OK");
}

TEST(HttpReuse, HoldsOneDescriptorAndReleasesItWithTheProbe) {
  asio::io_context loop(1);
  Session session;
  const Backend backend(loop, session.behaviour({kOk, kOk}));
  const Target target = target_of(backend.endpoint(), reusing(), kPlenty);
  Prober prober(loop.get_executor());
  auto probe = prober.make(target);
  const std::size_t before = open_descriptors();
  EXPECT_EQ(run(loop, *probe).result, Result::passed);
  // Its own and the backend's, and the one that watches all that are kept.
  EXPECT_EQ(open_descriptors(), before + 3);
  probe.reset();
  loop.restart();
  loop.run_for(50ms);
  EXPECT_EQ(open_descriptors(), before + 1);
}

TEST(HttpReuse, ATimeThatWasUpIsForgottenInTheNextAttempt) {
  asio::io_context loop(1);
  int connections = 0;
  const Backend backend(loop, [&](tcp::socket socket) -> asio::awaitable<void> {
    if (++connections > 1) co_await read_request(socket);
    if (connections > 1) co_await asio::async_write(socket, asio::buffer(kOk), kAwait);
    co_await keep_open(socket);
  });
  const Target target = target_of(backend.endpoint(), reusing(), kShort);
  Prober prober(loop.get_executor());
  const auto probe = prober.make(target);
  EXPECT_NE(run(loop, *probe).result, Result::passed);
  EXPECT_EQ(run_until_known([&] { return run(loop, *probe); }).result, Result::passed);
}

// A backend that answers each request until it has answered so many, and ends the connection then.
class HttpReuseAtRest : public testing::Test {
 protected:
  Behaviour answers(int times, bool resets) {
    return [=](tcp::socket socket) -> asio::awaitable<void> {
      for (int i = 0; i < times; ++i) {
        co_await read_request(socket);
        co_await asio::async_write(socket, asio::buffer(kOk), kAwait);
      }
      asio::steady_timer idle(socket.get_executor(), 20ms);
      co_await idle.async_wait(kAwait);
      if (resets) socket.set_option(asio::socket_base::linger(true, 0));
    };
  }

  // How often it was told of an end after that many attempts.
  int ends_told(Behaviour behaviour, int count) {
    const Backend backend(loop_, std::move(behaviour));
    const Target target = target_of(backend.endpoint(), reusing(), kPlenty);
    Prober prober(loop_.get_executor(), {}, {}, [&](const Target& ended) {
      EXPECT_EQ(&ended, &target);
      ++told_;
    });
    const auto probe = prober.make(target);
    for (int i = 0; i < count; ++i)
      EXPECT_EQ(run(loop_, *probe).result, Result::passed);
    loop_.restart();
    loop_.run_for(100ms);
    return told_;
  }

  asio::io_context loop_{1};
  int told_ = 0;
};

TEST_F(HttpReuseAtRest, TellsThatTheBackendClosedIt) {
  EXPECT_EQ(ends_told(answers(1, false), 1), 1);
}

TEST_F(HttpReuseAtRest, TellsThatTheBackendResetIt) {
  EXPECT_EQ(ends_told(answers(2, true), 2), 1);
}

TEST_F(HttpReuseAtRest, TellsNothingOfOneThatLives) {
  EXPECT_EQ(ends_told(answers(100, false), 5), 0);
}

TEST_F(HttpReuseAtRest, TellsNothingOnceItsProbeIsGone) {
  const Backend backend(loop_, answers(1, false));
  const Target target = target_of(backend.endpoint(), reusing(), kPlenty);
  Prober prober(loop_.get_executor(), {}, {}, [&](const Target&) { ++told_; });
  auto probe = prober.make(target);
  EXPECT_EQ(run(loop_, *probe).result, Result::passed);
  probe.reset();
  loop_.restart();
  loop_.run_for(100ms);
  EXPECT_EQ(told_, 0);
}

}  // namespace
}  // namespace hlb::probes
