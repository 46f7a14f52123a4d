#include "text/address.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "system/file_descriptor.h"
#include "system/socket_address.h"
#include "text/endpoint.h"

namespace hlb {
namespace {

using namespace std::string_literals;

TEST(Address, KeepsIpv4InTheFirstFourBytes) {
  const auto address = Address::parse("10.0.0.255");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->family, Address::Family::ipv4);
  EXPECT_EQ(address->bytes, (std::array<std::uint8_t, 16>{10, 0, 0, 255}));
  EXPECT_EQ(address->scope_id, 0U);
}

TEST(Address, KeepsIpv6InNetworkOrder) {
  const auto address = Address::parse("fd99::1:2");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->family, Address::Family::ipv6);
  EXPECT_EQ(address->bytes,
            (std::array<std::uint8_t, 16>{0xfd, 0x99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2}));
}

TEST(Address, PrintsTheShortestForm) {
  EXPECT_EQ(Address::parse("127.0.0.1").value().to_string(), "127.0.0.1");
  EXPECT_EQ(Address::parse("FD99:0:0:0::0001").value().to_string(), "fd99::1");
  EXPECT_EQ(Address::parse("::ffff:1.2.3.4").value().to_string(), "::ffff:1.2.3.4");
}

TEST(Address, TakesTheInterfaceOfALinkLocalAddress) {
  const auto address = Address::parse("fe80::1%lo");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->scope_id, if_nametoindex("lo"));
  EXPECT_EQ(address->to_string(), "fe80::1%lo");
  EXPECT_NE(address, Address::parse("fe80::1"));
}

TEST(Address, PrintsTheNumberOfAnInterfaceThatHasGone) {
  Address address = Address::parse("fe80::1").value();
  address.scope_id = 0x7fffffff;
  EXPECT_EQ(address.to_string(), "fe80::1%2147483647");
}

TEST(Address, IsLinkLocalInFe80Slash10Alone) {
  EXPECT_TRUE(Address::parse("fe80::1").value().is_link_local());
  EXPECT_TRUE(Address::parse("febf::1").value().is_link_local());
  EXPECT_FALSE(Address::parse("fec0::1").value().is_link_local());
  EXPECT_FALSE(Address::parse("fd80::1").value().is_link_local());
  EXPECT_FALSE(Address::parse("169.254.0.1").value().is_link_local());
  EXPECT_FALSE(Address::parse("254.128.0.1").value().is_link_local());
}

TEST(Address, IsLoopbackIn127Slash8AndAsOneOfIpv6) {
  EXPECT_TRUE(Address::parse("127.0.0.1").value().is_loopback());
  EXPECT_TRUE(Address::parse("127.255.0.1").value().is_loopback());
  EXPECT_TRUE(Address::parse("::1").value().is_loopback());
  EXPECT_FALSE(Address::parse("128.0.0.1").value().is_loopback());
  EXPECT_FALSE(Address::parse("7f00::1").value().is_loopback());
  EXPECT_FALSE(Address::parse("::2").value().is_loopback());
}

TEST(Address, ComparesByValue) {
  EXPECT_EQ(Address::parse("fd99::1"), Address::parse("fd99:0::0:1"));
  EXPECT_NE(Address::parse("1.2.3.4"), Address::parse("1.2.3.5"));
  EXPECT_NE(Address::parse("1.2.3.4"), Address::parse("102:304::"));
}

class NoAddress : public testing::TestWithParam<std::string> {};

TEST_P(NoAddress, IsRefused) {
  EXPECT_EQ(Address::parse(GetParam()), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Address, NoAddress,
                         testing::Values("", " ", "127.1", "127.0.0.256", "127.0.0.1 ",
                                         "0x7f000001", "127.0.0.1\0"s, "::1\0x"s, "app.local",
                                         "[::1]", ":::", "127.0.0.1:80", "127.0.0.1%lo", "::1%lo",
                                         "fe80::1%", "fe80::1%no-such-interface", "fe80::1%lo%lo",
                                         "%lo", std::string(100'000, '1')));

TEST(Address, IsOfFourOrSixteenBytes) {
  const std::array<std::uint8_t, 17> bytes = {10, 0, 0, 1};
  const std::span<const std::uint8_t> all(bytes);
  EXPECT_EQ(Address::of_bytes(all.first(4)), Address::parse("10.0.0.1"));
  EXPECT_EQ(Address::of_bytes(all.first(16)), Address::parse("a00:1::"));
  for (const std::size_t size : {0U, 3U, 5U, 15U, 17U})
    EXPECT_EQ(Address::of_bytes(all.first(size)), std::nullopt);
}

TEST(Address, HasAnIpv6Form) {
  EXPECT_EQ(Address::parse("10.0.0.1")->as_ipv6(), Address::parse("::ffff:10.0.0.1")->bytes);
  EXPECT_EQ(Address::parse("fd99::1")->as_ipv6(), Address::parse("fd99::1")->bytes);
}

TEST(Endpoint, IsReadAsItIsPrinted) {
  for (const std::string text :
       {"10.0.0.1", "10.0.0.1:80", "fd99::1", "[fd99::1]:80", "fe80::1%lo", "[fe80::1%lo]:65535"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->to_string(), text);
  }
  EXPECT_EQ(Endpoint::parse("[fd99::1]"), Endpoint::parse("fd99::1"));
}

TEST(Endpoint, IsNothingElse) {
  for (const char* text : {"", ":80", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:8o",
                           "[fd99::1", "[fd99::1]80", "[fd99::1]:", "[]:80", "app.local:80"})
    EXPECT_FALSE(Endpoint::parse(text)) << text;
}

TEST(SocketAddress, IsWhatTheKernelTakesAndGives) {
  for (const char* text : {"127.0.0.1", "::1"}) {
    const Address address = Address::parse(text).value();
    const FileDescriptor socket(::socket(domain_of(address.family), SOCK_STREAM | SOCK_CLOEXEC, 0));
    const SocketAddress asked({address, 0});
    if (::bind(socket.get(), asked.get(), asked.size()) != 0) continue;  // there is no IPv6
    SocketAddress given;
    ASSERT_EQ(::getsockname(socket.get(), given.space(), given.space_size()), 0);
    EXPECT_EQ(given.size(), asked.size());
    EXPECT_EQ(address_in(given.get()), address);
  }
}

TEST(SocketAddress, KeepsPortAndInterface) {
  const Endpoint endpoint{Address::parse("fe80::1%lo").value(), 8080};
  const auto theirs = SocketAddress(endpoint).as<boost::asio::ip::tcp::endpoint>();
  EXPECT_EQ(theirs.port(), 8080);
  EXPECT_EQ(theirs.address().to_string(), "fe80::1%lo");
  EXPECT_EQ(address_in(theirs.data()), endpoint.address);
}

TEST(SocketAddress, HasNoAddressOfAnotherFamily) {
  const sockaddr local{.sa_family = AF_UNIX, .sa_data = {}};
  EXPECT_EQ(address_in(&local), std::nullopt);
}

}  // namespace
}  // namespace hlb
