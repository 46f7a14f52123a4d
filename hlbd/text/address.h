// An IPv4 or IPv6 address, as plain data. How the kernel has it: system/socket_address.h.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hlb {

struct Address {
  enum class Family : std::uint8_t { ipv4 = 4, ipv6 = 6 };

  Family family = Family::ipv4;
  std::array<std::uint8_t, 16> bytes{};  // network order; IPv4 in the first four bytes
  std::uint32_t scope_id = 0;            // interface index, for fe80::…%eth0 alone

  // Takes the text forms of inet_pton(3), with "%interface" behind a link-local IPv6 address.
  // nullopt when the text is no address, or the interface doesn't exist.
  static std::optional<Address> parse(std::string_view text);
  // The address that has these four or sixteen bytes, in network order; nullopt for another number.
  static std::optional<Address> of_bytes(std::span<const std::uint8_t> bytes);
  std::string to_string() const;
  std::array<std::uint8_t, 16> as_ipv6() const;  // IPv4 in its IPv6-mapped form
  bool is_ipv4() const { return family == Family::ipv4; }
  bool is_link_local() const;   // fe80::/10: of use with a scope_id alone
  bool is_loopback() const;     // 127/8 or ::1
  bool is_single_host() const;  // neither unspecified nor multicast nor broadcast
  bool is_ipv4_mapped() const;  // ::ffff:0:0/96 (RFC 4291, 2.5.5.2)

  friend auto operator<=>(const Address&, const Address&) = default;
};

}  // namespace hlb
