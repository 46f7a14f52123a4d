// Numbers of things, as people write them.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace hlb::ctl {

// "1 service", "2 services": `one` is the word for a single one, which takes an s.
inline std::string counted(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

}  // namespace hlb::ctl
