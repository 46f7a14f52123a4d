#include "system/socket_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

#include "system/last_error.h"

namespace hlb {
SocketFile::SocketFile(std::filesystem::path path, mode_t mode)
    : path_(std::move(path)), mode_(mode) {}

SocketFile::~SocketFile() {
  if (is_in_place()) unlink(path_.c_str());
}

// Renamed into its place once it listens, so that whoever sees the socket is served.
std::error_code SocketFile::listen(int socket) {
  const std::string draft = path_.string() + ".new";
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (draft.size() >= sizeof at.sun_path) return std::make_error_code(std::errc::filename_too_long);
  draft.copy(at.sun_path, sizeof at.sun_path - 1);
  unlink(draft.c_str());
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return last_error();
  const auto bound = identity_of(draft);
  if (::listen(socket, SOMAXCONN) != 0 || chmod(draft.c_str(), mode_) != 0 ||
      rename(draft.c_str(), path_.c_str()) != 0) {
    const std::error_code error = last_error();
    unlink(draft.c_str());
    return error;
  }
  bound_ = bound;
  return {};
}

bool SocketFile::is_in_place() const {
  return bound_ && identity_of(path_) == bound_;
}

}  // namespace hlb
