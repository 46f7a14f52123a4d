// Messages over a SOCK_SEQPACKET socket, on both of its sides.
#pragma once

#include <optional>
#include <variant>

#include "programs/message.h"

namespace hlb::programs {

enum class Arrived {
  nothing,  // yet
  end,      // the other side has gone, or said what is no message
};

// Neither waits. Signals, and descriptors that are sent along, are dropped.
std::variant<Message, Arrived> receive(int socket);

enum class Sent {
  whole,
  later,  // the other side must read first
  never,  // it has gone
};
Sent send(int socket, const Bytes& message);

}  // namespace hlb::programs
