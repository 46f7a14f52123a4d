// Who is at the other end of a local socket.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

namespace hlb {

// The user who connected (unix(7), SO_PEERCRED); nobody if the kernel doesn't tell.
inline uid_t peer_user(int socket) {
  constexpr uid_t kNobody = 65534;
  ucred credentials{};
  socklen_t size = sizeof credentials;
  const bool known = getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0;
  return known ? credentials.uid : kNobody;
}

}  // namespace hlb
