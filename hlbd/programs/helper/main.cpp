// hlb-programs: runs the programs of checks and of on_change for hlbd, apart from it; see hlbd(8).
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "programs/helper/server.h"
#include "programs/helper/service_manager.h"

namespace {

bool takes_packets(int socket) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

// The socket from the service manager, which listens; or from hlbd, as standard input, a connected
// one.
hlb::FileDescriptor given_socket() {
  hlb::FileDescriptor passed = hlb::programs::passed_socket();
  return passed.valid() ? std::move(passed) : hlb::FileDescriptor(STDIN_FILENO);
}

void run() {
  hlb::FileDescriptor socket = given_socket();
  if (!takes_packets(socket.get())) {
    std::fputs("hlb-programs is started by hlbd, or by hlb-programs.socket: see hlbd(8)\n", stderr);
    std::exit(EXIT_FAILURE);
  }
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  hlb::programs::Server(std::move(socket)).run();
}

}  // namespace

int main() {
  try {
    run();
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hlb-programs: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
