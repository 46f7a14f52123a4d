#include "network/source_address.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>

#include "system/socket_address.h"

namespace hlb::network {
namespace {

using Key = std::array<std::uint8_t, 16>;

constexpr Key kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

bool send_request(int fd, std::uint16_t type) {
  struct {
    nlmsghdr header;
    rtgenmsg body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.rtgen_family = AF_UNSPEC;
  return ::send(fd, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request);
}

// Hands every message of a dump to `take`, and ends early when the kernel breaks off.
template <typename Take>
void dump(std::uint16_t type, Take take) {
  const FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.valid()) return;
  alignas(nlmsghdr) std::array<char, 32768> buffer;  // the most the kernel puts into one datagram
  bool more = send_request(socket.get(), type);
  while (more) {
    ssize_t left = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    more = left > 0;
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) more = false;
      take(*message);
    }
  }
}

std::vector<unsigned> tunnels() {
  std::vector<unsigned> found;
  dump(RTM_GETLINK, [&](const nlmsghdr& message) {
    if (message.nlmsg_type != RTM_NEWLINK) return;
    const auto* const link = static_cast<const ifinfomsg*>(NLMSG_DATA(&message));
    const auto type = link->ifi_type;
    if (type == ARPHRD_TUNNEL || type == ARPHRD_TUNNEL6 || type == ARPHRD_SIT) {
      found.push_back(static_cast<unsigned>(link->ifi_index));
    }
  });
  return found;
}

// The address by which glibc knows the entry: IFA_ADDRESS, which on a point-to-point interface is
// the other end's. Such a source address of ours is therefore not found, by glibc and here.
std::optional<Key> key_of(const nlmsghdr& message, const ifaddrmsg& body) {
  std::size_t left = message.nlmsg_len - NLMSG_LENGTH(sizeof body);
  const std::uint8_t* local = nullptr;
  const std::uint8_t* address = nullptr;
  for (const rtattr* item = IFA_RTA(&body); RTA_OK(item, left); item = RTA_NEXT(item, left)) {
    if (item->rta_type == IFA_ADDRESS) address = static_cast<const std::uint8_t*>(RTA_DATA(item));
    if (item->rta_type == IFA_LOCAL) local = static_cast<const std::uint8_t*>(RTA_DATA(item));
  }
  if (address == nullptr) address = local;
  if (address == nullptr) return std::nullopt;
  const std::size_t size = body.ifa_family == AF_INET ? 4 : 16;
  return Address::of_bytes({address, size}).value().as_ipv6();
}

std::optional<ListedAddress> listed(const nlmsghdr& message, std::span<const unsigned> tunnels) {
  if (message.nlmsg_type != RTM_NEWADDR) return std::nullopt;
  const auto& body = *static_cast<const ifaddrmsg*>(NLMSG_DATA(&message));
  if (body.ifa_family != AF_INET && body.ifa_family != AF_INET6) return std::nullopt;
  const std::optional<Key> key = key_of(message, body);
  if (!key) return std::nullopt;
  return ListedAddress{
      .key = *key,
      .prefix_length = body.ifa_prefixlen,
      .deprecated = (body.ifa_flags & (IFA_F_DEPRECATED | IFA_F_OPTIMISTIC)) != 0,
      .home = (body.ifa_flags & IFA_F_HOMEADDRESS) != 0,
      .native = std::ranges::find(tunnels, body.ifa_index) == tunnels.end(),
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

}  // namespace

SourceAddresses::SourceAddresses()
    : ipv4_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      ipv6_(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      listed_(list_addresses()) {}

std::optional<SourceAddress> SourceAddresses::towards(const Address& destination) const {
  const int fd = (destination.is_ipv4() ? ipv4_ : ipv6_).get();
  const SocketAddress to({destination, 0});
  SocketAddress from;
  const bool reachable = ::connect(fd, to.get(), to.size()) == 0 &&
                         ::getsockname(fd, from.space(), from.space_size()) == 0;
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  // Gives the port back, also after a failure half-way.
  (void)::connect(fd, &nowhere, sizeof nowhere);
  const auto source = reachable ? address_in(from.get()) : std::nullopt;
  return source ? std::optional(describe(*source)) : std::nullopt;
}

SourceAddress SourceAddresses::describe(const Address& source) const {
  constexpr Address kLocalhost{.family = Address::Family::ipv4, .bytes = {127, 0, 0, 1}};
  // Of all in 127/8 glibc looks up this one.
  const bool looped = source.is_ipv4() && source.is_loopback();
  ListedAddress wanted;
  wanted.key = (looped ? kLocalhost : source).as_ipv6();
  // bsearch, because glibc uses it: one address may be listed more than once.
  const auto* const found = static_cast<const ListedAddress*>(
      std::bsearch(&wanted, listed_.data(), listed_.size(), sizeof wanted, compare_keys));
  if (found == nullptr) return {.address = source};
  return {source, found->prefix_length, found->deprecated, found->home, found->native};
}

}  // namespace hlb::network
