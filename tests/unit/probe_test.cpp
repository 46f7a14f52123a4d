// The probes against real sockets on loopback, with backends that misbehave in every way we know.
#include "probes/probes.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <thread>
#include <tuple>
#include <vector>

#include "tests/unit/loopback.h"

namespace hlb::probes {
namespace {

using Result = Outcome::Result;
using Evidence = Outcome::Evidence;

void expect_hard(const Outcome& outcome, std::string_view reason) {
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.evidence, Evidence::hard);
  EXPECT_EQ(outcome.reason, reason);
}

void expect_soft(const Outcome& outcome, std::string_view reason) {
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.evidence, Evidence::soft);
  EXPECT_EQ(outcome.reason, reason);
  EXPECT_GE(outcome.latency, kShort);
}

TEST(TcpProbe, PassesWhenTheBackendListens) {
  asio::io_context loop(1);
  const tcp::acceptor listener(loop, {asio::ip::address_v4::loopback(), 0});
  const Outcome outcome = run(loop, tcp_target(listener.local_endpoint(), kPlenty));
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_EQ(outcome.reason, "connected");
  EXPECT_GT(outcome.latency, 0us);
}

TEST(TcpProbe, PassesOverIpv6) {
  asio::io_context loop(1);
  tcp::acceptor listener(loop);
  error_code error;
  listener.open(tcp::v6(), error);
  if (!error) listener.bind({asio::ip::address_v6::loopback(), 0}, error);
  if (error) GTEST_SKIP() << "no IPv6 here: " << error.message();
  listener.listen();
  EXPECT_EQ(run(loop, tcp_target(listener.local_endpoint(), kPlenty)).result, Result::passed);
}

TEST(TcpProbe, FailsHardWhenRefused) {
  asio::io_context loop(1);
  const ClosedPort port;
  expect_hard(run(loop, tcp_target(port.endpoint(), kPlenty)), "connection refused");
}

TEST(TcpProbe, FailsSoftWhenNobodyAnswers) {
  asio::io_context loop(1);
  const FullBackend backend;
  expect_soft(run_until_known([&] { return run(loop, tcp_target(backend.endpoint(), kShort)); }),
              "no connection in 500ms");
}

TEST(TcpProbe, LeavesNoConnectionAndNoDescriptor) {
  asio::io_context loop(1);
  const tcp::acceptor listener(loop, {asio::ip::address_v4::loopback(), 0});
  run(loop, tcp_target(listener.local_endpoint(), kPlenty));
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 20; ++round)
    run(loop, tcp_target(listener.local_endpoint(), kPlenty));
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(leaves_a_trace(listener.local_endpoint().port()));
}

TEST(TcpProbe, DoesNotKnowWithoutADescriptor) {
  asio::io_context loop(1);
  const tcp::acceptor listener(loop, {asio::ip::address_v4::loopback(), 0});
  run(loop, tcp_target(listener.local_endpoint(), kPlenty));
  const NoDescriptors none;
  const Outcome outcome = run(loop, tcp_target(listener.local_endpoint(), kPlenty));
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_EQ(outcome.reason, "no probe: Too many open files");
}

TEST(TcpProbe, DoesNotKnowWhenItsOwnLoopWasLate) {
  asio::io_context loop(1);
  const FullBackend backend;
  asio::steady_timer stall(loop, 10ms);
  stall.async_wait([](error_code) { std::this_thread::sleep_for(600ms); });
  const Outcome outcome = run(loop, tcp_target(backend.endpoint(), 100ms));
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_TRUE(outcome.reason.starts_with("hlbd itself was late by ")) << outcome.reason;
}

TEST(HttpProbe, PassesOn200AndRedirects) {
  const Outcome plain = http_against(says_and_closes("HTTP/1.1 200 OK\r\n\r\nhello"));
  EXPECT_EQ(plain.result, Result::passed);
  EXPECT_EQ(plain.reason, "HTTP 200 OK");
  EXPECT_GT(plain.latency, 0us);
  const Outcome moved =
      http_against(says_and_waits("HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n"));
  EXPECT_EQ(moved.result, Result::passed);
  EXPECT_EQ(moved.reason, "HTTP 302 Found, Location: /login");
}

