// The gRPC check's conversation with servers of every kind, as bytes.
#include "probes/grpc/call.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "probes/grpc/message.h"
#include "probes/reason.h"
#include "tests/unit/http2_frames.h"
#include "text/printable.h"

namespace hlb::probes {
namespace {

using namespace std::string_literals;
using http2::frame;
using http2::Type;

const GrpcCheck kCallCheck{
    .service = "app.v1.Orders", .authority = "app.test", .tls = std::nullopt};
constexpr std::uint32_t kRefusedStream = 7;
constexpr std::uint32_t kEnhanceYourCalm = 11;

std::optional<Outcome> verdict_on(std::string_view received) {
  GrpcCall call(kCallCheck);
  call.output();
  return call.take(received);
}

void expect_failure(const std::string& received, const std::string& reason) {
  const auto verdict = verdict_on(received);
  ASSERT_TRUE(verdict) << reason;
  EXPECT_EQ(verdict->result, Outcome::Result::failed);
  EXPECT_EQ(verdict->evidence, Outcome::Evidence::hard);
  EXPECT_EQ(verdict->reason, reason);
  EXPECT_LE(verdict->reason.size(), kMaxReason);
}

std::string goaway(std::uint32_t last_stream, std::uint32_t error, const std::string& text = "") {
  return frame(Type::goaway, 0, 0, http2::number(last_stream) + http2::number(error) + text);
}

TEST(GrpcCall, BeginsAsHttp2AndEndsItsRequest) {
  GrpcCall call(kCallCheck);
  const std::string request = call.output();
  EXPECT_TRUE(request.starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_TRUE(
      request.ends_with(http2::data(health_check_request("app.v1.Orders"), http2::kEndStream)));
  EXPECT_EQ(call.output(), "");
}

TEST(GrpcCall, PassesWhenServing) {
  const auto verdict = verdict_on(http2::health(1));
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->result, Outcome::Result::passed);
  EXPECT_EQ(verdict->reason, "SERVING");
}

TEST(GrpcCall, FailsWithTheWordOfAnyOtherStatus) {
  expect_failure(http2::health(0), "UNKNOWN");
  expect_failure(http2::health(2), "NOT_SERVING");
  expect_failure(http2::health(3), "SERVICE_UNKNOWN");
  expect_failure(http2::health(77), "serving status 77");
}

TEST(GrpcCall, TakesBytesAsTheyCome) {
  GrpcCall call(kCallCheck);
  call.output();
  const std::string received = http2::health(1);
  for (std::size_t at = 0; at + 1 < received.size(); ++at)
    ASSERT_FALSE(call.take(received.substr(at, 1))) << at;
  EXPECT_EQ(call.take(received.substr(received.size() - 1)).value().reason, "SERVING");
}

TEST(GrpcCall, AnswersSettingsAndPings) {
  GrpcCall call(kCallCheck);
  call.output();
  EXPECT_FALSE(call.take(http2::settings() + frame(Type::ping, 0, 0, "12345678")));
  constexpr std::uint8_t kAck = 1;
  EXPECT_EQ(call.output(),
            frame(Type::settings, kAck, 0, "") + frame(Type::ping, kAck, 0, "12345678"));
}

TEST(GrpcCall, SaysWhatTheServerHoldsAgainstTheCall) {
  const auto fails_with = [](const std::string& status, const std::string& text) {
    const std::string only_trailers = http2::headers({{":status", "200"},
                                                      {"content-type", "application/grpc+proto"},
                                                      {"grpc-status", status},
                                                      {"grpc-message", text}},
                                                     http2::kEndStream);
    return http2::settings() + only_trailers;
  };
  expect_failure(fails_with("12", "whatever"), "the server has no health service");
  expect_failure(fails_with("5", "whatever"), "the server knows no service \"app.v1.Orders\"");
  expect_failure(fails_with("14", "caf\xe9 closed"), "UNAVAILABLE: caf\\xe9 closed");
  expect_failure(fails_with("16", ""), "UNAUTHENTICATED");
  expect_failure(fails_with("99", "what"), "grpc-status 99: what");
  expect_failure(fails_with("0x", ""), "grpc-status 0x");
  expect_failure(fails_with("2", std::string(126, 'm')), "UNKNOWN: " + std::string(111, 'm'));
  const std::string late =
      http2::settings() + http2::response() + http2::trailers("8", "too many requests");
  expect_failure(late, "RESOURCE_EXHAUSTED: too many requests");
}

TEST(GrpcCall, TellsWhatIsNoGrpc) {
  const auto responds = [](const http2::Headers& fields) {
    return http2::settings() + http2::headers(fields, http2::kEndStream);
  };
  expect_failure(responds({{":status", "404"}}), "HTTP 404");
  expect_failure(responds({{":status", "503"}, {"content-type", "application/grpc"}}), "HTTP 503");
  expect_failure(responds({{":status", "200"}, {"content-type", "text/html"}}),
                 "not gRPC: content-type \"text/html\"");
  expect_failure(responds({{":status", "200"}}), "not gRPC: content-type \"\"");
  expect_failure(responds({{":status", "200"}, {"content-type", "application/grpc"}}),
                 "the reply has no grpc-status");
}

TEST(GrpcCall, TellsWhatIsMissingOrWrongInTheReply) {
  const std::string begin = http2::settings() + http2::response();
  expect_failure(begin + http2::data("\0\0\0\0\x02\x08\x01"s, http2::kEndStream),
                 "the reply has no grpc-status");
  expect_failure(begin + http2::trailers("0"), "the reply is empty");
  expect_failure(begin + http2::data("\x01\0\0\0\x02xx"s) + http2::trailers("0"),
                 "the reply is compressed");
  expect_failure(begin + http2::message("\xff") + http2::trailers("0"),
                 "the reply is no HealthCheckResponse");
  expect_failure(begin + http2::message(std::string(2000, 'x')) + http2::trailers("0"),
                 "the reply is over 1024 bytes");
}

TEST(GrpcCall, FailsWhenTheStreamIsReset) {
  expect_failure(http2::settings() + frame(Type::rst_stream, 0, 1, http2::number(kRefusedStream)),
                 "stream reset: REFUSED_STREAM");
  expect_failure(
      http2::settings() + http2::response() + frame(Type::rst_stream, 0, 1, http2::number(0)),
      "stream reset: NO_ERROR");
}

TEST(GrpcCall, FailsWhenTheServerGoesAwayWithAnErrorOrWithoutUs) {
  expect_failure(http2::settings() + goaway(1, kEnhanceYourCalm, "too_many_\npings"),
                 "the server goes away: ENHANCE_YOUR_CALM, too_many_\\npings");
  expect_failure(http2::settings() + goaway(0, 0), "the server goes away: NO_ERROR");
  EXPECT_LE(verdict_on(http2::settings() + goaway(0, 0, std::string(500, 'x')))->reason.size(),
            kMaxReason);
}

TEST(GrpcCall, TakesTheAnswerOfAServerThatWillGoAway) {
  const std::string answer = http2::health(1);
  const auto verdict =
      verdict_on(http2::settings() + goaway(1, 0) + answer.substr(http2::settings().size()));
  EXPECT_EQ(verdict.value().reason, "SERVING");
}

TEST(GrpcCall, TellsWhatIsNoHttp2) {
  expect_failure("HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n",
                 "not HTTP/2: \"HTTP/1.1 400 Bad Request\"");
  expect_failure("2", "not HTTP/2: \"2\"");
  expect_failure("\x15\x03\x01"s, "not HTTP/2: \"\\x15\\x03\\x01\"");
  expect_failure(std::string(5000, '\0'),
                 "not HTTP/2: \"" + text::printable(std::string(10, '\0'), 40) + "\"");
  expect_failure(http2::response(),
                 "not HTTP/2: \"" + text::printable(http2::response(), 40) + "\"");
}

TEST(GrpcCall, TellsWhatBreaksTheRulesOfHttp2) {
  const auto breaks = [](const std::string& received) {
    const auto verdict = verdict_on(http2::settings() + received);
    return verdict ? verdict->reason : "no verdict";
  };
  const std::string agreed = frame(Type::settings, 1, 0, "");
  const std::string promise = http2::number(2) + http2::header_block({{":method", "GET"}});
  const std::vector<std::string> broken = {
      frame(Type::data, 0, 0, "x"),                                        // on no stream
      frame(Type::data, 0, 1, "x"),                                        // before headers
      frame(Type::headers, http2::kEndHeaders, 1, "\xff\xff"),             // no such header
      frame(Type::headers, http2::kEndHeaders, 2, ""),                     // on a stream of nobody
      agreed + frame(Type::push_promise, http2::kEndHeaders, 1, promise),  // we want none
      frame(Type::ping, 0, 0, "short"),
      frame(Type::settings, 0, 0, "12345"),
      frame(Type::continuation, http2::kEndHeaders, 1, ""),
      http2::headers({{"content-type", "application/grpc"}}),  // no status
      http2::headers({{":status", "200"}, {"Upper", "case"}}),
      http2::number(0xffffff, 3) + std::string(20, '\0'),  // over the size of a frame
  };
  for (const std::string& received : broken) {
    const std::string reason = breaks(received);
    EXPECT_TRUE(reason.starts_with("malformed HTTP/2") || reason.starts_with("stream reset: "))
        << reason << " of " << text::printable(received, 100);
  }
}

TEST(GrpcCall, BearsNoFloods) {
  const auto flood = [](const std::string& one) {
    std::string received = http2::settings();
    GrpcCall call(kCallCheck);
    std::size_t most_said = call.output().size();
    auto verdict = call.take(received);
    for (int count = 0; count < 100'000 && !verdict; ++count) {
      verdict = call.take(one);
      most_said = std::max(most_said, call.output().size());
    }
    EXPECT_LT(most_said, 1000U);
    return verdict ? verdict->reason : "no verdict";
  };
  const std::string limit = "no verdict in 65536 bytes";
  EXPECT_EQ(flood(frame(Type::ping, 0, 0, "12345678")), limit);
  EXPECT_EQ(flood(http2::settings()), limit);
  EXPECT_EQ(flood(frame(Type::window_update, 0, 0, http2::number(1))), limit);
  EXPECT_EQ(flood(frame(Type::priority, 0, 3, "12345")), limit);
  EXPECT_EQ(flood(frame(static_cast<Type>(99), 0, 0, "what?")), limit);
}

TEST(GrpcCall, BearsNoEndlessHeadersOrBody) {
  const std::string block = http2::header_block({{"x-filler", std::string(100, 'x')}});
  std::string headers = http2::settings() + frame(Type::headers, 0, 1, block);
  std::string body = http2::settings() + http2::response();
  while (headers.size() < 200'000) {
    headers += frame(Type::continuation, 0, 1, block);
    body += http2::data(std::string(16'000, 'x'));
  }
  for (const std::string& received : {headers, body}) {
    GrpcCall call(kCallCheck);
    std::optional<Outcome> verdict;
    std::size_t taken = 0;
    for (; taken < received.size() && !verdict; taken += 2048)
      verdict = call.take(received.substr(taken, 2048));
    ASSERT_TRUE(verdict);
    EXPECT_NE(verdict->result, Outcome::Result::passed);
    EXPECT_LE(taken, GrpcCall::kMaxReceived + 2048);
  }
}

TEST(GrpcCall, BearsAnyBytes) {
  std::mt19937 chance(7);  // NOLINT(*-msc51-cpp): the same each time
  const std::string good = http2::health(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string received = good;
    for (int flaw = 0; flaw < 3; ++flaw)
      received[chance() % received.size()] = static_cast<char>(chance());
    const auto verdict = verdict_on(received);
    ASSERT_LE(verdict ? verdict->reason.size() : 0, kMaxReason);
  }
}

TEST(GrpcCall, SaysHowFarItGot) {
  GrpcCall call(kCallCheck);
  call.output();
  EXPECT_EQ(call.closed().reason, "connection closed before any response");
  EXPECT_EQ(call.silence(), "no response in");
  EXPECT_FALSE(call.take(http2::settings()));
  EXPECT_EQ(call.silence(), "no response in");
  EXPECT_FALSE(call.take(http2::response()));
  EXPECT_EQ(call.closed().reason, "connection closed within the response");
  EXPECT_EQ(call.silence(), "response incomplete after");
}

}  // namespace
}  // namespace hlb::probes
