#include "network/source_address.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>

#include "network/netlink.h"

namespace hlb::network {
namespace {

using Key = std::array<std::uint8_t, 16>;

constexpr Key kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

Key mapped(const std::uint8_t* ipv4) {
  Key key{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::copy_n(ipv4, 4, key.begin() + 12);
  return key;
}

std::vector<unsigned> tunnels() {
  std::vector<unsigned> found;
  dump(RTM_GETLINK, [&](const nlmsghdr& message) {
    if (message.nlmsg_type != RTM_NEWLINK) return;
    const auto* const link = payload_of<ifinfomsg>(message);
    if (link == nullptr) return;
    const auto type = link->ifi_type;
    if (type == ARPHRD_TUNNEL || type == ARPHRD_TUNNEL6 || type == ARPHRD_SIT) {
      found.push_back(static_cast<unsigned>(link->ifi_index));
    }
  });
  return found;
}

// The address by which glibc knows the entry: IFA_ADDRESS, which on a point-to-point interface is
// the other end's. Such a source address of ours is therefore not found, by glibc and here.
std::optional<Key> key_of(const nlmsghdr& message, int family) {
  auto address = attribute(message, sizeof(ifaddrmsg), IFA_ADDRESS);
  if (address.empty()) address = attribute(message, sizeof(ifaddrmsg), IFA_LOCAL);
  Key key{};
  if (address.size() < (family == AF_INET ? 4 : key.size())) return std::nullopt;
  if (family == AF_INET) return mapped(address.data());
  std::copy_n(address.begin(), key.size(), key.begin());
  return key;
}

std::optional<ListedAddress> listed(const nlmsghdr& message, std::span<const unsigned> tunnels) {
  if (message.nlmsg_type != RTM_NEWADDR) return std::nullopt;
  const auto* const body = payload_of<ifaddrmsg>(message);
  if (body == nullptr) return std::nullopt;
  if (body->ifa_family != AF_INET && body->ifa_family != AF_INET6) return std::nullopt;
  const std::optional<Key> key = key_of(message, body->ifa_family);
  if (!key) return std::nullopt;
  return ListedAddress{
      .key = *key,
      .prefix_length = body->ifa_prefixlen,
      .deprecated = (body->ifa_flags & (IFA_F_DEPRECATED | IFA_F_OPTIMISTIC)) != 0,
      .home = (body->ifa_flags & IFA_F_HOMEADDRESS) != 0,
      .native = std::ranges::find(tunnels, body->ifa_index) == tunnels.end(),
  };
}

bool is_foreign_ipv6(const ListedAddress& entry) {
  constexpr Key kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return entry.key != kLoopback &&
         !std::equal(kMapped.begin(), kMapped.begin() + 12, entry.key.begin());
}

std::vector<ListedAddress> list_addresses() {
  const std::vector<unsigned> tunnel_indexes = tunnels();
  std::vector<ListedAddress> list;
  dump(RTM_GETADDR, [&](const nlmsghdr& message) {
    if (const auto entry = listed(message, tunnel_indexes)) list.push_back(*entry);
  });
  // glibc throws the whole list away on a host with no IPv6 address but ::1 (check_pf.c).
  if (std::ranges::none_of(list, is_foreign_ipv6)) list.clear();
  std::ranges::stable_sort(list, {}, &ListedAddress::key);
  return list;
}

int compare_keys(const void* a, const void* b) {
  return std::memcmp(static_cast<const ListedAddress*>(a)->key.data(),
                     static_cast<const ListedAddress*>(b)->key.data(), sizeof(Key));
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress to_socket_address(const Address& address) {
  SocketAddress result;
  if (address.family == Address::Family::ipv4) {
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(result.storage);
    ipv4.sin_family = AF_INET;
    std::memcpy(&ipv4.sin_addr, address.bytes.data(), sizeof ipv4.sin_addr);
    result.size = sizeof ipv4;
  } else {
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(result.storage);
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_scope_id = address.scope_id;
    std::memcpy(&ipv6.sin6_addr, address.bytes.data(), sizeof ipv6.sin6_addr);
    result.size = sizeof ipv6;
  }
  return result;
}

Address from_socket_address(const SocketAddress& from) {
  Address address;
  if (from.storage.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(from.storage);
    std::memcpy(address.bytes.data(), &ipv4.sin_addr, sizeof ipv4.sin_addr);
  } else {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(from.storage);
    address.family = Address::Family::ipv6;
    std::memcpy(address.bytes.data(), &ipv6.sin6_addr, sizeof ipv6.sin6_addr);
  }
  return address;
}

}  // namespace

SourceAddresses::SourceAddresses()
    : ipv4_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      ipv6_(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      listed_(list_addresses()) {}

std::optional<SourceAddress> SourceAddresses::towards(const Address& destination) const {
  const int fd = (destination.family == Address::Family::ipv4 ? ipv4_ : ipv6_).get();
  SocketAddress to = to_socket_address(destination);
  SocketAddress from;
  const bool reachable =
      ::connect(fd, to.get(), to.size) == 0 && ::getsockname(fd, from.get(), &from.size) == 0;
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  // Gives the port back, also after a failure half-way.
  (void)::connect(fd, &nowhere, sizeof nowhere);
  if (!reachable) return std::nullopt;
  return describe(from_socket_address(from));
}

SourceAddress SourceAddresses::describe(const Address& source) const {
  constexpr std::uint8_t kLocalhost[] = {127, 0, 0, 1};
  const bool ipv4 = source.family == Address::Family::ipv4;
  const bool looped = ipv4 && source.bytes[0] == 127;  // glibc looks up 127.0.0.1 for all of 127/8
  ListedAddress wanted;
  wanted.key = ipv4 ? mapped(looped ? kLocalhost : source.bytes.data()) : source.bytes;
  // Uses bsearch, as glibc does: an address may be listed more than once.
  const auto* const found = static_cast<const ListedAddress*>(
      std::bsearch(&wanted, listed_.data(), listed_.size(), sizeof wanted, compare_keys));
  if (found == nullptr) return {.address = source};
  return {source, found->prefix_length, found->deprecated, found->home, found->native};
}

}  // namespace hlb::network
