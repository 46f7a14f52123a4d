// A program's connection to the peer socket.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>

#include "publish/peer_protocol.h"
#include "system/file_descriptor.h"

namespace hlb::publish {

// Used by hlbd's loop alone.
class PeerConnection {
 public:
  // Takes over the connected socket. `find` must outlive it. Throws boost::system::system_error.
  PeerConnection(const boost::asio::any_io_executor& executor, FileDescriptor socket,
                 const PeerProtocol::Find& find);
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  // Answers lookups until the program hangs up or breaks the protocol, or end().
  boost::asio::awaitable<void> serve();

  void answers_changed();  // a reply that waits may be ready
  void end();

  std::chrono::steady_clock::time_point since() const { return since_; }

 private:
  bool receive();
  bool send();

  boost::asio::local::stream_protocol::socket socket_;
  PeerProtocol protocol_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  bool ending_ = false;
};

}  // namespace hlb::publish
