// What errno says.
#pragma once

#include <cerrno>
#include <system_error>

namespace hlb {

inline std::error_code last_error() {
  return {errno, std::generic_category()};
}

}  // namespace hlb
