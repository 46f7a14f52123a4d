#include "connections/helper/ending.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace hlb::connections {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// The states in which a program may wait for the peer. A connected socket of UDP is "established".
constexpr std::uint32_t kWaiting =
    1U << TCP_ESTABLISHED | 1U << TCP_SYN_SENT | 1U << TCP_FIN_WAIT1 | 1U << TCP_CLOSE_WAIT;

// The kernel counts in steps of up to 10 ms.
constexpr milliseconds kStep{10};

network::SocketTable opened() {
  auto table = network::SocketTable::open();
  if (!table) throw std::system_error(table.error(), "can't ask for sockets");
  return *std::move(table);
}

bool is_meant(const Doomed& doomed, const network::Socket& socket, std::uint8_t protocol,
              nanoseconds now) {
  if (socket.peer != doomed.peer) return false;
  const bool tcp = protocol == IPPROTO_TCP;
  if (doomed.silent_since != 0 &&
      (!tcp || socket.quiet < now - nanoseconds(doomed.silent_since) + kStep)) {
    return false;
  }
  return doomed.idle_ms == 0 || (tcp && socket.idle >= milliseconds(doomed.idle_ms));
}

}  // namespace

ConnectionEnding::ConnectionEnding() : sockets_(opened()) {}

EndReply ConnectionEnding::end(const EndRequest& request, std::uint32_t spared) {
  EndReply reply{.id = request.id, .ended = std::vector<std::uint32_t>(request.doomed.size())};
  if (request.doomed.empty()) {
    reply.error = sockets_.try_to_end();
    return reply;
  }
  end_some(request, IPPROTO_TCP, spared, reply);
  const bool udp_too = std::ranges::any_of(request.doomed, [](const Doomed& each) {
    return each.silent_since == 0 && each.idle_ms == 0;
  });
  if (udp_too && reply.error == 0) end_some(request, IPPROTO_UDP, spared, reply);
  return reply;
}

void ConnectionEnding::end_some(const EndRequest& request, std::uint8_t protocol,
                                std::uint32_t spared, EndReply& reply) {
  std::vector<network::Peer> peers(request.doomed.size());
  std::ranges::transform(request.doomed, peers.begin(), &Doomed::peer);
  std::vector<Found> found;
  const network::SocketQuery query{
      .protocol = protocol, .states = kWaiting, .times = protocol == IPPROTO_TCP, .peers = peers};
  const auto error = sockets_.list(query, [&](const network::Socket& socket) {
    if (spared != 0 && socket.shown.idiag_uid == spared) return;
    const nanoseconds now = std::chrono::steady_clock::now().time_since_epoch();
    const auto meant = std::ranges::find_if(
        request.doomed, [&](const Doomed& each) { return is_meant(each, socket, protocol, now); });
    if (meant == request.doomed.end()) return;
    found.push_back({socket, static_cast<std::size_t>(meant - request.doomed.begin())});
  });
  // Without its module, which no socket has needed so far, the kernel shows none of UDP.
  if (error && protocol == IPPROTO_TCP) reply.error = error.value();
  std::ranges::stable_sort(found, std::ranges::greater(),
                           [](const Found& each) { return each.socket.idle; });
  std::vector<inet_diag_msg> shown(found.size());
  std::ranges::transform(found, shown.begin(), [](const Found& each) { return each.socket.shown; });
  const auto errors = sockets_.end(shown, protocol);
  for (std::size_t index = 0; index < errors.size(); ++index) {
    if (errors[index] == 0) ++reply.ended[found[index].doomed];
    if (errors[index] != 0 && errors[index] != ENOENT) reply.error = errors[index];
  }
}

}  // namespace hlb::connections
