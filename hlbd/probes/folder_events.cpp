#include "probes/folder_events.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <boost/system/error_code.hpp>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace hlb::probes {
namespace {

constexpr std::uint32_t kOfFiles =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB;
constexpr std::uint32_t kOfTheFolder = IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

using Bytes = std::array<char, 16384>;

// An event is followed by its name, which is padded with zeros.
std::vector<FolderEvents::Event> events_in(const Bytes& bytes, std::size_t size) {
  std::vector<FolderEvents::Event> events;
  std::size_t at = 0;
  while (at + sizeof(inotify_event) <= size) {
    inotify_event event{};
    std::memcpy(&event, bytes.data() + at, sizeof event);
    const char* name = bytes.data() + at + sizeof event;
    const bool whole = at + sizeof event + event.len <= size;
    events.push_back({event.wd, whole ? std::string(name, ::strnlen(name, event.len)) : ""});
    at += sizeof event + event.len;
  }
  return events;
}

}  // namespace

FolderEvents::FolderEvents(boost::asio::any_io_executor executor, OnEvents on_events)
    : inotify_(std::move(executor)), on_events_(std::move(on_events)) {}

bool FolderEvents::open() {
  if (ended_) return false;
  if (inotify_.is_open()) return true;
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return false;
  inotify_.assign(fd);
  await_events();
  return true;
}

int FolderEvents::watch(const std::string& path) {
  if (!open()) return -1;
  return ::inotify_add_watch(inotify_.native_handle(), path.c_str(), kOfFiles | kOfTheFolder);
}

void FolderEvents::unwatch(int folder) {
  if (inotify_.is_open()) ::inotify_rm_watch(inotify_.native_handle(), folder);
}

void FolderEvents::end() {
  ended_ = true;
  boost::system::error_code ignored;
  inotify_.close(ignored);
}

void FolderEvents::await_events() {
  inotify_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (error || self->ended_ || !self->take_events()) return;
                        self->await_events();
                      });
}

// False when there is nothing more to come. Bounded: what is left comes with the next turn.
bool FolderEvents::take_events() {
  Bytes bytes;
  const ssize_t size = ::read(inotify_.native_handle(), bytes.data(), bytes.size());
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  on_events_(events_in(bytes, static_cast<std::size_t>(size)));
  return !ended_;
}

}  // namespace hlb::probes
