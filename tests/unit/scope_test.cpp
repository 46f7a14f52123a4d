// What a scope's coroutines and handlers may still do when it goes. Under the address sanitizer,
// what touches an owner that has gone is a fault.
#include "system/scope.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

namespace hlb {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Socket = asio::local::stream_protocol::socket;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

// Owns whatever runs in the tests, and counts its steps.
class Owner {
 public:
  Owner(asio::io_context& loop, int& steps) : loop_(loop), steps_(steps), own_(loop) {}

  using Coroutine = asio::awaitable<void> (Owner::*)();
  void start(Coroutine coroutine) { scope_.spawn(loop_.get_executor(), (this->*coroutine)()); }

  // A timer of the owner's, and one of the coroutine's.
  asio::awaitable<void> await_own_timer() {
    own_.expires_after(1h);
    step();
    co_await own_.async_wait(kTuple);
    step();
  }
  asio::awaitable<void> await_timer() {
    asio::steady_timer timer(loop_, 1h);
    step();
    co_await timer.async_wait(kTuple);
    step();
  }

  asio::awaitable<void> await_socket() {
    Socket one(loop_);
    Socket other(loop_);
    asio::local::connect_pair(one, other);
    std::array<char, 8> bytes{};
    step();
    co_await asio::async_read(one, asio::buffer(bytes), kTuple);
    step();
  }

  asio::awaitable<void> await_channel() {
    asio::experimental::channel<void(boost::system::error_code)> channel(loop_, 1);
    step();
    co_await channel.async_receive(kTuple);
    step();
  }

  asio::awaitable<void> await_either() {
    using namespace asio::experimental::awaitable_operators;
    co_await (await_timer() || await_socket());
    step();
  }

  asio::awaitable<void> nest() {
    co_await await_timer();
    step();
  }

  asio::awaitable<void> go_on() {
    for (;;) {
      step();
      co_await asio::post(loop_, asio::use_awaitable);
    }
  }

  asio::awaitable<void> end_its_owner() {
    co_await asio::post(loop_, asio::use_awaitable);
    step();
    end();
  }

  asio::awaitable<void> end_its_owner_at_once() {
    step();
    end();
    co_return;
  }

  asio::awaitable<void> end_its_owner_and_wait() {
    asio::io_context& loop = loop_;
    int& steps = steps_;
    end();
    asio::steady_timer timer(loop, 1h);
    co_await timer.async_wait(kTuple);
    ++steps;
  }

  asio::awaitable<void> fail() {
    co_await asio::post(loop_, asio::use_awaitable);
    throw std::runtime_error("broken");
  }

  asio::awaitable<void> end_well() { co_await asio::post(loop_, asio::use_awaitable); }

  auto step_guarded() {
    return scope_.guard([this](auto&&...) { step(); });
  }

  std::function<void()> end = [] {};

 private:
  void step() { ++steps_; }

  asio::io_context& loop_;
  int& steps_;
  asio::steady_timer own_;
  Scope scope_;
};

class ScopeTest : public testing::TestWithParam<Owner::Coroutine> {
 protected:
  // All that runs until nothing is left but to wait for an hour.
  void run() {
    loop_.restart();
    while (loop_.poll() > 0) {
    }
  }
  bool is_idle() { return loop_.stopped(); }

