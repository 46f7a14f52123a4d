// Connecting to a backend that doesn't answer at first: a listener whose backlog is full drops
// SYNs, as a network that loses packets does.
#include "probes/connection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <vector>

#include "tests/unit/loopback.h"

namespace hlb::probes {
namespace {

using Result = Outcome::Result;
using Evidence = Outcome::Evidence;

// Shorter than what the kernel waits for before it sends a SYN again.
constexpr auto kWithinASyn = 900ms;

// Runs an attempt, and `action` when it has been under way for `delay`.
Outcome run_with(asio::io_context& loop, const Target& target, std::chrono::milliseconds delay,
                 const std::function<void()>& action) {
  asio::steady_timer timer(loop, delay);
  timer.async_wait([&](error_code) { action(); });
  return run(loop, target);
}

TEST(Connecting, ALostSynIsSentAgainWithinTheTimeOut) {
  const Outcome outcome = run_until_known([] {
    asio::io_context loop(1);
    FullBackend backend;
    return run_with(loop, tcp_target(backend.endpoint(), kWithinASyn), 50ms,
                    [&] { backend.make_room(); });
  });
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_EQ(outcome.reason, "connected");
}

TEST(Connecting, ARefusalOfALaterSynIsHard) {
  const Outcome outcome = run_until_known([] {
    asio::io_context loop(1);
    FullBackend backend;
    return run_with(loop, tcp_target(backend.endpoint(), kWithinASyn), 50ms,
                    [&] { backend.stop_listening(); });
  });
  EXPECT_EQ(outcome.evidence, Evidence::hard);
  EXPECT_EQ(outcome.reason, "connection refused");
}

TEST(Connecting, TakesTwoDescriptorsAtMostAndLeavesNone) {
  asio::io_context loop(1);
  const FullBackend backend;
  std::vector<std::size_t> open;
  asio::steady_timer sample(loop);
  const std::function<void(error_code)> count = [&](error_code) {
    open.push_back(open_descriptors());
    sample.expires_after(10ms);
    sample.async_wait(count);
  };
  count({});
  const std::size_t before = open.front();
  const Outcome outcome = run(loop, tcp_target(backend.endpoint(), kShort));
  EXPECT_NE(outcome.result, Result::passed);
  EXPECT_EQ(*std::ranges::max_element(open), before + 2);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Connecting, GoesOnWithTheFirstSynWhenThereIsNoDescriptorForAnother) {
  const Outcome outcome = run_until_known([] {
    asio::io_context loop(1);
    const FullBackend backend;
    std::optional<NoDescriptors> none;
    return run_with(loop, tcp_target(backend.endpoint(), kShort), 1ms, [&] { none.emplace(); });
  });
  EXPECT_EQ(outcome.evidence, Evidence::soft);
  EXPECT_EQ(outcome.reason, "no connection in 500ms");
}

TEST(Connecting, CancellingEndsItAtOnceWhileASecondSynWaits) {
  asio::io_context loop(1);
  const FullBackend backend;
  asio::steady_timer later(loop, 300ms);  // here, since the loop takes descriptors for it
  const std::size_t before = open_descriptors();
  asio::cancellation_signal cancel;
  Outcome result = Outcome::pass("never ended");
  const Target target = tcp_target(backend.endpoint(), 1h);
  Prober prober(loop.get_executor());
  const auto probe = prober.make(target);
  asio::co_spawn(
      loop, probe->attempt(),
      asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr&, Outcome outcome) {
        result = std::move(outcome);
        loop.stop();
      }));
  later.async_wait([&](error_code) {
    EXPECT_EQ(open_descriptors(), before + 2);
    cancel.emit(asio::cancellation_type::terminal);
  });
  loop.run_for(kPlenty);
  EXPECT_EQ(result.result, Result::unknown);
  EXPECT_EQ(result.reason, "cancelled");
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Connecting, DestroyingTheLoopReleasesBothSockets) {
  const FullBackend backend;
  const std::size_t before = open_descriptors();
  const Target target = tcp_target(backend.endpoint(), 1h);
  std::unique_ptr<Probe> probe;
  {
    asio::io_context loop(1);
    Prober prober(loop.get_executor());
    probe = prober.make(target);
    asio::co_spawn(loop, probe->attempt(), asio::detached);
    loop.run_for(300ms);
    EXPECT_GT(open_descriptors(), before + 2);
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace hlb::probes
