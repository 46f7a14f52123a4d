#include "probes/tcp_socket.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <cerrno>
#include <utility>

#include "network/own_ports.h"
#include "probes/socket_option.h"
#include "probes/way_socket.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

TcpSocket::TcpSocket(TcpSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      watched_(std::move(other.watched_)),
      connected_(other.connected_),
      elsewhere_(other.elsewhere_) {}

TcpSocket& TcpSocket::operator=(TcpSocket&& other) noexcept {
  if (this == &other) return *this;
  close();
  fd_ = std::exchange(other.fd_, -1);
  watched_ = std::move(other.watched_);
  connected_ = other.connected_;
  elsewhere_ = other.elsewhere_;
  return *this;
}

// Turns quick ACKs off: the ACK of the handshake is held back to travel with the request, or, when
// the probe ends there, to be replaced by the RST, so that the backend never has to accept.
// Lingering for no time turns every close into an RST; it is set past Asio, which would take it
// back in the socket's destructor. Connects past Asio, too, which takes two system calls more to
// learn how that ended.
error_code TcpSocket::begin(const tcp::endpoint& backend, const Way& way) {
  close();
  const bool ipv4 = backend.protocol() == tcp::v4();
  auto opened = open_socket(way, ipv4 ? Address::Family::ipv4 : Address::Family::ipv6,
                            SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  if (!opened) return opened.error();
  fd_ = opened->release();
  elsewhere_ = !way.netns.empty();
  set_option(fd_, IPPROTO_TCP, TCP_QUICKACK, 0);
  set_option(fd_, SOL_SOCKET, SO_LINGER, linger{.l_onoff = 1, .l_linger = 0});
  return proceed(backend);
}

// Calls connect(2), which after EINPROGRESS says how that ended: EALREADY when it hasn't.
error_code TcpSocket::proceed(const tcp::endpoint& backend) {
  const int result = ::connect(fd_, backend.data(), static_cast<socklen_t>(backend.size()));
  connected_ = result == 0 || errno == EISCONN;
  return connected_ ? error_code() : socket_error();
}

// Finds the end of a connected socket, and of one that was refused.
tcp::endpoint TcpSocket::local() const {
  tcp::endpoint local;
  auto size = static_cast<socklen_t>(local.capacity());
  if (::getsockname(fd_, local.data(), &size) == 0) local.resize(size);
  return local;
}

error_code TcpSocket::watch() {
  error_code error;
  if (!watched_.is_open()) watched_.assign(tcp::v4(), fd_, error);  // Asio only keeps the version
  return error;
}

long TcpSocket::send(const void* bytes, std::size_t size) const {
  return ::send(fd_, bytes, size, MSG_NOSIGNAL);
}

void TcpSocket::acknowledge() const {
  set_option(fd_, IPPROTO_TCP, TCP_QUICKACK, 1);
}

void TcpSocket::note_port() {
  auto& loop = asio::query(watched_.get_executor(), asio::execution::context);
  asio::use_service<network::OwnPorts>(loop).note(local().port());
}

void TcpSocket::close() {
  if (is_open() && !connected_ && !elsewhere_) note_port();
  error_code ignored;
  if (watched_.is_open()) {
    watched_.close(ignored);
  } else if (is_open()) {
    ::close(fd_);
  }
  fd_ = -1;
  connected_ = false;
}

bool is_pending(const error_code& error) {
  return error == asio::error::in_progress || error == asio::error::already_started;
}

}  // namespace hlb::probes
