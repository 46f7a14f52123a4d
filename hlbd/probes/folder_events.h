// Tells at once that something in a folder has changed: inotify(7).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace hlb::probes {

// In a shared_ptr; used by the loop of the executor alone.
class FolderEvents : public std::enable_shared_from_this<FolderEvents> {
 public:
  static constexpr int kEvery = -1;  // some events were lost, of whichever folders

  // A file of that name was renamed into or out of the folder, closed after writing, deleted, or
  // given other times or rights. Without a name: anything may have changed, the folder itself too.
  struct Event {
    int folder = kEvery;
    std::string name;
  };
  using OnEvents = std::function<void(std::span<const Event>)>;

  FolderEvents(boost::asio::any_io_executor executor, OnEvents on_events);

  // Begins, or goes on, to watch the folder that is at `path` now. Its number, which is the same as
  // long as it is the same folder; -1 when there is none, or the kernel has no watch left.
  int watch(const std::string& path);
  void unwatch(int folder);

  // No event is told any more. To be called before the owner of the callback goes.
  void end();

 private:
  bool open();
  void await_events();
  bool take_events();

  boost::asio::posix::stream_descriptor inotify_;  // closed until it is first needed
  OnEvents on_events_;
  bool ended_ = false;
};

}  // namespace hlb::probes
