// A target: what a probe asks, and where.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "health/check_spec.h"
#include "text/endpoint.h"

namespace hlb::probes {

// Targets that are equal may share their probes. `spec` is never null, and compared by content.
struct Target {
  Address address;
  std::uint16_t port = 0;
  std::shared_ptr<const CheckSpec> spec;
  std::string service;  // set only where the method is told of it: exec

  Endpoint place() const { return {address, port}; }

  friend bool operator==(const Target& one, const Target& other) {
    return one.address == other.address && one.port == other.port &&
           (one.spec == other.spec || *one.spec == *other.spec) && one.service == other.service;
  }
};

boost::asio::ip::tcp::endpoint endpoint_of(const Address& address, std::uint16_t port);
inline boost::asio::ip::tcp::endpoint endpoint_of(const Target& target) {
  return endpoint_of(target.address, target.port);
}

}  // namespace hlb::probes
