// Holds the folder where programs find hlbd's answers, for one hlbd at a time.
#pragma once

#include <filesystem>

#include "system/file_descriptor.h"

namespace hlb::publish {

inline constexpr char kLockFile[] = "lock";

class RuntimeFolder {
 public:
  // Takes the folder, made if need be. The lock is on a file that only hlbd's user can open, so
  // that nobody else can keep hlbd from it. Throws std::exception when another hlbd has it, or it
  // can't be used.
  explicit RuntimeFolder(const std::filesystem::path& folder);

  // Whether the folder is still the same: false when somebody removed it, or put another in its
  // place, where another hlbd may serve by now.
  bool is_ours() const;

 private:
  std::filesystem::path lock_path_;
  FileDescriptor lock_;
};

}  // namespace hlb::publish
