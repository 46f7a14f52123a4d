#include "text/address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>

namespace hlb {

namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<Address> parse_plain(const std::string& text) {
  Address address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) return address;
  address.family = Address::Family::ipv6;
  address.bytes.fill(0);
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string scope_suffix(std::uint32_t scope_id) {
  if (scope_id == 0) return "";
  std::array<char, IF_NAMESIZE> name{};
  // The interface may have gone since: then its number is shown.
  if (if_indextoname(scope_id, name.data()) == nullptr) return "%" + std::to_string(scope_id);
  return std::string("%") + name.data();
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
  // A NUL would end the text for the C functions below.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::size_t percent = text.find('%');
  auto address = parse_plain(std::string(text.substr(0, percent)));
  if (!address || percent == std::string_view::npos) return address;
  if (!address->is_link_local()) return std::nullopt;
  address->scope_id = if_nametoindex(std::string(text.substr(percent + 1)).c_str());
  if (address->scope_id == 0) return std::nullopt;
  return address;
}

std::optional<Address> Address::of_bytes(std::span<const std::uint8_t> bytes) {
  Address address;
  if (bytes.size() != 4 && bytes.size() != address.bytes.size()) return std::nullopt;
  address.family = bytes.size() == 4 ? Family::ipv4 : Family::ipv6;
  std::ranges::copy(bytes, address.bytes.begin());
  return address;
}

std::string Address::to_string() const {
  // Many are written at a start, and inet_ntop() has each go through sprintf().
  if (is_ipv4()) {
    const auto number = [this](std::size_t at) { return std::to_string(bytes[at]); };
    return number(0) + "." + number(1) + "." + number(2) + "." + number(3);
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return text.data() + scope_suffix(scope_id);
}

std::array<std::uint8_t, 16> Address::as_ipv6() const {
  if (!is_ipv4()) return bytes;
  std::array<std::uint8_t, 16> mapped{};
  std::copy_n(bytes.begin(), 4, std::ranges::copy(kMapped, mapped.begin()).out);
  return mapped;
}

bool Address::is_link_local() const {
  return family == Family::ipv6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

bool Address::is_loopback() const {
  if (family == Family::ipv4) return bytes[0] == 127;
  return bytes == decltype(bytes){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
}

bool Address::is_single_host() const {
  if (family == Family::ipv4) return bytes[0] != 0 && bytes[0] < 224;
  return bytes[0] != 0xff && bytes != decltype(bytes){};
}

bool Address::is_ipv4_mapped() const {
  return family == Family::ipv6 && std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

}  // namespace hlb
