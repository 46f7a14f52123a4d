// The address this host would connect from, and what the kernel says of that address: the facts
// that glibc gathers before it sorts an answer (getaddrinfo.c, check_pf.c, check_native.c).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "system/file_descriptor.h"
#include "text/address.h"

namespace hlb::network {

// The fields after `address` have for a default what glibc assumes of an address that it doesn't
// find in the host's list.
struct SourceAddress {
  Address address;
  std::uint8_t prefix_length = 0;  // of its subnet
  bool deprecated = false;         // its preferred lifetime is over, or it is still optimistic
  bool home = false;               // Mobile IPv6
  bool native = false;             // its interface is no tunnel
};

// An entry of the host's list of addresses.
struct ListedAddress {
  std::array<std::uint8_t, 16> key{};  // IPv4 in its IPv6-mapped form
  std::uint8_t prefix_length = 0;
  bool deprecated = false;
  bool home = false;
  bool native = false;
};

// The host's addresses at the time of construction; the routes are asked at each call.
// What the kernel refuses (a sandbox without netlink, a host without IPv6) reads as absent.
class SourceAddresses {
 public:
  SourceAddresses();

  // Finds the source towards `destination`; nullopt when that can't be reached. Sends nothing: it
  // connects a datagram socket.
  [[nodiscard]] std::optional<SourceAddress> towards(const Address& destination) const;

 private:
  [[nodiscard]] SourceAddress describe(const Address& source) const;

  // Sockets are kept open, so that a shortage of descriptors later doesn't look like a lost route.
  FileDescriptor ipv4_;
  FileDescriptor ipv6_;
  std::vector<ListedAddress> listed_;  // by key
};

}  // namespace hlb::network
