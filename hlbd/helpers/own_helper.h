// A helper that hlbd starts itself, where no service manager does.
#pragma once

#include <sys/types.h>

#include <system_error>
#include <tl/expected.hpp>
#include <vector>

#include "system/file_descriptor.h"

namespace hlb::helpers {

class OwnHelper {
 public:
  // `name`: of the executable, which lies beside hlbd's own, or in ../lib/hlb from there.
  explicit OwnHelper(const char* name) : name_(name) {}
  // Waits until the helper has ended and all that it started with it, a moment at most: its socket
  // is closed by then, which tells it to.
  ~OwnHelper();
  OwnHelper(const OwnHelper&) = delete;
  OwnHelper& operator=(const OwnHelper&) = delete;

  // Starts a helper, and gives the socket that is connected to it. A helper before it, whose socket
  // is closed, ends when it can; it isn't killed, as then what it started would live on. hlbd's
  // memory is not copied, and the helper has nothing of hlbd's but its user.
  tl::expected<FileDescriptor, std::error_code> start();

 private:
  struct Process {
    pid_t id;
    FileDescriptor handle;  // a pidfd
  };

  void reap_the_dead();

  const char* name_;
  std::vector<Process> processes_;  // not reaped yet, in the order in which they were started
};

}  // namespace hlb::helpers
