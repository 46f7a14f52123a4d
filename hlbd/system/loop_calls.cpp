#include "system/loop_calls.h"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace hlb {

class LoopCalls::Queue : public std::enable_shared_from_this<Queue> {
 public:
  Queue(Post post, std::chrono::nanoseconds per_turn)
      : post_(std::move(post)), per_turn_(per_turn) {}

  void ask(const std::function<void()>& question) {
    Call call{&question};
    std::unique_lock lock(mutex_);
    if (closed_) throw Ended();
    calls_.push_back(&call);
    if (!std::exchange(turn_is_to_come_, true)) post_turn();
    changed_.wait(lock, [&] { return call.answered || closed_; });
    if (!call.answered) throw Ended();
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    calls_.clear();
    changed_.notify_all();
  }

 private:
  // Lies on the stack of who asks, who waits until it is answered or all is over.
  struct Call {
    const std::function<void()>* question;
    bool answered = false;
  };

  void post_turn() {
    post_([queue = shared_from_this()] { queue->take_turn(); });
  }

  void take_turn() {
    const auto end = std::chrono::steady_clock::now() + per_turn_;
    while (const Call* call = next()) {
      (*call->question)();
      answered();
      if (std::chrono::steady_clock::now() >= end) return take_another_turn();
    }
  }

  // It stays where it is until it is answered, so that who asks hears of the end even if answering
  // throws.
  const Call* next() {
    const std::lock_guard lock(mutex_);
    turn_is_to_come_ = !calls_.empty();
    return calls_.empty() ? nullptr : calls_.front();
  }

  void answered() {
    const std::lock_guard lock(mutex_);
    calls_.front()->answered = true;
    calls_.pop_front();
    changed_.notify_all();
  }

  void take_another_turn() {
    const std::lock_guard lock(mutex_);
    turn_is_to_come_ = !calls_.empty();
    if (turn_is_to_come_) post_turn();
  }

  const Post post_;
  const std::chrono::nanoseconds per_turn_;
  std::mutex mutex_;  // held for moments alone, and by nobody who does anything else meanwhile
  std::condition_variable changed_;
  std::deque<Call*> calls_;  // in the order they came
  bool turn_is_to_come_ = false;
  bool closed_ = false;
};

LoopCalls::LoopCalls(Post post, std::chrono::nanoseconds per_turn)
    : queue_(std::make_shared<Queue>(std::move(post), per_turn)) {}

LoopCalls::~LoopCalls() {
  close();
}

void LoopCalls::close() {
  queue_->close();
}

void LoopCalls::await_answer(const std::function<void()>& question) {
  queue_->ask(question);
}

}  // namespace hlb
