#include "libnss_hlb/network.h"

#include <sys/socket.h>
#include <unistd.h>

#include "libnss_hlb/file_facts.h"
#include "libnss_hlb/held.h"

namespace hlb {
namespace {

// By a socket as glibc itself has opened one by then, to ask nscd(8): a sandbox that takes that
// amiss has done so before.
std::uint64_t this_cookie() {
  const CancellationHeld cancellation_held;
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return 0;
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  const bool known = getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0;
  close(socket);
  return known ? cookie : 0;
}

Network by_proc() {
  struct statx facts{};
  if (!look_at(AT_FDCWD, "/proc/self/ns/net", 0, facts)) return {};
  return {.device = device_of(facts), .inode = facts.stx_ino};
}

}  // namespace

Network this_network() {
  Network network = by_proc();
  network.cookie = this_cookie();
  return network;
}

// A first look into /proc makes the kernel set the process's files there up, for 16 us.
bool is_this_network(const Network& theirs) {
  if (theirs.cookie != 0) {
    const std::uint64_t ours = this_cookie();
    if (ours != 0) return ours == theirs.cookie;
  }
  if (theirs.inode == 0) return true;
  const Network ours = by_proc();
  return ours.inode == 0 || (ours.device == theirs.device && ours.inode == theirs.inode);
}

}  // namespace hlb
