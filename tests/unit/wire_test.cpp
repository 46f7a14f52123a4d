// The D-Bus bytes of a peer lookup, held against sd-bus where it can judge them.
#include "libnss_hlb/wire.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libnss_hlb/bus.h"
#include "libnss_hlb/bytes.h"
#include "libnss_hlb/message.h"

namespace hlb::wire {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Kind = Reply::Kind;

constexpr std::string_view kOk = "OK 0123456789abcdef0123456789abcdef\r\n";

// Builds what a server sends.
class Server {
 public:
  Server& text(std::string_view text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }

  // A message with the fields and the body given as bytes.
  Server& message(std::uint8_t type, const Bytes& fields, const Bytes& body) {
    Bytes head = {'l', type, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0};
    store(head.data() + 4, static_cast<std::uint32_t>(body.size()));
    store(head.data() + 12, static_cast<std::uint32_t>(fields.size()));
    head.insert(head.end(), fields.begin(), fields.end());
    head.resize((head.size() + 7) / 8 * 8);
    bytes_.insert(bytes_.end(), head.begin(), head.end());
    bytes_.insert(bytes_.end(), body.begin(), body.end());
    return *this;
  }

  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

Bytes reply_fields(std::uint32_t serial) {
  Bytes fields = {5, 1, 'u', 0, 0, 0, 0, 0, 8, 1, 'g', 0, 2, 'a', 'y', 0};
  store(fields.data() + 4, serial);
  return fields;
}

Bytes error_fields(std::string_view name) {
  Bytes fields = {5, 1, 'u', 0, 1, 0, 0, 0, 4, 1, 's', 0, 0, 0, 0, 0};
  store(fields.data() + 12, static_cast<std::uint32_t>(name.size()));
  fields.insert(fields.end(), name.begin(), name.end());
  fields.push_back(0);
  return fields;
}

const Bytes kArray = {3, 0, 0, 0, 0xaa, 0xbb, 0xcc};

TEST(Wire, AReplyGivesItsRecord) {
  const Server server = Server().text(kOk).message(2, reply_fields(1), kArray);
  const Reply reply = parse_reply(server.bytes());
  ASSERT_EQ(reply.kind, Kind::record);
  EXPECT_EQ(Bytes(reply.record.begin(), reply.record.end()), (Bytes{0xaa, 0xbb, 0xcc}));
}

TEST(Wire, EveryPartOfAReplyIsIncompleteAndAsksForMore) {
  const Server server = Server().text(kOk).message(2, reply_fields(1), kArray);
  for (std::size_t size = 0; size < server.bytes().size(); ++size) {
    const Reply reply = parse_reply(std::span(server.bytes()).first(size));
    EXPECT_EQ(reply.kind, Kind::incomplete) << size;
    EXPECT_GT(reply.needed, size);
    EXPECT_LE(reply.needed, server.bytes().size());
  }
}

TEST(Wire, MessagesThatAnswerSomethingElseAreSkipped) {
  const Server server =
      Server().text(kOk).message(2, reply_fields(7), kArray).message(2, reply_fields(1), kArray);
  EXPECT_EQ(parse_reply(server.bytes()).kind, Kind::record);
}

TEST(Wire, AServerThatTalksOfSomethingElseForLongIsRefused) {
  Server server = Server().text(kOk);
  for (int i = 0; i < 100; ++i)
    server.message(2, reply_fields(7), {});
  EXPECT_EQ(parse_reply(server.message(2, reply_fields(1), kArray).bytes()).kind, Kind::refused);
}

TEST(Wire, NoSuchServiceIsToldApartFromOtherErrors) {
  const Server unknown = Server().text(kOk).message(3, error_fields(bus::kNoSuchService), {});
  EXPECT_EQ(parse_reply(unknown.bytes()).kind, Kind::no_such_service);
  const Server other = Server().text(kOk).message(3, error_fields("org.example.Error"), {});
  EXPECT_EQ(parse_reply(other.bytes()).kind, Kind::refused);
}

TEST(Wire, WhatIsNoReplyIsRefused) {
  const std::string endless(100, 'x');
  EXPECT_EQ(parse_reply(Server().text("REJECTED ANONYMOUS\r\n").bytes()).kind, Kind::refused);
  EXPECT_EQ(parse_reply(Server().text("HTTP/1.1 400 Bad Request\r\n").bytes()).kind, Kind::refused);
  EXPECT_EQ(parse_reply(Server().text(endless).bytes()).kind, Kind::refused);
  EXPECT_EQ(parse_reply(Server().text(kOk).text(endless).bytes()).kind, Kind::refused);
}

TEST(Wire, AMessageLargerThanAnyRecordIsRefusedBeforeItArrives) {
  const Server server = Server().text(kOk).message(2, reply_fields(1), {});
  Bytes bytes = server.bytes();
  store(bytes.data() + kOk.size() + 4, 0x7fffffffU);
  EXPECT_EQ(parse_reply(bytes).kind, Kind::refused);
}

// Where a size has 32 bits, the sum of the two would be 16.
TEST(Wire, SizesThatOverflowTogetherAreRefused) {
  Bytes head = {'l', 2, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0};
  store(head.data() + 4, 0x80000000U);
  store(head.data() + 12, 0x80000000U);
  EXPECT_EQ(message::measure(head), 0U);
}

TEST(Wire, AnArrayLongerThanItsMessageIsRefused) {
  Bytes array = kArray;
  array[0] = 200;
  const Server server = Server().text(kOk).message(2, reply_fields(1), array);
  EXPECT_EQ(parse_reply(server.bytes()).kind, Kind::refused);
}

TEST(Wire, TheLongestNameFitsTheRequest) {
  const Request request{Name(std::string(kMaxNameLength, 'a'))};
  const std::string_view text(reinterpret_cast<const char*>(request.bytes().data()),
                              request.bytes().size());
  EXPECT_EQ(text[0], '\0');
  EXPECT_TRUE(text.ends_with(std::string(kMaxNameLength, 'a') + '\0'));
}

}  // namespace
}  // namespace hlb::wire
