#include "probes/kept_watch.h"

#include <sys/epoll.h>

#include <boost/system/error_code.hpp>
#include <utility>

#include "system/file_descriptor.h"

namespace hlb::probes {

namespace asio = boost::asio;

KeptWatch::KeptWatch(const asio::any_io_executor& executor, OnKeptEnded on_ended)
    : epoll_(executor), on_ended_(std::move(on_ended)) {}

void KeptWatch::add(int connection, Keeper& keeper) {
  if (!epoll_.is_open() && !open()) return;
  epoll_event event{.events = EPOLLRDHUP | EPOLLET, .data = {.ptr = &keeper}};
  (void)::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, connection, &event);
}

bool KeptWatch::open() {
  FileDescriptor set(::epoll_create1(EPOLL_CLOEXEC));
  if (!set.valid()) return false;
  boost::system::error_code error;
  epoll_.assign(set.get(), error);
  if (error) return false;
  (void)set.release();
  await_ends();
  return true;
}

void KeptWatch::await_ends() {
  epoll_.async_wait(asio::posix::stream_descriptor::wait_read,
                    scope_.guard([this](const boost::system::error_code& error) {
                      if (error) return;
                      take_ends();
                      await_ends();
                    }));
}

// One after the other, since what comes of one may close another. Bounded: the rest comes with
// the next turn.
void KeptWatch::take_ends() {
  constexpr int kAtATime = 256;
  epoll_event event{};
  for (int i = 0; i < kAtATime && ::epoll_wait(epoll_.native_handle(), &event, 1, 0) == 1; ++i) {
    const Target* target = static_cast<Keeper*>(event.data.ptr)->connection_ended();
    if (target != nullptr && on_ended_) on_ended_(*target);
  }
}

}  // namespace hlb::probes
