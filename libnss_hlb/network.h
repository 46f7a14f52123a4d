// Network namespaces: which one a table was made in, and which one this process is in.
#pragma once

#include <cstdint>

namespace hlb {

// As /proc/self/ns/net has it.
struct Network {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;  // 0: not known

  bool known() const { return inode != 0; }
  friend bool operator==(const Network&, const Network&) = default;
};

// Not known where there is no /proc. One system call; `errno` may be anything afterwards.
Network this_network();

}  // namespace hlb
