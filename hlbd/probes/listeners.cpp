#include "probes/listeners.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "probes/sock_diag.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

using sock_diag::Key;
using sock_diag::Report;

// ---- addresses ---------------------------------------------------------------------------------

// Whether a listener bound to `bound` took connections to `address`. One bound to :: took those
// over IPv4 as well, unless it was told not to, which no report says.
bool covers(const Key& bound, const Key& address) {
  return bound == address || bound == sock_diag::kAnyIpv6 ||
         (bound == sock_diag::kAnyIpv4 && sock_diag::is_ipv4(address));
}

// By port, because that is what tells most reports apart.
using Watched = std::map<std::uint16_t, std::vector<Address>>;

Watched local_among(std::span<const Listener> backends) {
  const sock_diag::OwnAddresses own;
  Watched watched;
  for (const Listener& backend : backends) {
    if (own.have(sock_diag::key_of(backend.address))) {
      watched[backend.port].push_back(backend.address);
    }
  }
  return watched;
}

// ---- the kernel's reports ----------------------------------------------------------------------

struct DeadListener {
  Key bound;
  std::uint16_t port;
};

// A dead socket no longer knows that it listened, but it never had a peer. Nor had one that was
// bound and not used, which does no harm; a connection that broke may have lost the peer's port,
// but keeps its address.
std::optional<DeadListener> dead_listener(const Report& report, std::size_t size) {
  const inet_diag_msg& socket = report.socket;
  if (!sock_diag::is_report(report, size)) return std::nullopt;
  const bool peer = std::ranges::any_of(socket.id.idiag_dst, [](auto word) { return word != 0; });
  if (peer || socket.id.idiag_dport != 0 || socket.id.idiag_sport == 0) return std::nullopt;
  return DeadListener{.bound = sock_diag::key_from(socket.idiag_family, socket.id.idiag_src),
                      .port = ntohs(socket.id.idiag_sport)};
}

// Passes what has no peer. Looks at the first and the last word of the peer's address: an IPv4
// address is in the first, an IPv6 address with a zero last word still passes.
std::error_code subscribe_to_listeners(asio::posix::stream_descriptor& reports) {
  using namespace sock_diag;
  std::array<sock_filter, 8> filter{{
      {kLoadHalf, 0, 0, kPeerPort},
      {kIfEqual, 0, 5, 0},
      {kLoadWord, 0, 0, kPeerAddress},
      {kIfEqual, 0, 3, 0},
      {kLoadWord, 0, 0, kPeerAddress + 12},
      {kIfEqual, 0, 1, 0},
      {kReturn, 0, 0, UINT32_MAX},
      {kReturn, 0, 0, 0},
  }};
  return subscribe(reports, filter);
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
      if (covers(dead.bound, sock_diag::key_of(address))) gone.push_back({address, dead.port});
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
    if (const std::error_code error = subscribe_to_listeners(subscription->reports)) return error;
    subscription->await_reports();
    subscription_ = std::move(subscription);
  }
  subscription_->watched = std::move(watched);
  return {};
}

}  // namespace hlb::probes
