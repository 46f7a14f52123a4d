// A helper that hlbd starts itself, where no service manager does.
#pragma once

#include <sys/types.h>

#include <system_error>
#include <vector>

#include "system/file_descriptor.h"

namespace hlb::programs {

class OwnHelper {
 public:
  OwnHelper() = default;
  // Waits until the helper has ended and all its programs with it, a moment at most: its socket is
  // closed by then, which tells it to.
  ~OwnHelper();
  OwnHelper(const OwnHelper&) = delete;
  OwnHelper& operator=(const OwnHelper&) = delete;

  // Starts one, and gives the socket that is connected to it. One before it, whose socket is
  // closed, ends when it can; it isn't killed, as then what escaped from its programs would live
  // on. It is found beside hlbd's own executable, or in ../lib/hlb from there. hlbd's memory is not
  // copied, and nothing of it is left in the helper but its user.
  FileDescriptor start(std::error_code& error);

 private:
  struct Process {
    pid_t id;
    FileDescriptor handle;  // a pidfd
  };

  void reap_the_dead();

  std::vector<Process> processes_;  // that haven't been reaped; the last one started is the last
};

}  // namespace hlb::programs
