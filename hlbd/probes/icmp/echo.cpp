#include "probes/icmp/echo.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include <algorithm>

namespace hlb::probes {
namespace {

using Family = Address::Family;

// The layout of both families: type, code, checksum, identifier, sequence, then the data.
constexpr std::size_t kType = 0;
constexpr std::size_t kChecksum = 2;
constexpr std::size_t kIdentifier = 4;
constexpr std::size_t kSequence = 6;
constexpr std::size_t kToken = 8;

std::uint8_t request_type(Family family) {
  return family == Family::ipv4 ? std::uint8_t{ICMP_ECHO} : std::uint8_t{ICMP6_ECHO_REQUEST};
}

template <typename Number>
void put(EchoMessage& message, std::size_t at, Number number) {
  for (std::size_t byte = sizeof number; byte-- > 0; number = static_cast<Number>(number >> 8U))
    message.at(at + byte) = static_cast<std::uint8_t>(number);
}

template <typename Number>
Number get(std::span<const std::uint8_t> message, std::size_t at) {
  Number number = 0;
  for (const std::uint8_t byte : message.subspan(at, sizeof number))
    number = static_cast<Number>(number << 8U | byte);
  return number;
}

// RFC 1071
std::uint16_t checksum(const EchoMessage& message) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < message.size(); at += 2)
    sum += get<std::uint16_t>(message, at);
  while (sum > 0xffff)
    sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

std::optional<Echo> read(std::span<const std::uint8_t> message, std::uint8_t type) {
  if (message.size() < kEchoSize || message[kType] != type) return std::nullopt;
  return Echo{get<std::uint16_t>(message, kIdentifier), get<std::uint16_t>(message, kSequence),
              get<std::uint64_t>(message, kToken)};
}

std::string ipv4_unreachable(std::uint8_t code) {
  switch (code) {
    case ICMP_NET_UNREACH:
    case ICMP_NET_UNKNOWN:
    case ICMP_NET_UNR_TOS:
      return "network unreachable";
    case ICMP_HOST_UNREACH:
    case ICMP_HOST_UNKNOWN:
    case ICMP_HOST_ISOLATED:
    case ICMP_HOST_UNR_TOS:
      return "host unreachable";
    case ICMP_NET_ANO:
    case ICMP_HOST_ANO:
    case ICMP_PKT_FILTERED:
      return "administratively prohibited";
    case ICMP_PROT_UNREACH:
      return "protocol unreachable";
    case ICMP_PORT_UNREACH:
      return "port unreachable";  // what firewalls say by default
    case ICMP_FRAG_NEEDED:        // can't be true of so short a message
      return "";
    default:
      return "unreachable, code " + std::to_string(code);
  }
}

std::string ipv6_unreachable(std::uint8_t code) {
  constexpr std::uint8_t kPolicyFailed = 5;  // RFC 4443, 3.1
  constexpr std::uint8_t kRejected = 6;
  switch (code) {
    case ICMP6_DST_UNREACH_NOROUTE:
    case kRejected:
      return "network unreachable";
    case ICMP6_DST_UNREACH_ADMIN:
    case kPolicyFailed:
      return "administratively prohibited";
    case ICMP6_DST_UNREACH_BEYONDSCOPE:
      return "beyond the scope of the source address";
    case ICMP6_DST_UNREACH_ADDR:
      return "host unreachable";
    case ICMP6_DST_UNREACH_NOPORT:
      return "port unreachable";
    default:
      return "unreachable, code " + std::to_string(code);
  }
}

}  // namespace

// Leaves the checksum of IPv6 to the kernel, as it covers addresses.
EchoMessage echo_request(Family family, const Echo& echo) {
  EchoMessage message{};
  message[kType] = request_type(family);
  put(message, kIdentifier, echo.identifier);
  put(message, kSequence, echo.sequence);
  put(message, kToken, echo.token);
  if (family == Family::ipv4) put(message, kChecksum, checksum(message));
  return message;
}

std::optional<Echo> echo_reply(Family family, std::span<const std::uint8_t> message) {
  return read(message, echo_reply_type(family));
}

std::optional<Echo> quoted_request(Family family, std::span<const std::uint8_t> message) {
  return read(message, request_type(family));
}

std::uint8_t echo_reply_type(Family family) {
  return family == Family::ipv4 ? std::uint8_t{ICMP_ECHOREPLY} : std::uint8_t{ICMP6_ECHO_REPLY};
}

std::string icmp_error(Family family, std::uint8_t type, std::uint8_t code) {
  const bool ipv4 = family == Family::ipv4;
  if (ipv4 && type == ICMP_DEST_UNREACH) return ipv4_unreachable(code);
  if (!ipv4 && type == ICMP6_DST_UNREACH) return ipv6_unreachable(code);
  if (type == (ipv4 ? ICMP_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED)) return "a routing loop";
  if (type == (ipv4 ? ICMP_PARAMETERPROB : ICMP6_PARAM_PROB)) return "request refused";
  return "";
}

}  // namespace hlb::probes
