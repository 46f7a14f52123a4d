#include "system/moment.h"

#include <cstdint>
#include <ctime>

#include "system/host.h"

namespace hlb {
namespace {

using std::chrono::milliseconds;

// Without overflow: a file can hold any number.
milliseconds difference(milliseconds later, milliseconds earlier) {
  return milliseconds(static_cast<std::int64_t>(static_cast<std::uint64_t>(later.count()) -
                                                static_cast<std::uint64_t>(earlier.count())));
}

}  // namespace

Moment moment_now() {
  static const std::string boot = boot_id();
  timespec boottime{};
  clock_gettime(CLOCK_BOOTTIME, &boottime);
  const auto since_boot =
      std::chrono::seconds(boottime.tv_sec) + std::chrono::nanoseconds(boottime.tv_nsec);
  return {boot, std::chrono::floor<milliseconds>(since_boot),
          std::chrono::floor<milliseconds>(std::chrono::system_clock::now())};
}

milliseconds time_between(const Moment& earlier, const Moment& later) {
  const bool same_boot = !earlier.boot_id.empty() && earlier.boot_id == later.boot_id;
  if (same_boot) return difference(later.since_boot, earlier.since_boot);
  return difference(later.wall.time_since_epoch(), earlier.wall.time_since_epoch());
}

}  // namespace hlb
