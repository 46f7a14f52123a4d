// A TCP socket of a probe, which the loop watches only while there is something to wait for.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include "health/check_spec.h"

namespace hlb::probes {

// Owned by its scope, and closed with RST. No child inherits it. Notes its local port for those who
// watch connections if it never was connected, see OwnPorts.
class TcpSocket {
 public:
  explicit TcpSocket(const boost::asio::any_io_executor& executor) : watched_(executor) {}
  TcpSocket(TcpSocket&& other) noexcept;
  TcpSocket& operator=(TcpSocket&& other) noexcept;
  ~TcpSocket() { close(); }

  // Begins to connect, in place of the connection there may be. An error that is_pending() means
  // that it is under way; then proceed() tells how it goes.
  boost::system::error_code begin(const boost::asio::ip::tcp::endpoint& backend, const Way& way);
  boost::system::error_code proceed(const boost::asio::ip::tcp::endpoint& backend);

  // The connection's own end, once there is one.
  boost::asio::ip::tcp::endpoint local() const;

  // Has the loop watch the socket, so that watched() can be waited for. Costs three system calls.
  boost::system::error_code watch();
  boost::asio::ip::tcp::socket& watched() { return watched_; }

  // Sends what the kernel takes at once; -1, and errno, if it takes nothing.
  long send(const void* bytes, std::size_t size) const;

  // Tells the other side now that it is connected, see begin().
  void acknowledge() const;

  bool is_open() const { return fd_ >= 0; }
  int descriptor() const { return fd_; }
  void close();

 private:
  void note_port();

  int fd_ = -1;                           // watched_'s own once that is open
  boost::asio::ip::tcp::socket watched_;  // open while the loop watches
  bool connected_ = false;
  bool elsewhere_ = false;  // in another network namespace, of which no report comes
};

// Whether `error` says that connecting is under way, and has neither failed nor succeeded yet.
bool is_pending(const boost::system::error_code& error);

}  // namespace hlb::probes
