// How late hlbd itself was is no latency of a backend's.
#include <gtest/gtest.h>

#include "tests/unit/loopback.h"

namespace hlb::probes {
namespace {

using Monotonic = std::chrono::steady_clock;

void hold_the_loop(std::chrono::milliseconds time) {
  const auto end = Monotonic::now() + time;
  while (Monotonic::now() < end) {
  }
}

Outcome with_max_latency(Behaviour behaviour, std::chrono::milliseconds max_latency) {
  asio::io_context loop(1);
  const Backend backend(loop, std::move(behaviour));
  CheckSpec spec = *http_target(backend.endpoint(), kPlenty).spec;
  spec.max_latency = max_latency;
  Target target = http_target(backend.endpoint(), kPlenty);
  target.spec = std::make_shared<const CheckSpec>(spec);
  return run(loop, target);
}

const std::string kPlainReply = "HTTP/1.1 200 OK\r\n\r\n";

TEST(MeasuredProbe, TellsHowMuchOfALatencyIsALoopThatWasHeld) {
  const auto holds_and_says = [](tcp::socket socket) -> asio::awaitable<void> {
    co_await read_request(socket);
    hold_the_loop(60ms);
    co_await asio::async_write(socket, asio::buffer(kPlainReply), kAwait);
  };
  const Outcome outcome = with_max_latency(holds_and_says, 40ms);
  EXPECT_GE(outcome.latency, 60ms);
  EXPECT_GE(outcome.lag, 50ms);
  EXPECT_EQ(within(outcome, 40ms).result, Outcome::Result::passed);
}

TEST(MeasuredProbe, CountsWhatABackendTakes) {
  const auto takes_its_time = [](tcp::socket socket) -> asio::awaitable<void> {
    co_await read_request(socket);
    asio::steady_timer pause(socket.get_executor(), 400ms);
    co_await pause.async_wait(kAwait);
    co_await asio::async_write(socket, asio::buffer(kPlainReply), kAwait);
  };
  Outcome quickest = Outcome::not_known("");
  for (int attempt = 0; attempt < 20; ++attempt) {
    quickest = with_max_latency(takes_its_time, 200ms);
    if (quickest.lag < 100ms) break;  // on a loaded machine, the loop can be late by itself
  }
  EXPECT_GE(quickest.latency, 400ms);
  EXPECT_EQ(within(quickest, 200ms).result, Outcome::Result::failed);
}

TEST(MeasuredProbe, IsNoneWithoutMaxLatency) {
  const auto holds_and_says = [](tcp::socket socket) -> asio::awaitable<void> {
    co_await read_request(socket);
    hold_the_loop(20ms);
    co_await asio::async_write(socket, asio::buffer(kPlainReply), kAwait);
  };
  EXPECT_EQ(with_max_latency(holds_and_says, 0ms).lag, 0us);
}

}  // namespace
}  // namespace hlb::probes
