// Tells at once that something in a folder has changed: inotify(7).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "system/file_descriptor.h"
#include "system/scope.h"

namespace hlb::probes {

// The kernel's list of folders that are watched; from any thread.
class WatchList {
 public:
  explicit WatchList(FileDescriptor inotify) : inotify_(std::move(inotify)) {}

  // Begins, or goes on, to watch the folder that is at `path` now, which may have to wait for its
  // disk. Its number, which is the same as long as it is the same folder; -1 when there is none, or
  // the kernel has no watch left.
  int add(const std::string& path) const;
  // Waits for nothing.
  void remove(int folder) const;

  int inotify() const { return inotify_.get(); }

 private:
  FileDescriptor inotify_;
};

// Used by the loop of the executor alone.
class FolderEvents {
 public:
  static constexpr int kEvery = -1;  // some events were lost, of whichever folders

  // A file of that name was renamed into or out of the folder, closed after writing, deleted, or
  // given other times or rights. Without a name: anything may have changed, the folder itself too.
  struct Event {
    int folder = kEvery;
    std::string name;
  };
  using OnEvents = std::function<void(std::span<const Event>)>;

  FolderEvents(const boost::asio::any_io_executor& executor, OnEvents on_events);
  ~FolderEvents();
  FolderEvents(const FolderEvents&) = delete;
  FolderEvents& operator=(const FolderEvents&) = delete;

  // The folders whose events are told; nullptr when the kernel lets us have no such list.
  std::shared_ptr<const WatchList> watched();

 private:
  void await_events();
  bool take_events();

  boost::asio::posix::stream_descriptor inotify_;  // the list's, unowned
  std::shared_ptr<const WatchList> list_;          // nullptr until it is first needed
  OnEvents on_events_;
  Scope scope_;
};

}  // namespace hlb::probes
