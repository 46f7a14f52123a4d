// Sees from outside what hlbd learns and what it makes of it, until killed.
//
//   observer PORT RUNTIME_DIR
//
// Prints "refused ADDRESS NANOSECONDS" for each RST that comes from PORT over the loopback
// interface, when the kernel sent it, and "up COUNT NANOSECONDS" whenever another number of
// backends is up in the table, which is looked at twice a millisecond; both by CLOCK_REALTIME. As
// root.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

#include "libnss_hlb/record.h"
#include "libnss_hlb/table.h"

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

long long now() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return nanoseconds_of(time);
}

// A table that stays in place, as it does where only verdicts change.
class Table {
 public:
  explicit Table(const std::string& path) {
    const int fd = require(open(path.c_str(), O_RDONLY | O_CLOEXEC), path.c_str());
    struct stat status{};
    require(fstat(fd, &status), path.c_str());
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) throw std::system_error(errno, std::generic_category(), path);
    close(fd);
    find_states(static_cast<const std::uint8_t*>(mapped));
  }

  std::size_t count_up() const {
    return static_cast<std::size_t>(std::ranges::count_if(states_, [](const std::uint8_t* state) {
      return hlb::record::BackendState(hlb::load_live<hlb::Order::relaxed>(state)).up();
    }));
  }

 private:
  template <typename Number>
  static Number number_at(const std::uint8_t* place) {
    Number number = 0;
    std::memcpy(&number, place, sizeof number);
    return number;
  }

  // Each service has one name here, and so one slot.
  void find_states(const std::uint8_t* bytes) {
    namespace at = hlb::table::at;
    const auto slots = number_at<std::uint32_t>(bytes + at::kSlotCount);
    const std::uint8_t* slot = bytes + number_at<std::uint32_t>(bytes + at::kSlotsOffset);
    for (std::uint32_t i = 0; i < slots; ++i, slot += at::kSlotEnd) {
      const auto record = number_at<std::uint32_t>(slot + at::kSlotRecord);
      if (record != 0) add_states(bytes + record);
    }
  }

  void add_states(const std::uint8_t* record) {
    namespace at = hlb::record::at;
    const std::uint8_t* backend = record + number_at<std::uint16_t>(record + at::kHeaderSize);
    const auto size = number_at<std::uint16_t>(record + at::kBackendSize);
    const auto count = number_at<std::uint32_t>(record + at::kBackendCount);
    for (std::uint32_t i = 0; i < count; ++i, backend += size)
      states_.push_back(backend + at::kState);
  }

  std::vector<const std::uint8_t*> states_;
};

[[noreturn]] void observe(int packets, const Table& table) {
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 500'000};
  pollfd resets{packets, POLLIN, 0};
  for (std::size_t before = table.count_up();;) {
    require(ppoll(&resets, 1, &kPause, nullptr), "ppoll");
    if ((resets.revents & POLLIN) != 0) take_packet(packets);
    const std::size_t up = table.count_up();
    if (up != before) std::printf("up %zu %lld\n", up, now());
    before = up;
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
    const Table table(std::string(argv[2]) + "/table");
    std::puts("ready");
    std::fflush(stdout);
    observe(packets, table);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "observer: %s\n", error.what());
    return 1;
  }
}
