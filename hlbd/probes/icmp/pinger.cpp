#include "probes/icmp/pinger.h"

#include <sys/random.h>

#include <algorithm>
#include <boost/asio/experimental/channel.hpp>
#include <cerrno>
#include <utility>

#include "probes/deadlines.h"
#include "probes/reason.h"
#include "system/scope.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

std::uint64_t random_token() {
  std::uint64_t token = 0;
  (void)!::getrandom(&token, sizeof token, 0);  // so few bytes are always given
  return token;
}

// The outcome of a request that wasn't sent. What this host's own packet filter forbids says
// nothing of the backend.
Outcome not_sent(const error_code& error) {
  if (EchoSocket::is_full(error) || error.value() == EPERM || error.value() == EACCES) {
    return Outcome::not_known("no probe: " + error.message());
  }
  return local_failure(error);
}

}  // namespace

// A request that waits for its reply.
class Pinger::Ping {
 public:
  Ping(Pinger& pinger, const Target& target)
      : echo{.sequence = ++pinger.last_sequence_, .token = random_token()},
        asked(endpoint_of(target).address()),
        arrival(pinger.executor_, 1),
        deadline([this] { arrival.cancel(); }),
        pinger_(pinger) {
    pinger_.waiting_.emplace(echo.token, this);
    deadline.start(pinger.executor_, target.spec->timeout);
  }
  ~Ping() { pinger_.waiting_.erase(echo.token); }
  Ping(const Ping&) = delete;
  Ping& operator=(const Ping&) = delete;

  Outcome silence() const {
    if (!deadline.expired()) return Outcome::not_known("cancelled");
    if (sent_by->has_lost_since(deadline.due() - deadline.timeout())) {
      return Outcome::not_known("hlbd had no room for all replies");
    }
    return timed_out(deadline, "no reply in");
  }

  Echo echo;
  asio::ip::address asked;
  asio::experimental::channel<void(error_code, Outcome)> arrival;
  Deadline deadline;
  std::shared_ptr<EchoSocket> sent_by;

 private:
  Pinger& pinger_;
};

asio::awaitable<Outcome> Pinger::ping(const Target& target) {
  Ping ping(*this, target);
  Outcome outcome;
  if (const auto error = send(ping, target)) {
    outcome = not_sent(error);
  } else {
    auto [ended, arrived] = co_await ping.arrival.async_receive(kAsTuple);
    outcome = ended ? ping.silence() : std::move(arrived);
  }
  outcome.latency = std::chrono::duration_cast<std::chrono::microseconds>(ping.deadline.elapsed());
  co_return outcome;
}

error_code Pinger::send(Ping& ping, const Target& target) {
  // A ping on a way of its own has a socket of its own, which stays with no interface or namespace
  // that has gone meanwhile.
  if (target.spec->way != Way()) {
    Sockets none;
    return send_by_another(none, ping, target);
  }
  Sockets& sockets = target.address.family == Address::Family::ipv4 ? ipv4_ : ipv6_;
  for (std::size_t tries = 0; tries < sockets.size(); ++tries) {
    ping.sent_by = sockets.front();
    const error_code error = ping.sent_by->send(target, ping.echo);
    if (!EchoSocket::is_full(error)) return error;
    std::ranges::rotate(sockets, sockets.begin() + 1);
  }
  if (sockets.size() == kMaxSockets) return asio::error::no_buffer_space;
  return send_by_another(sockets, ping, target);
}

// Keeps the new socket unless it is full from the start: then it isn't for want of sockets.
error_code Pinger::send_by_another(Sockets& sockets, Ping& ping, const Target& target) {
  auto opened = EchoSocket::open(executor_, target.address.family, target.spec->way);
  if (!opened) return opened.error();
  ping.sent_by = std::move(*opened);
  ping.sent_by->listen([this](const asio::ip::address& asked, const Echo& echo, Outcome outcome) {
    take(asked, echo, std::move(outcome));
  });
  const error_code error = ping.sent_by->send(target, ping.echo);
  if (!EchoSocket::is_full(error)) sockets.insert(sockets.begin(), ping.sent_by);
  return error;
}

// Drops what nobody waits for: it came too late, or from a stranger.
void Pinger::take(const asio::ip::address& asked, const Echo& echo, Outcome outcome) {
  const auto found = waiting_.find(echo.token);
  if (found == waiting_.end()) return;
  Ping& ping = *found->second;
  if (asked != ping.asked || echo.sequence != ping.echo.sequence) return;
  ping.arrival.try_send(error_code(), std::move(outcome));
}

}  // namespace hlb::probes
