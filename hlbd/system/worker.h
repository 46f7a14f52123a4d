// A thread for what may block: disks, and whoever reads what is logged.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace hlb {

// Does jobs one after the other, in the order they were posted. Its members are called from one
// thread, and none but flush() ever waits.
class Worker {
 public:
  // What the poster of a job does with its result, on its own thread (see Deliver); may be empty.
  using Completion = std::function<void()>;
  using Job = std::function<Completion()>;
  // Takes a completion to the thread where it is to be called. Is called on the worker's thread,
  // and never after the worker is gone.
  using Deliver = std::function<void(Completion)>;

  explicit Worker(std::size_t most_waiting, Deliver deliver = {});
  // Jobs that haven't begun are dropped. One that is blocked is left behind, with its thread: so a
  // job owns all that it touches.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // False, and the job is not done, when as many wait as may.
  bool post(Job job);

  // Waits until all that was posted is done; false when that takes longer.
  bool flush(std::chrono::milliseconds limit);

 private:
  class Queue;
  std::shared_ptr<Queue> queue_;  // shared with the thread, which may outlive this
};

}  // namespace hlb
