// The peer socket takes lookups over D-Bus without a bus, from programs that have no current table.
//
// Any local user may ask. Connections live for a bounded time, and share their places fairly among
// users (see Places): a program whose connection is closed goes on with the table it has. Before
// they have a place, the kernel keeps them in one queue for all users, which any user can fill: so
// root has a socket of its own.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <list>

#include "publish/peer_listener.h"
#include "publish/peer_protocol.h"
#include "system/file_descriptor.h"
#include "system/places.h"

namespace hlb::publish {

class PeerConnection;

// Used by hlbd's loop alone, which must have ended, or drop its coroutines, before this is
// destroyed.
class PeerSocket {
 public:
  using Find = PeerProtocol::Find;

  // Listens in `folder`, in place of whatever stands there, and again within a second when somebody
  // has removed or replaced a socket. Throws std::system_error.
  PeerSocket(const boost::asio::any_io_executor& executor, const std::filesystem::path& folder,
             Find find);

  // Sends replies that waited and are ready now; to be called when answers have changed.
  void answers_changed();

 private:
  boost::asio::awaitable<void> sweep();
  void take(FileDescriptor socket);
  boost::asio::awaitable<void> serve(FileDescriptor socket, uid_t user);

  boost::asio::any_io_executor executor_;
  Find find_;
  boost::asio::steady_timer sweep_timer_;
  std::list<PeerConnection*> connections_;  // oldest first; each is owned by its coroutine
  Places places_;
  PeerListener for_all_;
  PeerListener for_root_;
};

}  // namespace hlb::publish
