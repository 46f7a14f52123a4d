#include "text/endpoint.h"

#include <algorithm>
#include <charconv>

namespace hlb {

namespace {

std::optional<Endpoint> endpoint_from(std::string_view address, std::string_view port) {
  const auto parsed = Address::parse(address);
  const std::uint16_t number = text::port_of(port);
  if (!parsed || number == 0) return std::nullopt;
  return Endpoint{*parsed, number};
}

}  // namespace

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  if (text.starts_with('[')) {
    const std::string_view inside = text.substr(1, text.find(']') - 1);
    const std::string_view rest = text.substr(std::min(inside.size() + 2, text.size()));
    if (rest.starts_with(':')) return endpoint_from(inside, rest.substr(1));
    const auto address = Address::parse(inside);
    if (!address || !rest.empty() || !text.ends_with(']')) return std::nullopt;
    return Endpoint{*address, 0};
  }
  if (const auto address = Address::parse(text)) return Endpoint{*address, 0};
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return endpoint_from(text.substr(0, colon), text.substr(colon + 1));
}

std::string Endpoint::to_string() const {
  return text::with_port(address.to_string(), port);
}

std::uint16_t text::port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() ? port : 0;
}

std::string text::with_port(const std::string& address, std::uint16_t port) {
  if (port == 0) return address;
  const bool ipv6 = address.find(':') != std::string::npos;
  return (ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::vector<Endpoint> each_once(std::vector<Endpoint> endpoints) {
  std::ranges::sort(endpoints);
  const auto repeated = std::ranges::unique(endpoints);
  endpoints.erase(repeated.begin(), repeated.end());
  return endpoints;
}

}  // namespace hlb
