// Which file it is, whatever its name: two are the same only when they are one.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "system/file_descriptor.h"

namespace hlb {

struct FileIdentity {
  dev_t device;
  ino_t inode;

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// nullopt, and errno says why, when it can't be asked.
inline std::optional<FileIdentity> identity_of(const FileDescriptor& file) {
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino};
}

// Of a link itself, not of what it leads to.
inline std::optional<FileIdentity> identity_of(const std::filesystem::path& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino};
}

}  // namespace hlb
