#include "probes/kept_watch.h"

#include <sys/epoll.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

namespace hlb::probes {

namespace asio = boost::asio;
using boost::system::error_code;

// The epoll set, shared with its handlers, one of which may be on its way when the watch ends.
struct KeptWatch::Set : std::enable_shared_from_this<Set> {
  Set(const asio::any_io_executor& executor, OnKeptEnded on_end)
      : epoll(executor), on_ended(std::move(on_end)) {}

  bool open() {
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) return false;
    epoll.assign(fd);
    await_ends();
    return true;
  }

  void await_ends() {
    epoll.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const error_code& error) {
                       if (error || self->closed) return;
                       self->take_ends();
                       self->await_ends();
                     });
  }

  // Takes one end after the other, since what comes of one may close another; up to a limit, as the
  // rest comes with the next turn.
  void take_ends() {
    constexpr int kAtATime = 256;
    epoll_event event{};
    for (int i = 0; i < kAtATime && ::epoll_wait(epoll.native_handle(), &event, 1, 0) == 1; ++i) {
      const Target* target = static_cast<Keeper*>(event.data.ptr)->connection_ended();
      if (target != nullptr && on_ended) on_ended(*target);
    }
  }

  void close() {
    closed = true;
    error_code ignored;
    epoll.close(ignored);
  }

  asio::posix::stream_descriptor epoll;
  OnKeptEnded on_ended;
  bool closed = false;
};

KeptWatch::KeptWatch(asio::any_io_executor executor, OnKeptEnded on_ended)
    : executor_(std::move(executor)), on_ended_(std::move(on_ended)) {}

KeptWatch::~KeptWatch() {
  if (set_) set_->close();
}

void KeptWatch::add(int connection, Keeper& keeper) {
  if (!set_) {
    auto set = std::make_shared<Set>(executor_, on_ended_);
    if (!set->open()) return;
    set_ = std::move(set);
  }
  epoll_event event{.events = EPOLLRDHUP | EPOLLET, .data = {.ptr = &keeper}};
  (void)::epoll_ctl(set_->epoll.native_handle(), EPOLL_CTL_ADD, connection, &event);
}

}  // namespace hlb::probes
