#include "ctl/import/guess.h"

#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

#include "ctl/import/text_file.h"
#include "system/file_descriptor.h"
#include "system/socket_address.h"

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

std::optional<Endpoint> parse_listener(const std::string& line) {
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
  return Endpoint{*address, *port};
}

bool is_unspecified(const Address& address) {
  return std::ranges::all_of(address.bytes, [](std::uint8_t byte) { return byte == 0; });
}

// Whether the address is this host's: only then can a socket have it. Nothing is sent.
bool is_here(const Address& address) {
  const FileDescriptor socket(::socket(domain_of(address.family), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress name({address, 0});
  return socket.valid() && ::bind(socket.get(), name.get(), name.size()) == 0;
}

// Those bound to the address itself; only without one do those count that listen everywhere, as
// sshd does.
std::set<std::uint16_t> ports_at(const Address& address, const std::vector<Endpoint>& listeners) {
  std::set<std::uint16_t> own;
  std::set<std::uint16_t> everywhere;
  for (const Endpoint& listener : listeners) {
    if (listener.address.bytes == address.bytes) own.insert(listener.port);
    if (is_unspecified(listener.address)) everywhere.insert(listener.port);
  }
  return own.empty() ? everywhere : own;
}

// The ports at which something listens at every one of the backends' addresses on this host.
std::set<std::uint16_t> common_ports(const std::vector<Address>& backends,
                                     const std::vector<Endpoint>& listeners) {
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

std::vector<Endpoint> parse_listeners(std::string_view text) {
  std::vector<Endpoint> listeners;
  for (const std::string_view line : lines_of(text)) {
    const auto listener = parse_listener(std::string(line));
    if (listener) listeners.push_back(*listener);
  }
  return listeners;
}

std::vector<Endpoint> listeners_here() {
  std::vector<Endpoint> listeners;
  for (const char* file : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    if (const auto text = read_text(file))
      std::ranges::move(parse_listeners(*text), std::back_inserter(listeners));
  }
  return listeners;
}

ChosenCheck guess_check(const std::vector<Address>& backends,
                        const std::vector<Endpoint>& listeners) {
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
