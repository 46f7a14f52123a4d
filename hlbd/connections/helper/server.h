// hlb-connections: ends connections for hlbd.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "connections/helper/ending.h"
#include "system/file_descriptor.h"

namespace hlb::connections {

class ConnectionsServer {
 public:
  static constexpr std::size_t kMaxClients = 4;
  // How long a helper that was started by its socket stays for a hlbd that might come back.
  static constexpr std::chrono::milliseconds kIdle{30'000};

  // `socket` is connected to hlbd, or listens for it. Throws std::system_error when the kernel
  // can't be asked for sockets. From then on this process can do nothing but what it is for: the
  // kernel refuses it to open, to connect, to execute and to signal.
  explicit ConnectionsServer(FileDescriptor socket);

  // Serves until the connection ends, or nobody has been connected for kIdle.
  void run();

 private:
  struct Client {
    FileDescriptor socket;
    std::uint32_t user;  // hlbd's
  };

  void add(FileDescriptor socket);
  bool serve(const Client& client);

  ConnectionEnding ending_;
  FileDescriptor listener_{-1};
  std::vector<Client> clients_;
};

}  // namespace hlb::connections