  asio::io_context loop_{1};
  int steps_ = 0;
  std::unique_ptr<Owner> owner_ = std::make_unique<Owner>(loop_, steps_);
};

TEST_P(ScopeTest, CancelsWhatAwaitsAndTakesNoFurtherStep) {
  owner_->start(GetParam());
  loop_.poll();
  const int before = steps_;
  EXPECT_GT(before, 0);
  owner_.reset();
  run();
  EXPECT_TRUE(is_idle());
  EXPECT_EQ(steps_, before);
}

TEST_P(ScopeTest, CancelsFromWithinTheLoop) {
  owner_->start(GetParam());
  loop_.poll();
  const int before = steps_;
  asio::post(loop_, [this] { owner_.reset(); });
  run();
  EXPECT_TRUE(is_idle());
  EXPECT_EQ(steps_, before);
}

TEST_P(ScopeTest, CancelsWhatHasNotBegun) {
  owner_->start(GetParam());
  owner_.reset();
  run();
  EXPECT_TRUE(is_idle());
  EXPECT_EQ(steps_, 0);
}

TEST_P(ScopeTest, CancelsManyAndGoesWithoutTheLoopRunning) {
  for (int i = 0; i < 10; ++i)
    owner_->start(GetParam());
  loop_.poll();
  owner_.reset();
}

INSTANTIATE_TEST_SUITE_P(Each, ScopeTest,
                         testing::Values(&Owner::await_own_timer, &Owner::await_timer,
                                         &Owner::await_socket, &Owner::await_channel,
                                         &Owner::await_either, &Owner::nest));

TEST_F(ScopeTest, TakesNoStepOfWhatIsReadyToGoOn) {
  owner_->start(&Owner::go_on);
  for (int i = 0; i < 5; ++i)
    loop_.poll_one();
  const int before = steps_;
  EXPECT_GT(before, 1);
  owner_.reset();
  run();
  EXPECT_TRUE(is_idle());
  EXPECT_EQ(steps_, before);
}

TEST_F(ScopeTest, MayBeEndedByItsOwnCoroutine) {
  owner_->end = [this] { owner_.reset(); };
  owner_->start(&Owner::await_timer);
  owner_->start(&Owner::end_its_owner);
  run();
  EXPECT_TRUE(is_idle());
  EXPECT_EQ(steps_, 2);
}

TEST_F(ScopeTest, MayBeEndedByItsOwnCoroutineAtOnce) {
  owner_->end = [this] { owner_.reset(); };
  owner_->start(&Owner::end_its_owner_at_once);
  run();
  EXPECT_TRUE(is_idle());
  EXPECT_EQ(steps_, 1);
}

TEST_F(ScopeTest, HasACoroutineThatEndedItWaitForNothing) {
  owner_->end = [this] { owner_.reset(); };
  owner_->start(&Owner::end_its_owner_and_wait);
  run();
  EXPECT_TRUE(is_idle());
  EXPECT_EQ(steps_, 0);
}

TEST_F(ScopeTest, EndsTheLoopByAnException) {
  owner_->start(&Owner::fail);
  EXPECT_THROW(run(), std::runtime_error);
  run();  // and others may go on
  EXPECT_TRUE(is_idle());
}

TEST_F(ScopeTest, ForgetsWhatHasEnded) {
  for (int i = 0; i < 1000; ++i)
    owner_->start(&Owner::end_well);
  run();
  EXPECT_TRUE(is_idle());
  owner_.reset();
}

TEST_F(ScopeTest, CallsAGuardedHandlerWhileItLives) {
  asio::steady_timer timer(loop_, 0s);
  timer.async_wait(owner_->step_guarded());
  asio::post(loop_, owner_->step_guarded());
  const std::function<void(int)> callback = owner_->step_guarded();
  callback(1);
  run();
  EXPECT_EQ(steps_, 3);
  timer.expires_after(0s);
  timer.async_wait(owner_->step_guarded());
  asio::post(loop_, owner_->step_guarded());
  owner_.reset();
  callback(2);
  run();
  EXPECT_TRUE(is_idle());
  EXPECT_EQ(steps_, 3);
}

TEST(Scope, OutlivesTheLoop) {
  int steps = 0;
  auto loop = std::make_unique<asio::io_context>(1);
  Scope scope;
  const auto wait = [](asio::io_context& where, int& taken) -> asio::awaitable<void> {
    asio::steady_timer timer(where, 1h);
    ++taken;
    co_await timer.async_wait(kTuple);
    ++taken;
  };
  for (int i = 0; i < 3; ++i)
    scope.spawn(loop->get_executor(), wait(*loop, steps));
  loop->poll();
  scope.spawn(loop->get_executor(), wait(*loop, steps));
  loop.reset();
  EXPECT_EQ(steps, 3);
}

}  // namespace
}  // namespace hlb
