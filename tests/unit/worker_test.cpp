#include "system/worker.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "tests/unit/gate.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

Worker::Job nothing() {
  return [] { return Worker::Completion(); };
}

TEST(Worker, DoesJobsInTheirOrderBesideTheCaller) {
  auto done = std::make_shared<std::vector<int>>();
  auto thread = std::make_shared<std::thread::id>();
  Worker worker(10);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(worker.post([done, thread, i] {
      done->push_back(i);
      *thread = std::this_thread::get_id();
      return Worker::Completion();
    }));
  }
  ASSERT_TRUE(worker.flush(10s));
  EXPECT_EQ(*done, (std::vector<int>{0, 1, 2}));
  EXPECT_NE(*thread, std::this_thread::get_id());
}

TEST(Worker, NeverWaitsForAJobAndRefusesWhatIsTooMuch) {
  Gate gate;
  Worker worker(2);
  ASSERT_TRUE(worker.post(gate.job()));
  gate.await_job();
  EXPECT_TRUE(worker.post(nothing()));
  EXPECT_TRUE(worker.post(nothing()));
  EXPECT_FALSE(worker.post(nothing()));
  EXPECT_FALSE(worker.flush(1ms));
  gate.let_go();
  EXPECT_TRUE(worker.flush(10s));
  EXPECT_TRUE(worker.post(nothing()));
}

TEST(Worker, DeliversWhatAJobReturns) {
  std::promise<Worker::Completion> delivered;
  bool called = false;
  Worker worker(1, [&](Worker::Completion done) { delivered.set_value(std::move(done)); });
  ASSERT_TRUE(worker.post([&called] { return [&called] { called = true; }; }));
  const Worker::Completion done = delivered.get_future().get();
  EXPECT_FALSE(called);
  done();
  EXPECT_TRUE(called);
}

TEST(Worker, LeavesABlockedJobBehindAndDeliversNothingMore) {
  Gate gate;
  auto released = std::make_shared<std::promise<void>>();
  {
    Worker worker(2, [](const Worker::Completion&) { FAIL() << "delivered after its end"; });
    ASSERT_TRUE(worker.post([job = gate.job(), released] {
      job();
      released->set_value();
      return Worker::Completion([] {});
    }));
    gate.await_job();
    ASSERT_TRUE(worker.post([]() -> Worker::Completion {
      ADD_FAILURE() << "begun after the worker's end";
      return {};
    }));
  }
  gate.let_go();
  released->get_future().wait();
}

}  // namespace
}  // namespace hlb
