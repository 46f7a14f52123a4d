// inside_hlbd NAME   looks the name up in a process that the module takes for hlbd itself.
//
// Exit status 0: the module gave no answer, as it must not inside of hlbd, which would wait for
// itself. 1: it did.
#include <netdb.h>
#include <nss.h>
#include <sys/socket.h>

#include <cstdio>

extern "C" {
extern const char hlb_process_is_hlbd;
const char hlb_process_is_hlbd = 1;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: inside_hlbd NAME\n", stderr);
    return 2;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (__nss_configure_lookup("hosts", "hlb") != 0) return 2;
  const int status = getaddrinfo(argv[1], nullptr, &hints, &found);
  std::puts(status == 0 ? "answered" : gai_strerror(status));
  if (status != 0) return 0;
  freeaddrinfo(found);
  return 1;
}
