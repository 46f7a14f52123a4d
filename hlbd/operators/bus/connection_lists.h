// Calls of ListConnections: they wait until connections are counted, and for their turns.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "operators/bus/encoding.h"
#include "operators/bus/loop_side.h"

namespace hlb::bus {

// Used by the bus's thread alone. The loop's side must outlive it.
class ConnectionLists {
 public:
  using Result = sdbus::Result<std::vector<ConnectionRow::Struct>>;

  static constexpr std::size_t kMostWaiting = 1024;  // calls; more are refused

  // `on_ready` is called when answer_next() has something to do.
  ConnectionLists(LoopSide& loop, std::function<void()> on_ready);

  // Has the connections to the backends of this service counted, or of all for "".
  void ask(Result&& result, std::string service);

  // Answers one call, if connections are counted for any; returns whether there are more of these.
  // A list may be long: so it is to be called while the bus takes what it is sent.
  bool answer_next();

 private:
  struct Call {
    Result result;
    std::string service;
  };
  struct Answerable {
    Call call;
    CountTaken taken;
  };
  // Is shared with the count under way, which may outlive this.
  struct Calls {
    std::vector<Call> waiting;  // for the count
    std::deque<Answerable> ready;
    std::function<void()> on_ready;
  };

  static void counted(Calls& calls, const CountTaken& taken);

  LoopSide& loop_;
  std::shared_ptr<Calls> calls_;
};

}  // namespace hlb::bus
