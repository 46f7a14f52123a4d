// A probe's TCP connection, with one deadline over all that is done on it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "health/outcome.h"
#include "probes/deadlines.h"
#include "probes/stream.h"
#include "probes/target.h"
#include "probes/tcp_socket.h"

namespace hlb::probes {

// Serves one attempt, or several in a row: start() begins each, rest() ends one that leaves the
// connection open for the next. When the time of an attempt is up the socket is closed under
// whatever is being awaited, and every operation from then on ends with an error: failure() tells
// which error is which. The destructor closes at once, with RST; it must come before the loop's.
// Not thread-safe: used by the loop of `executor` alone.
class Connection final : public Stream {
 public:
  explicit Connection(const boost::asio::any_io_executor& executor);
  Connection(const boost::asio::any_io_executor& executor, std::chrono::milliseconds timeout);

  void start(std::chrono::milliseconds timeout);
  void rest() { deadline_.stop(); }
  bool is_open() const { return socket_.is_open(); }
  int descriptor() const { return socket_.descriptor(); }

  // Connects, in place of the connection there may be. When no answer comes soon, asks again: one
  // lost packet is no reason to call a backend silent. Goes the target's way, and begins with the
  // PROXY protocol if the check says so. The target must outlive the operation.
  boost::asio::awaitable<boost::system::error_code> connect(const Target& target);

  // Serves a backend that speaks first: the ACK that tells it of the connection goes out now, not
  // with the first bytes that are sent, or after 40 ms and more.
  void let_it_speak();

  boost::asio::awaitable<boost::system::error_code> write(std::string_view bytes) override;
  boost::asio::awaitable<Read> read_some(std::span<char> space) override;
  Outcome failure(const boost::system::error_code& error, std::string_view silence) const override;

  std::chrono::microseconds age() const;  // of the attempt
  std::chrono::milliseconds timeout() const { return deadline_.timeout(); }

 private:
  boost::asio::awaitable<boost::system::error_code> introduce(const Target& target);
  boost::asio::awaitable<boost::system::error_code> await_answer(const Target& target);
  boost::asio::awaitable<boost::system::error_code> connect_by_either(const Target& target,
                                                                      Deadline& patience);

  TcpSocket socket_;
  Deadline deadline_;
  bool begun_ = false;  // connecting: this host didn't refuse
};

// The header of the PROXY protocol (HAProxy's proxy-protocol.txt), in version 1 or 2, of a
// connection that is made on nobody's behalf. Version 2 has a word for that, and no more is said;
// in version 1 the connection's own ends are named, as HAProxy's checks do.
std::string proxy_header(unsigned version, const boost::asio::ip::tcp::endpoint& from,
                         const boost::asio::ip::tcp::endpoint& to);

}  // namespace hlb::probes
