#include "network/sockets.h"

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "network/netlink.h"
#include "system/last_error.h"

namespace hlb::network {
namespace {

using sock_diag::is_ipv4;
using std::chrono::milliseconds;

constexpr std::size_t kMostReceived = 65'536;  // the kernel puts at most 32 KiB into a datagram
constexpr std::size_t kEndedAtOnce = 64;
constexpr timeval kPatience{.tv_sec = 2, .tv_usec = 0};       // more than any dump takes
constexpr milliseconds kEver = std::chrono::hours(24 * 365);  // few enough to be counted in ns, too

// ---- which sockets are wanted ------------------------------------------------------------------

// A program for the kernel: for each peer a condition, which if it fails goes on to the next, and a
// command that ends the program with success.
class Conditions {
 public:
  explicit Conditions(std::span<const Peer> peers) {
    std::size_t left = 0;
    for (const Peer& peer : peers)
      left += size_of(peer) + sizeof(inet_diag_bc_op);
    for (const Peer& peer : peers) {
      left -= size_of(peer) + sizeof(inet_diag_bc_op);
      put_condition(peer);
      const bool last = left == 0;
      put_success(sizeof(inet_diag_bc_op) + left, last);
    }
  }

  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  static std::size_t address_size(const Peer& peer) { return is_ipv4(peer.address) ? 4 : 16; }
  static std::size_t size_of(const Peer& peer) {
    return sizeof(inet_diag_bc_op) + sizeof(inet_diag_hostcond) + address_size(peer);
  }

  template <typename Part>
  void put(const Part& part) {
    const auto* first = reinterpret_cast<const std::uint8_t*>(&part);
    bytes_.insert(bytes_.end(), first, first + sizeof part);
  }

  void put_condition(const Peer& peer) {
    const bool ipv4 = is_ipv4(peer.address);
    const std::size_t size = size_of(peer);
    put(inet_diag_bc_op{.code = INET_DIAG_BC_D_COND,
                        .yes = static_cast<std::uint8_t>(size),
                        .no = static_cast<std::uint16_t>(size + sizeof(inet_diag_bc_op))});
    inet_diag_hostcond condition{};
    condition.family = ipv4 ? AF_INET : AF_INET6;
    condition.prefix_len = static_cast<std::uint8_t>(8 * address_size(peer));
    condition.port = peer.port;
    put(condition);
    const auto address = std::span(peer.address).last(address_size(peer));
    bytes_.insert(bytes_.end(), address.begin(), address.end());
  }

  // Jumps to the end, `distance` from here. What a failed condition jumps over is this command;
  // after the last one that is beyond the end, which means no.
  void put_success(std::size_t distance, bool last) {
    constexpr std::uint8_t kNothing = INET_DIAG_BC_NOP;
    constexpr std::uint8_t kJump = INET_DIAG_BC_JMP;
    put(inet_diag_bc_op{.code = last ? kNothing : kJump,
                        .yes = sizeof(inet_diag_bc_op),
                        .no = static_cast<std::uint16_t>(distance)});
  }

  std::vector<std::uint8_t> bytes_;
};

// ---- what the kernel shows ---------------------------------------------------------------------

milliseconds field(std::span<const std::uint8_t> info, std::size_t offset) {
  std::uint32_t value = 0;
  if (info.size() >= offset + sizeof value) {
    std::memcpy(&value, info.data() + offset, sizeof value);
  }
  return milliseconds(value);
}

Socket socket_of(const nlmsghdr& message, const inet_diag_msg& shown) {
  const auto info = attribute(message, sizeof shown, INET_DIAG_INFO);
  const milliseconds sent = field(info, offsetof(tcp_info, tcpi_last_data_sent));
  const milliseconds data = field(info, offsetof(tcp_info, tcpi_last_data_recv));
  const milliseconds ack = field(info, offsetof(tcp_info, tcpi_last_ack_recv));
  const bool made = shown.idiag_state != TCP_SYN_SENT;
  return {.shown = shown,
          .peer = {sock_diag::key_from(shown.idiag_family, shown.id.idiag_dst),
                   ntohs(shown.id.idiag_dport)},
          .quiet = made ? std::min(data, ack) : kEver,
          .idle = made ? std::min(sent, data) : kEver};
}

// The error in a message that ends an answer; 0 for success.
int error_in(const nlmsghdr& message) {
  const auto* error = payload_of<int>(message);  // also the start of an nlmsgerr
  return error == nullptr ? 0 : -*error;
}

std::error_code as_error(int error) {
  return {error, std::generic_category()};
}

nlmsghdr* put_request(void* space, std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                      const inet_diag_req_v2& body) {
  nlmsghdr* request = ::mnl_nlmsg_put_header(space);
  request->nlmsg_type = type;
  request->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  request->nlmsg_seq = sequence;
  std::memcpy(::mnl_nlmsg_put_extra_header(request, sizeof body), &body, sizeof body);
  return request;
}

}  // namespace

SocketTable::SocketTable(FileDescriptor socket)
    : socket_(std::move(socket)), received_(kMostReceived) {}

tl::expected<SocketTable, std::error_code> SocketTable::open() {
  FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  const bool patient = socket.valid() && ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO,
                                                      &kPatience, sizeof kPatience) == 0;
  if (!patient) return tl::unexpected(last_error());
  return SocketTable(std::move(socket));
}

