// The TLS check against real sockets: what each fault of a certificate or a handshake is called,
// and what a hostile backend can do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/read.hpp>
#include <tuple>

#include "probes/reason.h"
#include "tests/unit/tls_checks.h"

namespace hlb::probes {
namespace {

using testing::MatchesRegex;
using testing::StartsWith;

class TlsProbe : public TlsChecks {
 protected:
  Outcome with(const Certificate& certificate, const TlsCheck& check) {
    TlsServer server(certificate);
    return attempt(server, check, wait_for_the_end);
  }
  Outcome with(const CertificateWish& wish) { return with(issue(wish, &authority_), tls()); }

  TlsCheck valid_for(std::chrono::hours least, bool fail_early = false) const {
    TlsCheck check = tls();
    check.min_validity = least;
    check.fail_early = fail_early;
    return check;
  }
};

// ---- a conversation ----------------------------------------------------------------------------

TEST_F(TlsProbe, HoldsAConversationOnceHandsAreShaken) {
  const auto greets = [](TlsSocket& socket) -> asio::awaitable<void> {
    co_await asio::async_write(socket, asio::buffer("+OK pop3\r\n", 10), kAwait);
    std::array<char, 6> request{};
    co_await asio::async_read(socket, asio::buffer(request), kAwait);
    co_await asio::async_write(socket, asio::buffer("+OK bye\r\n", 9), kAwait);
    co_await wait_for_the_end(socket);
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServer server(good_);
    server.no_later_than(version);
    TlsCheck check = tls();
    check.steps = {{Step::Kind::expect, "+OK pop3"},
                   {Step::Kind::send, "QUIT\r\n"},
                   {Step::Kind::expect, "+OK bye"}};
    const Outcome outcome = attempt(server, check, greets);
    EXPECT_EQ(outcome.result, Result::passed) << outcome.reason;
    EXPECT_THAT(outcome.reason, StartsWith("certificate ends in 29 days"));
    ASSERT_TRUE(outcome.certificate_end);
    const auto left = *outcome.certificate_end - std::chrono::system_clock::now();
    EXPECT_EQ(std::chrono::floor<std::chrono::days>(left).count(), 29);
    check.steps.back().bytes = "-ERR";
    EXPECT_EQ(against(server.then(greets), check, kShort).reason,
              R"(no "-ERR" in 500ms, but "+OK bye\r\n")");
  }
}

// ---- the certificate ---------------------------------------------------------------------------

TEST_F(TlsProbe, PassesAndSaysWhenTheCertificateEnds) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServer server(good_);
    server.no_later_than(version);
    const Outcome outcome = attempt(server, tls(), wait_for_the_end);
    EXPECT_EQ(outcome.result, Result::passed);
    EXPECT_FALSE(outcome.warning);
    EXPECT_THAT(outcome.reason, MatchesRegex("certificate ends in 29 days, on [-0-9]+"));
    EXPECT_GT(outcome.latency, 0us);
    EXPECT_EQ(server.name, "app.test");
  }
}

TEST_F(TlsProbe, WarnsOrFailsWhenTheCertificateEndsTooSoon) {
  EXPECT_FALSE(with(good_, valid_for(24h * 29)).warning);
  const Outcome warned = with(good_, valid_for(24h * 31));
  EXPECT_EQ(warned.result, Result::passed);
  EXPECT_TRUE(warned.warning);
  EXPECT_THAT(warned.reason,
              MatchesRegex("certificate ends in 29 days, on [-0-9]+, sooner than min_validity"));
  const Outcome failed = with(good_, valid_for(24h * 31, true));
  EXPECT_EQ(failed.result, Result::failed);
  EXPECT_EQ(failed.evidence, Evidence::hard);
  EXPECT_EQ(failed.reason, warned.reason);
}

TEST_F(TlsProbe, SeesTheCertificateEachTime) {
  TlsServer server(good_);
  attempts(server, wait_for_the_end, tls(), 3);
  EXPECT_EQ(server.handshakes, 3);
  EXPECT_EQ(server.resumed, 0);
}

TEST_F(TlsProbe, TellsTheFaultsOfACertificateApart) {
  EXPECT_THAT(with({.from = -96h, .until = -73h}).reason,
              MatchesRegex("certificate expired 3 days ago, on [-0-9]+"));
  EXPECT_THAT(with({.from = 48h, .until = 96h}).reason,
              MatchesRegex("certificate is not valid before [-0-9]+"));
  expect_hard(with({.names = "DNS:a.test,DNS:*.b.test,IP:10.0.0.1"}),
              "certificate is for a.test, *.b.test, 10.0.0.1, not for app.test");
  expect_hard(with({.common_name = "other.test", .names = ""}),
              "certificate is for other.test, not for app.test");
  expect_hard(with(issue({}), tls()), "certificate is self-signed");
  const Certificate other = authority("Other Authority");
  expect_hard(with(issue({}, &other), tls()),
              "certificate of an unknown authority: Other Authority");
}

