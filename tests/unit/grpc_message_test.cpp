#include "probes/grpc/message.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace hlb::probes {
namespace {

using namespace std::string_literals;

std::string framed(const std::string& message) {
  return "\0\0\0\0"s + static_cast<char>(message.size()) + message;
}

HealthReply status_in(const std::string& message) {
  return health_check_reply(framed(message));
}

TEST(GrpcMessage, ARequestNamesItsService) {
  EXPECT_EQ(health_check_request(""), "\0\0\0\0\0"s);
  EXPECT_EQ(health_check_request("app.v1"), "\0\0\0\0\x08\x0a\x06"s + "app.v1");
  const std::string longer(200, 'x');
  EXPECT_EQ(health_check_request(longer), "\0\0\0\0\xcb\x0a\xc8\x01"s + longer);
}

TEST(GrpcMessage, AReplyHasAStatus) {
  EXPECT_EQ(status_in("\x08\x01"), ServingStatus::serving);
  EXPECT_EQ(status_in("\x08\x02"), ServingStatus::not_serving);
  EXPECT_EQ(status_in("\x08\x03"), ServingStatus::service_unknown);
  EXPECT_EQ(status_in("\x08\x80\x02"), static_cast<ServingStatus>(256));
}

TEST(GrpcMessage, AStatusThatIsAbsentIsUnknown) {
  EXPECT_EQ(status_in(""), ServingStatus::unknown);
  EXPECT_EQ(status_in("\x08\x00"s), ServingStatus::unknown);
}

TEST(GrpcMessage, TheLastOfTwoStatusesCounts) {
  EXPECT_EQ(status_in("\x08\x02\x08\x01"), ServingStatus::serving);
}

TEST(GrpcMessage, OtherFieldsAreSkipped) {
  const std::vector<std::string> others = {
      "\x10\x96\x01",  // 2, a varint
      "\x19"
      "12345678",  // 3, eight bytes
      "\x22\x03"
      "abc",  // 4, bytes
      "\x2d"
      "1234",              // 5, four bytes
      "\x0a\x02\x08\x02",  // 1, but as bytes
  };
  for (const std::string& other : others) {
    EXPECT_EQ(status_in(other + "\x08\x01"), ServingStatus::serving) << other;
    EXPECT_EQ(status_in("\x08\x01" + other), ServingStatus::serving) << other;
  }
}

TEST(GrpcMessage, WhatIsNoMessageIsRefused) {
  const std::vector<std::string> messages = {
      "\x08",                                     // no value
      "\x08\xff",                                 // half of one
      "\x08" + std::string(10, '\xff') + "\x01",  // one over ten bytes
      "\x19"
      "1234567",  // seven of eight bytes
      "\x22\x04"
      "abc",                                           // three of four bytes
      "\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  // three of very many
      "\x2d"
      "123",   // three of four
      "\x0b",  // a group
      "\x0e",  // no such type
  };
  for (const std::string& message : messages) {
    const HealthReply reply = health_check_reply(framed(message));
    ASSERT_FALSE(reply) << message;
    EXPECT_EQ(reply.error(), "the reply is no HealthCheckResponse");
  }
}

TEST(GrpcMessage, WhatIsNotFramedIsRefused) {
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"", "the reply is empty"},
      {"\0\0\0\0"s, "the reply is broken off"},
      {"\0\0\0\0\x02\x08"s, "the reply is broken off"},
      {"\0\xff\xff\xff\xff\x08\x01"s, "the reply is broken off"},
      {"\0\0\0\0\x02\x08\x01\0\0\0\0\x02\x08\x01"s, "more than one reply"},
      {"\x01\0\0\0\x02\x08\x01"s, "the reply is compressed"},
      {"\x02\0\0\0\x02\x08\x01"s, "the reply is not framed as gRPC's"},
  };
  for (const auto& [body, fault] : bodies) {
    const HealthReply reply = health_check_reply(body);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error(), fault);
  }
}

}  // namespace
}  // namespace hlb::probes