std::error_code SocketTable::ask(const void* requests, std::size_t size) const {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = ::sendto(socket_.get(), requests, size, 0,
                                reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  return sent < 0 ? last_error() : std::error_code();
}

std::error_code SocketTable::list(const SocketQuery& query,
                                  const std::function<void(const Socket&)>& take) {
  if (const auto error = list(query, AF_INET, take)) return error;
  return list(query, AF_INET6, take);
}

// Connections to IPv4 addresses may be of IPv6 sockets, too: Java's are.
std::error_code SocketTable::list(const SocketQuery& query, std::uint8_t family,
                                  const std::function<void(const Socket&)>& take) {
  const Conditions conditions(query.peers.first(std::min(query.peers.size(), kMostPeers)));
  inet_diag_req_v2 wanted{};
  wanted.sdiag_family = family;
  wanted.sdiag_protocol = query.protocol;
  wanted.idiag_states = query.states;
  if (query.times) wanted.idiag_ext = 1U << (INET_DIAG_INFO - 1U);
  alignas(nlmsghdr) std::array<char, 8192> space{};
  nlmsghdr* request =
      put_request(space.data(), SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, ++sequence_, wanted);
  if (const auto bytes = conditions.bytes(); !bytes.empty())
    ::mnl_attr_put(request, INET_DIAG_REQ_BYTECODE, bytes.size(), bytes.data());
  if (const auto error = ask(request, request->nlmsg_len)) return error;
  for (;;) {
    const ssize_t size = ::recv(socket_.get(), received_.data(), received_.size(), 0);
    if (size < 0) return last_error();
    int left = static_cast<int>(size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(received_.data());
    for (; ::mnl_nlmsg_ok(message, left); message = ::mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_seq != sequence_) continue;
      const bool over = message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR;
      if (over) return as_error(error_in(*message));
      if (const auto* shown = payload_of<inet_diag_msg>(*message))
        take(socket_of(*message, *shown));
    }
  }
}

// Sends some requests in one datagram, then reads their answers.
std::vector<int> SocketTable::end(std::span<const inet_diag_msg> sockets, std::uint8_t protocol) {
  constexpr std::size_t kRequest = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(inet_diag_req_v2));
  alignas(nlmsghdr) std::array<char, kEndedAtOnce * kRequest> space{};
  std::vector<int> errors;
  errors.reserve(sockets.size());
  while (!sockets.empty()) {
    const auto some = sockets.first(std::min(sockets.size(), kEndedAtOnce));
    sockets = sockets.subspan(some.size());
    const std::uint32_t first = sequence_ + 1;
    std::size_t size = 0;
    for (const inet_diag_msg& each : some) {
      inet_diag_req_v2 which{};
      which.sdiag_family = each.idiag_family;
      which.sdiag_protocol = protocol;
      which.id = each.id;
      size +=
          put_request(space.data() + size, SOCK_DESTROY, NLM_F_ACK, ++sequence_, which)->nlmsg_len;
    }
    const std::error_code failure = ask(space.data(), size);
    for (std::uint32_t sequence = first; sequence <= sequence_; ++sequence)
      errors.push_back(failure ? failure.value() : answer_to(sequence));
  }
  return errors;
}

// Reads on until the acknowledgement of this request; returns its error.
int SocketTable::answer_to(std::uint32_t sequence) {
  for (;;) {
    const ssize_t size = ::recv(socket_.get(), received_.data(), received_.size(), 0);
    if (size < 0) return errno;
    const auto* message = reinterpret_cast<const nlmsghdr*>(received_.data());
    if (!::mnl_nlmsg_ok(message, static_cast<int>(size)) || message->nlmsg_seq != sequence)
      continue;
    if (message->nlmsg_type == NLMSG_ERROR) return error_in(*message);
  }
}

// Asks for a connection that nobody has: the kernel looks for it only if it could end it.
int SocketTable::try_to_end() {
  inet_diag_msg nobody{};
  nobody.idiag_family = AF_INET;
  nobody.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  nobody.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  const int error = end({&nobody, 1}, IPPROTO_TCP).front();
  return error == ENOENT ? 0 : error;
}

}  // namespace hlb::network
