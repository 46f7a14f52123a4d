// Preloaded into a program, it makes a sleep of the machine: CLOCK_BOOTTIME is ahead by so many
// seconds as the size of the file that SLEPT names in bytes, other clocks go on as they are.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

extern "C" [[gnu::visibility("default")]] int clock_gettime(clockid_t clock,
                                                            timespec* time) noexcept {
  // NOLINTNEXTLINE(*-vararg): the call itself
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  if (result != 0 || clock != CLOCK_BOOTTIME) return result;
  struct stat file{};
  const char* name = getenv("SLEPT");  // NOLINT(concurrency-mt-unsafe): nobody sets one
  if (name != nullptr && stat(name, &file) == 0) time->tv_sec += file.st_size;
  return result;
}
