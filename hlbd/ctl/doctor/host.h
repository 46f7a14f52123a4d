// The files of a machine, as its programs see them: of this one, of a container (by a process's
// root folder in /proc), or of a folder that a test has laid out.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <tl/expected.hpp>
#include <vector>

#include "system/file_descriptor.h"

namespace hlb::ctl::doctor {

class Host {
 public:
  explicit Host(std::filesystem::path root = "/") : root_(std::move(root)) {}

  // Whether it is the machine that this process runs on, seen from its own root folder.
  bool is_ours() const { return root_ == "/"; }

  // The path by which this process reaches the machine's file `path`, if no link on the way is
  // absolute.
  std::filesystem::path at(const std::filesystem::path& path) const {
    return root_ / path.relative_path();
  }

  // Opens for reading (or O_PATH) without ever waiting. Links are followed within the root folder,
  // as the machine's own programs follow them. Not valid on failure; errno says why.
  FileDescriptor open(const std::filesystem::path& path, int flags = 0) const;

  // Reads the whole of a regular file, or its first `most` bytes. Anything else is refused with
  // EISDIR or EINVAL.
  tl::expected<std::string, std::error_code> read(const std::filesystem::path& path,
                                                  std::size_t most = kMost) const;

  // The status of a file, links followed; nullopt on failure, and errno says why.
  std::optional<struct stat> status(const std::filesystem::path& path) const;

  // The paths of all that lies in a folder, sorted; none if it can't be read.
  std::vector<std::filesystem::path> list(const std::filesystem::path& folder) const;

 private:
  static constexpr std::size_t kMost = 4U << 20U;  // far more than any file that people write

  std::filesystem::path root_;
};

// Whether both are there and are one file, by whatever path.
bool same_file(const std::optional<struct stat>& one, const std::optional<struct stat>& other);

}  // namespace hlb::ctl::doctor
