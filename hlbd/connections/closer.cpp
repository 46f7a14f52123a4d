#include "connections/closer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "network/sock_diag.h"

namespace hlb::connections {

using std::chrono::nanoseconds;

namespace {

// Of the loop, for deciding what to end; a single decision looks at all backends of a service.
constexpr std::chrono::milliseconds kTimePerTurn{2};

}  // namespace

Closer::Closer(const boost::asio::any_io_executor& executor, Clock& clock, Monitor& monitor,
               std::filesystem::path socket, OnClosed on_closed, Ender::OnTrouble on_trouble)
    : clock_(clock),
      monitor_(monitor),
      on_closed_(std::move(on_closed)),
      ender_(executor, std::move(socket), std::move(on_trouble)),
      next_turn_(clock.alarm([this] { take_turns(); })),
      retry_(clock.alarm([this] { try_out(); })) {}

void Closer::configured() {
  wanted_ = monitor_.list()->sums().closing > 0;
  with_close_ports_.clear();
  alive_.reset();
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

void Closer::ender_was_used() {
  if (!wanted_) ender_.rest();
}

void Closer::changed(const BackendChange& change) {
  alive_.reset();  // several checks at one place may find it dead one after the other
  if (change.service.close_connections == CloseConnections::never) return;
  Owner owner{change.service.name, change.backend.address};
  deaths_.erase(owner);
  if (change.now != State::down || change.before != State::up) return;
  deaths_[owner] = {.silent_since = clock_.now() - change.took};
  untold_.push_back(std::move(owner));
}

void Closer::published(std::span<const Refreshed> services) {
  if (untold_.empty() || services.empty()) return;
  std::vector<std::size_t> told;
  std::ranges::transform(services, std::back_inserter(told), &Refreshed::service);
  std::ranges::sort(told);
  const auto now = clock_.now();
  std::erase_if(untold_, [&](const Owner& owner) {
    const auto service = monitor_.find(owner.service);
    if (service && !std::ranges::binary_search(told, *service)) return false;
    const auto death = deaths_.find(owner);
    if (death == deaths_.end() || death->second.told) return true;
    death->second.told = now;
    due_.emplace(now, owner);
    return true;
  });
  take_turns();
}

// Where somebody has an address alive. Very many services may have one, all of which are looked at.
PlacesInUse& Closer::alive() {
  constexpr std::chrono::milliseconds kLasts{50};
  const auto now = std::chrono::steady_clock::now();
  if (!alive_ || now - alive_since_ > kLasts) {
    alive_.emplace(places_alive(monitor_, with_close_ports_));
    alive_since_ = now;
  }
  return *alive_;
}

// Goes on in the loop's next turn with what takes longer than its share of this one.
void Closer::take_turns() {
  const auto end = std::chrono::steady_clock::now() + kTimePerTurn;
  while (!due_.empty() && due_.begin()->first <= clock_.now() &&
         std::chrono::steady_clock::now() < end) {
    const auto due = due_.extract(due_.begin());
    const Owner& owner = due.mapped();
    const auto found = deaths_.find(owner);
    if (found == deaths_.end()) continue;
    Death& death = found->second;
    // The backend may have come back, and gone again, since this turn was noted.
    if (!death.told || due.key() != *death.told + kTurns.at(death.turn)) continue;
    if (!take_turn(owner, death)) {
      deaths_.erase(found);
    } else {
      due_.emplace(*death.told + kTurns.at(death.turn), owner);
    }
  }
  ask();
  if (!due_.empty()) next_turn_->set(due_.begin()->first);
}

// Returns whether the death has another turn. Once it was seen amid a mass failure it has none:
// that may be over soon, though all are as unreachable as before.
bool Closer::take_turn(const Owner& owner, Death& death) {
  const auto service = monitor_.find(owner.service);
  if (!service || monitor_.amid_mass_failure()) return false;
  const bool stale_alone =
      monitor_.services()[*service].close_connections == CloseConnections::stale;
  for (const std::uint16_t port : ports_to_close(monitor_, *service, owner.backend, alive()))
    doom(owner, death, port, stale_alone);
  return ++death.turn < kTurns.size();
}

void Closer::doom(const Owner& owner, const Death& death, std::uint16_t port, bool stale_alone) {
  if (doomed_.size() == kMostDoomed) ask();
  const auto since = std::min(death.silent_since, clock_.now() - kStale).time_since_epoch();
  doomed_.push_back({.peer = {network::sock_diag::key_of(owner.backend), port},
                     .silent_since = stale_alone ? nanoseconds(since).count() : 0});
  owners_.push_back(owner);
}

void Closer::ask() {
  if (doomed_.empty()) return;
  ender_.end(std::exchange(doomed_, {}),
             [this, owners = std::exchange(owners_, {})](const Ender::Ended& ended) {
               if (!ended) return retry_->set(clock_.now() + kRetry);
               for_each_owner(owners, *ended, [this](const Owner& owner, std::uint32_t count) {
                 on_closed_({owner.service, owner.backend, count, std::nullopt});
               });
             });
}

}  // namespace hlb::connections
