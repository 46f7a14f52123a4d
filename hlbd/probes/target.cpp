#include "probes/target.h"

#include "system/socket_address.h"

namespace hlb::probes {

namespace asio = boost::asio;

asio::ip::tcp::endpoint endpoint_of(const Address& address, std::uint16_t port) {
  return SocketAddress({address, port}).as<asio::ip::tcp::endpoint>();
}

}  // namespace hlb::probes
