// The HTTP check over TLS, against real sockets.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <chrono>
#include <vector>

#include "tests/unit/tls_checks.h"
#include "tls/certificate.h"

namespace hlb::probes {
namespace {

using Https = TlsChecks;

bool tells_when_the_certificate_ends(const Outcome& outcome) {
  const auto left =
      outcome.certificate_end.value_or(std::chrono::sys_seconds{}) - tls::WallClock::now();
  return left > std::chrono::days(28) && left < std::chrono::days(31);
}

TEST_F(Https, PassesAndAsksForTheServerByItsName) {
  TlsServer server(good_);
  const Outcome outcome = attempt(server, https(), replies(kOk));
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_EQ(outcome.reason, "HTTP 200 OK");
  EXPECT_GT(outcome.latency, 0us);
  EXPECT_EQ(server.name, "app.test");
}

TEST_F(Https, JudgesTheResponseAsHttpDoes) {
  TlsServer server(good_);
  HttpCheck check = https();
  check.expect_body = {.text = "ready", .is_regex = false};
  EXPECT_EQ(attempt(server, check, replies(kOk)).reason,
            "HTTP 200 OK, but the body has no \"ready\"");
  check.expect_body.text = "ok";
  EXPECT_EQ(attempt(server, check, replies(kOk)).result, Result::passed);
  const std::string busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(attempt(server, https(), replies(busy)).reason, "HTTP 503 Busy");
}

TEST_F(Https, ReadsABodyOfManyRecords) {
  TlsServer server(good_);
  HttpCheck check = https();
  check.expect_body = {.text = "end", .is_regex = false};
  const std::string body = std::string(60'000, 'x') + "end";
  const std::string reply =
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  EXPECT_EQ(attempt(server, check, replies(reply)).result, Result::passed);
}

TEST_F(Https, FailsAsHttpDoesWhenThereIsNoResponse) {
  TlsServer server(good_);
  const auto closes = [](TlsSocket& socket) -> asio::awaitable<void> {
    char byte = 0;
    co_await socket.async_read_some(asio::buffer(&byte, 1), kAwait);
    co_await socket.async_shutdown(kAwait);
  };
  expect_hard(attempt(server, https(), closes), "connection closed before any response");
  const Outcome outcome = against(server.then(wait_for_the_end), https(), kShort);
  EXPECT_EQ(outcome.evidence, Evidence::soft);
  EXPECT_EQ(outcome.reason, "no response in 500ms");
}

TEST_F(Https, ResumesTheSession) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServer server(good_);
    server.no_later_than(version);
    for (const Outcome& outcome : attempts(server, replies(kOk), https(), 4)) {
      EXPECT_EQ(outcome.result, Result::passed) << outcome.reason;
      EXPECT_TRUE(tells_when_the_certificate_ends(outcome));
    }
    EXPECT_EQ(server.handshakes, 4);
    EXPECT_EQ(server.resumed, 3);
  }
}

TEST_F(Https, TakesAFullHandshakeWhenTheServerKnowsTheSessionNoMore) {
  TlsServer before(good_);
  TlsServer after(good_);
  TlsServer* server = &before;
  asio::io_context loop(1);
  const Backend backend(
      loop, [&](tcp::socket socket) { return server->then(replies(kOk))(std::move(socket)); });
  const Target target = target_of(backend.endpoint(), https(), kPlenty);
  Prober prober(loop.get_executor());
  const auto probe = prober.make(target);
  EXPECT_EQ(run(loop, *probe).result, Result::passed);
  server = &after;
  EXPECT_EQ(run(loop, *probe).result, Result::passed);
  EXPECT_EQ(run(loop, *probe).result, Result::passed);
  EXPECT_EQ(after.handshakes, 2);
  EXPECT_EQ(after.resumed, 1);
}

TEST_F(Https, KeepsTheConnectionFromAttemptToAttempt) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServer server(good_);
    server.no_later_than(version);
    HttpCheck check = https();
    check.reuse = true;
    for (const Outcome& outcome : attempts(server, replies(kOk, 3), check, 5)) {
      EXPECT_EQ(outcome.result, Result::passed) << outcome.reason;
      EXPECT_TRUE(tells_when_the_certificate_ends(outcome));
    }
    EXPECT_EQ(server.handshakes, 2);
    EXPECT_EQ(server.resumed, 1);
  }
}

TEST_F(Https, LeavesNoConnectionAndNoDescriptor) {
  TlsServer server(good_);
  asio::io_context loop(1);
  const Backend backend(loop, server.then(replies(kOk)));
  const Target target = target_of(backend.endpoint(), https(), kPlenty);
  run(loop, target);
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 20; ++round)
    run(loop, target);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(leaves_a_trace(backend.endpoint().port()));
}

TEST_F(Https, ReadsItsFilesAgainWhenTheyChange) {
  const Certificate other = authority("Other Authority");
  TlsServer server(issue({}, &other));
  asio::io_context loop(1);
  const Backend backend(loop, server.then(replies(kOk)));
  const Target target = target_of(backend.endpoint(), https(), kPlenty);
  Prober prober(loop.get_executor());
  const auto probe = prober.make(target);
  expect_hard(run(loop, *probe), "certificate of an unknown authority: Other Authority");
  folder_.file("ca.pem", authority_.pem() + other.pem());
  EXPECT_EQ(run(loop, *probe).result, Result::passed);
  folder_.file("ca.pem", "half written");
  EXPECT_EQ(run(loop, *probe).result, Result::passed);
  folder_.file("ca.pem", authority_.pem());  // no session gets round that
  expect_hard(run(loop, *probe), "certificate of an unknown authority: Other Authority");
}

TEST_F(Https, DoesNotKnowWithoutItsFiles) {
  TlsServer server(good_);
  HttpCheck check = https();
  check.tls->ca = folder_.path("gone.pem");
  const Outcome outcome = attempt(server, check, replies(kOk));
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_EQ(outcome.reason, "no probe: " + check.tls->ca + ": No such file or directory");
}

TEST_F(Https, AsksAtPort443WithoutNamingIt) {
  HttpCheck check = https();
  EXPECT_NE(http_request(check, 443).find("Host: app.test\r\n"), std::string::npos);
  EXPECT_NE(http_request(check, 80).find("Host: app.test:80\r\n"), std::string::npos);
}

}  // namespace
}  // namespace hlb::probes
