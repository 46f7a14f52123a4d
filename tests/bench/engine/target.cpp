// The backends of the engine's measurement, all in one process: answers every request at PORT of
// any address of this host, or of the addresses in a file (IPv4, one a line) alone.
//
//   target PORT COUNT_FILE [ADDRESS_FILE]
//
// The number of requests so far stands in the file, as 8 bytes of this machine's order. Connections
// are left for the prober to close.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

constexpr std::string_view kEndOfRequest = "\r\n\r\n";
constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";
constexpr int kBacklog = 65535;

int require(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

int listen_at(in_addr address, std::uint16_t port) {
  const int fd = require(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr = address;
  require(bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at), "bind");
  require(listen(fd, kBacklog), "listen");
  return fd;
}

std::vector<int> listeners_at(const char* address_file, std::uint16_t port) {
  if (address_file == nullptr) return {listen_at({INADDR_ANY}, port)};
  std::vector<int> listeners;
  std::ifstream text(address_file);
  for (std::string line; std::getline(text, line);) {
    in_addr address{};
    if (inet_pton(AF_INET, line.c_str(), &address) != 1) {
      throw std::runtime_error("not an IPv4 address: " + line);
    }
    listeners.push_back(listen_at(address, port));
  }
  if (listeners.empty()) throw std::runtime_error("no addresses");
  return listeners;
}

using Count = std::atomic<std::uint64_t>;

Count& count_in(const char* path) {
  const int fd = require(open(path, O_RDWR | O_CREAT, 0600), path);
  require(ftruncate(fd, sizeof(Count)), path);
  void* place = mmap(nullptr, sizeof(Count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (place == MAP_FAILED) throw std::system_error(errno, std::generic_category(), path);
  return *new (place) Count(0);
}

class Target {
 public:
  Target(const std::vector<int>& listeners, Count& count)
      : last_listener_(listeners.back()),
        epoll_(require(epoll_create1(0), "epoll")),
        count_(count) {
    for (const int listener : listeners) {
      add(listener);
    }
  }

  [[noreturn]] void serve() {
    std::array<epoll_event, 512> events{};
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
        if (fd <= last_listener_) {
          accept_all(fd);
        } else {
          answer(fd);
        }
      }
    }
  }

 private:
  void add(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    require(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }

  void accept_all(int listener) const {
    int fd = 0;
    while ((fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
      add(fd);
    }
  }

  // The probers send a request whole; one that came in pieces would be answered for its last.
  void answer(int fd) {
    std::array<char, 2048> bytes{};
    const ssize_t size = recv(fd, bytes.data(), bytes.size(), 0);
    if (size <= 0) {
      close(fd);
      return;
    }
    const std::string_view request(bytes.data(), static_cast<std::size_t>(size));
    if (!request.ends_with(kEndOfRequest)) return;
    ++count_;
    send(fd, kResponse.data(), kResponse.size(), MSG_NOSIGNAL);
  }

  int last_listener_;  // they were opened first
  int epoll_;
  Count& count_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fputs("usage: target PORT COUNT_FILE [ADDRESS_FILE]\n", stderr);
    return 2;
  }
  try {
    const auto port = static_cast<std::uint16_t>(std::stoul(argv[1]));
    Count& count = count_in(argv[2]);
    Target target(listeners_at(argv[3], port), count);
    target.serve();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "target: %s\n", error.what());
    return 1;
  }
}
