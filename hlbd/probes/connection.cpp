#include "probes/connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>

#include "probes/reason.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

template <typename Value>
void set_option(int fd, int level, int name, const Value& value) {
  // Neither option can fail on a TCP socket, and a probe would still be right without them.
  (void)::setsockopt(fd, level, name, &value, sizeof value);
}

// Called again after EINPROGRESS, says how that ended: EALREADY when it hasn't.
error_code connect_now(int fd, const tcp::endpoint& backend) {
  const int result = ::connect(fd, backend.data(), static_cast<socklen_t>(backend.size()));
  if (result == 0 || errno == EISCONN) return {};
  return {errno, boost::system::system_category()};
}

bool is_pending(const error_code& error) {
  return error == asio::error::in_progress || error == asio::error::already_started;
}

}  // namespace

Connection::Connection(const asio::any_io_executor& executor)
    : socket_(executor), deadline_([this] { close(); }) {}

Connection::Connection(const asio::any_io_executor& executor, milliseconds timeout)
    : Connection(executor) {
  start(timeout);
}

void Connection::start(milliseconds timeout) {
  deadline_.start(socket_.get_executor(), timeout);
}

void Connection::close() {
  error_code ignored;
  if (socket_.is_open()) {
    socket_.close(ignored);
  } else if (is_open()) {
    ::close(fd_);
  }
  fd_ = -1;
}

// Quick ACKs off: the ACK of the handshake is held back to travel with the request, or, when the
// probe ends there, to be replaced by the RST, so that the backend never has to accept. Lingering
// for no time is what turns every close into an RST; it is set past Asio, which would take it back
// in the socket's destructor.
error_code Connection::open(const tcp::endpoint& backend) {
  if (deadline_.expired()) return asio::error::operation_aborted;
  close();
  fd_ = ::socket(backend.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                 IPPROTO_TCP);
  if (!is_open()) return {errno, boost::system::system_category()};
  set_option(fd_, IPPROTO_TCP, TCP_QUICKACK, 0);
  set_option(fd_, SOL_SOCKET, SO_LINGER, linger{.l_onoff = 1, .l_linger = 0});
  return {};
}

// Has the loop watch the connection. Not before there is something to wait for, as it takes three
// system calls, and many a backend, above all one on this host, leaves nothing to wait for.
error_code Connection::watch() {
  error_code error;
  if (!socket_.is_open()) socket_.assign(tcp::v4(), fd_, error);  // whichever: Asio only keeps it
  return error;
}

// Past Asio, whose own takes two system calls more to learn how the connecting ended. The answer of
// a backend on this host has come by the time that connect(2) returns.
asio::awaitable<error_code> Connection::connect(tcp::endpoint backend) {
  error_code error = open(backend);
  if (error) co_return error;
  error = connect_now(fd_, backend);
  if (is_pending(error)) error = connect_now(fd_, backend);
  while (is_pending(error)) {
    if (const auto trouble = watch()) co_return trouble;
    const auto [interrupted] = co_await socket_.async_wait(tcp::socket::wait_write, kAwait);
    if (interrupted) co_return interrupted;
    if (!is_open()) co_return asio::error::operation_aborted;
    error = connect_now(fd_, backend);
  }
  co_return error;
}

// A connection at rest takes a request at once and whole, so that the loop need not be asked.
asio::awaitable<error_code> Connection::write(std::string_view bytes) {
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(bytes.size())) co_return error_code();
  if (sent < 0 && errno != EAGAIN) co_return error_code(errno, boost::system::system_category());
  if (const auto trouble = watch()) co_return trouble;
  const auto rest =
      asio::buffer(bytes.substr(static_cast<std::size_t>(std::max<ssize_t>(sent, 0))));
  const auto [failure, count] = co_await asio::async_write(socket_, rest, kAwait);
  co_return failure;
}

asio::awaitable<Stream::Read> Connection::read_some(std::span<char> space) {
  if (const auto trouble = watch()) co_return Read{trouble, 0};
  const auto [error, count] =
      co_await socket_.async_read_some(asio::buffer(space.data(), space.size()), kAwait);
  co_return Read{error, count};
}

Outcome Connection::failure(const error_code& error, std::string_view silence) const {
  return deadline_.expired() ? timed_out(deadline_, silence) : network_failure(error);
}

std::chrono::microseconds Connection::age() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(deadline_.elapsed());
}

}  // namespace hlb::probes
