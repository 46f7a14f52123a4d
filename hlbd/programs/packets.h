// Messages over a SOCK_SEQPACKET socket, on both of its sides.
#pragma once

#include <tl/expected.hpp>

#include "programs/message.h"

namespace hlb::programs {

enum class NoMessage {
  yet,   // it may still come
  ever,  // the other side has gone, or has sent something that is no message
};

// Takes the next message without waiting for one. Descriptors that are sent along are dropped.
tl::expected<Message, NoMessage> receive(int socket);

enum class Sent {
  whole,
  later,  // the other side must read first
  never,  // the other side has gone
};

// Sends without waiting, and without SIGPIPE.
Sent send(int socket, const Bytes& message);

}  // namespace hlb::programs
