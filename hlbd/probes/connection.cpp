#include "probes/connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include "probes/reason.h"
#include "probes/way_socket.h"
#include "system/scope.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

// The time that an answer to a SYN is waited for before another SYN is sent. Nearly every answer is
// there by then. The kernel sends a SYN again after a second, which is a check's whole time by
// default: with a tenth of the packets lost each way 19 % of the attempts would fail, and every
// 28th time two in a row. With five SYNs in half the timeout 0.02 % do, and the other half is left
// to what TCP itself soon sends again, once connected.
constexpr int kMoreSyns = 4;

milliseconds patience_within(milliseconds timeout) {
  return std::clamp(timeout / 8, milliseconds(50), milliseconds(250));
}

// The header of version 2: the signature; the version and LOCAL; no address family; a length of 0.
constexpr std::string_view kLocal("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);

// Writes an address without the interface of a link-local one, which has no place in the header.
std::string plain(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  return asio::ip::address_v6(address.to_v6().to_bytes()).to_string();
}

// Waits until one of the sockets is writable, or no longer to be waited for. Both are watched;
// `spare` need not be open.
asio::awaitable<void> writable(tcp::socket& socket, tcp::socket& spare) {
  constexpr auto kWrite = tcp::socket::wait_write;
  if (!spare.is_open()) {
    co_await socket.async_wait(kWrite, kAsTuple);
    co_return;
  }
  auto both = asio::experimental::make_parallel_group(socket.async_wait(kWrite, asio::deferred),
                                                      spare.async_wait(kWrite, asio::deferred));
  co_await both.async_wait(asio::experimental::wait_for_one(), kAsTuple);
}

}  // namespace

std::string proxy_header(unsigned version, const tcp::endpoint& from, const tcp::endpoint& to) {
  if (version == 2) return std::string(kLocal);
  const std::string family = to.address().is_v4() ? "TCP4" : "TCP6";
  return "PROXY " + family + " " + plain(from.address()) + " " + plain(to.address()) + " " +
         std::to_string(from.port()) + " " + std::to_string(to.port()) + "\r\n";
}

Connection::Connection(const asio::any_io_executor& executor)
    : socket_(executor), deadline_([this] { socket_.close(); }) {}

Connection::Connection(const asio::any_io_executor& executor, milliseconds timeout)
    : Connection(executor) {
  start(timeout);
}

void Connection::start(milliseconds timeout) {
  deadline_.start(socket_.watched().get_executor(), timeout);
}

// Asks the kernel a second time before it has the loop watch: the answer of a backend on this host
// is there by the time that connect(2) returns, and others cost a system call more.
asio::awaitable<error_code> Connection::connect(const Target& target) {
  begun_ = false;
  if (deadline_.expired()) co_return asio::error::operation_aborted;
  error_code error = socket_.begin(endpoint_of(target), target.spec->way);
  begun_ = !error || is_pending(error);
  if (is_pending(error)) error = socket_.proceed(endpoint_of(target));
  if (is_pending(error)) error = co_await await_answer(target);
  if (!error && target.spec->proxy != 0) error = co_await introduce(target);
  co_return error;
}

asio::awaitable<error_code> Connection::introduce(const Target& target) {
  const std::string header = proxy_header(target.spec->proxy, socket_.local(), endpoint_of(target));
  co_return co_await write(header);
}

// Stands apart from connect(), so that its frame is held only where it is needed.
asio::awaitable<error_code> Connection::await_answer(const Target& target) {
  Deadline patience([this] {
    error_code ignored;
    socket_.watched().cancel(ignored);
  });
  patience.start(socket_.watched().get_executor(), patience_within(deadline_.timeout()));
  for (;;) {
    if (const error_code trouble = socket_.watch()) co_return trouble;
    const auto [interrupted] =
        co_await socket_.watched().async_wait(tcp::socket::wait_write, kAsTuple);
    if (!is_open()) co_return asio::error::operation_aborted;
    if (patience.expired()) co_return co_await connect_by_either(target, patience);
    if (interrupted) co_return interrupted;
    const error_code error = socket_.proceed(endpoint_of(target));
    if (!is_pending(error)) co_return error;
  }
}

// Keeps the first socket, for a backend that is farther away than our patience reaches, and
// replaces the spare one each time, so that an attempt never holds more than two.
asio::awaitable<error_code> Connection::connect_by_either(const Target& target,
                                                          Deadline& patience) {
  const tcp::endpoint backend = endpoint_of(target);
  TcpSocket spare(socket_.watched().get_executor());
  for (int more = kMoreSyns; is_open();) {
    for (TcpSocket* each : {&socket_, &spare}) {
      if (!each->is_open()) continue;
      const error_code error = each->proceed(backend);
      if (is_pending(error)) continue;
      if (each == &spare) socket_ = std::move(spare);
      co_return error;
    }
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      break;
    if (more > 0 && patience.expired()) {
      --more;
      if (!is_pending(spare.begin(backend, target.spec->way)) || spare.watch())
        spare.close();  // do without
      patience.start(socket_.watched().get_executor(), patience_within(deadline_.timeout()));
    }
    co_await writable(socket_.watched(), spare.watched());
  }
  co_return asio::error::operation_aborted;
}

void Connection::let_it_speak() {
  if (is_open()) socket_.acknowledge();
}

// Sends past the loop first: a connection at rest takes a request at once and whole.
asio::awaitable<error_code> Connection::write(std::string_view bytes) {
  if (!is_open()) co_return asio::error::operation_aborted;
  const long sent = socket_.send(bytes.data(), bytes.size());
  if (sent == static_cast<long>(bytes.size())) co_return error_code();
  if (sent < 0 && errno != EAGAIN) co_return socket_error();
  if (const error_code trouble = socket_.watch()) co_return trouble;
  const auto rest = asio::buffer(bytes.substr(static_cast<std::size_t>(std::max(sent, 0L))));
  const auto [failure, count] = co_await asio::async_write(socket_.watched(), rest, kAsTuple);
  co_return failure;
}

asio::awaitable<Stream::Read> Connection::read_some(std::span<char> space) {
  if (!is_open()) co_return Read{asio::error::operation_aborted, 0};
  if (const error_code trouble = socket_.watch()) co_return Read{trouble, 0};
  const auto [error, count] = co_await socket_.watched().async_read_some(
      asio::buffer(space.data(), space.size()), kAsTuple);
  co_return Read{error, count};
}

Outcome Connection::failure(const error_code& error, std::string_view silence) const {
  if (deadline_.expired()) return timed_out(deadline_, silence);
  return begun_ ? network_failure(error) : local_failure(error);
}

std::chrono::microseconds Connection::age() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(deadline_.elapsed());
}

}  // namespace hlb::probes
