#include "publish/routes.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <exception>
#include <utility>

namespace hlb::publish {
namespace asio = boost::asio;

struct RouteWatch::Watch {
  Watch(asio::io_context& io, std::function<void()> change)
      : socket(io), burst(io), on_change(std::move(change)) {}

  asio::posix::stream_descriptor socket;
  asio::steady_timer burst;
  std::function<void()> on_change;
  bool ended = false;

  static asio::awaitable<void> follow(std::shared_ptr<Watch> watch);
};

namespace {

std::error_code last_error() {
  return {errno, std::system_category()};
}

std::error_code subscribe(asio::posix::stream_descriptor& socket) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return last_error();
  socket.assign(fd);
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups =
      RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&groups), sizeof groups) != 0) {
    return last_error();
  }
  return {};
}

// Whether the socket still works. What the messages say doesn't matter, so ENOBUFS, which tells of
// lost ones, is as good as a message. Bounded: what comes after it makes the next burst.
bool drain(int fd) {
  std::array<char, 16> start;  // the rest of each message is dropped by the kernel
  for (int i = 0; i < 4096; ++i) {
    if (::recv(fd, start.data(), start.size(), MSG_DONTWAIT) >= 0) continue;
    if (errno == EAGAIN) return true;
    if (errno != ENOBUFS && errno != EINTR) return false;
  }
  return true;
}

}  // namespace

RouteWatch::RouteWatch(asio::io_context& io, std::function<void()> on_change)
    : watch_(std::make_shared<Watch>(io, std::move(on_change))) {}

RouteWatch::~RouteWatch() {
  watch_->ended = true;
  watch_->burst.cancel();
  boost::system::error_code ignored;
  watch_->socket.close(ignored);
}

std::error_code RouteWatch::start() {
  if (const std::error_code error = subscribe(watch_->socket)) return error;
  asio::co_spawn(watch_->socket.get_executor(), Watch::follow(watch_),
                 [](const std::exception_ptr& failed) {
                   if (failed) std::rethrow_exception(failed);
                 });
  return {};
}

asio::awaitable<void> RouteWatch::Watch::follow(std::shared_ptr<Watch> watch) {
  boost::system::error_code error;
  auto resume = asio::redirect_error(asio::use_awaitable, error);
  while (!watch->ended) {
    co_await watch->socket.async_wait(asio::posix::stream_descriptor::wait_read, resume);
    if (error) break;
    watch->burst.expires_after(kBurst);
    co_await watch->burst.async_wait(resume);
    if (watch->ended || !drain(watch->socket.native_handle())) break;
    watch->on_change();
  }
}

}  // namespace hlb::publish
