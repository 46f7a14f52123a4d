// The PROXY protocol ahead of checks, by its bytes and against real sockets.
#include "probes/connection.h"

#include <gtest/gtest.h>

#include <boost/asio/read.hpp>

#include "tests/unit/tls_checks.h"

namespace hlb::probes {
namespace {

using namespace std::string_literals;

const std::string kLocalHeader = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s;

tcp::endpoint end_at(const char* address, std::uint16_t port) {
  return {asio::ip::make_address(address), port};
}

TEST(ProxyHeader, NamesBothEndsInVersion1) {
  EXPECT_EQ(proxy_header(1, end_at("10.0.0.9", 40000), end_at("10.0.0.1", 80)),
            "PROXY TCP4 10.0.0.9 10.0.0.1 40000 80\r\n");
  EXPECT_EQ(proxy_header(1, end_at("fd99::9", 40000), end_at("fd99::1", 80)),
            "PROXY TCP6 fd99::9 fd99::1 40000 80\r\n");
  asio::ip::address_v6 link_local = asio::ip::make_address_v6("fe80::1");
  link_local.scope_id(1);
  EXPECT_EQ(proxy_header(1, {link_local, 1}, {link_local, 2}),
            "PROXY TCP6 fe80::1 fe80::1 1 2\r\n");
}

TEST(ProxyHeader, SaysLocalInVersion2) {
  EXPECT_EQ(proxy_header(2, end_at("10.0.0.9", 40000), end_at("10.0.0.1", 80)), kLocalHeader);
}

// Reads the header that is expected of whoever connects, then goes on; without it, waits.
Behaviour after_header(unsigned version, Behaviour then) {
  return [version, then = std::move(then)](tcp::socket socket) -> asio::awaitable<void> {
    const std::string expected =
        proxy_header(version, socket.remote_endpoint(), socket.local_endpoint());
    std::string header(expected.size(), '\0');
    co_await asio::async_read(socket, asio::buffer(header), kAwait);
    if (header != expected) co_await keep_open(socket);
    co_await then(std::move(socket));
  };
}

class ProxiedChecks : public TlsChecks {
 protected:
  void expect_passes(const CheckMethod& method, const Behaviour& behaviour) {
    for (const std::uint8_t version : {std::uint8_t{1}, std::uint8_t{2}}) {
      asio::io_context loop(1);
      const Backend backend(loop, after_header(version, behaviour));
      CheckSpec spec = *target_of(backend.endpoint(), method, kPlenty).spec;
      spec.proxy = version;
      Target target = target_of(backend.endpoint(), method, kPlenty);
      target.spec = std::make_shared<const CheckSpec>(spec);
      const Outcome outcome = run(loop, target);
      EXPECT_EQ(outcome.result, Result::passed) << outcome.reason;
    }
  }
};

TEST_F(ProxiedChecks, BeginByItAheadOfEverythingElse) {
  TlsServer server(good_);
  expect_passes(http_check(), says_and_closes(kOk));
  expect_passes(https(), server.then(replies(kOk)));
  expect_passes(tls(), server.then(wait_for_the_end));
  expect_passes(TcpCheck{{{Step::Kind::send, "PING\r\n"}, {Step::Kind::expect, "ok"}}},
                says_and_waits("ok"));
  expect_passes(TcpCheck{{{Step::Kind::expect, "ok"}}},
                [](tcp::socket socket) -> asio::awaitable<void> {
                  co_await asio::async_write(socket, asio::buffer("ok", 2), kAwait);
                  co_await keep_open(socket);
                });
}

}  // namespace
}  // namespace hlb::probes
