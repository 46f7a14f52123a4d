// The pure part of the sort scores, rule by rule. Against real glibc: integration/sort_order.cpp.
#include "publish/sort_score.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <string>

namespace hlb::publish {
namespace {

Address at(const std::string& text) {
  Address address;
  const bool ipv6 = text.find(':') != std::string::npos;
  address.family = ipv6 ? Address::Family::ipv6 : Address::Family::ipv4;
  EXPECT_EQ(1, inet_pton(ipv6 ? AF_INET6 : AF_INET, text.c_str(), address.bytes.data())) << text;
  return address;
}

network::SourceAddress source(const std::string& text, std::uint8_t prefix_length) {
  return {.address = at(text), .prefix_length = prefix_length, .native = true};
}

std::uint32_t score(const std::string& destination, const network::SourceAddress& from) {
  return sort_score(at(destination), from);
}

std::uint32_t unreachable(const std::string& destination) {
  return sort_score(at(destination), std::nullopt);
}

TEST(SortScore, PutsTheAddressNearestToTheHostsOwnFirst) {
  const network::SourceAddress own = source("10.99.0.77", 24);
  EXPECT_GT(score("10.99.0.77", own), score("10.99.0.76", own));
  EXPECT_GT(score("10.99.0.76", own), score("10.99.0.79", own));
  EXPECT_GT(score("10.99.0.79", own), score("10.99.0.200", own));
  EXPECT_EQ(score("10.99.0.200", own), score("10.99.0.201", own));
}

TEST(SortScore, TreatsIpv4AddressesOutsideTheSubnetAlike) {
  const network::SourceAddress own = source("10.99.0.77", 24);
  EXPECT_EQ(score("10.99.1.77", own), score("8.8.8.8", own));
  EXPECT_GT(score("10.99.0.200", own), score("10.99.1.77", own));
}

TEST(SortScore, CountsTheWholeAddressOfASourceWithoutAPrefixLength) {
  const network::SourceAddress own = source("10.99.0.77", 0);
  EXPECT_GT(score("10.99.0.77", own), score("10.99.0.76", own));
  EXPECT_EQ(score("10.99.0.76", own), score("8.8.8.8", own));
}

TEST(SortScore, ComparesIpv6PrefixesWhateverTheSubnet) {
  const network::SourceAddress own = source("2001:db8:1::5", 64);
  EXPECT_GT(score("2001:db8:1:2::1", own), score("2001:db8:8000::1", own));
  EXPECT_GT(score("2001:db8:8000::1", own), score("2600::1", own));
  EXPECT_GT(score("2001:db8:1::5", own), score("2001:db8:1::4", own));
}

TEST(SortScore, PutsEveryReachableAddressBeforeTheUnreachable) {
  const network::SourceAddress poor = {.address = at("127.0.0.1"), .deprecated = true};
  EXPECT_GT(score("8.8.8.8", poor), unreachable("127.0.0.1"));
  EXPECT_GT(score("2002::1", {.address = at("::1"), .deprecated = true}), unreachable("::1"));
}

TEST(SortScore, OrdersUnreachableAddressesByPrecedenceAndThenByScope) {
  EXPECT_GT(unreachable("::1"), unreachable("2600::1"));
  EXPECT_GT(unreachable("2600::1"), unreachable("2002::1"));
  EXPECT_GT(unreachable("fe80::1"), unreachable("2600::1"));
  EXPECT_EQ(unreachable("fd00::1"), unreachable("2600::1"));
  EXPECT_EQ(unreachable("10.0.0.1"), unreachable("8.8.8.8"));
}

TEST(SortScore, PrefersADestinationInTheScopeOfItsSource) {
  const network::SourceAddress global = source("10.99.0.77", 24);
  EXPECT_GT(score("8.8.8.8", global), score("169.254.0.1", global));
  EXPECT_GT(score("169.254.0.1", source("169.254.9.9", 16)), score("8.8.8.8", global));
}

TEST(SortScore, AvoidsADeprecatedSourceBeforeItLooksAtLabels) {
  network::SourceAddress deprecated = source("2001:db8::5", 64);
  deprecated.deprecated = true;
  const network::SourceAddress other_label = source("fd99::77", 64);
  EXPECT_GT(score("2600::1", other_label), score("2001:db8::6", deprecated));
}

TEST(SortScore, PrefersAHomeAddress) {
  network::SourceAddress home = source("2001:db8::5", 64);
  home.home = true;
  EXPECT_GT(score("2600::1", home), score("2001:db8::6", source("2001:db8::5", 64)));
}

TEST(SortScore, PrefersADestinationWithTheLabelOfItsSource) {
  const network::SourceAddress local = source("fd99::77", 64);
  EXPECT_GT(score("fd00::1", local), score("2600::1", local));
  EXPECT_GT(score("2600::1", source("2001:db8::5", 64)), score("2600::1", local));
  EXPECT_GT(score("2600::1", source("2001:db8::5", 64)), score("2001::1", local));  // Teredo
}

TEST(SortScore, AvoidsATunnelBeforeItLooksAtThePrefix) {
  network::SourceAddress tunnel = source("10.50.0.1", 24);
  tunnel.native = false;
  EXPECT_GT(score("8.8.8.8", source("10.99.0.77", 24)), score("10.50.0.2", tunnel));
}

TEST(SortScore, PrefersTheSmallerScopeBeforeItLooksAtThePrefix) {
  EXPECT_GT(score("127.9.9.9", source("127.0.0.1", 8)),
            score("10.99.0.77", source("10.99.0.77", 24)));
  EXPECT_GT(score("fe80::9", source("fe80::1", 64)),
            score("2001:db8::5", source("2001:db8::5", 64)));
}

TEST(SortScores, FindLoopbackReachableAndItsOwnAddressNearest) {
  SortScores scores;
  scores.refresh();
  EXPECT_GT(scores.of(at("127.0.0.1")), scores.of(at("127.0.0.2")));
  EXPECT_GT(scores.of(at("127.0.0.2")), scores.of(at("255.255.255.255")));
}

TEST(SortScores, GiveTheSameAnswerBeforeAndAfterARefresh) {
  SortScores scores;
  const std::uint32_t before = scores.of(at("127.0.0.2"));
  EXPECT_EQ(before, scores.of(at("127.0.0.2")));
  scores.refresh();
  EXPECT_EQ(before, scores.of(at("127.0.0.2")));
}

}  // namespace
}  // namespace hlb::publish
