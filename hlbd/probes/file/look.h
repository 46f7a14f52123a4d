// One look at a file that checks read. It may have to wait for the file's disk, or for a server far
// away: a worker's job.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probes/file/backend_file.h"
#include "system/file_stamp.h"
#include "text/address.h"

namespace hlb::probes {

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
