// Calls of gRPC with servers of every kind, as bytes.
#include "rpc/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "tests/unit/http2_frames.h"

namespace hlb::rpc {
namespace {

using namespace std::string_literals;
using http2::frame;
using http2::Type;
using Strings = std::vector<std::string>;

constexpr std::uint32_t kCancel = 8;

struct RecordedCall final : RpcCall {
  void take(std::string_view message) override { messages.emplace_back(message); }
  void end(RpcEnd its_end) override {
    EXPECT_FALSE(ended) << "twice";
    ended = std::move(its_end);
  }

  Strings messages;
  std::optional<RpcEnd> ended;
};

std::string reset(std::uint32_t stream, std::uint32_t error = kCancel) {
  return frame(Type::rst_stream, 0, stream, http2::number(error));
}

// One call, and one that goes on and on.
class RpcSessionTest : public testing::Test {
 protected:
  RpcSessionTest() {
    once_at_ = session_.start({.path = "/a.B/C", .message = "ask", .metadata = {}}, once_);
    ever_at_ = session_.start(
        {.path = "/a.B/D", .message = "go", .more = true, .metadata = {{"hasleader", "true"}}},
        ever_);
    begin_ = session_.output();
    session_.take(http2::settings());
    session_.output();
  }

  RpcSession session_{"etcd1:2379", true};
  RecordedCall once_;
  RecordedCall ever_;
  RpcSession::StreamId once_at_ = 0;
  RpcSession::StreamId ever_at_ = 0;
  std::string begin_;
};

TEST_F(RpcSessionTest, BeginsBothCalls) {
  EXPECT_TRUE(begin_.starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  const auto sent = [this](const std::string& bytes) {
    return begin_.find(bytes) != std::string::npos;
  };
  EXPECT_TRUE(sent(http2::data("\0\0\0\0\3ask"s, http2::kEndStream, 1)));
  EXPECT_TRUE(sent(http2::data("\0\0\0\0\2go"s, http2::kNone, 3)));
  EXPECT_EQ(once_at_, 1);
  EXPECT_EQ(ever_at_, 3);
  EXPECT_TRUE(session_.is_open());
}

TEST_F(RpcSessionTest, GivesMessagesToTheirCallsAsTheyCome) {
  const std::string received = http2::response(3) + http2::message("one", 3) + http2::response(1) +
                               http2::message("answer", 1) + http2::message("two", 3) +
                               http2::trailers("0");
  for (const char byte : received)
    session_.take(std::string(1, byte));
  EXPECT_EQ(ever_.messages, (Strings{"one", "two"}));
  EXPECT_FALSE(ever_.ended);
  EXPECT_EQ(once_.messages, Strings{"answer"});
  ASSERT_TRUE(once_.ended);
  EXPECT_EQ(once_.ended->status, Status::ok);
  EXPECT_EQ(once_.ended->words, "");
  EXPECT_EQ(session_.output(), "");
}

TEST_F(RpcSessionTest, TakesSeveralMessagesOfOneFrameAndOneOfSeveral) {
  session_.take(http2::response(3) + http2::data("\0\0\0\0\1a\0\0\0\0\1b\0\0\0"s, 0, 3) +
                http2::data("\0\5he"s, 0, 3) + http2::data("llo\0\0\0\0\0"s, 0, 3));
  EXPECT_EQ(ever_.messages, (Strings{"a", "b", "hello", ""}));
}

TEST_F(RpcSessionTest, SendsMoreMessagesOnACallThatGoesOn) {
  session_.send(ever_at_, "more");
  EXPECT_EQ(session_.output(), http2::data("\0\0\0\0\4more"s, http2::kNone, 3));
  session_.send(once_at_ + 100, "more");
  EXPECT_EQ(session_.output(), "");
}

TEST_F(RpcSessionTest, HoldsNoMoreForAServerThatTakesInNothing) {
  std::size_t sent = 0;
  for (int count = 0; count < 100'000; ++count) {
    session_.send(ever_at_, "more");
    sent += session_.output().size();
  }
  EXPECT_LT(sent, 200'000U);  // a window, and what else there was
}

TEST_F(RpcSessionTest, ADroppedCallIsCancelledAndHearsNothingMore) {
  session_.drop(ever_at_);
  EXPECT_EQ(session_.output(), reset(3));
  session_.take(http2::response(3) + http2::message("late", 3) + http2::trailers("0", "", 3));
  EXPECT_EQ(ever_.messages, Strings());
  EXPECT_FALSE(ever_.ended);
  EXPECT_EQ(session_.fault(), "");
}

TEST_F(RpcSessionTest, SaysWhatTheServerHoldsAgainstACall) {
  session_.take(http2::headers({{":status", "200"},
                                {"content-type", "application/grpc"},
                                {"grpc-status", "7"},
                                {"grpc-message", "etcdserver: permission\xe9 denied"}},
                               http2::kEndStream));
  ASSERT_TRUE(once_.ended);
  EXPECT_EQ(once_.ended->status, Status::permission_denied);
  EXPECT_EQ(once_.ended->words, "etcdserver: permission\\xe9 denied");
  session_.take(http2::response(3) + http2::trailers("99", "", 3));
  ASSERT_TRUE(ever_.ended);
  EXPECT_EQ(ever_.ended->status, std::nullopt);
  EXPECT_EQ(ever_.ended->words, "grpc-status 99");
  EXPECT_EQ(session_.output(), reset(3));  // our side of it was open
}

TEST_F(RpcSessionTest, ACallEndsThatIsAnsweredBadly) {
  const auto ends = [](const std::string& received) {
    RpcSession session("etcd1", false);
    RecordedCall call;
    session.start({.path = "/", .message = "", .metadata = {}}, call);
    session.output();
    session.take(http2::settings() + received);
    EXPECT_EQ(session.fault(), "");
    return call.ended ? call.ended->words : "not at all";
  };
  const std::string begin = http2::response();
  EXPECT_EQ(ends(http2::headers({{":status", "503"}}, http2::kEndStream)), "HTTP 503");
  EXPECT_EQ(ends(http2::headers({{":status", "200"}, {"content-type", "text/html"}}) +
                 http2::data("<html>")),
            "not gRPC: content-type \"text/html\"");
  EXPECT_EQ(ends(begin + http2::data("", http2::kEndStream)), "the reply has no grpc-status");
  EXPECT_EQ(ends(begin + http2::data("\0\0\0\0\2x"s) + http2::trailers("0")),
            "the reply is broken off");
  EXPECT_EQ(ends(begin + http2::data("\1\0\0\0\2"s)), "a message is compressed");
  EXPECT_EQ(ends(begin + http2::data("\7\0\0\0\2"s)), "a message is not framed as gRPC's");
  EXPECT_EQ(ends(begin + http2::data("\0\1\0\0\1"s)), "a message is over 16 MiB");
  EXPECT_EQ(ends(reset(1, 7)), "stream reset: REFUSED_STREAM");
}

TEST_F(RpcSessionTest, TellsOfAMessageThatIsTooLong) {
  session_.take(http2::response() + http2::data("\0\1\0\0\1"s));
  ASSERT_TRUE(once_.ended);
  EXPECT_TRUE(once_.ended->too_long);
  EXPECT_EQ(session_.output(), reset(1));
  session_.take(http2::data(std::string(1000, 'x')));
  EXPECT_EQ(session_.fault(), "");
  EXPECT_FALSE(ever_.ended);
}

TEST_F(RpcSessionTest, AServerThatGoesAwayMayStillAnswer) {
  session_.take(frame(Type::goaway, 0, 0, http2::number(3) + http2::number(0)));
  ASSERT_TRUE(ever_.ended);  // begun anew elsewhere
  EXPECT_EQ(ever_.ended->words, "the server goes away: NO_ERROR");
  EXPECT_FALSE(once_.ended);
  RecordedCall late;
  EXPECT_EQ(session_.start({.path = "/", .message = "", .metadata = {}}, late), 0);
  EXPECT_EQ(late.ended->words, "the server goes away: NO_ERROR");
  session_.take(http2::response() + http2::message("answer") + http2::trailers("0"));
  EXPECT_EQ(once_.messages, Strings{"answer"});
}

TEST_F(RpcSessionTest, AServerThatGoesAwayInAngerEndsAll) {
  session_.take(frame(Type::goaway, 0, 0, http2::number(3) + http2::number(11) + "too_many_pings"));
  const std::string words = "the server goes away: ENHANCE_YOUR_CALM, too_many_pings";
  EXPECT_EQ(session_.fault(), words);
  EXPECT_EQ(once_.ended->words, words);
  EXPECT_EQ(ever_.ended->words, words);
}

TEST_F(RpcSessionTest, WhatBreaksTheRulesEndsAll) {
  session_.take(frame(Type::data, 0, 0, "x"));
  session_.output();
  EXPECT_TRUE(session_.fault().starts_with("malformed HTTP/2: ")) << session_.fault();
  EXPECT_EQ(once_.ended->words, session_.fault());
  EXPECT_EQ(ever_.ended->words, session_.fault());
}

TEST_F(RpcSessionTest, BearsNoFloods) {
  const std::vector<std::string> floods = {
      frame(Type::ping, 0, 0, "12345678"),
      http2::settings(),
      frame(Type::window_update, 0, 0, http2::number(1)),
      frame(static_cast<Type>(99), 0, 0, "what?"),
      http2::data("", 0, 1),
  };
  for (const std::string& one : floods) {
    RpcSession session("etcd1", false);
    session.take(http2::settings());
    std::string many;
    while (many.size() < 65'536)
      many += one;
    for (int count = 0; count < 20; ++count)
      session.take(many);  // a server that floods, and reads nothing
    EXPECT_LT(session.output().size(), 2 * RpcSession::kMaxOutput);
  }
}

TEST_F(RpcSessionTest, KeepsTheServerGoingWithinItsWindow) {
  std::size_t given_back = 0;
  session_.take(http2::response(3));
  for (int count = 0; count < 1000; ++count) {
    session_.take(http2::message(std::string(10'000, 'x'), 3));
    given_back += session_.output().size();
  }
  EXPECT_EQ(ever_.messages.size(), 1000U);
  EXPECT_GT(given_back, 0U);
  EXPECT_EQ(session_.fault(), "");
}

TEST_F(RpcSessionTest, TellsWhatIsNoHttp2) {
  RpcSession session("etcd1", false);
  session.output();
  session.take("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(session.fault(), "not HTTP/2: \"HTTP/1.1 400 Bad Request\"");
}

TEST_F(RpcSessionTest, EndsAllWithTheConnection) {
  session_.close("closed");
  session_.close("closed again");
  EXPECT_EQ(once_.ended->words, "closed");
  EXPECT_EQ(ever_.ended->words, "closed");
  RecordedCall late;
  session_.start({.path = "/", .message = "", .metadata = {}}, late);
  EXPECT_EQ(late.ended->words, "closed");
  session_.take(http2::message("late", 3));
  EXPECT_EQ(ever_.messages, Strings());
}

TEST(RpcSession, BearsAnyBytes) {
  std::mt19937 chance(7);  // NOLINT(*-msc51-cpp): the same each time
  const std::string good = http2::settings() + http2::response(1) + http2::message("one") +
                           http2::response(3) + http2::message("two", 3) + http2::trailers("0");
  for (int round = 0; round < 2000; ++round) {
    std::string received = good;
    for (int flaw = 0; flaw < 3; ++flaw)
      received[chance() % received.size()] = static_cast<char>(chance());
    RpcSession session("etcd1", false);
    RecordedCall one;
    RecordedCall other;
    session.start({.path = "/", .message = "", .metadata = {}}, one);
    session.start({.path = "/", .message = "", .more = true, .metadata = {}}, other);
    session.output();
    session.take(received);
    session.output();
    session.close("closed");
    ASSERT_TRUE(one.ended && other.ended);
    ASSERT_LE(session.fault().size(), kMaxFault);
  }
}

}  // namespace
}  // namespace hlb::rpc
