// The messages between hlbd and its helper hlb-connections, one in each packet of a SOCK_SEQPACKET
// socket. Neither side trusts the other: bytes that aren't exactly a message end the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "helpers/packets.h"
#include "network/sockets.h"

namespace hlb::connections {

using Id = std::uint64_t;  // of a request, chosen by hlbd

// Connections of this host's programs.
struct Doomed {
  network::Peer peer;  // at the far end; its port is never 0
  // When the peer was last known to answer, in ns of CLOCK_MONOTONIC: only connections are meant
  // that have had nothing from it since, of TCP. 0: all, and connected UDP sockets too.
  std::int64_t silent_since = 0;
  // Only connections are meant that no data has gone over for so long, in ms. 0: all.
  std::int64_t idle_ms = 0;

  friend bool operator==(const Doomed&, const Doomed&) = default;
};

inline constexpr std::size_t kMostDoomed = network::kMostPeers;  // of a request

// From hlbd: end these, those that have been idle for longest first. None: only say whether you
// could.
struct EndRequest {
  Id id = 0;
  std::vector<Doomed> doomed;
};

// From the helper: what came of it.
struct EndReply {
  Id id = 0;
  int error = 0;                     // an errno: why connections can't be ended; 0: they can
  std::vector<std::uint32_t> ended;  // for each of the doomed, how many
};

helpers::Bytes encode(const EndRequest& request);
helpers::Bytes encode(const EndReply& reply);

// nullopt if these bytes are no such message, or one beyond its limits, or of another version.
std::optional<EndRequest> decode_request(std::span<const std::uint8_t> bytes);
std::optional<EndReply> decode_reply(std::span<const std::uint8_t> bytes);

}  // namespace hlb::connections