TEST(HttpProbe, DoesNotWaitForTheBody) {
  const auto endless = says_and_waits("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
  EXPECT_EQ(http_against(endless).reason, "HTTP 200 OK");
}

TEST(HttpProbe, FailsHardOn500) {
  expect_hard(http_against(says_and_closes("HTTP/1.1 500 Internal Server Error\r\n\r\n")),
              "HTTP 500 Internal Server Error");
}

TEST(HttpProbe, FailsHardWhenRefused) {
  asio::io_context loop(1);
  const ClosedPort port;
  expect_hard(run_http(loop, port.endpoint(), kPlenty), "connection refused");
}

TEST(HttpProbe, FailsSoftOnSilence) {
  expect_soft(http_against(says_and_waits(""), kShort), "no response in 500ms");
}

TEST(HttpProbe, FailsSoftOnAHeadThatStopsHalfWay) {
  expect_soft(http_against(says_and_waits("HTTP/1.1 200 OK\r\nServer: te"), kShort),
              "response head incomplete after 500ms");
}

TEST(HttpProbe, FailsHardOnHeadersWithoutEnd) {
  std::string endless = "HTTP/1.1 200 OK\r\n";
  while (endless.size() < 70'000)
    endless += "X-Filler: more\r\n";
  expect_hard(http_against(says_and_waits(endless)), "response head over 64 KiB");
}

TEST(HttpProbe, FailsHardWhenClosedWithoutAWord) {
  expect_hard(http_against(says_and_closes("")), "connection closed before any response");
}

TEST(HttpProbe, FailsHardWhenClosedHalfWay) {
  expect_hard(http_against(says_and_closes("HTTP/1.1 200 OK\r\nServer")),
              "connection closed within the response head");
}

TEST(HttpProbe, FailsHardWhenReset) {
  expect_hard(http_against(resets()), "connection reset");
}

TEST(HttpProbe, FailsHardOnGarbage) {
  expect_hard(http_against(says_and_waits("SSH-2.0-x\r\n")),
              "not an HTTP response: SSH-2.0-x\\r\\n");
}

TEST(HttpProbe, SendsThePreparedRequestAndClosesWithReset) {
  asio::io_context loop(1);
  std::string received;
  error_code end;
  const Backend backend(loop, [&](tcp::socket socket) -> asio::awaitable<void> {
    received.resize(1024);
    auto [error, count] = co_await socket.async_read_some(asio::buffer(received), kAwait);
    received.resize(count);
    co_await asio::async_write(socket, asio::buffer("HTTP/1.1 200 OK\r\n\r\n", 19), kAwait);
    char more = 0;
    std::tie(end, count) = co_await socket.async_read_some(asio::buffer(&more, 1), kAwait);
    loop.stop();
  });
  const auto port = backend.endpoint().port();
  EXPECT_EQ(run_http(loop, backend.endpoint(), kPlenty).result, Result::passed);
  loop.restart();
  loop.run();
  EXPECT_EQ(received, "GET / HTTP/1.1\r\nHost: app.test:" + std::to_string(port) +
                          "\r\nUser-Agent: hlbd\r\nAccept: */*\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(end, asio::error::connection_reset);
  EXPECT_FALSE(leaves_a_trace(port));
}

TEST(HttpProbe, SendsARequestThatDoesNotFitTheSocketBuffer) {
  asio::io_context loop(1);
  std::size_t received = 0;
  const HttpCheck check = http_check("/" + std::string(8'000'000, 'x'));
  std::size_t size = 0;
  const Backend backend(loop, [&](tcp::socket socket) -> asio::awaitable<void> {
    std::vector<char> space(1 << 20);
    while (received < size) {
      const auto [error, count] = co_await socket.async_read_some(asio::buffer(space), kAwait);
      if (error) co_return;
      received += count;
    }
    co_await asio::async_write(socket, asio::buffer("HTTP/1.1 200 OK\r\n\r\n", 19), kAwait);
  });
  size = http_request(check, backend.endpoint().port()).size();
  const Target target = target_of(backend.endpoint(), check, kPlenty);
  EXPECT_EQ(run(loop, target).reason, "HTTP 200 OK");
  EXPECT_EQ(received, size);
}

const auto kRequest = std::make_shared<const std::string>("GET / HTTP/1.1\r\n\r\n");

TEST(HttpProbe, CancellingEndsItAtOnceAndLeavesNothingBehind) {
  asio::io_context loop(1);
  const tcp::acceptor silent(loop, {asio::ip::address_v4::loopback(), 0});
  const std::size_t before = open_descriptors();
  asio::cancellation_signal cancel;
  Outcome result = Outcome::pass("never ended");
  const Target target = http_target(silent.local_endpoint(), 1h);
  const auto probe = http_probe(target, kRequest, nullptr, nullptr);
  asio::co_spawn(
      loop, probe->attempt(),
      asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr&, Outcome outcome) {
        result = std::move(outcome);
        loop.stop();
      }));
  asio::steady_timer soon(loop, 50ms);
  soon.async_wait([&](error_code) { cancel.emit(asio::cancellation_type::terminal); });
  loop.run_for(kPlenty);
  EXPECT_EQ(result.result, Result::unknown);
  EXPECT_EQ(result.reason, "cancelled");
  EXPECT_EQ(open_descriptors(), before);
}

TEST(HttpProbe, DestroyingTheLoopReleasesAProbeInFlight) {
  const std::size_t before = open_descriptors();
  Target target;
  std::unique_ptr<Probe> probe;
  {
    asio::io_context loop(1);
    const tcp::acceptor silent(loop, {asio::ip::address_v4::loopback(), 0});
    target = http_target(silent.local_endpoint(), 1h);
    probe = http_probe(target, kRequest, nullptr, nullptr);
    asio::co_spawn(loop, probe->attempt(), asio::detached);
    loop.run_for(20ms);
    EXPECT_GT(open_descriptors(), before);
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace hlb::probes
