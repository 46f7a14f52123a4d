// Facts of a file, by statx(2): glibc has fstat and lstat under these names only since
// 2.33, and the module is to load with 2.28.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>

namespace hlb {

inline bool look_at(int folder, const char* path, int flags, struct statx& file) {
  return statx(folder, path, flags, STATX_BASIC_STATS, &file) == 0;
}

inline std::uint64_t device_of(const struct statx& file) {
  return std::uint64_t{file.stx_dev_major} << 32U | file.stx_dev_minor;
}

}  // namespace hlb
