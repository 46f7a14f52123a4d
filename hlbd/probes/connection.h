// A probe's TCP connection with the deadline that stands over everything done on it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <span>
#include <string_view>

#include "health/outcome.h"
#include "probes/deadlines.h"
#include "probes/stream.h"

namespace hlb::probes {

// One attempt's, or that of several in a row, one after the other: start() begins each, rest() ends
// one that leaves the connection open for the next. When the time of an attempt is up the socket is
// closed under whatever is being awaited, and every operation from then on ends with an error:
// failure() tells which error is which. The destructor closes at once, with RST; it must come
// before the loop's. Not thread-safe: the loop of `executor` alone.
class Connection final : public Stream {
 public:
  explicit Connection(const boost::asio::any_io_executor& executor);
  Connection(const boost::asio::any_io_executor& executor, std::chrono::milliseconds timeout);
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start(std::chrono::milliseconds timeout);
  void rest() { deadline_.stop(); }
  bool is_open() const { return fd_ >= 0; }

  // In place of the connection there may be.
  boost::asio::awaitable<boost::system::error_code> connect(boost::asio::ip::tcp::endpoint backend);

  boost::asio::awaitable<boost::system::error_code> write(std::string_view bytes) override;
  boost::asio::awaitable<Read> read_some(std::span<char> space) override;
  Outcome failure(const boost::system::error_code& error, std::string_view silence) const override;

  std::chrono::microseconds age() const;  // of the attempt

 private:
  boost::system::error_code open(const boost::asio::ip::tcp::endpoint& backend);
  boost::system::error_code watch();
  void close();

  int fd_ = -1;                          // the connection; socket_'s own once that is open
  boost::asio::ip::tcp::socket socket_;  // open while the loop watches the connection
  Deadline deadline_;
};

}  // namespace hlb::probes
