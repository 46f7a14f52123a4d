#include "helpers/service_manager.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace hlb::helpers {
namespace {

constexpr int kFirstPassed = 3;  // SD_LISTEN_FDS_START

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The number; 0 when the text is none.
long number(const std::string& text) {
  long value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && rest == end ? value : 0;
}

// The first socket that the service manager has passed; -1 if it has passed none.
FileDescriptor passed_socket() {
  const bool ours = number(variable("LISTEN_PID")) == getpid();
  if (!ours || number(variable("LISTEN_FDS")) < 1) return FileDescriptor(-1);
  (void)fcntl(kFirstPassed, F_SETFD, FD_CLOEXEC);
  return FileDescriptor(kFirstPassed);
}

}  // namespace

FileDescriptor given_socket() {
  FileDescriptor passed = passed_socket();
  FileDescriptor given = passed.valid() ? std::move(passed) : FileDescriptor(STDIN_FILENO);
  int type = 0;
  socklen_t size = sizeof type;
  const bool known = getsockopt(given.get(), SOL_SOCKET, SO_TYPE, &type, &size) == 0;
  return known && type == SOCK_SEQPACKET ? std::move(given) : FileDescriptor(-1);
}

bool is_listening(int socket) {
  int listens = 0;
  socklen_t size = sizeof listens;
  return getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

ServiceManager::ServiceManager() : address_(variable("NOTIFY_SOCKET")) {
  if (const long us = number(variable("WATCHDOG_USEC")); us > 0)
    interval_ = std::chrono::microseconds(us);
}

void ServiceManager::say(std::string_view state) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (address_.empty() || address_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const std::size_t size = offsetof(sockaddr_un, sun_path) + address_.size();
  (void)sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
}

}  // namespace hlb::helpers
