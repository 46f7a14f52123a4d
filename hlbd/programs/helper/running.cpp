#include "programs/helper/running.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace hlb::programs {

// False when there is nothing to read now, or ever.
bool Running::read_some() {
  std::array<char, 16'384> space;  // NOLINT(*-member-init): as many are set as are read
  const ssize_t count = ::read(output(), space.data(), space.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (count <= 0) {
    spawned_.output = FileDescriptor(-1);
    return false;
  }
  kept_.append(space.data(), std::min(static_cast<std::size_t>(count), limit_ - kept_.size()));
  return true;
}

// Reads once only: a program that writes without end must not keep the others waiting.
void Running::read_output() {
  read_some();
}

RunReply Running::ended(int exit_code, int signal) {
  while (kept_.size() < limit_ && read_some()) {
  }
  using How = Ending::How;
  Ending ending{.how = signal == 0 ? How::exited : How::killed};
  ending.value = signal == 0 ? exit_code : signal;
  return {id_, failure_of(spawned_).value_or(ending), std::move(kept_), 0};
}

RunReply Running::timed_out() {
  const auto time_up = std::chrono::nanoseconds(deadline_.time_since_epoch()).count();
  return {id_, {.how = Ending::How::timed_out}, std::move(kept_), time_up};
}

}  // namespace hlb::programs
