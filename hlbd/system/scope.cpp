#include "system/scope.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <type_traits>

namespace hlb {

namespace asio = boost::asio;

namespace {

// At its end a coroutine that was cancelled, but never waited, would be refused the step by which
// Asio completes it.
asio::awaitable<void> completable(asio::awaitable<void> coroutine) {
  std::exception_ptr error;
  try {
    co_await std::move(coroutine);
  } catch (...) {
    error = std::current_exception();
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  if (error) std::rethrow_exception(error);
}

}  // namespace

// The loop's executor, as long as the scope lives; afterwards drops all that it is given. Each step
// of a coroutine comes by the executor that it was started on, so none comes after the scope.
class Scope::Executor {
 public:
  Executor(std::shared_ptr<const State> state, asio::any_io_executor loop)
      : state_(std::move(state)), loop_(std::move(loop)) {}

  template <typename Step>
  void execute(Step&& step) const {
    if (state_->ended) return;
    loop_.execute([state = state_, step = std::decay_t<Step>(std::forward<Step>(step))]() mutable {
      if (!state->ended) step();
    });
  }

  asio::execution_context& query(asio::execution::context_t property) const {
    return asio::query(loop_, property);
  }
  Executor require(asio::execution::blocking_t::never_t property) const {
    return {state_, asio::require(loop_, property)};
  }
  friend bool operator==(const Executor& one, const Executor& other) noexcept {
    return one.state_ == other.state_ && one.loop_ == other.loop_;
  }
  friend bool operator!=(const Executor& one, const Executor& other) noexcept {
    return !(one == other);
  }

 private:
  std::shared_ptr<const State> state_;
  asio::any_io_executor loop_;
};

// Called at a coroutine's end, or destroyed with its frame.
class Scope::Completion {
 public:
  using cancellation_slot_type = asio::cancellation_slot;

  explicit Completion(std::shared_ptr<State> state)
      : state_(std::move(state)), signal_(state_->running.emplace(state_->running.end())) {}
  Completion(Completion&&) noexcept = default;
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  ~Completion() {
    if (state_ != nullptr) state_->running.erase(signal_);
  }

  asio::cancellation_slot get_cancellation_slot() const noexcept { return signal_->slot(); }

  void operator()(const std::exception_ptr& error) const {
    if (error) std::rethrow_exception(error);
  }

 private:
  std::shared_ptr<State> state_;  // nullptr once it was moved
  std::list<asio::cancellation_signal>::iterator signal_;
};

// Not ended before all are cancelled: a cancelled operation comes to its end by the executor, which
// would destroy its coroutine, and the signal, at once.
Scope::~Scope() {
  for (asio::cancellation_signal& signal : state_->running)
    signal.emit(asio::cancellation_type::terminal);
  state_->ended = true;
}

void Scope::spawn(const asio::any_io_executor& loop, asio::awaitable<void> coroutine) {
  asio::co_spawn(asio::any_io_executor(Executor(state_, loop)), completable(std::move(coroutine)),
                 Completion(state_));
}

}  // namespace hlb
