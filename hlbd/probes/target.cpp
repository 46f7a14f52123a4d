#include "probes/target.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace hlb::probes {

namespace asio = boost::asio;

asio::ip::tcp::endpoint endpoint_of(const Address& address, std::uint16_t port) {
  const auto& bytes = address.bytes;
  if (address.family == Address::Family::ipv4) {
    asio::ip::address_v4::bytes_type ipv4{};
    std::copy_n(bytes.begin(), ipv4.size(), ipv4.begin());
    return {asio::ip::address_v4(ipv4), port};
  }
  return {asio::ip::address_v6(bytes, address.scope_id), port};
}

}  // namespace hlb::probes
