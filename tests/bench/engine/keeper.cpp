// Keeps connections, on either side of them, for the measurement of how they are ended.
//
//   keeper serve ADDRESS PORT           takes connections, and keeps them
//   keeper hold ADDRESS PORT SOURCE N   makes so many from this address of the host, and keeps them
//
// Says "ready" once it listens, or has made them all; then with each turn in which some of them
// have ended "ended TOTAL NANOSECONDS", of CLOCK_MONOTONIC.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace {

constexpr int kBacklog = 65535;

int require(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

sockaddr_in at(const char* address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  if (inet_pton(AF_INET, address, &result.sin_addr) != 1)
    throw std::invalid_argument(std::string(address) + " is no IPv4 address");
  return result;
}

const sockaddr* plain(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void say(const char* text) {
  std::puts(text);
  std::fflush(stdout);
}

// Its connections stay in no list: they are kept until the process ends.
[[noreturn]] void serve(const sockaddr_in& where) {
  const int listener = require(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  require(bind(listener, plain(where), sizeof where), "bind");
  require(listen(listener, kBacklog), "listen");
  say("ready");
  for (;;)
    require(accept(listener, nullptr, nullptr), "accept");
}

int connect_from(const sockaddr_in& source, const sockaddr_in& where) {
  const int fd = require(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  require(bind(fd, plain(source), sizeof source), "bind");
  require(connect(fd, plain(where), sizeof where), "connect");
  return fd;
}

// Closes those that have ended; returns how many.
int end_some(int poller) {
  std::array<epoll_event, 4096> events;  // NOLINT(*-member-init): as many are set as there are
  const int count = epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
  for (int index = 0; index < count; ++index)
    close(events.at(static_cast<std::size_t>(index)).data.fd);
  return count < 0 ? 0 : count;
}

[[noreturn]] void hold(const sockaddr_in& where, const sockaddr_in& source, int count) {
  const int poller = require(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  for (int made = 0; made < count; ++made) {
    epoll_event event{};
    event.data.fd = connect_from(source, where);
    require(epoll_ctl(poller, EPOLL_CTL_ADD, event.data.fd, &event), "epoll_ctl");
  }
  say("ready");
  for (int ended = 0;;) {
    ended += end_some(poller);
    const std::chrono::nanoseconds now = std::chrono::steady_clock::now().time_since_epoch();
    say(("ended " + std::to_string(ended) + " " + std::to_string(now.count())).c_str());
  }
}

}  // namespace

int main(int count, char** words) {
  try {
    const std::string_view role = count > 1 ? words[1] : "";
    const bool serves = role == "serve" && count == 4;
    if (!serves && (role != "hold" || count != 6)) throw std::invalid_argument("see keeper.cpp");
    const sockaddr_in where = at(words[2], static_cast<std::uint16_t>(std::stoi(words[3])));
    if (serves) serve(where);
    hold(where, at(words[4], 0), std::stoi(words[5]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "keeper: %s\n", error.what());
    return 1;
  }
}
