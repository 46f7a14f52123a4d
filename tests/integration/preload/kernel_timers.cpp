// Loaded before libfaketime, which moves the absolute timers of a timerfd by what it moves the wall
// clock, also those on the monotonic clock (0.9.10, whatever DONT_FAKE_MONOTONIC says): one that is
// to fire at once, as Asio sets it, would never do so.
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

extern "C" [[gnu::visibility("default")]] int timerfd_settime(int fd, int flags,
                                                              const itimerspec* value,
                                                              itimerspec* before) noexcept {
  // NOLINTNEXTLINE(*-vararg): the call itself, past libfaketime
  return static_cast<int>(syscall(SYS_timerfd_settime, fd, flags, value, before));
}
