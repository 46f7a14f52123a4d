// Ends connections.
#pragma once

#include <cstdint>
#include <vector>

#include "connections/message.h"
#include "network/sockets.h"

namespace hlb::connections {

class ConnectionEnding {
 public:
  // Throws std::system_error when the kernel can't be asked.
  ConnectionEnding();

  // Ends the connections that are meant, but for the sockets of user `spared`, hlbd's, unless that
  // is root: its probes are no programs'. Never throws.
  EndReply end(const EndRequest& request, std::uint32_t spared);

 private:
  struct Found {
    network::Socket socket;
    std::size_t doomed;  // its place in the request
  };

  void end_some(const EndRequest& request, std::uint8_t protocol, std::uint32_t spared,
                EndReply& reply);

  network::SocketTable sockets_;
};

}  // namespace hlb::connections
