#include "system/worker.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "system/thread.h"

namespace hlb {

class Worker::Queue {
 public:
  Queue(std::size_t most_waiting, Deliver deliver)
      : most_waiting_(most_waiting), deliver_(std::move(deliver)) {}

  bool push(Job job) {
    {
      const std::lock_guard lock(mutex_);
      if (jobs_.size() >= most_waiting_) return false;
      jobs_.push_back(std::move(job));
    }
    changed_.notify_all();  // without the lock, for which the woken thread would sleep again
    return true;
  }

  bool await_idle(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return jobs_.empty() && !busy_; });
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    jobs_.clear();
    changed_.notify_all();
  }

  // The worker's thread.
  void serve() {
    while (const Job job = next())
      deliver(job());
  }

 private:
  Job next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (closed_) return {};
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    busy_ = true;
    return job;
  }

  // Under the lock, so that nothing is delivered once the queue is closed.
  void deliver(Completion completion) {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    if (!closed_ && completion) deliver_(std::move(completion));
    changed_.notify_all();
  }

  const std::size_t most_waiting_;
  const Deliver deliver_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;  // that haven't begun
  bool busy_ = false;
  bool closed_ = false;
};

Worker::Worker(std::size_t most_waiting, Deliver deliver)
    : queue_(std::make_shared<Queue>(most_waiting, std::move(deliver))) {
  start_thread("worker", [queue = queue_] { queue->serve(); }).detach();
}

Worker::~Worker() {
  queue_->close();
}

bool Worker::post(Job job) {
  return queue_->push(std::move(job));
}

bool Worker::flush(std::chrono::milliseconds limit) {
  return queue_->await_idle(limit);
}

}  // namespace hlb
