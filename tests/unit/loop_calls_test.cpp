#include "system/loop_calls.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hlb {
namespace {

using namespace std::chrono_literals;

// A loop whose turns are taken when the test says so, on its own thread.
class Loop {
 public:
  LoopCalls::Post post() {
    return [this](std::function<void()> turn) {
      const std::lock_guard lock(mutex_);
      turns_.push_back(std::move(turn));
      changed_.notify_all();
    };
  }

  // Waits for the next turn, and takes it.
  void take_turn() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !turns_.empty(); });
    const auto turn = std::move(turns_.front());
    turns_.pop_front();
    lock.unlock();
    turn();
  }

  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return turns_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> turns_;
};

template <typename Question>
auto ask_beside(LoopCalls& calls, Question question) {
  return std::async(std::launch::async, [&calls, question] { return calls.ask(question); });
}

TEST(LoopCalls, AQuestionIsAnsweredOnTheLoopAndItsAnswerReturned) {
  Loop loop;
  LoopCalls calls(loop.post());
  std::thread::id answered_on;
  auto answer = ask_beside(calls, [&] {
    answered_on = std::this_thread::get_id();
    return std::string("42");
  });
  loop.take_turn();
  EXPECT_EQ(answer.get(), "42");
  EXPECT_EQ(answered_on, std::this_thread::get_id());
}

TEST(LoopCalls, WhatReturnsNothingIsAwaitedToo) {
  Loop loop;
  LoopCalls calls(loop.post());
  bool done = false;
  auto answer = ask_beside(calls, [&] { done = true; });
  loop.take_turn();
  answer.get();
  EXPECT_TRUE(done);
}

TEST(LoopCalls, OneAfterTheOtherIsAnswered) {
  Loop loop;
  LoopCalls calls(loop.post());
  std::promise<int> sum;
  std::thread asker([&] {
    int total = 0;
    for (int i = 1; i <= 100; ++i)
      total += calls.ask([i] { return i; });
    sum.set_value(total);
  });
  auto found = sum.get_future();
  // A turn may answer the next question as well, which then needs none of its own.
  while (found.wait_for(0s) != std::future_status::ready) {
    if (loop.waiting() > 0) loop.take_turn();
    std::this_thread::yield();
  }
  asker.join();
  EXPECT_EQ(found.get(), 5050);
}

TEST(LoopCalls, WhoWaitsWhenTheLoopEndsIsToldSo) {
  Loop loop;
  LoopCalls calls(loop.post());
  std::promise<void> asked;
  auto answer = std::async(std::launch::async, [&] {
    asked.set_value();
    calls.ask([] { ADD_FAILURE() << "answered after the end"; });
  });
  asked.get_future().wait();
  calls.close();
  EXPECT_THROW(answer.get(), LoopCalls::Ended);
}

TEST(LoopCalls, WhoAsksAfterTheEndIsToldSo) {
  Loop loop;
  LoopCalls calls(loop.post());
  calls.close();
  EXPECT_THROW(calls.ask([] { return 1; }), LoopCalls::Ended);
  EXPECT_EQ(loop.waiting(), 0U);
}

TEST(LoopCalls, ATurnThatComesAfterTheEndDoesNothing) {
  Loop loop;
  {
    LoopCalls calls(loop.post());
    auto answer = ask_beside(calls, [] { ADD_FAILURE() << "answered after the end"; });
    while (loop.waiting() == 0)
      std::this_thread::yield();
    calls.close();
    EXPECT_THROW(answer.get(), LoopCalls::Ended);
  }
  loop.take_turn();
}

TEST(LoopCalls, ATurnThatHasLastedLongEnoughLeavesTheRestToTheNext) {
  Loop loop;
  LoopCalls calls(loop.post(), 0ns);
  std::vector<std::future<int>> answers;
  answers.reserve(3);
  for (int i = 0; i < 3; ++i) {
    answers.push_back(ask_beside(calls, [i] { return i; }));
  }
  int turns = 0;
  for (; turns < 3; ++turns)
    loop.take_turn();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(answers[static_cast<std::size_t>(i)].get(), i);
}

TEST(LoopCalls, WhatAnsweringThrowsIsThrownInTheLoopAndTheQuestionEndsWithIt) {
  Loop loop;
  LoopCalls calls(loop.post());
  auto answer = ask_beside(calls, [] { throw std::logic_error("broken"); });
  EXPECT_THROW(loop.take_turn(), std::logic_error);
  calls.close();
  EXPECT_THROW(answer.get(), LoopCalls::Ended);
}

}  // namespace
}  // namespace hlb
