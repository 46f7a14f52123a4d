#include "fleet/etcd/messages.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "fleet/etcd/member_endpoint.h"

namespace hlb::fleet::etcd {
namespace {

using namespace std::string_literals;

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value > 0x7f; value >>= 7U)
    bytes += static_cast<char>(value | 0x80U);
  return bytes + static_cast<char>(value);
}

std::string number_field(std::uint64_t tag, std::uint64_t value) {
  return varint(tag << 3U) + varint(value);
}

std::string bytes_field(std::uint64_t tag, const std::string& bytes) {
  return varint(tag << 3U | 2U) + varint(bytes.size()) + bytes;
}

const std::string kHead = bytes_field(1, number_field(1, 77) + number_field(3, 1000));
const Stand kStand{.cluster = 77, .revision = 1000};

std::string key_value(const std::string& key, const std::string& value, std::uint64_t revision) {
  return bytes_field(1, key) + number_field(3, revision) + bytes_field(5, value);
}

TEST(EtcdMessages, ThePrefixEndsBeforeTheNextKey) {
  EXPECT_EQ(end_of_prefix("/hlb/"), "/hlb0");
  EXPECT_EQ(end_of_prefix("a\xff"), "b");
  EXPECT_EQ(end_of_prefix("\xff\xff"), "\0"s);
  EXPECT_EQ(end_of_prefix(""), "\0"s);
}

TEST(EtcdMessages, ARangeIsAskedFor) {
  EXPECT_EQ(range_request("a", "b", 1000, 7),
            bytes_field(1, "a") + bytes_field(2, "b") + number_field(3, 1000) + number_field(4, 7));
  EXPECT_EQ(range_request("", "\0"s, 1, 0).substr(0, 3), "\x0a\x01\0"s);
}

TEST(EtcdMessages, ATransactionHasConditionsAndWrites) {
  Transaction transaction;
  transaction.only_if = {{.key = "k", .revision = 0}};
  transaction.writes = {{.key = "k", .value = "v", .lease = 9},
                        {.key = "d", .value = std::nullopt}};
  const std::string compare = number_field(2, 2) + bytes_field(3, "k") + number_field(6, 0);
  const std::string put = bytes_field(1, "k") + bytes_field(2, "v") + number_field(3, 9);
  // protozero writes the length of a part in five bytes, which any reader takes.
  const std::string request = txn_request(transaction);
  for (const std::string& part : {compare, put, bytes_field(1, "d")})
    EXPECT_NE(request.find(part), std::string::npos);
}

TEST(EtcdMessages, ARangeIsRead) {
  const auto reply = read_range(kHead + bytes_field(2, key_value("/a", "1", 900)) +
                                bytes_field(2, key_value("/b", "", 901)) + number_field(3, 1));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->stand, kStand);
  EXPECT_TRUE(reply->more);
  EXPECT_EQ(reply->keys, (std::vector<Change>{{.key = "/a", .value = "1", .revision = 900},
                                              {.key = "/b", .value = "", .revision = 901}}));
}

TEST(EtcdMessages, OfALongValueTheBeginningIsRead) {
  const std::string value(kMaxValue + 2, 'x');
  const auto reply = read_range(kHead + bytes_field(2, key_value("/a", value, 900)));
  ASSERT_TRUE(reply && reply->keys.size() == 1);
  EXPECT_EQ(reply->keys.front().value, value.substr(1));
}

TEST(EtcdMessages, NewsAreRead) {
  const std::string put = bytes_field(11, bytes_field(2, key_value("/a", "1", 999)));
  const std::string deletion =
      bytes_field(11, number_field(1, 1) + bytes_field(2, key_value("/b", "", 1000)));
  const auto news = read_watch(kHead + put + deletion + number_field(7, 1));
  ASSERT_TRUE(news);
  EXPECT_TRUE(news->fragment);
  EXPECT_FALSE(news->created || news->canceled);
  EXPECT_EQ(news->changes,
            (std::vector<Change>{{.key = "/a", .value = "1", .revision = 999},
                                 {.key = "/b", .value = std::nullopt, .revision = 1000}}));
  const auto end =
      read_watch(kHead + number_field(4, 1) + number_field(5, 950) + bytes_field(6, "why"));
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->canceled);
  EXPECT_EQ(end->compacted, 950);
  EXPECT_EQ(end->reason, "why");
}

TEST(EtcdMessages, OtherRepliesAreRead) {
  EXPECT_TRUE(read_txn(kHead + number_field(2, 1)).value().done);
  EXPECT_FALSE(read_txn(kHead).value().done);
  EXPECT_EQ(read_txn(kHead).value().stand, kStand);
  const Lease lease = read_lease(kHead + number_field(2, 123) + number_field(3, 10)).value();
  EXPECT_EQ(lease.id, 123);
  EXPECT_EQ(lease.left, std::chrono::seconds(10));
  const auto members = read_members(
      kHead +
      bytes_field(2, number_field(1, 5) + bytes_field(2, "etcd1") + bytes_field(3, "http://peer") +
                         bytes_field(4, "http://a") + bytes_field(4, "http://b")));
  ASSERT_EQ(members.value().size(), 1U);
  EXPECT_EQ(members->front().name, "etcd1");
  EXPECT_EQ(members->front().urls, (std::vector<std::string>{"http://a", "http://b"}));
}

TEST(EtcdMessages, WhatIsNoMessageIsRefused) {
  const std::vector<std::string> messages = {
      "\x0a",                            // no length
      "\x0a\x05"s + "abc",               // three of five bytes
      "\x12\xff\xff\xff\xff\x0f",        // three of very many
      "\x18",                            // no value
      "\x18" + std::string(11, '\xff'),  // one over ten bytes
      "\x07",                            // no such type
      bytes_field(2, "\x0a\x7fx"),       // a key that is broken off within
      bytes_field(11, bytes_field(2, "\x0a\x7fx")),
  };
  for (const std::string& message : messages)
    EXPECT_FALSE(read_range(message) && read_watch(message)) << message;
}

TEST(EtcdMessages, AFewBytesMakeNoManyGigabytes) {
  const auto very_many = [](const std::string& field) {
    std::string message;
    while (message.size() < 4'000'000)
      message += field;
    return message;
  };
  const std::string keys = very_many(bytes_field(2, ""));
  EXPECT_FALSE(read_range(keys));
  EXPECT_FALSE(read_members(keys));
  EXPECT_FALSE(read_watch(very_many(bytes_field(11, ""))));
}

TEST(MemberEndpoint, IsASchemeAHostAndAPort) {
  const auto parsed = [](std::string_view text) { return MemberEndpoint::parse(text); };
  EXPECT_EQ(parsed("https://Etcd1:2380"), (MemberEndpoint{true, "etcd1", 2380}));
  EXPECT_EQ(parsed("http://10.0.0.1"), (MemberEndpoint{false, "10.0.0.1", 2379}));
  EXPECT_EQ(parsed("https://[fd99::1]:2379/"), (MemberEndpoint{true, "fd99::1", 2379}));
  EXPECT_EQ(parsed("https://[fd99::1]:2379")->name(), "[fd99::1]:2379");
  EXPECT_EQ(parsed("http://etcd1.internal")->name(), "etcd1.internal:2379");
  for (const auto* text : {"", "etcd1:2379", "ftp://etcd1", "http://", "http://a b", "http://a:0",
                           "http://a:x", "http://a:70000", "https://a/b", "http://a:1:2"})
    EXPECT_EQ(parsed(text), std::nullopt) << text;
}

}  // namespace
}  // namespace hlb::fleet::etcd
