// The floor of the engine's measurement: probes as little as can be, with epoll alone.
//
//   floor tcp|http|reuse PORT INTERVAL_MS < ADDRESSES
//
// Every address (IPv4, one a line) is probed once an interval, all evenly spread over it. `tcp`
// connects, `http` sends a request too and reads the status, both on a new connection each time;
// `reuse` keeps the connection. No time-outs, no states, no log: what a prober can't do without.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Monotonic = std::chrono::steady_clock;

constexpr std::string_view kRequest =
    "GET / HTTP/1.1\r\nHost: s.bench\r\nUser-Agent: floor\r\nAccept: */*\r\n\r\n";
constexpr std::string_view kPassed = "HTTP/1.1 200 ";
constexpr std::size_t kEventsAtATime = 512;
constexpr std::chrono::milliseconds kTurn{10};  // what is due within it is begun together

struct Method {
  bool http = false;
  bool reuse = false;
};

struct Backend {
  sockaddr_in address{};
  int fd = -1;
  bool connected = false;
};

Method method_named(std::string_view word) {
  if (word == "tcp") return {};
  if (word == "http") return {.http = true};
  if (word == "reuse") return {.http = true, .reuse = true};
  throw std::runtime_error("no such method: " + std::string(word));
}

std::vector<Backend> read_backends(std::istream& text, std::uint16_t port) {
  std::vector<Backend> backends;
  for (std::string line; std::getline(text, line);) {
    Backend& backend = backends.emplace_back();
    backend.address.sin_family = AF_INET;
    backend.address.sin_port = htons(port);
    if (inet_pton(AF_INET, line.c_str(), &backend.address.sin_addr) != 1) {
      throw std::runtime_error("not an IPv4 address: " + line);
    }
  }
  return backends;
}

class Floor {
 public:
  Floor(Method method, std::vector<Backend> backends)
      : method_(method), backends_(std::move(backends)), epoll_(epoll_create1(0)) {}

  // To wake for many probes at a time costs each of them less.
  [[noreturn]] void run(std::chrono::milliseconds interval) {
    const auto start = Monotonic::now();
    std::uint64_t begun = 0;
    for (auto next = start;; await_events(next)) {
      if (Monotonic::now() < next) continue;
      next = Monotonic::now() + kTurn;
      const auto due = (next - start) * backends_.size() / interval;
      for (; begun < static_cast<std::uint64_t>(due); ++begun) {
        begin(backends_[begun % backends_.size()]);
      }
    }
  }

 private:
  void begin(Backend& backend) {
    if (backend.fd < 0) return connect_to(backend);
    if (backend.connected) return ask(backend);
    end(backend);  // not even connected within an interval
  }

  // Edge-triggered for both directions, so that the socket is registered once.
  void connect_to(Backend& backend) {
    backend.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (backend.fd < 0) throw std::runtime_error("no more sockets");
    const int off = 0;
    setsockopt(backend.fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(backend.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    const auto* address = reinterpret_cast<const sockaddr*>(&backend.address);
    const int result = connect(backend.fd, address, sizeof backend.address);
    if (result == 0) return connected(backend);
    if (errno != EINPROGRESS) return end(backend);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = static_cast<std::uint64_t>(&backend - backends_.data());
    epoll_ctl(epoll_, EPOLL_CTL_ADD, backend.fd, &event);
  }

  void await_events(Monotonic::time_point until) {
    const auto wait =
        std::chrono::ceil<std::chrono::milliseconds>(until - Monotonic::now()).count();
    std::array<epoll_event, kEventsAtATime> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                 std::max(static_cast<int>(wait), 0));
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events.at(static_cast<std::size_t>(i));
      Backend& backend = backends_[event.data.u64];
      if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) {
        end(backend);
      } else if (backend.connected) {
        take_response(backend);
      } else {
        connected(backend);
      }
    }
  }

  void connected(Backend& backend) const {
    if (!method_.http) return end(backend);
    backend.connected = true;
    ask(backend);
  }

  static void ask(const Backend& backend) {
    send(backend.fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL);
  }

  void take_response(Backend& backend) const {
    std::array<char, 4096> bytes;
    const ssize_t size = recv(backend.fd, bytes.data(), bytes.size(), 0);
    if (size < 0 && errno == EAGAIN) return;  // the socket can be written to, no more
    const bool passed =
        size > 0 &&
        std::string_view(bytes.data(), static_cast<std::size_t>(size)).starts_with(kPassed);
    if (!passed || !method_.reuse) end(backend);
  }

  static void end(Backend& backend) {
    close(backend.fd);
    backend.fd = -1;
    backend.connected = false;
  }

  Method method_;
  std::vector<Backend> backends_;
  int epoll_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: floor tcp|http|reuse PORT INTERVAL_MS < ADDRESSES\n", stderr);
    return 2;
  }
  try {
    const auto port = static_cast<std::uint16_t>(std::stoul(argv[2]));
    Floor floor(method_named(argv[1]), read_backends(std::cin, port));
    floor.run(std::chrono::milliseconds(std::stoul(argv[3])));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "floor: %s\n", error.what());
    return 1;
  }
}
