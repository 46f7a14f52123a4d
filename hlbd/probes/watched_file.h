// The files that checks read: each is parsed once for every change, however many checks it has.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "health/address.h"
#include "probes/backend_file.h"
#include "probes/folder_events.h"

namespace hlb::probes {

// A file was read that says something else than before, or that can't be read any more.
struct FileChange {
  std::string path;
  std::vector<Address> addresses;  // whose lines differ, sorted, none twice; none at the first time
  std::vector<FileFault> faults;   // all that it has now
};
using OnFileChange = std::function<void(const FileChange&)>;

class WatchedFiles;

// Looked at when something in its folder changes, and besides by refresh(). Used by the loop alone.
class WatchedFile {
 public:
  using Clock = std::chrono::steady_clock;

  // It isn't read more often than that, whatever happens to it.
  static constexpr std::chrono::milliseconds kPause{50};

  WatchedFile(std::string path, std::weak_ptr<WatchedFiles> all);

  // Looks whether it has changed, unless that was done within `rest`.
  void refresh(std::chrono::milliseconds rest);

  const BackendFile* contents() const { return contents_.get(); }  // nullptr: see trouble()
  const std::string& trouble() const { return trouble_; }          // why there are no contents

  // For how long it hasn't changed. The wall clock counts only for the version that was there at
  // first; a change that was seen is as old as that, by the monotonic clock. Of no meaning without
  // contents.
  Clock::duration age() const { return Clock::now() - changed_at_; }

 private:
  friend class WatchedFiles;

  // What tells one version of a file from another.
  struct Stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    std::int64_t modified_ns;        // since the epoch, as the next one:
    std::int64_t status_changed_ns;  // its rights, owner or name too

    bool same_contents(const Stamp& other) const;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  void take(std::span<const FolderEvents::Event> events);
  void look(bool read_anyway);
  void read(const Stamp& stamp);
  void take_over(std::unique_ptr<const BackendFile> contents, std::string trouble);
  bool is_paused() const { return read_at_ && Clock::now() - *read_at_ < kPause; }

  std::string path_;
  std::weak_ptr<WatchedFiles> all_;
  int folder_ = -1;             // its number among the FolderEvents
  std::optional<Stamp> stamp_;  // of what was last found at the path
  bool due_ = true;             // to be read, even if the stamp is still the same
  std::unique_ptr<const BackendFile> contents_;
  std::string trouble_;
  std::vector<FileFault> faults_;
  std::optional<Clock::time_point> looked_at_;
  std::optional<Clock::time_point> read_at_;
  Clock::time_point changed_at_;
};

// In a shared_ptr, and to be ended before its owner goes. Used by the loop of the executor alone.
class WatchedFiles : public std::enable_shared_from_this<WatchedFiles> {
 public:
  // `on_change` is called from the loop, never by another call to this object or its files.
  WatchedFiles(const boost::asio::any_io_executor& executor, OnFileChange on_change);
  ~WatchedFiles() { end(); }
  WatchedFiles(const WatchedFiles&) = delete;
  WatchedFiles& operator=(const WatchedFiles&) = delete;

  // The one of that path, which is watched as long as someone has it.
  std::shared_ptr<WatchedFile> get(const std::string& path);

  void end();

 private:
  friend class WatchedFile;

  std::vector<std::shared_ptr<WatchedFile>> all() const;
  bool is_used(int folder) const;
  void follow_folder(WatchedFile& file);
  void take(std::span<const FolderEvents::Event> events);
  void look_later();
  void tell(FileChange change);

  OnFileChange on_change_;
  std::map<std::string, std::weak_ptr<WatchedFile>> files_;
  std::shared_ptr<FolderEvents> events_;
  boost::asio::steady_timer pause_;
  bool pausing_ = false;
  bool ended_ = false;
};

}  // namespace hlb::probes
