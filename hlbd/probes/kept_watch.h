// Notices that backends end connections which are kept for the next probe.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>

#include "probes/target.h"
#include "system/scope.h"

namespace hlb::probes {

// Whoever asked for the target whose connection has ended, by FIN or RST: the backend may have
// died, or be tired of it, so that is a reason to probe, nothing more.
using OnKeptEnded = std::function<void(const Target& target)>;

// Holds connections in an epoll set of its own, as it costs them no memory here and their probes no
// system call. Used by hlbd's loop alone.
class KeptWatch {
 public:
  class Keeper {
   public:
    virtual ~Keeper() = default;
    // Its connection has ended. Gives it up and returns the target if it was at rest; nullptr if it
    // is in use, whose probe will see for itself.
    virtual const Target* connection_ended() = 0;
  };

  // `on_ended` is called from the loop, and must not destroy this.
  KeptWatch(const boost::asio::any_io_executor& executor, OnKeptEnded on_ended);
  KeptWatch(const KeptWatch&) = delete;
  KeptWatch& operator=(const KeptWatch&) = delete;

  // Once for each connection, which is watched until it is closed; it must be before `keeper` goes.
  // What can't be watched isn't.
  void add(int connection, Keeper& keeper);

 private:
  bool open();
  void await_ends();
  void take_ends();

  boost::asio::posix::stream_descriptor epoll_;  // opened for the first connection
  OnKeptEnded on_ended_;
  Scope scope_;
};

}  // namespace hlb::probes
