// The two D-Bus messages of a peer lookup as bytes (D-Bus Specification 1.0, "Message Protocol" and
// "Authentication Protocol"). No socket: bytes in, bytes out, any bytes tolerated.
//
// The client sends AUTH, BEGIN and the call in one write, since nothing in it depends on what the
// server says to the AUTH; so a lookup costs one round trip.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "libnss_hlb/name.h"

namespace hlb::wire {

// AUTH, BEGIN, and org.hlb1.Peer.Lookup(name).
class Request {
 public:
  explicit Request(const Name& name);

  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), size_}; }

 private:
  std::array<std::uint8_t, 512> bytes_;
  std::size_t size_ = 0;
};

struct Reply {
  enum class Kind : std::uint8_t {
    incomplete,       // more bytes are to come: `needed` in all, as far as is known yet
    record,           // `record` lies within the bytes given; its content isn't checked
    no_such_service,  // hlbd's word that the name isn't one of its own
    refused,          // another error, a failed AUTH, or no D-Bus at all
  };
  Kind kind = Kind::refused;
  std::size_t needed = 0;
  std::span<const std::uint8_t> record;
};

// A reply with a record is never longer; a longer one is refused.
inline constexpr std::size_t kMaxReply = 262'144;

// Reads all that has come in so far: the server's lines, then messages until the one that answers
// the request.
Reply parse_reply(std::span<const std::uint8_t> bytes);

}  // namespace hlb::wire
