#include "network/sock_reports.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "system/last_error.h"

namespace hlb::network::sock_diag {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kMostBytes = 1024;  // of a report; Linux 6.18 takes 380

std::error_code subscribe(asio::posix::stream_descriptor& reports, std::span<sock_filter> filter) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  if (fd < 0) return last_error();
  reports.assign(fd);
  const sock_fprog program{.len = static_cast<std::uint16_t>(filter.size()),
                           .filter = filter.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return last_error();
  }
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = 1U << (SKNLGRP_INET_TCP_DESTROY - 1) | 1U << (SKNLGRP_INET6_TCP_DESTROY - 1);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&groups), sizeof groups) != 0) {
    return last_error();
  }
  return {};
}

}  // namespace

std::error_code Reports::begin(std::span<sock_filter> filter) {
  const std::error_code error = subscribe(socket_, filter);
  if (!error) await();
  return error;
}

void Reports::await() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     scope_.guard([this](const error_code& error) {
                       if (error) return;
                       broken_ = !take_turn();
                       if (!broken_) await();
                     }));
}

// False when the socket no longer works. Bounded: what is left comes with the next turn.
bool Reports::take_turn() {
  constexpr int kAtATime = 256;
  int error = 0;
  for (int i = 0; i < kAtATime && (error == 0 || error == ENOBUFS || error == EINTR); ++i) {
    std::array<char, kMostBytes> space;
    const ssize_t size = ::recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
    error = size < 0 ? errno : 0;
    if (error == 0) take({space.data(), static_cast<std::size_t>(size)});
    if (error == ENOBUFS) lose();
  }
  end_turn(error == EAGAIN);
  return error == 0 || error == EAGAIN || error == EINTR || error == ENOBUFS;
}

}  // namespace hlb::network::sock_diag
