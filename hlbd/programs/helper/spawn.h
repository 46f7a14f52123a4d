// Starts a program as a child process.
#pragma once

#include <sys/types.h>

#include <optional>
#include <system_error>
#include <tl/expected.hpp>

#include "programs/message.h"
#include "system/file_descriptor.h"

namespace hlb::programs {

// A child, which its owner must reap. It leads a session of its own, so that its id is also that of
// its process group, starts in "/" with default signals, reads nothing, and has no descriptor but
// the three standard ones.
struct Spawned {
  pid_t id = -1;
  FileDescriptor output{-1};   // what the program writes to stdout and stderr; non-blocking
  FileDescriptor failure{-1};  // see failure_of()
};

// Doesn't wait for the program to be found and started. Before it is, the child looks up its user
// if this process is root, and enters the cgroup whose cgroup.procs is open as `cgroup`, unless
// that is -1. The error is that no process could be made; then nothing is left of it.
tl::expected<Spawned, std::error_code> spawn(const Program& program, int cgroup);

// Why the child, now dead, never became the program; nullopt if it did.
std::optional<Ending> failure_of(const Spawned& child);

}  // namespace hlb::programs
