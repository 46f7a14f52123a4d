// hlbd as a member of the bus: joins it, answers, tells, and joins again.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "operators/bus/greeting.h"
#include "operators/bus/loop_side.h"
#include "operators/bus/manager_object.h"
#include "operators/bus/news.h"
#include "operators/bus/object_tree.h"
#include "operators/bus/resolver_object.h"

namespace hlb::bus {

// Used by the bus's thread alone, which runs `io`; what it is made with must outlive it.
//
// The bus gives hlbd one connection, on which the calls of all clients come in one order, and are
// answered in that order. So a caller waits for those before. But each call costs a bounded time
// (GetManagedObjects the most: 40 µs for each of 30,000 objects at most), and the bus takes turns
// among its clients. Memory is bounded, too: nothing is read, and nothing told, while the bus
// doesn't take what it is sent.
class Session {
 public:
  // Called once per trouble, not at every retry, with words for the log.
  using OnTrouble = std::function<void(std::string trouble)>;

  Session(boost::asio::io_context& io, BusKind kind, LoopSide& loop, News& news,
          OnTrouble on_trouble);

  static void start(const std::shared_ptr<Session>& session);

  // To be called when there is news, or something to answer.
  void wake();

  // Leaves the bus at once. To be called when `io` has stopped for good.
  void leave();

 private:
  // The objects that are there while hlbd is on the bus.
  struct Objects {
    Objects(sdbus::IConnection& connection, LoopSide& loop, std::function<void()> on_ready)
        : resolver(connection, loop),
          manager(connection, loop, std::move(on_ready)),
          tree(connection, loop) {}

    ResolverObject resolver;
    ManagerObject manager;
    ObjectTree tree;
  };

  static boost::asio::awaitable<void> run(std::shared_ptr<Session> session);
  boost::asio::awaitable<bool> attempt();
  boost::asio::awaitable<void> open();
  boost::asio::awaitable<void> serve();
  bool bus_is_full() const;
  bool answer_one();
  bool answer_some();
  bool tell_some();
  void report(const std::string& what, const char* reason);
  std::string name_of_bus() const;

  boost::asio::io_context& io_;
  BusKind kind_;
  LoopSide& loop_;
  News& news_;
  OnTrouble on_trouble_;
  boost::asio::steady_timer wake_;  // expires when wake() is called
  std::unique_ptr<sdbus::IConnection> connection_;
  // The connection's socket, by a descriptor of our own: sd-bus closes its own when the bus goes
  // away.
  std::optional<boost::asio::posix::stream_descriptor> socket_;
  std::optional<Objects> objects_;
  std::string last_trouble_;
};

}  // namespace hlb::bus
