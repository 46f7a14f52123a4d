#include "ctl/import/guess.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

#include "ctl/import/text_file.h"

namespace hlb::ctl {

namespace {

constexpr std::size_t kWordDigits = 8;  // of 32 bits
constexpr std::string_view kListening = "0A";

template <typename T>
std::optional<T> parse_hex(std::string_view text) {
  T number = 0;
  const char* end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, number, 16);
  if (error != std::errc() || behind != end) return std::nullopt;
  return number;
}

// Reads an address as the kernel prints it: as words of this host's byte order.
std::optional<Address> parse_words(std::string_view text) {
  Address address;
  address.family = text.size() == kWordDigits ? Address::Family::ipv4 : Address::Family::ipv6;
  if (text.size() != kWordDigits && text.size() != 4 * kWordDigits) return std::nullopt;
  for (std::size_t i = 0; i < text.size() / kWordDigits; ++i) {
    const auto word = parse_hex<std::uint32_t>(text.substr(i * kWordDigits, kWordDigits));
    if (!word) return std::nullopt;
    std::memcpy(address.bytes.data() + i * sizeof *word, &*word, sizeof *word);
  }
  return address;
}

std::optional<ListeningSocket> parse_listener(const std::string& line) {
  std::istringstream words(line);
  std::string slot;
  std::string local;
  std::string remote;
  std::string state;
  words >> slot >> local >> remote >> state;
  const std::size_t colon = local.find(':');
  if (state != kListening || colon == std::string::npos) return std::nullopt;
  const auto address = parse_words(local.substr(0, colon));
  const auto port = parse_hex<std::uint16_t>(std::string_view(local).substr(colon + 1));
  if (!address || !port) return std::nullopt;
  return ListeningSocket{*address, *port};
}

bool is_unspecified(const Address& address) {
  return std::ranges::all_of(address.bytes, [](std::uint8_t byte) { return byte == 0; });
}

sockaddr_storage socket_address(const Address& address) {
  sockaddr_storage storage{};
  if (address.family == Address::Family::ipv4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, address.bytes.data(), sizeof v4.sin_addr);
    std::memcpy(&storage, &v4, sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_scope_id = address.scope_id;
    std::memcpy(&v6.sin6_addr, address.bytes.data(), sizeof v6.sin6_addr);
    std::memcpy(&storage, &v6, sizeof v6);
  }
  return storage;
}

// Whether the address is this host's: only then can a socket have it. Nothing is sent.
bool is_here(const Address& address) {
  const sockaddr_storage name = socket_address(address);
  const int fd = socket(name.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  close(fd);
  return bound;
}

// Those bound to the address itself; only without one do those count that listen everywhere, as
// sshd does.
std::set<std::uint16_t> ports_at(const Address& address,
                                 const std::vector<ListeningSocket>& listeners) {
  std::set<std::uint16_t> own;
  std::set<std::uint16_t> everywhere;
  for (const ListeningSocket& listener : listeners) {
    if (listener.address.bytes == address.bytes) own.insert(listener.port);
    if (is_unspecified(listener.address)) everywhere.insert(listener.port);
  }
  return own.empty() ? everywhere : own;
}

// The ports at which something listens at every one of the backends' addresses on this host.
std::set<std::uint16_t> common_ports(const std::vector<Address>& backends,
                                     const std::vector<ListeningSocket>& listeners) {
  std::optional<std::set<std::uint16_t>> common;
  for (const Address& address : backends) {
    if (!is_here(address)) continue;
    const std::set<std::uint16_t> ports = ports_at(address, listeners);
    std::set<std::uint16_t> both;
    if (common) std::ranges::set_intersection(*common, ports, std::inserter(both, both.end()));
    common = common ? both : ports;
  }
  return common.value_or(std::set<std::uint16_t>());
}

}  // namespace

std::vector<ListeningSocket> parse_listeners(std::string_view text) {
  std::vector<ListeningSocket> listeners;
  for (const std::string_view line : lines_of(text)) {
    const auto listener = parse_listener(std::string(line));
    if (listener) listeners.push_back(*listener);
  }
  return listeners;
}

std::vector<ListeningSocket> listeners_here() {
  std::vector<ListeningSocket> listeners;
  for (const char* file : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    if (const auto text = read_text(file))
      std::ranges::move(parse_listeners(*text), std::back_inserter(listeners));
  }
  return listeners;
}

ChosenCheck guess_check(const std::vector<Address>& backends,
                        const std::vector<ListeningSocket>& listeners) {
  const std::set<std::uint16_t> ports = common_ports(backends, listeners);
  if (ports.size() != 1) {
    return {.type = "none",
            .port = 0,
            .path = "",
            .remark = "A guess: always up, until you say how to check."};
  }
  return {.type = "tcp",
          .port = *ports.begin(),
          .path = "",
          .remark = "A guess: programs on this host listen there."};
}

}  // namespace hlb::ctl
