#include "probes/icmp/echo_socket.h"

#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/icmp.hpp>
#include <cerrno>
#include <span>
#include <string>
#include <utility>

#include "probes/socket_option.h"
#include "probes/way_socket.h"
#include "system/socket_address.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
namespace errc = boost::system::errc;
using asio::ip::icmp;
using boost::system::error_code;
using Family = Address::Family;

// Limits of what is sent before replies are read, and read before others on the loop have a turn.
constexpr unsigned kMostUnread = 64;
constexpr int kBatchSize = 32;
constexpr int kMostBatches = 16;
constexpr int kRoom = 1 << 20;  // asked for replies; the system may have set a lower limit

// The longest packet that is of interest: an IP header with options, and the message.
constexpr std::size_t kPacketSize = 60 + kEchoSize;

tl::expected<FileDescriptor, error_code> open_echo_socket(const Way& way, Family family, int type) {
  const int protocol = family == Family::ipv4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  return open_socket(way, family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

// Lets only echo replies with this identifier through, as a raw socket gets every ICMP message of
// the host: on IPv4 with its IP header, whose length is in the first byte, on IPv6 without.
void filter(int fd, Family family, std::uint16_t identifier) {
  constexpr std::uint16_t kHeaderLength = BPF_LDX | BPF_B | BPF_MSH;
  constexpr std::uint16_t kLoadByte = BPF_LD | BPF_B | BPF_IND;
  constexpr std::uint16_t kLoadHalf = BPF_LD | BPF_H | BPF_IND;
  constexpr std::uint16_t kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr std::uint16_t kReturn = BPF_RET | BPF_K;
  const sock_filter find_message = family == Family::ipv4 ? sock_filter{kHeaderLength, 0, 0, 0}
                                                          : sock_filter{BPF_LDX | BPF_IMM, 0, 0, 0};
  std::array<sock_filter, 7> program = {{
      find_message,
      {kLoadByte, 0, 0, 0},
      {kIfEqual, 0, 3, echo_reply_type(family)},
      {kLoadHalf, 0, 0, 4},
      {kIfEqual, 0, 1, identifier},
      {kReturn, 0, 0, 0xffff},
      {kReturn, 0, 0, 0},
  }};
  set_option(fd, SOL_SOCKET, SO_ATTACH_FILTER,
             sock_fprog{static_cast<unsigned short>(program.size()), program.data()});
}

// Has the kernel keep ICMP errors apart, with what they quote.
void prepare(int fd, Family family) {
  if (family == Family::ipv4) {
    set_option(fd, SOL_IP, IP_RECVERR, 1);
  } else {
    set_option(fd, SOL_IPV6, IPV6_RECVERR, 1);
  }
  set_option(fd, SOL_SOCKET, SO_RCVBUF, kRoom);
}

std::uint16_t random_identifier() {
  std::uint16_t identifier = 0;
  (void)!::getrandom(&identifier, sizeof identifier, 0);
  return identifier;
}

std::span<const std::uint8_t> without_ip_header(std::span<const std::uint8_t> packet) {
  if (packet.empty()) return packet;
  const std::size_t length = (packet[0] & 15U) * std::size_t{4};
  return packet.subspan(std::min(length, packet.size()));
}

// The ICMP error that came beside a message from the error queue; nullptr if there is none.
const sock_extended_err* error_of(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    const bool is_error = (part->cmsg_level == SOL_IP && part->cmsg_type == IP_RECVERR) ||
                          (part->cmsg_level == SOL_IPV6 && part->cmsg_type == IPV6_RECVERR);
    if (!is_error) continue;
    const auto* error = reinterpret_cast<const sock_extended_err*>(CMSG_DATA(part));
    const bool by_icmp =
        error->ee_origin == SO_EE_ORIGIN_ICMP || error->ee_origin == SO_EE_ORIGIN_ICMP6;
    return by_icmp ? error : nullptr;
  }
  return nullptr;
}

std::string sender_of(const sock_extended_err& error) {
  return address_in(SO_EE_OFFENDER(&error)).value_or(Address()).to_string();
}

}  // namespace

EchoSocket::Opened EchoSocket::open(const asio::any_io_executor& executor, Family family,
                                    const Way& way) {
  auto socket = open_echo_socket(way, family, SOCK_DGRAM);
  const bool raw = !socket && (socket.error() == errc::permission_denied ||
                               socket.error() == errc::operation_not_permitted);
  if (raw) socket = open_echo_socket(way, family, SOCK_RAW);
  if (!socket) return tl::unexpected(socket.error());
  return std::shared_ptr<EchoSocket>(new EchoSocket(executor, family, raw, socket->release()));
}

EchoSocket::EchoSocket(const asio::any_io_executor& executor, Family family, bool raw, int fd)
    : family_(family), raw_(raw), socket_(executor, fd) {
  if (raw_) {
    identifier_ = random_identifier();
    filter(fd, family_, identifier_);
  }
  prepare(fd, family_);
  lost_ = count_lost();
}

