// The kernel's reports of the TCP sockets that it destroys: sock_diag(7), its multicast groups.
#pragma once

#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "text/address.h"

namespace hlb::network::sock_diag {

// An address as the kernel compares it: IPv4 in its IPv6-mapped form, no scope.
using Key = std::array<std::uint8_t, 16>;

inline constexpr Key kAnyIpv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
inline constexpr Key kAnyIpv6{};

// Reads an address of a socket of this family. A mapped address of an IPv6 socket is an IPv4 one.
Key key_from(int family, const void* bytes);
Key key_of(const Address& address);
Address address_of(const Key& key);
bool is_ipv4(const Key& key);

// The addresses of this host at the time of construction; those on loopback alone when the kernel
// doesn't say.
class OwnAddresses {
 public:
  OwnAddresses();
  bool have(const Key& key) const;

  friend bool operator==(const OwnAddresses&, const OwnAddresses&) = default;

 private:
  std::vector<Key> on_interfaces_;  // sorted
};

// The start of a report. Attributes follow, among them INET_DIAG_INFO, a tcp_info.
struct Report {
  nlmsghdr header;
  inet_diag_msg socket;
};

// Reads `bytes`, which must be aligned as an nlmsghdr, as the report of a socket of IPv4 or IPv6;
// nullptr if they are none, or not whole.
const Report* report_in(std::span<const char> bytes);

// Offsets in a report, for filters.
inline constexpr std::size_t kSocketId = offsetof(Report, socket) + offsetof(inet_diag_msg, id);
inline constexpr std::size_t kPeerPort = kSocketId + offsetof(inet_diag_sockid, idiag_dport);
inline constexpr std::size_t kPeerAddress = kSocketId + offsetof(inet_diag_sockid, idiag_dst);
inline constexpr std::size_t kWriteQueue =
    offsetof(Report, socket) + offsetof(inet_diag_msg, idiag_wqueue);

// The instructions of a filter.
inline constexpr std::uint16_t kLoadWord = BPF_LD | BPF_W | BPF_ABS;
inline constexpr std::uint16_t kLoadHalf = BPF_LD | BPF_H | BPF_ABS;
inline constexpr std::uint16_t kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
inline constexpr std::uint16_t kReturn = BPF_RET | BPF_K;

}  // namespace hlb::network::sock_diag
