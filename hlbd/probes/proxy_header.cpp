#include "probes/proxy_header.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// The signature; version 2 and LOCAL; no addresses, of no family; a length of 0.
constexpr std::string_view kLocal("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);

// Without the interface of a link-local one, which has no place there.
std::string plain(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  return asio::ip::address_v6(address.to_v6().to_bytes()).to_string();
}

}  // namespace

std::string proxy_header(unsigned version, const tcp::endpoint& from, const tcp::endpoint& to) {
  if (version == 2) return std::string(kLocal);
  const std::string family = to.address().is_v4() ? "TCP4" : "TCP6";
  return "PROXY " + family + " " + plain(from.address()) + " " + plain(to.address()) + " " +
         std::to_string(from.port()) + " " + std::to_string(to.port()) + "\r\n";
}

}  // namespace hlb::probes
