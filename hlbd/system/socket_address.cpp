#include "system/socket_address.h"

#include <netinet/in.h>

namespace hlb {

int domain_of(Address::Family family) {
  return family == Address::Family::ipv4 ? AF_INET : AF_INET6;
}

std::optional<Address> address_in(const sockaddr* address) {
  Address result;
  if (address->sa_family == AF_INET) {
    const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(address);
    std::memcpy(result.bytes.data(), &ipv4->sin_addr, sizeof ipv4->sin_addr);
  } else if (address->sa_family == AF_INET6) {
    const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(address);
    result.family = Address::Family::ipv6;
    result.scope_id = ipv6->sin6_scope_id;
    std::memcpy(result.bytes.data(), &ipv6->sin6_addr, sizeof ipv6->sin6_addr);
  } else {
    return std::nullopt;
  }
  return result;
}

SocketAddress::SocketAddress(const Endpoint& endpoint) {
  const Address& address = endpoint.address;
  if (address.is_ipv4()) {
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(storage_);
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(endpoint.port);
    std::memcpy(&ipv4.sin_addr, address.bytes.data(), sizeof ipv4.sin_addr);
    size_ = sizeof ipv4;
  } else {
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(storage_);
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(endpoint.port);
    ipv6.sin6_scope_id = address.scope_id;
    std::memcpy(&ipv6.sin6_addr, address.bytes.data(), sizeof ipv6.sin6_addr);
    size_ = sizeof ipv6;
  }
}

}  // namespace hlb
