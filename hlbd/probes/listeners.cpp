#include "probes/listeners.h"

#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// ---- addresses ---------------------------------------------------------------------------------

// An address as the kernel compares it: IPv4 in its IPv6-mapped form, no scope.
using Key = std::array<std::uint8_t, 16>;

constexpr Key kAnyIpv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr Key kAnyIpv6{};
constexpr Key kLoopbackIpv6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

Key key_from(int family, const void* bytes) {
  Key key = kAnyIpv4;
  if (family == AF_INET) {
    std::memcpy(key.data() + 12, bytes, 4);
  } else {
    std::memcpy(key.data(), bytes, key.size());
  }
  return key;
}

Key key_of(const Address& address) {
  return key_from(address.family == Address::Family::ipv4 ? AF_INET : AF_INET6,
                  address.bytes.data());
}

bool is_ipv4(const Key& key) {
  return std::equal(key.begin(), key.begin() + 12, kAnyIpv4.begin());
}

bool is_loopback(const Key& key) {
  return key == kLoopbackIpv6 || (is_ipv4(key) && key[12] == 127);
}

// Whether a listener bound to `bound` took connections to `address`. One bound to :: took those
// over IPv4 as well, unless it was told not to, which no report says.
bool covers(const Key& bound, const Key& address) {
  return bound == address || bound == kAnyIpv6 || (bound == kAnyIpv4 && is_ipv4(address));
}

// The addresses on this host's interfaces, sorted; none when the kernel doesn't say.
std::vector<Key> own_addresses() {
  std::vector<Key> own;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return own;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, ::freeifaddrs);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    if (entry->ifa_addr->sa_family == AF_INET) {
      const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
      own.push_back(key_from(AF_INET, &ipv4->sin_addr));
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr);
      own.push_back(key_from(AF_INET6, &ipv6->sin6_addr));
    }
  }
  std::ranges::sort(own);
  return own;
}

// By port, because that is what tells most reports apart.
using Watched = std::map<std::uint16_t, std::vector<Address>>;

Watched local_among(std::span<const Listener> backends) {
  const std::vector<Key> own = own_addresses();
  Watched watched;
  for (const Listener& backend : backends) {
    const Key key = key_of(backend.address);
    if (is_loopback(key) || std::ranges::binary_search(own, key)) {
      watched[backend.port].push_back(backend.address);
    }
  }
  return watched;
}

// ---- the kernel's reports ----------------------------------------------------------------------

// The start of a report; attributes follow, of which none is of use.
struct Report {
  nlmsghdr header;
  inet_diag_msg socket;
};

struct DeadListener {
  Key bound;
  std::uint16_t port;
};

constexpr std::size_t kSocketId = offsetof(Report, socket) + offsetof(inet_diag_msg, id);
constexpr std::size_t kPeerPort = kSocketId + offsetof(inet_diag_sockid, idiag_dport);
constexpr std::size_t kPeerAddress = kSocketId + offsetof(inet_diag_sockid, idiag_dst);

// A dead socket no longer knows that it listened, but it never had a peer. Nor had one that was
// bound and not used, which does no harm; a connection that broke may have lost the peer's port,
// but keeps its address.
std::optional<DeadListener> dead_listener(const Report& report, std::size_t size) {
  const inet_diag_msg& socket = report.socket;
  if (size < sizeof report || report.header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;
  if (socket.idiag_family != AF_INET && socket.idiag_family != AF_INET6) return std::nullopt;
  const bool peer = std::ranges::any_of(socket.id.idiag_dst, [](auto word) { return word != 0; });
  if (peer || socket.id.idiag_dport != 0 || socket.id.idiag_sport == 0) return std::nullopt;
  return DeadListener{.bound = key_from(socket.idiag_family, socket.id.idiag_src),
                      .port = ntohs(socket.id.idiag_sport)};
}

std::error_code netlink_error() {
  return {errno, std::system_category()};
}

// Connections die by the thousand in a second; the kernel drops their reports before they would
// fill the socket's buffer or wake hlbd. Looks at the first and the last word of the peer's
// address: an IPv4 address is in the first, an IPv6 address with a zero last word still passes.
std::error_code drop_connections(int fd) {
  constexpr std::uint16_t kLoadWord = BPF_LD | BPF_W | BPF_ABS;
  constexpr std::uint16_t kLoadHalf = BPF_LD | BPF_H | BPF_ABS;
  constexpr std::uint16_t kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr std::uint16_t kReturn = BPF_RET | BPF_K;
  std::array<sock_filter, 8> code{{
      {kLoadHalf, 0, 0, kPeerPort},
      {kIfEqual, 0, 5, 0},
      {kLoadWord, 0, 0, kPeerAddress},
      {kIfEqual, 0, 3, 0},
      {kLoadWord, 0, 0, kPeerAddress + 12},
      {kIfEqual, 0, 1, 0},
      {kReturn, 0, 0, UINT32_MAX},
      {kReturn, 0, 0, 0},
  }};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0) return {};
  return netlink_error();
}

