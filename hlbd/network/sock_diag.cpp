#include "network/sock_diag.h"

#include <ifaddrs.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "network/netlink.h"
#include "system/socket_address.h"

namespace hlb::network::sock_diag {
namespace {

constexpr Key kLoopbackIpv6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

bool is_loopback(const Key& key) {
  return key == kLoopbackIpv6 || (is_ipv4(key) && key[12] == 127);
}

}  // namespace

Key key_from(int family, const void* bytes) {
  Key key = kAnyIpv4;
  if (family == AF_INET) {
    std::memcpy(key.data() + 12, bytes, 4);
  } else {
    std::memcpy(key.data(), bytes, key.size());
  }
  return key;
}

Key key_of(const Address& address) {
  return address.as_ipv6();
}

Address address_of(const Key& key) {
  const std::span<const std::uint8_t> bytes(key);
  return Address::of_bytes(is_ipv4(key) ? bytes.subspan(12) : bytes).value();
}

bool is_ipv4(const Key& key) {
  return std::equal(key.begin(), key.begin() + 12, kAnyIpv4.begin());
}

OwnAddresses::OwnAddresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, ::freeifaddrs);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    if (const auto address = address_in(entry->ifa_addr))
      on_interfaces_.push_back(key_of(*address));
  }
  std::ranges::sort(on_interfaces_);
}

bool OwnAddresses::have(const Key& key) const {
  return is_loopback(key) || std::ranges::binary_search(on_interfaces_, key);
}

const Report* report_in(std::span<const char> bytes) {
  const auto* header = reinterpret_cast<const nlmsghdr*>(bytes.data());
  if (!::mnl_nlmsg_ok(header, static_cast<int>(bytes.size()))) return nullptr;
  if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) return nullptr;
  const auto* socket = payload_of<inet_diag_msg>(*header);
  if (socket == nullptr) return nullptr;
  const bool is_ip = socket->idiag_family == AF_INET || socket->idiag_family == AF_INET6;
  return is_ip ? reinterpret_cast<const Report*>(header) : nullptr;
}

}  // namespace hlb::network::sock_diag
