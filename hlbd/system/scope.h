// Owns what runs on a loop: coroutines, and handlers of timers, sockets and workers.
//
// A Scope is the last member of its owner. Coroutines and handlers may refer to the owner, as none
// of them is resumed or called any more once the scope has gone.
//
// Asio can't take back what it awaits: a coroutine's frame, and a handler, live on until their
// operation has been cancelled, a turn of the loop later. Then they are destroyed without a further
// step. So destructors of a coroutine's locals must not touch the owner; nothing else has to be
// thought of. What is to be undone when the owner goes is a member of the owner (a connection in
// its list, say), and no local of the coroutine that serves it.
//
// Where locals have to touch the owner (a call that takes itself off a list), or a second thread
// does, both share a block instead, by a shared_ptr that is a parameter of the coroutine. DESIGN.md
// lists these.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <memory>
#include <utility>

namespace hlb {

// How coroutines await an operation: its error is a value, the first of the tuple that comes back.
inline constexpr auto kAsTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

// Used by one loop's thread; only what guard() returns may be moved to another thread and back.
class Scope {
 public:
  Scope() = default;
  // Cancels all that runs. May be called by what runs in the scope, which then must return without
  // touching its owner. The loop may have gone before.
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // Starts it on that loop, up to where it first waits. What it throws is a broken invariant, or
  // want of memory: it ends the loop, and with it hlbd, which systemd starts anew.
  void spawn(const boost::asio::any_io_executor& loop, boost::asio::awaitable<void> coroutine);

  // Returns the handler so that it does nothing once this has gone. The loop's thread calls it.
  template <typename Handler>
  auto guard(Handler handler) const {
    return [state = state_, handler = std::move(handler)](auto&&... results) {
      if (!state->ended) handler(std::forward<decltype(results)>(results)...);
    };
  }

 private:
  struct State {
    bool ended = false;
    std::list<boost::asio::cancellation_signal> running;  // one for each coroutine
  };
  class Executor;
  class Completion;

  std::shared_ptr<State> state_ = std::make_shared<State>();  // shared with what outlives this
};

}  // namespace hlb
