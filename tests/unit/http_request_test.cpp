#include <gtest/gtest.h>

#include <string>

#include "probes/methods.h"

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
