#include "probes/file/folder_events.h"

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

int WatchList::add(const std::string& path) const {
  return ::inotify_add_watch(inotify_.get(), path.c_str(), kOfFiles | kOfTheFolder);
}

void WatchList::remove(int folder) const {
  ::inotify_rm_watch(inotify_.get(), folder);
}

FolderEvents::FolderEvents(const boost::asio::any_io_executor& executor, OnEvents on_events)
    : inotify_(executor), on_events_(std::move(on_events)) {}

std::shared_ptr<const WatchList> FolderEvents::watched() {
  if (list_ != nullptr) return list_;
  FileDescriptor inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  boost::system::error_code error;
  if (inotify.valid()) inotify_.assign(inotify.get(), error);
  if (!inotify.valid() || error) return nullptr;
  list_ = std::make_shared<const WatchList>(std::move(inotify));
  await_events();
  return list_;
}

// Whoever is just adding to the list closes it.
FolderEvents::~FolderEvents() {
  if (inotify_.is_open()) inotify_.release();
}

void FolderEvents::await_events() {
  inotify_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      scope_.guard([this](const boost::system::error_code& error) {
                        if (!error && take_events()) await_events();
                      }));
}

// False when there is nothing more to come. Bounded: what is left comes with the next turn.
bool FolderEvents::take_events() {
  Bytes bytes;
  const ssize_t size = ::read(list_->inotify(), bytes.data(), bytes.size());
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  on_events_(events_in(bytes, static_cast<std::size_t>(size)));
  return true;
}

}  // namespace hlb::probes
