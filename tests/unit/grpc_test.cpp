// The gRPC check against real sockets on loopback, plain and over TLS.
#include <gtest/gtest.h>

#include "tests/unit/http2_frames.h"
#include "tests/unit/outcomes.h"
#include "tests/unit/tls_checks.h"

namespace hlb::probes {
namespace {

using Result = Outcome::Result;
using Evidence = Outcome::Evidence;

const GrpcCheck kCheck{.service = "", .authority = "app.test", .tls = std::nullopt};

Outcome grpc_against(Behaviour behaviour, std::chrono::milliseconds timeout = kPlenty) {
  asio::io_context loop(1);
  const Backend backend(loop, std::move(behaviour));
  return run_until_known([&] { return run(loop, target_of(backend.endpoint(), kCheck, timeout)); });
}

TEST(GrpcProbe, PassesWhenServing) {
  expect(grpc_against(says_and_waits(http2::health(1))), Result::passed, Evidence::hard, "SERVING");
}

TEST(GrpcProbe, FailsHardOnTheServersOwnNo) {
  expect(grpc_against(says_and_waits(http2::health(2))), Result::failed, Evidence::hard,
         "NOT_SERVING");
  expect(grpc_against(says_and_closes("HTTP/1.1 400 Bad Request\r\n\r\n")), Result::failed,
         Evidence::hard, "not HTTP/2: \"HTTP/1.1 400 Bad Request\"");
}

TEST(GrpcProbe, FailsHardWhenTheConnectionBreaks) {
  asio::io_context loop(1);
  const ClosedPort port;
  expect(run(loop, target_of(port.endpoint(), kCheck, kPlenty)), Result::failed, Evidence::hard,
         "connection refused");
  expect(grpc_against(resets()), Result::failed, Evidence::hard, "connection reset");
  expect(grpc_against(says_and_closes("")), Result::failed, Evidence::hard,
         "connection closed before any response");
  expect(grpc_against(says_and_closes(http2::settings() + http2::response())), Result::failed,
         Evidence::hard, "connection closed within the response");
}

TEST(GrpcProbe, FailsSoftOnSilence) {
  for (const std::string& begun : {std::string(), http2::settings()}) {
    expect(grpc_against(says_and_waits(begun), kShort), Result::failed, Evidence::soft,
           "no response in 500ms");
  }
  const std::string half = http2::settings() + http2::response();
  expect(grpc_against(says_and_waits(half), kShort), Result::failed, Evidence::soft,
         "response incomplete after 500ms");
}

TEST(GrpcProbe, LeavesNoConnectionAndNoDescriptor) {
  asio::io_context loop(1);
  const Backend backend(loop, says_and_closes(http2::health(1)));
  const Target target = target_of(backend.endpoint(), kCheck, kPlenty);
  run(loop, target);
  const std::size_t before = open_descriptors();
  EXPECT_EQ(run(loop, target).reason, "SERVING");
  loop.restart();
  loop.poll();
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(leaves_a_trace(backend.endpoint().port()));
}

using GrpcOverTls = TlsChecks;

TEST_F(GrpcOverTls, PassesAndAsksForHttp2AndTheServerByItsName) {
  TlsServer server(good_);
  std::string chosen;
  SSL_CTX_set_alpn_select_cb(
      server.settings(),
      [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
         unsigned, void* into) {
        *size = offered[0];
        *out = offered + 1;
        static_cast<std::string*>(into)->assign(reinterpret_cast<const char*>(*out), *size);
        return SSL_TLSEXT_ERR_OK;
      },
      &chosen);
  GrpcCheck check = kCheck;
  check.tls = spec();
  EXPECT_EQ(attempt(server, check, replies(http2::health(1))).reason, "SERVING");
  EXPECT_EQ(chosen, "h2");
  EXPECT_EQ(server.name, "app.test");
}

TEST_F(GrpcOverTls, FailsHardOnACertificateOfAnother) {
  TlsServer server(good_);
  GrpcCheck check = kCheck;
  check.tls = spec();
  check.tls->server_name = "other.test";
  const Outcome outcome = attempt(server, check, replies(http2::health(1)));
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_TRUE(outcome.reason.ends_with("not for other.test")) << outcome.reason;
}

}  // namespace
}  // namespace hlb::probes
