#include "network/sock_diag.h"

#include <ifaddrs.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

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

Report start_of(std::span<const char> report) {
  Report start{};
  if (!report.empty()) std::memcpy(&start, report.data(), std::min(report.size(), sizeof start));
  return start;
}

bool is_report(const Report& report, std::size_t size) {
  const int family = report.socket.idiag_family;
  return size >= sizeof report && report.header.nlmsg_type == SOCK_DIAG_BY_FAMILY &&
         (family == AF_INET || family == AF_INET6);
}

}  // namespace hlb::network::sock_diag
