// One look at a file that checks read. It may have to wait for the file's disk, or for a server far
// away: a worker's job.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "health/address.h"
#include "probes/backend_file.h"

namespace hlb::probes {

// What tells one version of a file from another.
struct FileStamp {
  dev_t device;
  ino_t inode;
  off_t size;
  std::int64_t modified_ns;        // since the epoch, as the next one:
  std::int64_t status_changed_ns;  // its rights, owner or name too

  bool same_contents(const FileStamp& other) const;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// What is known of a file, which a look compares it with.
struct KnownFile {
  std::optional<FileStamp> stamp;               // of what was last read; unset: nothing was
  std::shared_ptr<const BackendFile> contents;  // nullptr: see trouble
  std::string trouble;                          // why there are no contents
};

// What a look found. `now` is as it was before where nothing was read.
struct FileLook {
  KnownFile now;
  bool read = false;
  std::vector<Address> changed;  // whose lines differ, sorted, none twice
};

// Looks at `path`, and reads it if it isn't as it was, or `anyway`. What isn't a regular file of up
// to BackendFile::kMaxSize is trouble. From any thread.
FileLook look_at(const std::string& path, const KnownFile& before, bool anyway);

}  // namespace hlb::probes