TEST_F(TlsProbe, TellsOfAnAuthorityThatHasExpired) {
  const Certificate old = issue(
      {.common_name = "Old", .names = "", .from = -96h, .until = -5h, .authority = true}, nullptr);
  folder_.file("ca.pem", old.pem());
  EXPECT_THAT(with(issue({}, &old), tls()).reason,
              MatchesRegex("certificate of its authority expired 5 hours ago, on [-0-9]+"));
}

TEST_F(TlsProbe, TakesAChainThatTheBackendCompletes) {
  const Certificate middle = authority("Middle", &authority_);
  const Certificate leaf = issue({}, &middle);
  TlsServer complete(leaf, {middle});
  EXPECT_EQ(attempt(complete, tls(), wait_for_the_end).result, Result::passed);
  expect_hard(with(leaf, tls()), "certificate of an unknown authority: Middle");
}

TEST_F(TlsProbe, TrustsWhatIsInTheFileAsItIs) {
  const Certificate alone = issue({});
  folder_.file("ca.pem", alone.pem());
  EXPECT_EQ(with(alone, tls()).result, Result::passed);
}

TEST_F(TlsProbe, VerifiesAnAddressAndDoesNotSendIt) {
  TlsCheck check = tls();
  check.tls.server_name = "127.0.0.1";
  TlsServer server(issue({.names = "DNS:app.test,IP:127.0.0.1"}, &authority_));
  EXPECT_EQ(attempt(server, check, wait_for_the_end).result, Result::passed);
  EXPECT_EQ(server.name, "");
  check.tls.server_name = "::1";
  expect_hard(attempt(server, check, wait_for_the_end),
              "certificate is for app.test, 127.0.0.1, not for ::1");
}

TEST_F(TlsProbe, WithoutVerificationTakesAnyCertificate) {
  TlsCheck check;
  check.tls.server_name = "app.test";
  check.tls.verify = false;
  EXPECT_EQ(with(issue({.names = "DNS:other.test"}), check).result, Result::passed);
  const Outcome outcome = with(issue({.from = -96h, .until = -73h}), check);
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_TRUE(outcome.warning);
  EXPECT_THAT(outcome.reason, StartsWith("certificate expired 3 days ago"));
}

TEST_F(TlsProbe, KeepsWhatACertificateSaysShortAndPrintable) {
  std::string names = "DNS:a\x01\xff";
  for (int count = 0; count < 500; ++count)
    names += ",DNS:" + std::string(60, 'n') + std::to_string(count);
  const Outcome many = with({.names = names});
  EXPECT_LE(many.reason.size(), kMaxReason);
  EXPECT_THAT(many.reason, MatchesRegex("certificate is for a.x01.xff, .*\\.\\.\\., not for.*"));
  const Certificate loud = authority(std::string("\n\x1b[31m") + std::string(50, 'x'));
  const Outcome unknown = with(issue({}, &loud), tls());
  EXPECT_LE(unknown.reason.size(), kMaxReason);
  EXPECT_THAT(unknown.reason, StartsWith("certificate of an unknown authority: \\n\\x1b[31mxxx"));
}

// ---- the handshake -----------------------------------------------------------------------------

TEST_F(TlsProbe, SaysWhatTheBackendSpeaksInPlaceOfTls) {
  expect_hard(against(says_and_waits("HTTP/1.1 400 Bad Request\r\n\r\n"), tls()),
              "not TLS: \"HTTP/1.1 400 Bad Request\\r\\n\\r\\n\"");
  expect_hard(against(says_and_waits(std::string("\x16", 1) + "nonsense"), tls()),
              "not TLS: \"\\x16nonsense\"");
}

TEST_F(TlsProbe, FailsSoftOnSilence) {
  const Outcome outcome = against(says_and_waits(""), tls(), kShort);
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.evidence, Evidence::soft);
  EXPECT_EQ(outcome.reason, "no TLS handshake in 500ms");
}

TEST_F(TlsProbe, FailsHardWhenTheHandshakeIsBrokenOff) {
  expect_hard(against(says_and_closes(""), tls()), "connection closed during the TLS handshake");
  expect_hard(against(resets(), tls()), "connection reset");
}

TEST_F(TlsProbe, FailsHardWhenTheHandshakeIsRefused) {
  const std::string unrecognized_name("\x15\x03\x03\x00\x02\x02\x70", 7);
  expect_hard(against(says_and_waits(unrecognized_name), tls()),
              "TLS refused: unrecognized name (alert 112)");
  TlsServer old(good_);
  SSL_CTX_set_security_level(old.settings(), 0);
  SSL_CTX_set_min_proto_version(old.settings(), TLS1_VERSION);
  old.no_later_than(TLS1_1_VERSION);
  expect_hard(attempt(old, tls(), wait_for_the_end), "TLS refused: protocol version (alert 70)");
}

