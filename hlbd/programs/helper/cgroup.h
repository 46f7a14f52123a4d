// A cgroup for each program, so that all it has started, however it got away, ends with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "system/file_descriptor.h"

namespace hlb::programs {

// One cgroup, which is removed once it is empty.
class Cgroup {
 public:
  // Makes the cgroup; nullopt when it can't be made.
  static std::optional<Cgroup> make(const std::filesystem::path& path);

  // The descriptor by which a child enters it, see spawn(), until close_entrance().
  int entrance() const { return entrance_.get(); }
  void close_entrance() { entrance_ = FileDescriptor(-1); }

  // Kills all in it; they take a moment to die.
  void kill() const;
  // False while anything is left alive in it.
  bool remove() const;

 private:
  Cgroup(std::filesystem::path path, FileDescriptor entrance)
      : path_(std::move(path)), entrance_(std::move(entrance)) {}

  std::filesystem::path path_;
  FileDescriptor entrance_;
};

// The part of the tree of cgroups that the service manager has left to the helper.
class Cgroups {
 public:
  // Takes the helper's own cgroup, if that is of version 2 and may be divided (Delegate=yes).
  // Without it, make() makes none.
  Cgroups();

  // A new cgroup for a program; nullopt when none can be made.
  std::optional<Cgroup> make();

 private:
  std::optional<std::filesystem::path> own_;
  std::uint64_t last_ = 0;
};

}  // namespace hlb::programs
