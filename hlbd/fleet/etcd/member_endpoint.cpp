#include "fleet/etcd/member_endpoint.h"

#include <algorithm>

#include "text/address.h"
#include "text/ascii.h"
#include "text/endpoint.h"

namespace hlb::fleet::etcd {
namespace {

constexpr std::uint16_t kClientsPort = 2379;
constexpr std::size_t kMaxHost = 253;

bool may_be_hostname(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHost &&
         std::ranges::all_of(host, [](char c) { return text::is_of_hostname(c); });
}

// Cuts the scheme off. nullopt: it is another one, or none.
std::optional<bool> take_scheme(std::string_view& text) {
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kEncrypted = "https://";
  const bool tls = text.starts_with(kEncrypted);
  if (!tls && !text.starts_with(kPlain)) return std::nullopt;
  text.remove_prefix(tls ? kEncrypted.size() : kPlain.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  return tls;
}

}  // namespace

std::optional<MemberEndpoint> MemberEndpoint::parse(std::string_view text) {
  const auto tls = take_scheme(text);
  if (!tls) return std::nullopt;
  if (const auto endpoint = Endpoint::parse(text)) {
    return MemberEndpoint{*tls, endpoint->address.to_string(),
                          endpoint->port == 0 ? kClientsPort : endpoint->port};
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string host = text::lower_case(text.substr(0, colon));
  std::uint16_t port = kClientsPort;
  if (colon < text.size()) port = text::port_of(text.substr(colon + 1));
  if (port == 0 || !may_be_hostname(host)) return std::nullopt;
  return MemberEndpoint{*tls, host, port};
}

std::string MemberEndpoint::name() const {
  return text::with_port(host, port);
}

}  // namespace hlb::fleet::etcd
