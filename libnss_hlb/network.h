// Network namespaces: which one a table was made in, and which one this process is in.
#pragma once

#include <cstdint>

namespace hlb {

struct Network {
  // As /proc/self/ns/net has it.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;  // 0: not known
  // As SO_NETNS_COOKIE has it, which no other namespace ever gets until the machine starts anew.
  std::uint64_t cookie = 0;  // 0: not known, as by a kernel before 5.14

  friend bool operator==(const Network&, const Network&) = default;
};

// The network of the calling thread, as far as it is known. `errno` may be anything afterwards.
Network this_network();

// Whether the calling thread is in that network; true where nobody knows. A few system calls, none
// a cancellation point; `errno` may be anything afterwards.
bool is_this_network(const Network& theirs);

}  // namespace hlb
