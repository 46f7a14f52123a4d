#include "probes/icmp/echo.h"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace hlb::probes {
namespace {

constexpr auto kIpv4 = Address::Family::ipv4;
constexpr auto kIpv6 = Address::Family::ipv6;

const Echo kEcho{.identifier = 0x1234, .sequence = 0x0102, .token = 0xdeadbeef01020304};

EchoMessage reply_to(EchoMessage request, Address::Family family) {
  request[0] = echo_reply_type(family);
  return request;
}

TEST(Echo, ARequestIsAsTheStandardsHaveIt) {
  // 0x0800 + 0x1234 + 0x0102 + 0xdead + 0xbeef + 0x0102 + 0x0304 = 0x1bcd8, so 0xbcd9, inverted.
  const EchoMessage ipv4 = {8,    0,    0x43, 0x26, 0x12, 0x34, 0x01, 0x02,
                            0xde, 0xad, 0xbe, 0xef, 0x01, 0x02, 0x03, 0x04};
  EXPECT_EQ(echo_request(kIpv4, kEcho), ipv4);
  const EchoMessage ipv6 = {128,  0,    0,    0,    0x12, 0x34, 0x01, 0x02,
                            0xde, 0xad, 0xbe, 0xef, 0x01, 0x02, 0x03, 0x04};
  EXPECT_EQ(echo_request(kIpv6, kEcho), ipv6);
}

TEST(Echo, AReplyRepeatsItsRequest) {
  for (const auto family : {kIpv4, kIpv6}) {
    EXPECT_EQ(echo_reply(family, reply_to(echo_request(family, kEcho), family)), kEcho);
  }
}

TEST(Echo, ARequestIsNoReplyAndAReplyNoRequest) {
  for (const auto family : {kIpv4, kIpv6}) {
    const EchoMessage request = echo_request(family, kEcho);
    EXPECT_EQ(echo_reply(family, request), std::nullopt);
    EXPECT_EQ(quoted_request(family, request), kEcho);
    EXPECT_EQ(quoted_request(family, reply_to(request, family)), std::nullopt);
  }
  EXPECT_EQ(echo_reply(kIpv6, reply_to(echo_request(kIpv4, kEcho), kIpv4)), std::nullopt);
}

TEST(Echo, WhatIsCutOffSaysNothing) {
  const EchoMessage reply = reply_to(echo_request(kIpv4, kEcho), kIpv4);
  const EchoMessage request = echo_request(kIpv4, kEcho);
  for (std::size_t size = 0; size < kEchoSize; ++size) {
    EXPECT_EQ(echo_reply(kIpv4, std::span(reply).first(size)), std::nullopt);
    EXPECT_EQ(quoted_request(kIpv4, std::span(request).first(size)), std::nullopt);
  }
}

TEST(Echo, WhatIsBeyondTheMessageCountsForNothing) {
  const EchoMessage reply = reply_to(echo_request(kIpv4, kEcho), kIpv4);
  std::vector<std::uint8_t> longer(reply.begin(), reply.end());
  longer.resize(100, 0xff);
  EXPECT_EQ(echo_reply(kIpv4, longer), kEcho);
}

TEST(Echo, ErrorsAreInPlainWords) {
  const std::vector<std::tuple<Address::Family, std::uint8_t, std::uint8_t, std::string>> errors = {
      {kIpv4, 3, 0, "network unreachable"},
      {kIpv4, 3, 1, "host unreachable"},
      {kIpv4, 3, 2, "protocol unreachable"},
      {kIpv4, 3, 3, "port unreachable"},
      {kIpv4, 3, 7, "host unreachable"},
      {kIpv4, 3, 9, "administratively prohibited"},
      {kIpv4, 3, 10, "administratively prohibited"},
      {kIpv4, 3, 13, "administratively prohibited"},
      {kIpv4, 3, 200, "unreachable, code 200"},
      {kIpv4, 11, 0, "a routing loop"},
      {kIpv4, 12, 0, "request refused"},
      {kIpv6, 1, 0, "network unreachable"},
      {kIpv6, 1, 1, "administratively prohibited"},
      {kIpv6, 1, 2, "beyond the scope of the source address"},
      {kIpv6, 1, 3, "host unreachable"},
      {kIpv6, 1, 4, "port unreachable"},
      {kIpv6, 1, 5, "administratively prohibited"},
      {kIpv6, 1, 6, "network unreachable"},
      {kIpv6, 1, 200, "unreachable, code 200"},
      {kIpv6, 3, 0, "a routing loop"},
      {kIpv6, 4, 0, "request refused"},
  };
  for (const auto& [family, type, code, reason] : errors)
    EXPECT_EQ(icmp_error(family, type, code), reason);
}

TEST(Echo, WhatIsNoRefusalIsNoError) {
  EXPECT_EQ(icmp_error(kIpv4, 3, 4), "");   // fragmentation needed
  EXPECT_EQ(icmp_error(kIpv4, 4, 0), "");   // source quench
  EXPECT_EQ(icmp_error(kIpv4, 5, 1), "");   // redirect
  EXPECT_EQ(icmp_error(kIpv6, 2, 0), "");   // packet too big
  EXPECT_EQ(icmp_error(kIpv6, 11, 0), "");  // of IPv4
}

}  // namespace
}  // namespace hlb::probes
