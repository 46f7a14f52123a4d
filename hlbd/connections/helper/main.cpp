// hlb-connections: ends connections to backends that are down, for hlbd; see hlbd(8).
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "connections/helper/server.h"
#include "helpers/service_manager.h"

namespace {

void run() {
  hlb::FileDescriptor socket = hlb::helpers::given_socket();
  if (!socket.valid()) {
    std::fputs("hlb-connections is started by hlbd, or by hlb-connections.socket: see hlbd(8)\n",
               stderr);
    std::exit(EXIT_FAILURE);
  }
  hlb::connections::ConnectionsServer(std::move(socket)).run();
}

}  // namespace

int main() {
  try {
    run();
    // Without a further step: what a sanitizer looks for at an orderly end takes system calls that
    // this process has given up.
    std::_Exit(EXIT_SUCCESS);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hlb-connections: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
