#include "connections/closer.h"

#include <algorithm>
#include <utility>

#include "connections/rules.h"
#include "network/sock_diag.h"

namespace hlb::connections {

using std::chrono::nanoseconds;

Closer::Closer(const boost::asio::any_io_executor& executor, Clock& clock, Monitor& monitor,
               std::filesystem::path socket, OnClosed on_closed, Ender::OnTrouble on_trouble)
    : clock_(clock),
      monitor_(monitor),
      on_closed_(std::move(on_closed)),
      ender_(executor, std::move(socket), std::move(on_trouble)),
      next_turn_(clock.alarm([this] { take_turns(); })),
      retry_(clock.alarm([this] { try_out(); })) {}

void Closer::configured() {
  wanted_ = std::ranges::any_of(monitor_.services(), [](const ServiceSpec& service) {
    return service.close_connections != CloseConnections::never;
  });
  with_close_ports_.clear();
  if (wanted_) with_close_ports_ = services_with_close_ports(monitor_);
  try_out();
}

// Finds out whether connections can be ended, before there are any to end.
void Closer::try_out() {
  if (!wanted_) return ender_.rest();
  ender_.end({}, [this](const Ender::Ended& ended) {
    if (!ended) retry_->set(clock_.now() + kRetry);
  });
}

void Closer::changed(const BackendChange& change) {
  if (change.service.close_connections == CloseConnections::never) return;
  std::erase_if(deaths_, [&](const Death& death) {
    return death.service == change.service.name && death.backend == change.backend.address;
  });
  if (change.now != State::down || change.before != State::up) return;
  deaths_.push_back({.service = change.service.name,
                     .backend = change.backend.address,
                     .silent_since = clock_.now() - change.took});
}

void Closer::published() {
  for (Death& death : deaths_) {
    if (!death.told) death.told = clock_.now();
  }
  if (!deaths_.empty()) take_turns();
}

void Closer::take_turns() {
  std::erase_if(deaths_, [this](Death& death) { return !take_turn(death); });
  ask();
  await_next_turn();
}

// Returns whether the death has another turn. Once it was seen amid a mass failure it has none:
// that may be over soon, though all are as unreachable as before.
bool Closer::take_turn(Death& death) {
  const auto now = clock_.now();
  if (!death.told || now < *death.told + kTurns.at(death.turn)) return true;
  const auto service = monitor_.find(death.service);
  if (!service || monitor_.amid_mass_failure()) return false;
  const bool stale_alone =
      monitor_.services()[*service].close_connections == CloseConnections::stale;
  for (const std::uint16_t port :
       ports_to_close(monitor_, *service, death.backend, with_close_ports_)) {
    doom(death, port, stale_alone);
  }
  return ++death.turn < kTurns.size();
}

void Closer::doom(const Death& death, std::uint16_t port, bool stale_alone) {
  if (doomed_.size() == kMostDoomed) ask();
  const auto since = std::min(death.silent_since, clock_.now() - kStale).time_since_epoch();
  doomed_.push_back({.peer = {network::sock_diag::key_of(death.backend), port},
                     .silent_since = stale_alone ? nanoseconds(since).count() : 0});
  owners_.push_back({death.service, death.backend});
}

void Closer::ask() {
  if (doomed_.empty()) return;
  ender_.end(std::exchange(doomed_, {}),
             [this, owners = std::exchange(owners_, {})](const Ender::Ended& ended) {
               if (!ended) return retry_->set(clock_.now() + kRetry);
               for (std::size_t index = 0; index < owners.size(); ++index) {
                 const std::uint32_t count = (*ended)[index];
                 if (count > 0) on_closed_({owners[index].service, owners[index].backend, count});
               }
             });
}

void Closer::await_next_turn() {
  auto next = Clock::TimePoint::max();
  for (const Death& death : deaths_) {
    if (death.told) next = std::min(next, *death.told + kTurns.at(death.turn));
  }
  if (next != Clock::TimePoint::max()) next_turn_->set(next);
}

}  // namespace hlb::connections
