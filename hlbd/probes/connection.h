// One probe's TCP connection with the deadline that stands over everything done on it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "health/outcome.h"

namespace hlb::probes {

// The time runs from construction. When it is up the socket is closed under whatever is being
// awaited, and every operation from then on ends with an error: failure() tells which error is
// which. The destructor closes at once, with RST. Not thread-safe: the loop of `executor` alone.
class Connection {
 public:
  Connection(const boost::asio::any_io_executor& executor, std::chrono::milliseconds timeout);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  boost::asio::awaitable<boost::system::error_code> connect(boost::asio::ip::tcp::endpoint backend);
  boost::asio::awaitable<boost::system::error_code> write(std::string_view bytes);

  struct Read {
    boost::system::error_code error;  // asio::error::eof when the backend closed
    std::size_t count = 0;
  };
  boost::asio::awaitable<Read> read_some(std::span<char> space);

  // The outcome of an operation that ended with `error`: when it was the deadline, a soft failure
  // that says `silence` and the time-out, "no connection in" + " 1s".
  Outcome failure(const boost::system::error_code& error, std::string_view silence) const;

  std::chrono::microseconds age() const;

 private:
  // Shared with the timer's handler, which may be on its way already when the probe ends.
  struct Line {
    boost::asio::ip::tcp::socket socket;
    bool expired = false;
    std::chrono::milliseconds lag{0};  // how late hlbd noticed
  };

  boost::system::error_code open(const boost::asio::ip::tcp& protocol);

  std::chrono::milliseconds timeout_;
  std::shared_ptr<Line> line_;
  boost::asio::steady_timer deadline_;
};

}  // namespace hlb::probes
