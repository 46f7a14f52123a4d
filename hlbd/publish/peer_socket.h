// The peer socket: lookups over D-Bus without a bus, for programs that have no current table.
//
// Any local user may ask. A connection lives for a bounded time, and their places are shared fairly
// among users (see Places): a program whose connection is closed goes on with the table it has.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <list>
#include <optional>
#include <system_error>

#include "publish/peer_protocol.h"
#include "system/file_descriptor.h"
#include "system/file_identity.h"
#include "system/places.h"

namespace hlb::publish {

class PeerConnection;

// Used by hlbd's loop alone, which must have ended, or drop its coroutines, before this goes.
class PeerSocket {
 public:
  using Find = PeerProtocol::Find;

  // Listens on `path`, in place of whatever stands there, and again within a second when somebody
  // has removed or replaced it. Throws std::system_error.
  PeerSocket(const boost::asio::any_io_executor& executor, std::filesystem::path path, Find find);
  ~PeerSocket();  // removes the socket, if it still is this one
  PeerSocket(const PeerSocket&) = delete;
  PeerSocket& operator=(const PeerSocket&) = delete;

  // To be called when answers have changed: those held back may be ready.
  void answers_changed();

 private:
  friend class PeerConnection;
  using Protocol = boost::asio::local::stream_protocol;

  std::error_code listen();
  bool is_in_place() const;
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> sweep();
  bool accept_one();
  boost::asio::awaitable<void> serve(FileDescriptor socket, uid_t user);

  std::filesystem::path path_;
  std::optional<FileIdentity> bound_;
  Find find_;
  Protocol::acceptor acceptor_;
  boost::asio::steady_timer sweep_timer_;
  std::list<PeerConnection*> connections_;  // oldest first; each is owned by its coroutine
  Places places_;
};

}  // namespace hlb::publish
