#include <gtest/gtest.h>

#include <string>

#include "probes/probes.h"

namespace hlb::probes {
namespace {

std::string host_line(const std::string& host, std::uint16_t port) {
  HttpCheck check;
  check.host = host;
  const std::string request = http_request(check, port);
  const auto start = request.find("Host: ");
  return request.substr(start, request.find("\r\n", start) - start);
}

TEST(HttpRequest, NamesThePathAndAsksToClose) {
  HttpCheck check;
  check.path = "/health?full=1";
  check.host = "app.local";
  EXPECT_EQ(http_request(check, 80),
            "GET /health?full=1 HTTP/1.1\r\nHost: app.local\r\nUser-Agent: hlbd\r\n"
            "Accept: */*\r\nConnection: close\r\n\r\n");
}

TEST(HttpRequest, UsesTheMethodAndAddsTheHeadersAsConfigured) {
  HttpCheck check;
  check.method = "OPTIONS";
  check.host = "app.local";
  check.headers = {{"X-Token", "a b"}, {"X-Token", "c"}};
  EXPECT_EQ(http_request(check, 80),
            "OPTIONS / HTTP/1.1\r\nHost: app.local\r\nUser-Agent: hlbd\r\nAccept: */*\r\n"
            "X-Token: a b\r\nX-Token: c\r\nConnection: close\r\n\r\n");
}

TEST(HttpRequest, AConfiguredHeaderTakesThePlaceOfADefaultOne) {
  HttpCheck check;
  check.host = "app.local";
  check.headers = {{"user-agent", "probe/1"}, {"ACCEPT", "text/plain"}};
  EXPECT_EQ(http_request(check, 80),
            "GET / HTTP/1.1\r\nHost: app.local\r\nuser-agent: probe/1\r\n"
            "ACCEPT: text/plain\r\nConnection: close\r\n\r\n");
}

TEST(HttpRequest, HostAndConnectionAreNotForTheHeadersToSay) {
  HttpCheck check;
  check.host = "app.local";
  check.headers = {{"host", "evil.test"}, {"connection", "upgrade"}};
  check.reuse = true;
  EXPECT_EQ(http_request(check, 80),
            "GET / HTTP/1.1\r\nHost: app.local\r\nUser-Agent: hlbd\r\nAccept: */*\r\n"
            "Connection: keep-alive\r\n\r\n");
}

TEST(HttpRequest, SaysThatItHasNoBodyWhereOneCouldBe) {
  HttpCheck check;
  check.method = "POST";
  check.host = "app.local";
  EXPECT_NE(http_request(check, 80).find("\r\nContent-Length: 0\r\n"), std::string::npos);
}

TEST(HttpRequest, TheHostHeaderNamesEveryPortBut80) {
  EXPECT_EQ(host_line("app.local", 80), "Host: app.local");
  EXPECT_EQ(host_line("app.local", 8082), "Host: app.local:8082");
}

TEST(HttpRequest, AnIpv6HostIsBracketedOnce) {
  EXPECT_EQ(host_line("fd99::1", 80), "Host: [fd99::1]");
  EXPECT_EQ(host_line("fd99::1", 8082), "Host: [fd99::1]:8082");
  EXPECT_EQ(host_line("[fd99::1]", 8082), "Host: [fd99::1]:8082");
}

TEST(HttpRequest, AHostThatNamesAPortKeepsIt) {
  EXPECT_EQ(host_line("app.local:443", 8082), "Host: app.local:443");
  EXPECT_EQ(host_line("[fd99::1]:443", 8082), "Host: [fd99::1]:443");
}

}  // namespace
}  // namespace hlb::probes
