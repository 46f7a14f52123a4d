#include "engine/hints.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include "libnss_hlb/clock.h"

namespace hlb {

Hints::Hints(const boost::asio::any_io_executor& executor, Clock& clock, Monitor& monitor)
    : monitor_(monitor),
      listeners_(executor, [this](std::span<const Endpoint> gone) { listeners_died(gone); }),
      connections_(executor, [this](std::span<const Endpoint> places) { monitor_.hint(places); }),
      clock_(clock),
      anew_(clock.alarm([this] { watch_anew(); })),
      network_(clock, [this] { monitor_.probe_network(); }) {}

void Hints::watch_connections(bool wanted) {
  if (std::exchange(connections_wanted_, wanted) != wanted) watch_anew();
}

// With very many backends it takes a turn of its own.
void Hints::backends_changed() {
  const std::size_t made = monitor_.checks_made();
  if (std::exchange(checks_watched_, made) != made) anew_->set(clock_.now());
}

void Hints::watch_anew() {
  const std::vector<Endpoint> backends = monitor_.checked_places();
  own_addresses_ = network::sock_diag::OwnAddresses();
  std::error_code error = listeners_.watch(backends, own_addresses_);
  const std::span<const Endpoint> all = backends;
  const std::error_code other =
      connections_.watch(connections_wanted_ ? all : all.first(0), own_addresses_);
  if (!error) error = other;
  if (!error || std::exchange(said_, true)) return;
  spdlog::info("can't watch sockets ({}): a dead backend is noticed by its interval",
               error.message());
}

void Hints::addresses_changed() {
  if (network::sock_diag::OwnAddresses() != own_addresses_) watch_anew();
}

void Hints::listeners_died(std::span<const Endpoint> gone) {
  spdlog::debug("{} local listeners may have died: probing at once", gone.size());
  monitor_.probe_now(gone);
}

void Hints::network_changed() {
  spdlog::debug("links or routes have changed: probing what is asked over the network");
  network_.there_is_reason();
}

void Hints::look_at_clocks() {
  const std::chrono::nanoseconds monotonic(read_clock(CLOCK_MONOTONIC));
  const std::chrono::nanoseconds boottime(read_clock(CLOCK_BOOTTIME));
  if (!sleep_.slept(boottime, monotonic)) return;
  spdlog::info("this machine was asleep: probing what is asked over the network");
  network_.there_is_reason();
}

}  // namespace hlb
