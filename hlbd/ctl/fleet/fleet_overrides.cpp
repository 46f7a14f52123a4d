#include "ctl/fleet/fleet_overrides.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "ctl/terminal/times.h"
#include "health/override.h"

namespace hlb::ctl {
namespace {

// As many writes as go into a transaction of etcd's with an entry of the log, by default 128
// operations.
constexpr std::size_t kMostWrites = 100;

bool takes_out(const std::string& kind) {
  const auto named = override_kind_named(kind);
  return named && (withdraws(named) || named == OverrideKind::force_down);
}

}  // namespace

FleetOverrides::FleetOverrides(const Settings& settings, const EtcdIdentity& identity)
    : desk_(settings, identity), catalog_(desk_.config()) {
  catalog_.take(desk_.list(desk_.keys().catalog()).keys);
}

WhatThereIs FleetOverrides::what_there_is() const {
  WhatThereIs there;
  for (const std::string_view name : catalog_.services()) {
    there.services.emplace_back(name);
    const auto service = catalog_.service(name);
    for (const std::string& alias : service->aliases)
      there.aliases.emplace(alias, name);
    for (const BackendSpec& backend : service->backends)
      there.backends.push_back({std::string(name), backend.address.to_string(), backend.port});
  }
  // What can be cleared stays when its backend has gone.
  for (const Overrides::Key& key : catalog_.overrides()) {
    if (catalog_.backend(key.service, key.backend) == nullptr)
      there.backends.push_back({key.service, key.backend.to_string()});
  }
  return there;
}

const fleet::FleetOverride* FleetOverrides::in_force(std::string_view service,
                                                     const Address& address) const {
  const fleet::FleetOverride* const said = catalog_.override(service, address);
  return said == nullptr || (said->until && *said->until <= wall_now()) ? nullptr : said;
}

std::vector<OverridePreview> FleetOverrides::preview(const Targets& targets,
                                                     const std::string& kind) const {
  std::vector<OverridePreview> plan;
  for (const auto& backend : what_there_is().backends) {
    const auto address = Address::parse(backend.address);
    const fleet::FleetOverride* const said = in_force(backend.service, *address);
    const bool gone = catalog_.backend(backend.service, *address) == nullptr;
    plan.push_back({.service = backend.service,
                    .address = backend.address,
                    .before = said == nullptr ? "" : std::string(name_of(said->kind)),
                    .now = kind,
                    .answered = gone ? 0U : 1U});
  }
  std::ranges::stable_sort(plan, {}, &OverridePreview::service);
  std::map<std::string, std::pair<std::uint32_t, std::uint32_t>> answered;  // before and then
  const auto is_meant = [&targets](const OverridePreview& each) {
    return targets.means(each.service, each.address);
  };
  for (const OverridePreview& each : plan) {
    auto& [before, then] = answered[each.service];
    before += takes_out(each.before) ? 0 : each.answered;
    then += takes_out(is_meant(each) ? each.now : each.before) ? 0 : each.answered;
  }
  std::erase_if(plan, [&](const OverridePreview& each) {
    return !is_meant(each) || (each.now.empty() && each.before.empty());
  });
  for (OverridePreview& each : plan)
    std::tie(each.answered, each.remaining) = answered[each.service];
  return plan;
}

// Takes away overrides whose time is over, which stand there for nothing.
std::vector<fleet::Transaction::Write> FleetOverrides::removals_of_ended() const {
  std::vector<fleet::Transaction::Write> writes;
  for (const Overrides::Key& key : catalog_.overrides()) {
    if (in_force(key.service, key.backend) == nullptr && writes.size() < kMostWrites / 2)
      writes.push_back({desk_.keys().override(key.service, key.backend), std::nullopt});
  }
  return writes;
}

void FleetOverrides::write(const std::vector<OverridePreview>& plan, std::chrono::milliseconds span,
                           const std::string& reason, const std::string& what) {
  const WallTime now = wall_now();
  const std::string who = operator_name();
  fleet::Transaction transaction{.only_if = {}, .writes = removals_of_ended()};
  const auto send = [&] {
    desk_.write(std::exchange(transaction, {}),
                {.at = now, .what = what, .by = who, .why = reason});
  };
  for (const OverridePreview& each : plan) {
    std::string key = desk_.keys().override(each.service, *Address::parse(each.address));
    std::erase_if(transaction.writes, [&](const auto& write) { return write.key == key; });
    std::optional<std::string> value;
    if (const auto kind = override_kind_named(each.now)) {
      fleet::FleetOverride said{.kind = *kind, .by = who, .why = reason};
      if (span.count() > 0) said.until = now + span;
      value = write_override(said);
    }
    transaction.writes.push_back({std::move(key), std::move(value)});
    if (transaction.writes.size() >= kMostWrites) send();
  }
  if (!transaction.writes.empty()) send();
}

}  // namespace hlb::ctl
