// hlb-programs: runs the programs of checks and of on_change for hlbd, apart from it; see hlbd(8).
#include <sys/prctl.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "helpers/service_manager.h"
#include "programs/helper/server.h"

namespace {

void run() {
  hlb::FileDescriptor socket = hlb::helpers::given_socket();
  if (!socket.valid()) {
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
