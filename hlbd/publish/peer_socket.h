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

#include "publish/peer_connection.h"
#include "publish/peer_listener.h"
#include "publish/peer_protocol.h"
#include "system/file_descriptor.h"
#include "system/places.h"
#include "system/scope.h"

namespace hlb::publish {

// Used by hlbd's loop alone.
class PeerSocket {
 public:
  using Find = PeerProtocol::Find;

  // Listens in `folder`, in place of whatever stands there, and again within a second when somebody
  // has removed or replaced a socket. Throws std::system_error.
  PeerSocket(const boost::asio::any_io_executor& executor, const std::filesystem::path& folder,
             Find find);
  PeerSocket(const PeerSocket&) = delete;
  PeerSocket& operator=(const PeerSocket&) = delete;

  // Sends replies that waited and are ready now; to be called when answers have changed.
  void answers_changed();

 private:
  // A connection, and the place that it has.
  struct Served {
    Served(PeerSocket& all, FileDescriptor socket, uid_t user);

    PeerConnection connection;
    Places::Place place;
  };
  using AllServed = std::list<Served>;

  boost::asio::awaitable<void> sweep();
  void take(FileDescriptor socket);
  boost::asio::awaitable<void> serve(AllServed::iterator served);

  boost::asio::any_io_executor executor_;
  Find find_;
  boost::asio::steady_timer sweep_timer_;
  Places places_;
  AllServed served_;  // oldest first
  PeerListener for_all_;
  PeerListener for_root_;
  Scope scope_;
};

}  // namespace hlb::publish
