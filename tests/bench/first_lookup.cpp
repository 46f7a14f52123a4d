// Prints how many nanoseconds the first getaddrinfo of this process takes.
//
//   first_lookup SOURCES HOST
//
// Only the C library is used and linked, so that nothing but the lookup itself loads anything.
#include <netdb.h>
#include <nss.h>
#include <sys/socket.h>

#include <cstdio>
#include <ctime>

namespace {

long nanoseconds_since_boot() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000L + now.tv_nsec;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || __nss_configure_lookup("hosts", argv[1]) != 0) {
    std::fputs("usage: first_lookup SOURCES HOST\n", stderr);
    return 2;
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const long start = nanoseconds_since_boot();
  const int status = getaddrinfo(argv[2], nullptr, &hints, &found);
  const long end = nanoseconds_since_boot();
  if (status != 0) {
    std::fprintf(stderr, "%s: %s\n", argv[2], gai_strerror(status));
    return 1;
  }
  std::printf("%ld\n", end - start);
  return 0;
}
