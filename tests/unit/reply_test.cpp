// DNS messages, good, hostile and broken.
#include "discovery/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/unit/name_server.h"

namespace hlb::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

Reply reply_for(int type) {
  return Reply(query("app.test", type));
}

std::vector<std::string> texts(const DnsAnswer& answer) {
  std::vector<std::string> texts;
  for (const Address& address : answer.addresses)
    texts.push_back(address.to_string());
  return texts;
}

TEST(DnsReply, GivesAddressesSortedAndEachOnce) {
  const Reply reply =
      reply_for(ns_t_a).address(60, "10.0.0.9").address(60, "10.0.0.1").address(60, "10.0.0.9");
  const DnsAnswer answer = read_reply(RecordType::a, reply.bytes());
  EXPECT_EQ(answer.result, DnsAnswer::Result::records);
  EXPECT_THAT(texts(answer), ElementsAre("10.0.0.1", "10.0.0.9"));
  EXPECT_EQ(answer.ttl, 60s);
}

TEST(DnsReply, GivesIpv6Addresses) {
  const Reply reply = reply_for(ns_t_aaaa).address(5, "fd99::1").address(5, "fd77::1");
  EXPECT_THAT(texts(read_reply(RecordType::aaaa, reply.bytes())),
              ElementsAre("fd77::1", "fd99::1"));
}

TEST(DnsReply, LivesAsLongAsTheRecordThatGoesFirstAliasesIncluded) {
  const Reply reply =
      reply_for(ns_t_a).add(ns_t_cname, 7, wire_name("other.test")).address(60, "10.0.0.1");
  const DnsAnswer answer = read_reply(RecordType::a, reply.bytes());
  EXPECT_THAT(texts(answer), ElementsAre("10.0.0.1"));
  EXPECT_EQ(answer.ttl, 7s);
}

TEST(DnsReply, LivesForADayAtMost) {
  const Reply reply = reply_for(ns_t_a).address(0xffffffff, "10.0.0.1");
  EXPECT_EQ(read_reply(RecordType::a, reply.bytes()).ttl, 24h);
}

TEST(DnsReply, GivesTargetsInTheOrderOfTheirPriority) {
  const Reply reply = reply_for(ns_t_srv)
                          .srv(9, 20, 1, 8082, wire_name("b.test"))
                          .srv(9, 10, 5, 8081, wire_name("A.Test"));
  EXPECT_THAT(read_reply(RecordType::srv, reply.bytes()).targets,
              ElementsAre(SrvTarget{10, 5, "a.test", 8081}, SrvTarget{20, 1, "b.test", 8082}));
}

TEST(DnsReply, LeavesOutAddressesThatNoBackendCanHave) {
  const Reply ipv4 = reply_for(ns_t_a)
                         .address(1, "0.0.0.0")
                         .address(1, "224.0.0.1")
                         .address(1, "255.255.255.255")
                         .address(1, "127.0.0.1");
  EXPECT_THAT(texts(read_reply(RecordType::a, ipv4.bytes())), ElementsAre("127.0.0.1"));
  const Reply ipv6 = reply_for(ns_t_aaaa)
                         .address(1, "::")
                         .address(1, "ff02::1")
                         .address(1, "fe80::1")
                         .address(1, "::ffff:10.0.0.1");
  EXPECT_EQ(read_reply(RecordType::aaaa, ipv6.bytes()).result, DnsAnswer::Result::none);
}

TEST(DnsReply, LeavesOutTargetsThatAreNoHostnames) {
  const Bytes with_dot_in_label = {3, 'a', '.', 'b', 0};
  const Bytes with_space = {3, 'a', ' ', 'b', 0};
  const Bytes with_zero = {3, 'a', 0, 'b', 0};
  const Reply reply = reply_for(ns_t_srv)
                          .srv(9, 1, 1, 1, wire_name(""))
                          .srv(9, 1, 1, 1, with_dot_in_label)
                          .srv(9, 1, 1, 1, with_space)
                          .srv(9, 1, 1, 1, with_zero)
                          .srv(9, 1, 1, 1, {})
                          .srv(9, 1, 1, 1, {0xc0, 0xff})   // a name behind the end
                          .srv(9, 1, 1, 1, {0xc0, 0x0c});  // the question's own: app.test
  EXPECT_THAT(read_reply(RecordType::srv, reply.bytes()).targets,
              ElementsAre(SrvTarget{1, 1, "app.test", 1}));
}

TEST(DnsReply, LeavesOutRecordsOfOtherTypesAndWrongSizes) {
  const Reply reply =
      reply_for(ns_t_a).add(ns_t_a, 1, {10, 0, 0}).add(ns_t_a, 1, Bytes(16)).address(1, "fd99::1");
  const DnsAnswer answer = read_reply(RecordType::a, reply.bytes());
  EXPECT_EQ(answer.result, DnsAnswer::Result::none);
  EXPECT_FALSE(answer.reason.empty());
  EXPECT_THAT(answer.addresses, IsEmpty());
}

TEST(DnsReply, WithoutRecordsSaysThatThereAreNone) {
  EXPECT_EQ(read_reply(RecordType::a, reply_for(ns_t_a).bytes()).result, DnsAnswer::Result::none);
}

TEST(DnsReply, IsUsedUpToABoundOfTargets) {
  Reply reply = reply_for(ns_t_srv);
  for (std::uint16_t i = 0; i < 2000; ++i)
    reply.srv(9, static_cast<std::uint16_t>(2000 - i), 1, 1, {0xc0, 0x0c});
  const DnsAnswer answer = read_reply(RecordType::srv, reply.bytes());
  ASSERT_EQ(answer.targets.size(), kMostTargets);
  EXPECT_EQ(answer.targets.front().priority, 1);
}

TEST(DnsReply, ThatEndsAnywhereIsNotUnderstood) {
  const Bytes whole = reply_for(ns_t_srv)
                          .srv(9, 1, 1, 1, wire_name("a.test"))
                          .srv(9, 1, 1, 1, wire_name("b.test"))
                          .bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(read_reply(RecordType::srv, cut).result, DnsAnswer::Result::failed) << size;
  }
}

TEST(DnsReply, OfAnyBytesIsReadWithinItsBounds) {
  std::mt19937 random(7);
  const Bytes whole = reply_for(ns_t_srv)
                          .srv(9, 1, 1, 1, wire_name("a.test"))
                          .srv(9, 1, 1, 1, {0xc0, 0x0c})
                          .bytes();
  for (int i = 0; i < 20'000; ++i) {
    Bytes changed = whole;
    for (int k = 0; k < 4; ++k)
      changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    const DnsAnswer answer = read_reply(RecordType::srv, changed);
    for (const SrvTarget& target : answer.targets)
      EXPECT_EQ(target.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_."),
                std::string::npos);
  }
}

}  // namespace
}  // namespace hlb::discovery
