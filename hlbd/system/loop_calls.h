// What another thread asks hlbd's loop, and waits for.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace hlb {

// The loop answers in turns of its own, between its other work, and never waits for who asks.
// A question is to be a short one: what takes long is asked in parts.
class LoopCalls {
 public:
  // Has the loop call `turn` once, in one of its next turns but not before this returns. Is called
  // on either thread, and never after close().
  using Post = std::function<void(std::function<void()> turn)>;

  // What is thrown to those who ask a loop that answers no more.
  class Ended : public std::runtime_error {
   public:
    Ended() : std::runtime_error("hlbd is ending") {}
  };

  // The time that one turn of the loop spends on answers.
  static constexpr std::chrono::milliseconds kPerTurn{2};

  explicit LoopCalls(Post post, std::chrono::nanoseconds per_turn = kPerTurn);
  // Calls close(). No thread may call ask() any more.
  ~LoopCalls();
  LoopCalls(const LoopCalls&) = delete;
  LoopCalls& operator=(const LoopCalls&) = delete;

  // Another thread: has the loop call `question`, and returns what that returns, which is no
  // reference. Throws Ended once the loop answers no more. What `question` itself throws is thrown
  // in the loop.
  template <typename Question>
  auto ask(Question&& question) {
    using Answer = std::invoke_result_t<Question&>;
    if constexpr (std::is_void_v<Answer>) {
      await_answer([&question] { question(); });
    } else {
      std::optional<Answer> answer;
      await_answer([&question, &answer] { answer.emplace(question()); });
      return *std::move(answer);
    }
  }

  // The loop, but not within a question: it answers no more, and who waits is told so.
  void close();

 private:
  class Queue;

  void await_answer(const std::function<void()>& question);

  std::shared_ptr<Queue> queue_;  // shared with the turn that is still to come
};

}  // namespace hlb
