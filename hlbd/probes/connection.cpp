#include "probes/connection.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

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

}  // namespace

Connection::Connection(const asio::any_io_executor& executor, milliseconds timeout)
    : timeout_(timeout),
      line_(std::make_shared<Line>(tcp::socket(executor))),
      deadline_(executor, timeout) {
  deadline_.async_wait([line = line_, due = deadline_.expiry()](const error_code& cancelled) {
    if (cancelled) return;
    line->expired = true;
    line->lag = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - due);
    error_code ignored;
    line->socket.close(ignored);
  });
}

Connection::~Connection() {
  error_code ignored;
  line_->socket.close(ignored);
}

// Quick ACKs off: the ACK of the handshake is held back to travel with the request, or, when the
// probe ends there, to be replaced by the RST, so that the backend never has to accept. Lingering
// for no time is what turns every close into an RST; it is set past Asio, which would take it back
// in the socket's destructor.
error_code Connection::open(const tcp& protocol) {
  error_code error;
  line_->socket.open(protocol, error);
  if (error) return error;
  const int fd = line_->socket.native_handle();
  (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);  // NOLINT(*-vararg): that is its interface
  set_option(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
  set_option(fd, SOL_SOCKET, SO_LINGER, linger{.l_onoff = 1, .l_linger = 0});
  line_->socket.non_blocking(true, error);
  return error;
}

asio::awaitable<error_code> Connection::connect(tcp::endpoint backend) {
  if (const error_code error = open(backend.protocol())) co_return error;
  const auto [error] = co_await line_->socket.async_connect(backend, kAwait);
  co_return error;
}

// A fresh connection takes a request at once and whole, so that the loop need not be asked.
asio::awaitable<error_code> Connection::write(std::string_view bytes) {
  error_code error;
  const std::size_t sent = line_->socket.write_some(asio::buffer(bytes), error);
  if (error && error != asio::error::would_block) co_return error;
  if (sent == bytes.size()) co_return error_code();
  const auto rest = asio::buffer(bytes.substr(sent));
  const auto [failure, count] = co_await asio::async_write(line_->socket, rest, kAwait);
  co_return failure;
}

asio::awaitable<Connection::Read> Connection::read_some(std::span<char> space) {
  const auto [error, count] =
      co_await line_->socket.async_read_some(asio::buffer(space.data(), space.size()), kAwait);
  co_return Read{error, count};
}

Outcome Connection::failure(const error_code& error, std::string_view silence) const {
  if (!line_->expired) return network_failure(error);
  if (line_->lag > kTolerableLag) {
    return Outcome::not_known("hlbd itself was late by " + in_words(line_->lag));
  }
  return Outcome::soft_failure(std::string(silence) + " " + in_words(timeout_));
}

std::chrono::microseconds Connection::age() const {
  const auto started = deadline_.expiry() - timeout_;
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               started);
}

}  // namespace hlb::probes
