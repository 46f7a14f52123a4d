#include "network/sock_reports.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "network/netlink.h"

namespace hlb::network::sock_diag {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kMostBytes = 4096;  // of a report; Linux 6.18 takes 380

}  // namespace

std::error_code Reports::begin(std::span<sock_filter> filter) {
  constexpr unsigned kGroups =
      1U << (SKNLGRP_INET_TCP_DESTROY - 1) | 1U << (SKNLGRP_INET6_TCP_DESTROY - 1);
  auto socket = subscribe(NETLINK_SOCK_DIAG, kGroups, filter);
  if (!socket) return socket.error();
  error_code error;
  socket_.assign(socket->get(), error);
  if (error) return error;
  (void)socket->release();
  await();
  return {};
}

void Reports::await() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     scope_.guard([this](const error_code& error) {
                       if (error) return;
                       broken_ = !take_turn();
                       if (!broken_) return await();
                       error_code ignored;  // else the kernel would go on making reports
                       socket_.close(ignored);
                     }));
}

// Takes what is queued, up to a limit: what is left comes with the next turn. Returns false when
// the socket no longer works.
bool Reports::take_turn() {
  constexpr int kAtATime = 256;
  int error = 0;
  for (int i = 0; i < kAtATime && (error == 0 || error == ENOBUFS || error == EINTR); ++i) {
    alignas(nlmsghdr) std::array<char, kMostBytes> space;
    const ssize_t size = ::recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
    error = size < 0 ? errno : 0;
    if (error == 0) take({space.data(), static_cast<std::size_t>(size)});
    if (error == ENOBUFS) lose();
  }
  end_turn(error == EAGAIN);
  return error == 0 || error == EAGAIN || error == EINTR || error == ENOBUFS;
}

}  // namespace hlb::network::sock_diag
