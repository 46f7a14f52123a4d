// Listens at a name in the runtime folder, where programs connect to the peer socket.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <functional>
#include <system_error>

#include "system/file_descriptor.h"
#include "system/scope.h"
#include "system/socket_file.h"

namespace hlb::publish {

// Used by hlbd's loop alone.
class PeerListener {
 public:
  // Takes over a connected socket, which doesn't block.
  using Take = std::function<void(FileDescriptor socket)>;

  // Listens on `path`, in place of whatever stands there; `mode` says who may connect. Throws
  // std::system_error.
  PeerListener(const boost::asio::any_io_executor& executor, const std::filesystem::path& path,
               mode_t mode, Take take);
  // Listens anew if somebody has removed or replaced the socket. Should that fail, the next call
  // tries again.
  void put_back();

 private:
  using Protocol = boost::asio::local::stream_protocol;

  std::error_code listen();
  boost::asio::awaitable<void> accept();
  bool accept_one();

  SocketFile file_;
  Take take_;
  Protocol::acceptor acceptor_;
  Scope scope_;
};

}  // namespace hlb::publish
