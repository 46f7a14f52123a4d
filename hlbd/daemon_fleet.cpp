// The daemon in a fleet: whom it follows, and what comes of it.
#include <spdlog/spdlog.h>

#include <utility>

#include "daemon.h"
#include "fleet/etcd/connect.h"
#include "system/moment.h"

namespace hlb {

fleet::Merged Daemon::follow_fleet(const Config& config, std::vector<ServiceSpec> own,
                                   bool is_start) {
  if (config.fleet && fleet_) return fleet_->configure(*config.fleet, std::move(own));
  if (config.fleet) {
    fleet_.emplace(
        io_.get_executor(), clock_, disk_, options_.state_dir, *config.fleet,
        [this](const FleetConfig& fleet) {
          return fleet::connect_etcd(io_.get_executor(),
                                     {fleet.ca, fleet.certificate, fleet.key});
        },
        fleet::Follower::Effects{
            .in_force = [this] { return monitor_.list(); },
            .put_in_force = [this](fleet::Merged merged) { put_in_force(std::move(merged)); },
            .on_trouble =
                [this](const std::string& trouble) {
                  operator_side_.troubles().show("fleet", trouble);
                },
            .on_notice = [](const Notice& notice) { log(notice); },
            .on_unsaved = trouble_of("fleet's snapshot")},
        is_start);
    return fleet_->start(std::move(own));
  }
  fleet::Merged alone{.services = {.now = list_of(std::move(own))}};
  for (const auto& [key, override] : monitor_.fleet_overrides().all())
    alone.overrides.push_back({key, std::nullopt});
  fleet_.reset();
  operator_side_.troubles().show("fleet", "");
  return alone;
}

FleetReport Daemon::fleet_report() const {
  if (!fleet_) return {};
  const fleet::MirrorStanding standing = fleet_->standing();
  FleetReport report{.state = std::string(fleet::name_of(standing.state)),
                     .fault = standing.fault,
                     .endpoint = standing.endpoint,
                     .since = standing.since,
                     .last_sign = standing.last_sign.value_or(WallTime()),
                     .cluster = standing.cluster,
                     .revision = static_cast<std::uint64_t>(standing.revision),
                     .keys = standing.keys,
                     .held = standing.held,
                     .held_since = standing.held_since.value_or(WallTime())};
  for (fleet::RefusedKey& each : fleet_->refused())
    report.refused.push_back({std::move(each.key), std::move(each.reason)});
  return report;
}

void Daemon::put_in_force(fleet::Merged merged) {
  for (const std::string& warning : merged.warnings)
    spdlog::warn("{}", warning);
  override_for_fleet(merged.overrides, false);
  put_in_force(std::move(merged.services), discovery::NameWatch::Ask::new_names);
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
    if (said->until) override.until = clock_.now() + (*said->until - now);
    if (is_start) {
      monitor_.restore_override(key, std::move(override));
    } else {
      monitor_.set_override(key, std::move(override));
    }
  }
}

}  // namespace hlb
