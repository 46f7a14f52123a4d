#include "connections/message.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace hlb::connections {
namespace {

Doomed doomed(std::uint8_t last, std::uint16_t port = 80) {
  Doomed result{.peer = {network::sock_diag::kAnyIpv4, port}, .silent_since = 5, .idle_ms = 7};
  result.peer.address.back() = last;
  return result;
}

TEST(EndMessages, AreReadAsTheyWereWritten) {
  const auto request = decode_request(encode(EndRequest{3, {doomed(1), doomed(2, 443)}}));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->id, 3U);
  EXPECT_EQ(request->doomed, (std::vector{doomed(1), doomed(2, 443)}));
  const auto reply = decode_reply(encode(EndReply{4, 95, {1, 0, 7}}));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->id, 4U);
  EXPECT_EQ(reply->error, 95);
  EXPECT_EQ(reply->ended, (std::vector<std::uint32_t>{1, 0, 7}));
}

TEST(EndMessages, MayAskForNothing) {
  const auto request = decode_request(encode(EndRequest{1, {}}));
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->doomed.empty());
}

TEST(EndMessages, AreRefusedUnlessTheyAreWhole) {
  const helpers::Bytes request = encode(EndRequest{3, {doomed(1)}});
  const helpers::Bytes reply = encode(EndReply{3, 0, {1}});
  for (std::size_t size = 0; size < request.size(); ++size)
    EXPECT_FALSE(decode_request(std::span(request).first(size))) << size;
  for (std::size_t size = 0; size < reply.size(); ++size)
    EXPECT_FALSE(decode_reply(std::span(reply).first(size))) << size;
  helpers::Bytes longer = request;
  longer.push_back(0);
  EXPECT_FALSE(decode_request(longer));
  EXPECT_FALSE(decode_request(reply));
  EXPECT_FALSE(decode_reply(request));
  helpers::Bytes newer = request;
  ++newer.front();
  EXPECT_FALSE(decode_request(newer));
}

TEST(EndMessages, HaveLimits) {
  EXPECT_TRUE(decode_request(encode(EndRequest{1, std::vector(kMostDoomed, doomed(1))})));
  EXPECT_FALSE(decode_request(encode(EndRequest{1, std::vector(kMostDoomed + 1, doomed(1))})));
  EXPECT_FALSE(decode_request(encode(EndRequest{1, {doomed(1, 0)}})));
  Doomed before_time = doomed(1);
  before_time.silent_since = -1;
  EXPECT_FALSE(decode_request(encode(EndRequest{1, {before_time}})));
  EXPECT_FALSE(decode_reply(encode(EndReply{1, -1, {}})));
}

}  // namespace
}  // namespace hlb::connections