std::error_code subscribe(asio::posix::stream_descriptor& reports) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  if (fd < 0) return netlink_error();
  reports.assign(fd);
  if (const std::error_code error = drop_connections(fd)) return error;
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = 1U << (SKNLGRP_INET_TCP_DESTROY - 1) | 1U << (SKNLGRP_INET6_TCP_DESTROY - 1);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&groups), sizeof groups) != 0) {
    return netlink_error();
  }
  return {};
}

}  // namespace

// Shared with its handlers, one of which may be on its way when the watch ends.
struct ListenerWatch::Subscription : std::enable_shared_from_this<Subscription> {
  Subscription(const asio::any_io_executor& executor, OnGone gone)
      : reports(executor), loss_pause(executor), on_gone(std::move(gone)) {}

  void await_reports() {
    reports.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const error_code& error) {
                         if (error || self->ended) return;
                         if (!self->take_reports()) return self->end();
                         self->await_reports();
                       });
  }

  // False when the socket no longer works. Bounded: what is left comes with the next turn.
  bool take_reports() {
    constexpr int kAtATime = 256;
    std::vector<Listener> gone;
    int error = 0;
    for (int i = 0; i < kAtATime && (error == 0 || error == ENOBUFS); ++i) {
      Report report{};
      const ssize_t size = ::recv(reports.native_handle(), &report, sizeof report, MSG_DONTWAIT);
      error = size < 0 ? errno : 0;
      if (error == ENOBUFS) lost = true;
      if (error != 0) continue;
      if (const auto dead = dead_listener(report, static_cast<std::size_t>(size))) {
        add_covered(*dead, gone);
      }
    }
    tell(std::move(gone));
    if (error == EAGAIN) tell_of_loss();
    return error == 0 || error == EAGAIN || error == EINTR || error == ENOBUFS;
  }

  void add_covered(const DeadListener& dead, std::vector<Listener>& gone) const {
    const auto at_port = watched.find(dead.port);
    if (at_port == watched.end()) return;
    for (const Address& address : at_port->second) {
      if (covers(dead.bound, key_of(address))) gone.push_back({address, dead.port});
    }
  }

  void tell(std::vector<Listener> gone) const {
    if (gone.empty()) return;
    std::ranges::sort(gone);
    const auto repeated = std::ranges::unique(gone);
    gone.erase(repeated.begin(), repeated.end());
    on_gone(gone);
  }

  // Only when no report is left: from the one time that it says so until then, the kernel drops
  // every further report and keeps silent about it.
  void tell_of_loss() {
    owed |= std::exchange(lost, false);
    if (!owed || pausing) return;
    owed = false;
    pausing = true;
    loss_pause.expires_after(kLossPause);
    loss_pause.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || self->ended) return;
      self->pausing = false;
      if (!self->lost) self->tell_of_loss();
    });
    tell(all());
  }

  std::vector<Listener> all() const {
    std::vector<Listener> all;
    for (const auto& [port, addresses] : watched) {
      for (const Address& address : addresses)
        all.push_back({address, port});
    }
    return all;
  }

  void end() {
    ended = true;
    error_code ignored;
    reports.close(ignored);
    loss_pause.cancel();
  }

  asio::posix::stream_descriptor reports;
  asio::steady_timer loss_pause;
  OnGone on_gone;
  Watched watched;
  bool lost = false;  // reports, and there are others still to be taken
  bool owed = false;  // to tell of a loss
  bool pausing = false;
  bool ended = false;
};

ListenerWatch::ListenerWatch(asio::any_io_executor executor, OnGone on_gone)
    : executor_(std::move(executor)), on_gone_(std::move(on_gone)) {}

ListenerWatch::~ListenerWatch() {
  if (subscription_) subscription_->end();
}

std::error_code ListenerWatch::watch(std::span<const Listener> backends) {
  Watched watched = local_among(backends);
  if (subscription_ && (watched.empty() || subscription_->ended)) {
    subscription_->end();
    subscription_.reset();
  }
  if (watched.empty()) return {};
  if (!subscription_) {
    auto subscription = std::make_shared<Subscription>(executor_, on_gone_);
    if (const std::error_code error = subscribe(subscription->reports)) return error;
    subscription->await_reports();
    subscription_ = std::move(subscription);
  }
  subscription_->watched = std::move(watched);
  return {};
}

}  // namespace hlb::probes