TEST_F(TlsProbe, SaysThatAClientCertificateIsDemanded) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServer server(good_);
    server.no_later_than(version);
    server.demand_certificate(authority_);
    const Outcome outcome = attempt(server, tls(), wait_for_the_end);
    EXPECT_EQ(outcome.result, Result::failed);
    EXPECT_EQ(outcome.evidence, Evidence::hard);
    EXPECT_EQ(outcome.reason, version == TLS1_3_VERSION
                                  ? "client certificate demanded: certificate required (alert 116)"
                                  : "client certificate demanded: handshake failure (alert 40)");
    EXPECT_THAT(attempt(server, https(), replies(kOk)).reason,
                StartsWith("client certificate demanded: "));
  }
}

TEST_F(TlsProbe, ShowsTheClientCertificate) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServer server(good_);
    server.no_later_than(version);
    server.demand_certificate(authority_);
    TlsCheck check = tls();
    const Certificate mine = issue({.common_name = "hlbd"}, &authority_);
    check.tls.certificate = folder_.file("mine.pem", mine.pem());
    check.tls.key = folder_.file("mine.key", mine.key_pem());
    EXPECT_EQ(attempt(server, check, wait_for_the_end).result, Result::passed);
    const Certificate alien = issue({.common_name = "hlbd"});
    folder_.file("mine.pem", alien.pem());
    folder_.file("mine.key", alien.key_pem());
    const Outcome outcome = attempt(server, check, wait_for_the_end);
    EXPECT_EQ(outcome.result, Result::failed);
    EXPECT_THAT(outcome.reason, StartsWith("client certificate refused: ")) << version;
  }
}

TEST_F(TlsProbe, PassesABackendThatHasNothingToSayAfterTheHandshake) {
  TlsServer server(good_);
  SSL_CTX_set_num_tickets(server.settings(), 0);
  const auto mute = [](TlsSocket& socket) -> asio::awaitable<void> {
    co_await keep_open(socket.next_layer());
  };
  EXPECT_EQ(against(server.then(mute), tls(), 2s).result, Result::passed);
}

TEST_F(TlsProbe, FailsHardWhenRefused) {
  const ClosedPort port;
  asio::io_context loop(1);
  expect_hard(run(loop, target_of(port.endpoint(), tls(), kPlenty)), "connection refused");
}

// ---- hostile backends --------------------------------------------------------------------------

// So many bytes at a time.
asio::awaitable<void> pass_on(tcp::socket& from, tcp::socket& to, std::size_t most) {
  std::array<char, 4096> bytes;
  for (;;) {
    const auto [error, count] =
        co_await from.async_read_some(asio::buffer(bytes.data(), most), kAwait);
    if (error) break;
    co_await asio::async_write(to, asio::buffer(bytes, count), kAwait);
  }
}

TEST_F(TlsProbe, TakesAHandshakeByteByByte) {
  asio::io_context loop(1);
  TlsServer server(good_);
  const Backend inner(loop, server.then(wait_for_the_end));
  const Backend slow(loop, [&](tcp::socket client) -> asio::awaitable<void> {
    tcp::socket backend(client.get_executor());
    co_await backend.async_connect(inner.endpoint(), kAwait);
    asio::co_spawn(loop, pass_on(backend, client, 1), asio::detached);
    co_await pass_on(client, backend, 4096);
  });
  const Outcome outcome = run(loop, target_of(slow.endpoint(), tls(), kPlenty));
  EXPECT_EQ(outcome.result, Result::passed) << outcome.reason;
}

TEST_F(TlsProbe, GivesUpOnAChainBeyondMeasure) {
  std::vector<Certificate> chain(400, authority_);
  TlsServer server(good_, chain);
  const Outcome outcome = attempt(server, tls(), wait_for_the_end);
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.evidence, Evidence::hard);
  EXPECT_EQ(outcome.reason, "TLS failed: excessive message size");
}

TEST_F(TlsProbe, GivesUpOnRecordsWithoutEnd) {
  TlsServer server(good_);
  const auto body_of_crumbs = [](TlsSocket& socket) -> asio::awaitable<void> {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n";
    auto [error, count] = co_await asio::async_write(socket, asio::buffer(head), kAwait);
    while (!error) {
      SSL_key_update(socket.native_handle(), SSL_KEY_UPDATE_NOT_REQUESTED);
      std::tie(error, count) = co_await asio::async_write(socket, asio::buffer("x", 1), kAwait);
    }
  };
  HttpCheck check = https();
  check.expect_body = {.text = "never", .is_regex = false};
  expect_hard(attempt(server, check, body_of_crumbs), "TLS records without end");
}

TEST_F(TlsProbe, HoldsLittleOfAFloodInPlaceOfAHandshake) {
  const Outcome outcome = against(
      [](tcp::socket socket) -> asio::awaitable<void> {
        co_await read_request(socket);
        // Warnings that mean nothing, of which a handshake may bring some.
        std::string flood;
        while (flood.size() < 65536)
          flood += std::string("\x15\x03\x03\x00\x02\x01\x5a", 7);
        for (;;) {
          const auto [error, count] =
              co_await asio::async_write(socket, asio::buffer(flood), kAwait);
          if (error) co_return;
        }
      },
      tls());
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.evidence, Evidence::hard);
}

}  // namespace
}  // namespace hlb::probes
