// A look at a file that checks read. It may have to wait for the file's disk, or for a server far
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

// Knowledge of a file, which a look compares the file with.
struct KnownFile {
  std::optional<FileStamp> stamp;               // of what was last read; unset: nothing was
  std::shared_ptr<const BackendFile> contents;  // nullptr: see trouble
  std::string trouble;                          // why there are no contents
};

// The result of a look. `now` is as it was before if nothing was read.
struct FileLook {
  KnownFile now;
  bool read = false;
  std::vector<Address> changed;  // whose lines differ, sorted, each once
};

// Looks at `path`, and reads it if it isn't as it was, or `anyway`. Anything but a regular file of
// up to BackendFile::kMaxSize is trouble. To be called from any thread.
FileLook look_at(const std::string& path, const KnownFile& before, bool anyway);

}  // namespace hlb::probes
