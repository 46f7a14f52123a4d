// The messages of ICMP echo, for IPv4 (RFC 792) and IPv6 (RFC 4443). No socket, no clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "text/address.h"

namespace hlb::probes {

struct Echo {
  std::uint16_t identifier = 0;  // of the sender; the kernel sets it for a ping socket
  std::uint16_t sequence = 0;
  std::uint64_t token = 0;  // the data: random, so that only who was asked can answer

  friend bool operator==(const Echo&, const Echo&) = default;
};

inline constexpr std::size_t kEchoSize = 16;  // of a message, from its ICMP header on

using EchoMessage = std::array<std::uint8_t, kEchoSize>;
EchoMessage echo_request(Address::Family family, const Echo& echo);

// The request that `message` repeats; nullopt if it is no echo reply, or too short for one of ours.
// Bytes beyond kEchoSize don't count.
std::optional<Echo> echo_reply(Address::Family family, std::span<const std::uint8_t> message);

// The request in `message`, which an ICMP error quotes. Routers that quote the first eight bytes
// alone, as was enough until RFC 1812, say nothing that could be believed.
std::optional<Echo> quoted_request(Address::Family family, std::span<const std::uint8_t> message);

// The type of an echo reply, for a packet filter.
std::uint8_t echo_reply_type(Address::Family family);

// An ICMP error in words, "host unreachable"; empty if it doesn't end the wait for a reply.
std::string icmp_error(Address::Family family, std::uint8_t type, std::uint8_t code);

}  // namespace hlb::probes