// Tries again, as an ICMP error that came for another request ends a sending as well.
error_code EchoSocket::send(const Target& target, const Echo& echo) {
  constexpr int kTries = 4;
  if (sent_since_read_++ >= kMostUnread) receive();
  const EchoMessage message = echo_request(family_, {identifier_, echo.sequence, echo.token});
  const icmp::endpoint backend(endpoint_of(target).address(), 0);
  error_code error;
  for (int tries = 0; tries < kTries; ++tries) {
    const auto sent = ::sendto(socket_.native_handle(), message.data(), message.size(), 0,
                               backend.data(), static_cast<socklen_t>(backend.size()));
    if (sent >= 0) return {};
    error = socket_error();
    if (is_full(error)) break;
    receive_errors();
  }
  return error;
}

bool EchoSocket::is_full(const error_code& error) {
  return error.value() == EAGAIN || error.value() == ENOBUFS;
}

void EchoSocket::listen(OnEcho on_echo) {
  on_echo_ = std::move(on_echo);
  await_more();
}

// Waits for replies, and for ICMP errors, which end the wait as well.
void EchoSocket::await_more() {
  socket_.async_wait(asio::posix::descriptor_base::wait_read,
                     scope_.guard([this](const error_code& error) {
                       if (error) return;
                       receive();
                       await_more();
                     }));
}

// Reads replies, and ICMP errors where a read fails for more than want of replies.
void EchoSocket::receive() {
  sent_since_read_ = 0;
  for (int batch = 0; batch < kMostBatches; ++batch) {
    const int count = receive_batch();
    if (count == kBatchSize) continue;
    if (count >= 0 || errno == EAGAIN) return;
    receive_errors();
  }
}

struct EchoSocket::Batch {
  struct Packet {
    icmp::endpoint from;
    iovec part{};
    std::array<std::uint8_t, kPacketSize> bytes;
  };

  Batch() {
    for (std::size_t each = 0; each < packets.size(); ++each) {
      Packet& packet = packets.at(each);
      packet.part = {packet.bytes.data(), packet.bytes.size()};
      msghdr& header = headers.at(each).msg_hdr;
      header.msg_name = packet.from.data();
      header.msg_namelen = static_cast<socklen_t>(packet.from.capacity());
      header.msg_iov = &packet.part;
      header.msg_iovlen = 1;
    }
  }

  std::array<Packet, kBatchSize> packets;
  std::array<mmsghdr, kBatchSize> headers{};
};

int EchoSocket::receive_batch() {
  Batch batch;
  const int count =
      ::recvmmsg(socket_.native_handle(), batch.headers.data(), kBatchSize, 0, nullptr);
  for (std::size_t each = 0; std::cmp_less(each, count); ++each) {
    Batch::Packet& packet = batch.packets.at(each);
    const mmsghdr& header = batch.headers.at(each);
    packet.from.resize(header.msg_hdr.msg_namelen);
    std::span<const std::uint8_t> message(packet.bytes.data(), header.msg_len);
    if (raw_ && family_ == Family::ipv4) message = without_ip_header(message);
    if (const auto echo = echo_reply(family_, message)) {
      on_echo_(packet.from.address(), *echo, Outcome::pass("echo reply"));
    }
  }
  return count;
}

void EchoSocket::receive_errors() {
  for (int left = kBatchSize * kMostBatches; left > 0 && receive_error(); --left) {
  }
}

// Takes a message from the error queue, whose name is where the request went.
bool EchoSocket::receive_error() {
  icmp::endpoint asked;
  std::array<std::uint8_t, kPacketSize> quoted;
  alignas(cmsghdr) std::array<char, 256> control;
  iovec part{quoted.data(), quoted.size()};
  msghdr message{};
  message.msg_name = asked.data();
  message.msg_namelen = static_cast<socklen_t>(asked.capacity());
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(socket_.native_handle(), &message, MSG_ERRQUEUE);
  if (size < 0) return false;
  const sock_extended_err* error = error_of(message);
  const auto echo = quoted_request(family_, {quoted.data(), static_cast<std::size_t>(size)});
  if (error == nullptr || !echo) return true;
  const std::string reason = icmp_error(family_, error->ee_type, error->ee_code);
  if (reason.empty()) return true;
  asked.resize(message.msg_namelen);
  on_echo_(asked.address(), *echo, Outcome::hard_failure(reason + ", says " + sender_of(*error)));
  return true;
}

std::uint32_t EchoSocket::count_lost() {
  std::array<std::uint32_t, SK_MEMINFO_VARS> counts{};
  socklen_t size = sizeof counts;
  (void)::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_MEMINFO, counts.data(), &size);
  return counts.at(SK_MEMINFO_DROPS);
}

bool EchoSocket::has_lost_since(Monotonic::time_point then) {
  const std::uint32_t before = std::exchange(lost_, count_lost());
  if (lost_ != before) lost_at_ = Monotonic::now();
  return lost_at_ >= then;
}

}  // namespace hlb::probes
