// The files that checks read: each is parsed once for every change, however many checks it has.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "probes/file/backend_file.h"
#include "probes/file/folder_events.h"
#include "probes/file/folder_workers.h"
#include "probes/file/look.h"
#include "probes/waiters.h"
#include "system/scope.h"
#include "system/worker.h"
#include "text/address.h"

namespace hlb::probes {

// A file was read that says something else than before, or that can't be read any more.
struct FileChange {
  std::string path;
  std::vector<Address> addresses;  // whose lines differ, sorted, none twice; none at the first time
  std::vector<FileFault> faults;   // all that it has now
};
using OnFileChange = std::function<void(const FileChange&)>;

class WatchedFiles;

// Looked at when something in its folder changes, and besides by refresh(); by a worker, as its
// disk may hang. In a shared_ptr; used by the loop alone.
class WatchedFile {
 public:
  using Monotonic = std::chrono::steady_clock;

  // It isn't read more often than that, whatever happens to it.
  static constexpr std::chrono::milliseconds kPause{50};

  WatchedFile(std::string path, std::weak_ptr<WatchedFiles> all, std::shared_ptr<Worker> worker);

  // Looks whether it has changed, unless that was done within `rest`. False when it can't be said
  // within `timeout`, or the caller was cancelled.
  boost::asio::awaitable<bool> refresh(std::chrono::milliseconds rest,
                                       std::chrono::milliseconds timeout);

  const BackendFile* contents() const { return known_.contents.get(); }  // nullptr: see trouble()
  const std::string& trouble() const { return known_.trouble; }  // why there are no contents

  // For how long it hasn't changed. The wall clock counts only for the version that was there at
  // first; a change that was seen is as old as that, by the monotonic clock. Of no meaning without
  // contents.
  Monotonic::duration age() const { return Monotonic::now() - changed_at_; }

 private:
  friend class WatchedFiles;

  void take(std::span<const FolderEvents::Event> events);
  void look();
  void looked(int folder, const FileLook& look);
  void note_age(const FileStamp& stamp);
  void take_over(const FileLook& look);
  bool is_paused() const { return read_at_ && Monotonic::now() - *read_at_ < kPause; }

  std::string path_;
  std::weak_ptr<WatchedFiles> all_;
  std::shared_ptr<Worker> worker_;
  int folder_ = -1;       // its number in the WatchList
  bool due_ = true;       // to be read, even if it looks the same
  bool looking_ = false;  // the worker is
  bool again_ = false;    // something has happened meanwhile
  KnownFile known_;
  std::vector<FileFault> faults_;
  std::optional<Monotonic::time_point> looked_at_;
  std::optional<Monotonic::time_point> read_at_;
  Monotonic::time_point changed_at_;
  Waiters waiters_;
  Scope scope_;
};

// In a shared_ptr, and to be ended before its owner goes. Used by the loop of the executor alone.
class WatchedFiles : public std::enable_shared_from_this<WatchedFiles> {
 public:
  // `on_change` is called from the loop, never by another call to this object or its files.
  // `workers` must outlive what gets files.
  WatchedFiles(const boost::asio::any_io_executor& executor, FolderWorkers& workers,
               OnFileChange on_change);
  ~WatchedFiles() { end(); }
  WatchedFiles(const WatchedFiles&) = delete;
  WatchedFiles& operator=(const WatchedFiles&) = delete;

  // The one of that path, which is watched as long as someone has it.
  std::shared_ptr<WatchedFile> get(const std::string& path);

  void end();

 private:
  friend class WatchedFile;

  std::vector<std::shared_ptr<WatchedFile>> all() const;
  void take(std::span<const FolderEvents::Event> events);
  void leave_folder(int folder);
  void look_later();
  void tell(FileChange change);

  OnFileChange on_change_;
  std::map<std::string, std::weak_ptr<WatchedFile>> files_;
  FolderWorkers& workers_;
  std::optional<FolderEvents> events_;  // until the end
  boost::asio::steady_timer pause_;
  bool pausing_ = false;
  bool ended_ = false;
};

}  // namespace hlb::probes
