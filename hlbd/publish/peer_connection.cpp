#include "publish/peer_connection.h"

#include <sys/socket.h>

#include <cerrno>

#include "system/scope.h"

namespace hlb::publish {
namespace {

namespace asio = boost::asio;

bool would_block() {
  return errno == EAGAIN || errno == EINTR;
}

}  // namespace

PeerConnection::PeerConnection(const asio::any_io_executor& executor, FileDescriptor socket,
                               const PeerProtocol::Find& find)
    : socket_(executor), protocol_(find) {
  socket_.assign(asio::local::stream_protocol(), socket.get());
  (void)socket.release();  // not before: assign() throws, and takes nothing, when no more fits
}

// Tries before it waits: a program asks as soon as it has connected, so the first turn mostly does
// it all.
asio::awaitable<void> PeerConnection::serve() {
  using Socket = asio::local::stream_protocol::socket;
  while (!ending_ && receive() && send()) {
    const auto event = protocol_.output().empty() ? Socket::wait_read : Socket::wait_write;
    co_await socket_.async_wait(event, kAsTuple);  // cancelled when there is something new to do
  }
  send();  // the reason of a refusal, if there is any
}

// Reads what fits, some calls, and nothing while replies wait to be sent: so all connections have
// their turn.
bool PeerConnection::receive() {
  if (!protocol_.output().empty()) return true;
  const auto space = protocol_.space();
  const ssize_t count = recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
  if (count < 0) return would_block();
  return count > 0 && protocol_.take(static_cast<std::size_t>(count));
}

bool PeerConnection::send() {
  while (!protocol_.output().empty()) {
    const auto output = protocol_.output();
    const ssize_t count =
        ::send(socket_.native_handle(), output.data(), output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) return would_block();
    protocol_.sent(static_cast<std::size_t>(count));
  }
  return true;
}

void PeerConnection::answers_changed() {
  protocol_.answers_changed();
  if (!protocol_.output().empty()) socket_.cancel();
}

void PeerConnection::end() {
  ending_ = true;
  socket_.cancel();
}

}  // namespace hlb::publish
