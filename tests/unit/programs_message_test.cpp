// The messages between hlbd and hlb-programs, and what is none.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "programs/message.h"

namespace hlb::programs {
namespace {

using namespace std::chrono_literals;

RunRequest request() {
  return {.id = 7,
          .program = {.arguments = {"/bin/check", "", "a b"},
                      .environment = {"HLB_PORT=1"},
                      .user = "nobody",
                      .timeout = 1500ms,
                      .output_limit = 9}};
}

Bytes bytes_of(const Message& message) {
  return encode(message).value();
}

bool refuses(const std::function<void(Program&)>& change) {
  RunRequest changed = request();
  change(changed.program);
  return !encode(changed).has_value();
}

TEST(ProgramsMessage, ARequestArrivesAsItWasSent) {
  const Message message = decode(bytes_of(request())).value();
  const auto& arrived = std::get<RunRequest>(message);
  EXPECT_EQ(arrived.id, 7U);
  EXPECT_EQ(arrived.program.arguments, request().program.arguments);
  EXPECT_EQ(arrived.program.environment, request().program.environment);
  EXPECT_EQ(arrived.program.user, "nobody");
  EXPECT_EQ(arrived.program.timeout, 1500ms);
  EXPECT_EQ(arrived.program.output_limit, 9U);
}

TEST(ProgramsMessage, AReplyAndACancelArriveAsTheyWereSent) {
  const Ending ending{Ending::How::not_started, Ending::Step::user, 13};
  const Message message = decode(bytes_of(RunReply{1, ending, std::string("a\0b", 3), -5})).value();
  const auto& reply = std::get<RunReply>(message);
  EXPECT_EQ(reply.id, 1U);
  EXPECT_EQ(reply.ending, ending);
  EXPECT_EQ(reply.time_up, -5);
  EXPECT_EQ(reply.output, std::string("a\0b", 3));
  EXPECT_EQ(std::get<Cancel>(decode(bytes_of(Cancel{1ULL << 63U})).value()).id, 1ULL << 63U);
}

TEST(ProgramsMessage, NothingBeyondItsLimitsIsSent) {
  EXPECT_FALSE(refuses([](Program&) {}));
  EXPECT_TRUE(refuses([](Program& program) { program.arguments.clear(); }));
  EXPECT_TRUE(refuses([](Program& program) { program.arguments.front() = "check"; }));
  EXPECT_TRUE(refuses([](Program& program) { program.arguments.back() = std::string("a\0", 2); }));
  EXPECT_TRUE(refuses([](Program& program) { program.arguments.resize(kMaxWords); }));
  EXPECT_TRUE(refuses([](Program& program) { program.arguments.back().resize(kMaxMessage, 'x'); }));
  EXPECT_TRUE(refuses([](Program& program) { program.user = std::string(kMaxUser + 1, 'x'); }));
  EXPECT_TRUE(refuses([](Program& program) { program.timeout = 0ms; }));
  EXPECT_TRUE(refuses([](Program& program) { program.timeout = kMaxTimeout + 1ms; }));
  EXPECT_TRUE(refuses([](Program& program) { program.output_limit = kMaxOutput + 1; }));
  EXPECT_FALSE(encode(RunReply{1, {}, std::string(kMaxOutput + 1, 'x'), 0}));
}

TEST(ProgramsMessage, WhatIsCutOffOrGoesOnIsNone) {
  const std::vector<Message> messages = {request(), Cancel{1}, RunReply{1, {}, "output", 0}};
  for (const Message& message : messages) {
    Bytes bytes = bytes_of(message);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(decode(std::span(bytes).first(size))) << size;
    bytes.push_back(0);
    EXPECT_FALSE(decode(bytes));
  }
}

// Whatever it says of sizes and counts: either a message within its limits, or none.
TEST(ProgramsMessage, NoDamagedByteBreaksTheReader) {
  const std::vector<Message> messages = {request(), Cancel{1}, RunReply{1, {}, "output", 0}};
  for (const Message& message : messages) {
    const Bytes whole = bytes_of(message);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        Bytes damaged = whole;
        damaged[at] = static_cast<std::uint8_t>(value);
        const auto read = decode(damaged);
        EXPECT_TRUE(!read || encode(*read)) << at;
      }
    }
  }
}

TEST(ProgramsMessage, AnotherVersionOrKindIsNone) {
  Bytes bytes = bytes_of(Cancel{1});
  ++bytes.at(0);
  EXPECT_FALSE(decode(bytes));
  bytes = bytes_of(Cancel{1});
  bytes.at(1) = 0;
  EXPECT_FALSE(decode(bytes));
  EXPECT_FALSE(decode({}));
}

}  // namespace
}  // namespace hlb::programs
