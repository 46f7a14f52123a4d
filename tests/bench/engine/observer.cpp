// Sees from outside what hlbd learns and what it makes of it, until killed.
//
//   observer PORT RUNTIME_DIR
//
// Prints "refused ADDRESS NANOSECONDS" for each RST that comes from PORT over the loopback
// interface, when the kernel sent it, and "table NANOSECONDS" for each table that is put in place,
// when that was told; both by CLOCK_REALTIME. As root.
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>

namespace {

constexpr int kBuffer = 64 << 20;  // for thousands of packets in a burst

int require(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

long long nanoseconds_of(const timespec& time) {
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// IPv4 without options, TCP, from this port, with RST; all else stays in the kernel.
void pass_only_resets(int fd, std::uint16_t port) {
  constexpr std::uint16_t kLoadByte = BPF_LD | BPF_B | BPF_ABS;
  constexpr std::uint16_t kLoadHalf = BPF_LD | BPF_H | BPF_ABS;
  constexpr std::uint16_t kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr std::uint16_t kIfSet = BPF_JMP | BPF_JSET | BPF_K;
  constexpr std::uint16_t kReturn = BPF_RET | BPF_K;
  std::array<sock_filter, 8> code{{
      {kLoadByte, 0, 0, 9},
      {kIfEqual, 0, 5, IPPROTO_TCP},
      {kLoadHalf, 0, 0, sizeof(iphdr)},
      {kIfEqual, 0, 3, port},
      {kLoadByte, 0, 0, sizeof(iphdr) + 13},
      {kIfSet, 0, 1, TH_RST},
      {kReturn, 0, 0, UINT32_MAX},
      {kReturn, 0, 0, 0},
  }};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  require(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), "filter");
}

int packets_from(std::uint16_t port) {
  const int fd = require(socket(AF_PACKET, SOCK_DGRAM, 0), "packet socket");
  pass_only_resets(fd, port);
  const int on = 1;
  require(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), "timestamps");
  require(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer), "buffer");
  sockaddr_ll loopback{};
  loopback.sll_family = AF_PACKET;
  loopback.sll_protocol = htons(ETH_P_IP);
  loopback.sll_ifindex = static_cast<int>(if_nametoindex("lo"));
  require(bind(fd, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback), "bind");
  return fd;
}

// Each packet is seen twice on the loopback interface: on its way out, and in.
void take_packet(int fd) {
  iphdr header{};
  sockaddr_ll from{};
  iovec space{.iov_base = &header, .iov_len = sizeof header};
  alignas(cmsghdr) std::array<char, 128> control{};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &space;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (recvmsg(fd, &message, 0) < 0 || from.sll_pkttype == PACKET_OUTGOING) return;
  const cmsghdr* stamp = CMSG_FIRSTHDR(&message);
  if (stamp == nullptr || stamp->cmsg_type != SCM_TIMESTAMPNS) return;
  timespec time{};
  std::memcpy(&time, CMSG_DATA(stamp), sizeof time);
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &header.saddr, text.data(), text.size());
  std::printf("refused %s %lld\n", text.data(), nanoseconds_of(time));
}

void take_renames(int fd) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  alignas(inotify_event) std::array<char, 4096> events{};
  const ssize_t size = read(fd, events.data(), events.size());
  for (ssize_t at = 0; at < size;) {
    const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
    if (std::string_view(event->name) == "table") {
      std::printf("table %lld\n", nanoseconds_of(now));
    }
    at += static_cast<ssize_t>(sizeof *event + event->len);
  }
}

[[noreturn]] void observe(int packets, int renames) {
  std::array<pollfd, 2> both{{{packets, POLLIN, 0}, {renames, POLLIN, 0}}};
  for (;;) {
    require(poll(both.data(), both.size(), -1), "poll");
    if ((both[1].revents & POLLIN) != 0) take_renames(renames);
    if ((both[0].revents & POLLIN) != 0) take_packet(packets);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: observer PORT RUNTIME_DIR\n", stderr);
    return 2;
  }
  try {
    const int packets = packets_from(static_cast<std::uint16_t>(std::stoul(argv[1])));
    const int renames = require(inotify_init1(IN_CLOEXEC), "inotify");
    require(inotify_add_watch(renames, argv[2], IN_MOVED_TO), argv[2]);
    std::puts("ready");
    std::fflush(stdout);
    observe(packets, renames);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "observer: %s\n", error.what());
    return 1;
  }
}
