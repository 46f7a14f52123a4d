#include "probes/connection.h"

#include <netinet/tcp.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <string>
#include <utility>

#include "probes/reason.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

// A deadline that is noticed later than this proves that hlbd was late, not the backend.
constexpr milliseconds kTolerableLag{100};

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

// How long an answer to a SYN is waited for until another one is sent. Nearly every answer is there
// by then. The kernel sends a SYN again after a second, which is a check's whole time by default:
// with a tenth of the packets lost each way 19 % of the attempts would fail, and every 28th time
// two in a row. With five SYNs in half the time-out it is 0.02 %, and the other half is left to
// what TCP itself soon sends again, once connected.
constexpr int kMoreSyns = 4;

milliseconds patience_within(milliseconds timeout) {
  return std::clamp(timeout / 8, milliseconds(50), milliseconds(250));
}

template <typename Socket>
void discard(Socket& socket) {
  error_code ignored;
  socket.close(ignored);
}

// Connects a new socket in place of what `socket` is. Quick ACKs off: the ACK of the handshake is
// held back to travel with the request, or, when the probe ends there, to be replaced by the RST,
// so that the backend never has to accept. Lingering for no time is what turns every close into an
// RST; it is set past Asio, which would take it back in the socket's destructor. So is connecting:
// Asio takes two system calls more to learn how it ended.
template <typename Protocol, typename Socket>
error_code begin(Socket& socket, const tcp::endpoint& backend) {
  discard(socket);
  error_code error;
  socket.open(Protocol(backend.protocol()), error);
  if (error) return error;
  const int fd = socket.native_handle();
  set_option(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
  set_option(fd, SOL_SOCKET, SO_LINGER, linger{.l_onoff = 1, .l_linger = 0});
  socket.non_blocking(true, error);
  return error ? error : connect_now(fd, backend);
}

// Until one of them is, or is no longer to be waited for. `spare` need not be open.
template <typename Socket>
asio::awaitable<void> writable(Socket& socket, Socket& spare) {
  constexpr auto kWrite = tcp::socket::wait_write;
  if (!spare.is_open()) {
    co_await socket.async_wait(kWrite, kAwait);
    co_return;
  }
  auto both = asio::experimental::make_parallel_group(socket.async_wait(kWrite, asio::deferred),
                                                      spare.async_wait(kWrite, asio::deferred));
  co_await both.async_wait(asio::experimental::wait_for_one(), kAwait);
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
  discard(socket_);
}

asio::awaitable<error_code> Connection::connect(tcp::endpoint backend) {
  begun_ = false;
  if (deadline_.expired()) co_return asio::error::operation_aborted;
  error_code error = begin<CloseOnExec>(socket_, backend);
  begun_ = !error || is_pending(error);
  if (!is_pending(error)) co_return error;

  Deadline patience([this] {
    error_code ignored;
    socket_.cancel(ignored);
  });
  patience.start(socket_.get_executor(), patience_within(deadline_.timeout()));
  while (is_pending(error)) {
    const auto [interrupted] = co_await socket_.async_wait(tcp::socket::wait_write, kAwait);
    if (!is_open()) co_return asio::error::operation_aborted;
    if (patience.expired()) co_return co_await connect_by_either(backend, patience);
    if (interrupted) co_return interrupted;
    error = connect_now(socket_.native_handle(), backend);
  }
  co_return error;
}

// The first socket stays, for a backend that is farther away than our patience reaches; the spare
// one is replaced each time, so that an attempt never holds more than two. Apart from connect(), so
// that all this is held only where it is needed.
asio::awaitable<error_code> Connection::connect_by_either(tcp::endpoint backend,
                                                          Deadline& patience) {
  Socket spare(socket_.get_executor());
  for (int more = kMoreSyns; is_open();) {
    for (Socket* each : {&socket_, &spare}) {
      if (!each->is_open()) continue;
      const error_code error = connect_now(each->native_handle(), backend);
      if (is_pending(error)) continue;
      if (each == &spare) socket_ = std::move(spare);
      co_return error;
    }
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      break;
    if (more > 0 && patience.expired()) {
      --more;
      if (!is_pending(begin<CloseOnExec>(spare, backend))) discard(spare);  // do without
      patience.start(socket_.get_executor(), patience_within(deadline_.timeout()));
    }
    co_await writable(socket_, spare);
  }
  co_return asio::error::operation_aborted;
}

void Connection::acknowledge() {
  if (is_open()) set_option(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, 1);
}

// A connection at rest takes a request at once and whole, so that the loop need not be asked.
asio::awaitable<error_code> Connection::write(std::string_view bytes) {
  error_code error;
  const std::size_t sent = socket_.write_some(asio::buffer(bytes), error);
  if (error && error != asio::error::would_block) co_return error;
  if (sent == bytes.size()) co_return error_code();
  const auto rest = asio::buffer(bytes.substr(sent));
  const auto [failure, count] = co_await asio::async_write(socket_, rest, kAwait);
  co_return failure;
}

asio::awaitable<Stream::Read> Connection::read_some(std::span<char> space) {
  const auto [error, count] =
      co_await socket_.async_read_some(asio::buffer(space.data(), space.size()), kAwait);
  // Asio tells the end of a stream only for the types of socket that it knows itself.
  if (!error && count == 0) co_return Read{asio::error::eof, 0};
  co_return Read{error, count};
}

Outcome Connection::failure(const error_code& error, std::string_view silence) const {
  if (!deadline_.expired()) return begun_ ? network_failure(error) : local_failure(error);
  if (deadline_.lag() > kTolerableLag) {
    return Outcome::not_known("hlbd itself was late by " + in_words(deadline_.lag()));
  }
  return Outcome::soft_failure(std::string(silence) + " " + in_words(deadline_.timeout()));
}

std::chrono::microseconds Connection::age() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(deadline_.elapsed());
}

}  // namespace hlb::probes
