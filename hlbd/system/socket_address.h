// Addresses as the kernel takes and gives them, sockaddr_in and sockaddr_in6: no other file makes
// or reads these.
#pragma once

#include <sys/socket.h>

#include <cstring>
#include <optional>

#include "text/endpoint.h"

namespace hlb {

// AF_INET or AF_INET6.
int domain_of(Address::Family family);

// nullopt for what is neither IPv4 nor IPv6.
std::optional<Address> address_in(const sockaddr* address);

class SocketAddress {
 public:
  SocketAddress() = default;  // with room for whatever the kernel fills in
  explicit SocketAddress(const Endpoint& endpoint);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }

  // For the kernel to fill in, as getsockname(2) does.
  sockaddr* space() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t* space_size() { return &size_; }

  // The same as an endpoint of Asio's.
  template <typename AsioEndpoint>
  AsioEndpoint as() const {
    AsioEndpoint endpoint;
    endpoint.resize(size_);
    std::memcpy(endpoint.data(), &storage_, size_);
    return endpoint;
  }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = sizeof storage_;
};

}  // namespace hlb
