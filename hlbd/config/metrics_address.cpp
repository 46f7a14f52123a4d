#include "config/metrics_address.h"

#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "text/endpoint.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

// The path ends with a zero byte, and the socket is bound under a name of four more bytes at first.
constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1 - 4;

constexpr std::string_view kForms =
    R"(an address and a port such as "127.0.0.1:9808" or "[::1]:9808", or the absolute path )"
    "of a unix socket";

struct HostAndPort {
  std::string_view host;
  std::string_view port;
};

// The parts of "127.0.0.1:9808" or "[::1]:9808"; empty for a text of another form.
HostAndPort split(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool in_brackets = host.starts_with('[') && host.ends_with(']');
  if (in_brackets) return {host.substr(1, host.size() - 2), port};
  // A host with a colon of its own is an IPv6 address that lacks its brackets.
  return host.find(':') == std::string_view::npos ? HostAndPort{host, port} : HostAndPort{};
}

bool can_listen_at(const Address& address) {
  const bool any = address.bytes == decltype(address.bytes){};
  return any || (address.is_single_host() && !address.is_ipv4_mapped());
}

std::string socket_path_fault(const std::string& path) {
  if (path.find('\0') != std::string::npos) return "has a zero byte; remove it";
  if (path.ends_with('/')) return "is a folder; give the path of a socket in it";
  if (path.size() > kMaxPath) {
    return "is too long for a unix socket; use at most " + std::to_string(kMaxPath) + " bytes";
  }
  return "";
}

// The address that `text` means, or the message that says why it means none.
tl::expected<MetricsAddress, std::string> parse(const std::string& text) {
  MetricsAddress result;
  if (text.starts_with('/')) {
    if (const std::string fault = socket_path_fault(text); !fault.empty()) {
      return tl::unexpected(text::in_quotes(text) + " " + fault);
    }
    result.socket = text;
    return result;
  }
  const auto [host, port] = split(text);
  const auto address = Address::parse(host);
  if (!address) return tl::unexpected(text::must_be("metrics", kForms, text::in_quotes(text)));
  if (!can_listen_at(*address)) {
    return tl::unexpected(text::in_quotes(text) +
                          " has an address that no host can have; give one of this host's "
                          "own");
  }
  result.address = *address;
  result.port = text::port_of(port);
  if (result.port == 0) {
    return tl::unexpected(text::in_quotes(text) +
                          " has no port, 1 to 65535, behind its last colon");
  }
  return result;
}

}  // namespace

std::optional<MetricsAddress> read_metrics_address(TableReader& keys, Faults& faults) {
  const std::string* text = keys.text("metrics");
  if (text == nullptr) return std::nullopt;
  const auto parsed = parse(*text);
  if (parsed) return *parsed;
  faults.add(keys.find("metrics")->at, parsed.error());
  return std::nullopt;
}

}  // namespace hlb::config
