// The name under which a listening unix socket is reached.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <system_error>

#include "system/file_identity.h"

namespace hlb {

class SocketFile {
 public:
  // None yet. `mode` says who may connect.
  SocketFile(std::filesystem::path path, mode_t mode);
  ~SocketFile();  // removes it, if it still is the one
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  // Binds the unix socket, which is new, has it listen, and puts it in the place of what stands
  // there. `path` with ".new" after it is bound first, and must fit sockaddr_un.
  std::error_code listen(int socket);

  const std::filesystem::path& path() const { return path_; }

  // Whether the last that listen() put there is still what stands there.
  bool is_in_place() const;

 private:
  std::filesystem::path path_;
  mode_t mode_;
  std::optional<FileIdentity> bound_;
};

}  // namespace hlb
