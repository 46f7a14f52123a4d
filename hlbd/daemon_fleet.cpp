// The daemon in a fleet: whom it follows, and what comes of it.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

#include "daemon.h"
#include "fleet/etcd/connect.h"
#include "system/host.h"
#include "system/moment.h"

namespace hlb {
namespace {

const char* name_of(fleet::MirrorStanding::State state) {
  switch (state) {
    case fleet::MirrorStanding::State::starting:
      return "starting";
    case fleet::MirrorStanding::State::fresh:
      return "fresh";
    case fleet::MirrorStanding::State::frozen:
      break;
  }
  return "frozen";
}

}  // namespace

fleet::Merged Daemon::follow_fleet(const Config& config, std::vector<ServiceSpec> own,
                                   bool is_start) {
  if (fleet_ && config.fleet != fleet_->config()) {
    registrar_.reset();
    forgetter_.reset();
  }
  if (config.fleet && fleet_) return fleet_->configure(*config.fleet, std::move(own));
  if (config.fleet) {
    fleet_.emplace(
        io_.get_executor(), clock_, disk_, options_.state_dir, *config.fleet,
        [this](const FleetConfig& fleet) { return connect_to(fleet); },
        fleet::Follower::Effects{
            .in_force = [this] { return monitor_.list(); },
            .put_in_force = [this](fleet::Merged merged) { put_in_force(std::move(merged)); },
            .on_trouble =
                [this](const std::string& trouble) {
                  operator_side_.troubles().show("fleet", trouble);
                },
            .on_notice = [](const Notice& notice) { log(notice); },
            .on_standing =
                [this] {
                  if (registrar_) registrar_->look();
                },
            .on_unsaved = trouble_of("fleet's snapshot")},
        is_start);
    return fleet_->start(std::move(own));
  }
  fleet::Merged alone{
      .services = {.now = list_of(std::move(own))}, .overrides = {}, .warnings = {}};
  for (const auto& [key, override] : monitor_.fleet_overrides().all())
    alone.overrides.push_back({key, std::nullopt});
  registrar_.reset();
  forgetter_.reset();
  fleet_.reset();
  operator_side_.troubles().show("fleet", "");
  return alone;
}

fleet::Connect Daemon::connect_to(const FleetConfig& fleet) {
  return fleet::connect_etcd(io_.get_executor(), {fleet.ca, fleet.certificate, fleet.key});
}

FleetReport Daemon::fleet_report() const {
  if (!fleet_) return {};
  const fleet::MirrorStanding standing = fleet_->standing();
  FleetReport report{.state = name_of(standing.state),
                     .fault = standing.fault,
                     .endpoint = standing.endpoint,
                     .since = standing.since,
                     .last_sign = standing.last_sign.value_or(WallTime()),
                     .cluster = standing.cluster,
                     .revision = static_cast<std::uint64_t>(standing.revision),
                     .keys = standing.keys,
                     .held = standing.held,
                     .held_since = standing.held_since.value_or(WallTime()),
                     .refused = {}};
  for (fleet::RefusedKey& each : fleet_->refused())
    report.refused.push_back({std::move(each.key), std::move(each.reason)});
  return report;
}

// Registered backends that are down for as long as they said, as this host sees it.
std::vector<fleet::Transaction::Condition> Daemon::dead_registered() {
  std::vector<fleet::Transaction::Condition> keys;
  if (!fleet_->is_fresh() || monitor_.amid_mass_failure()) return keys;
  for (const Overrides::Key& each : fleet_->catalog().forgettable()) {
    const auto place = monitor_.find(each.service);
    if (!place) continue;
    const WatchedService& service = monitor_.watched()[*place];
    const auto index = service.find(each.backend);
    if (!index) continue;
    const WatchedBackend& backend = service.backends[*index];
    const bool another_is_up = std::ranges::any_of(
        service.backends, [](const WatchedBackend& other) { return other.state == State::up; });
    const std::string key = fleet_->catalog().keys().backend(each.service, each.backend);
    const fleet::KeptValue* const stands = fleet_->mirror().keys().find(key);
    if (stands != nullptr && !stands->held &&
        fleet::is_to_be_forgotten(*fleet_->catalog().backend(each.service, each.backend),
                                  backend.state, clock_.now() - backend.since, another_is_up)) {
      keys.push_back({key, stands->revision});
    }
  }
  return keys;
}

void Daemon::register_backends(const Config& config) {
  if (!fleet_) return;
  if (!forgetter_) {
    forgetter_.emplace(
        io_.get_executor(), clock_, connect_to(*config.fleet), config.fleet->etcd,
        std::random_device{}(), [this] { return dead_registered(); },
        [this](const std::vector<fleet::Transaction::Condition>& keys) {
          for (const auto& each : keys) {
            spdlog::info("fleet: {} is taken out: it was down for as long as it said",
                         fleet_->catalog().keys().brief(each.key));
          }
        });
  }
  if (!registrar_ && !config.registrations.empty()) {
    registrar_.emplace(
        io_.get_executor(), clock_, connect_to(*config.fleet),
        fleet::Registrar::Settings{.endpoints = config.fleet->etcd,
                                   .keys = fleet_->catalog().keys(),
                                   .host = host_name(),
                                   .seed = std::random_device{}()},
        [this] { return fleet_->is_fresh() ? &fleet_->mirror().keys().all() : nullptr; },
        trouble_of("registration"));
  }
  if (registrar_) registrar_->configure(config.registrations);
}

void Daemon::put_in_force(fleet::Merged merged) {
  for (const std::string& warning : merged.warnings)
    spdlog::warn("{}", warning);
  override_for_fleet(merged.overrides, false);
  put_in_force(std::move(merged.services), discovery::NameWatch::Ask::new_names);
  if (registrar_) registrar_->look();
}

// An override whose time is over stays among the fleet's keys until somebody takes it away.
void Daemon::override_for_fleet(std::span<const fleet::OverrideNews> news, bool is_start) {
  const WallTime now = moment_now().wall;
  for (const auto& [key, said] : news) {
    if (!said || (said->until && *said->until <= now)) {
      monitor_.clear_fleet_override(key);
      continue;
    }
    Override override{.kind = said->kind,
                      .reason = said->why,
                      .since = now,
                      .until = std::nullopt,
                      .state_then = monitor_.state_of(key.service, key.backend),
                      .of_fleet = said->by};
    if (said->until) override.until = clock_.now() + std::min(*said->until - now, kFarthestEnd);
    if (is_start) {
      monitor_.restore_override(key, std::move(override));
    } else {
      monitor_.set_override(key, std::move(override));
    }
  }
}

}  // namespace hlb
