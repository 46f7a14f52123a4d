#include "probes/target.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace hlb::probes {

namespace asio = boost::asio;

asio::ip::tcp::endpoint endpoint_of(const Target& target) {
  const auto& bytes = target.address.bytes;
  if (target.address.family == Address::Family::ipv4) {
    asio::ip::address_v4::bytes_type ipv4{};
    std::copy_n(bytes.begin(), ipv4.size(), ipv4.begin());
    return {asio::ip::address_v4(ipv4), target.port};
  }
  return {asio::ip::address_v6(bytes, target.address.scope_id), target.port};
}

}  // namespace hlb::probes
