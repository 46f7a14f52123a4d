#include "network/listeners.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "network/sock_reports.h"

namespace hlb::network {
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

// Local backends by port, which is what tells most reports apart.
using Watched = std::map<std::uint16_t, std::vector<Address>>;

Watched local_among(std::span<const Endpoint> backends, const sock_diag::OwnAddresses& own) {
  Watched watched;
  for (const Endpoint& backend : backends) {
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

// Recognizes a listener by its never having had a peer, as a dead socket no longer knows that it
// listened. A socket that was bound and not used had none either, which does no harm; a connection
// that broke may have lost the peer's port, but keeps its address.
std::optional<DeadListener> dead_listener(std::span<const char> bytes) {
  const Report* report = sock_diag::report_in(bytes);
  if (report == nullptr) return std::nullopt;
  const inet_diag_msg& socket = report->socket;
  const bool peer = std::ranges::any_of(socket.id.idiag_dst, [](auto word) { return word != 0; });
  if (peer || socket.id.idiag_dport != 0 || socket.id.idiag_sport == 0) return std::nullopt;
  return DeadListener{.bound = sock_diag::key_from(socket.idiag_family, socket.id.idiag_src),
                      .port = ntohs(socket.id.idiag_sport)};
}

// Passes what has no peer. Looks at the first and the last word of the peer's address: an IPv4
// address is in the first, an IPv6 address with a zero last word still passes.
std::array<sock_filter, 8> filter_of_listeners() {
  using namespace sock_diag;
  return {{
      {kLoadHalf, 0, 0, kPeerPort},
      {kIfEqual, 0, 5, 0},
      {kLoadWord, 0, 0, kPeerAddress},
      {kIfEqual, 0, 3, 0},
      {kLoadWord, 0, 0, kPeerAddress + 12},
      {kIfEqual, 0, 1, 0},
      {kReturn, 0, 0, UINT32_MAX},
      {kReturn, 0, 0, 0},
  }};
}

}  // namespace

struct ListenerWatch::Subscription : sock_diag::Reports {
  Subscription(const asio::any_io_executor& executor, OnGone tell)
      : Reports(executor), loss_pause(executor), on_gone(std::move(tell)) {}

  void take(std::span<const char> report) override {
    if (const auto dead = dead_listener(report)) add_covered(*dead);
  }

  void lose() override { lost = true; }

  void end_turn(bool all) override {
    tell(each_once(std::exchange(gone, {})));
    if (all) tell_of_loss();
  }

  void add_covered(const DeadListener& dead) {
    const auto at_port = watched.find(dead.port);
    if (at_port == watched.end()) return;
    for (const Address& address : at_port->second) {
      if (covers(dead.bound, sock_diag::key_of(address))) gone.push_back({address, dead.port});
    }
  }

  void tell(const std::vector<Endpoint>& died) const {
    if (!died.empty()) on_gone(died);
  }

  // Tells of a loss, and is called only when no report is left: after the kernel has said once that
  // it drops reports, it drops every further one in silence until the queue is empty.
  void tell_of_loss() {
    owed |= std::exchange(lost, false);
    if (!owed || pausing) return;
    owed = false;
    pausing = true;
    loss_pause.expires_after(kLossPause);
    loss_pause.async_wait(scope.guard([this](const error_code& error) {
      if (error || broken()) return;
      pausing = false;
      if (!lost) tell_of_loss();
    }));
    tell(each_once(all()));
  }

  std::vector<Endpoint> all() const {
    std::vector<Endpoint> all;
    for (const auto& [port, addresses] : watched) {
      for (const Address& address : addresses)
        all.push_back({address, port});
    }
    return all;
  }

  asio::steady_timer loss_pause;
  OnGone on_gone;
  Watched watched;
  std::vector<Endpoint> gone;  // by this turn's reports
  bool lost = false;           // some reports were, and others are still queued
  bool owed = false;           // to tell of a loss
  bool pausing = false;
  Scope scope;
};

ListenerWatch::ListenerWatch(asio::any_io_executor executor, OnGone on_gone)
    : executor_(std::move(executor)), on_gone_(std::move(on_gone)) {}

ListenerWatch::~ListenerWatch() = default;

std::error_code ListenerWatch::watch(std::span<const Endpoint> backends,
                                     const sock_diag::OwnAddresses& own) {
  auto filter = filter_of_listeners();
  return sock_diag::watch(subscription_, local_among(backends, own), filter,
                          [this] { return std::make_unique<Subscription>(executor_, on_gone_); });
}

}  // namespace hlb::network
