// Where something is served: an address and a port. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/address.h"

namespace hlb {

struct Endpoint {
  Address address;
  std::uint16_t port = 0;  // 0: none

  // Takes "10.0.0.1", "10.0.0.1:80", "fd99::1", "[fd99::1]" and "[fd99::1]:80". nullopt for all
  // else, port 0 included.
  static std::optional<Endpoint> parse(std::string_view text);
  // In a form that parse() takes, without the port where there is none.
  std::string to_string() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

namespace text {

// The port, 1 to 65535; 0 when the text is none.
std::uint16_t port_of(std::string_view text);

// "10.0.0.1:80", "[fd99::1]:80"; the address alone where the port is 0.
std::string with_port(const std::string& address, std::uint16_t port);

}  // namespace text

// Sorts them, and drops duplicates.
std::vector<Endpoint> each_once(std::vector<Endpoint> endpoints);

}  // namespace hlb
