#include "state/saved_overrides.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "health/machine.h"

namespace hlb {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::int64_t kOverridesVersion = 1;

json to_json(Clock::TimePoint until, const Present& now) {
  const auto left = std::chrono::ceil<milliseconds>(until - now.steady);
  return {{"boot_id", now.moment.boot_id},
          {"boottime_ms", (now.moment.since_boot + left).count()},
          {"wall_ms", (now.moment.wall + left).time_since_epoch().count()}};
}

json to_json(const Overrides::Key& key, const Override& override, const Present& now) {
  json entry = {{"service", key.service},
                {"address", key.backend.to_string()},
                {"kind", name_of(override.kind)},
                {"reason", override.reason},
                {"set_by", override.set_by},
                {"since_ms", override.since.time_since_epoch().count()},
                {"state_then", name_of(override.state_then)}};
  if (override.until) entry["until"] = to_json(*override.until, now);
  return entry;
}

Clock::TimePoint end_of(const json& until, const Present& now) {
  const Moment end{until.at("boot_id").get<std::string>(),
                   milliseconds(until.at("boottime_ms").get<std::int64_t>()),
                   WallTime(milliseconds(until.at("wall_ms").get<std::int64_t>()))};
  return now.steady + std::clamp(time_between(now.moment, end), -kFarthestEnd, kFarthestEnd);
}

State state_then(std::string_view name) {
  if (name == name_of(State::up)) return State::up;
  return name == name_of(State::down) ? State::down : State::unknown;
}

// Throws json::exception when a member is missing, or of another type.
Override to_override(const json& entry, const Present& now) {
  const auto kind = override_kind_named(entry.at("kind").get<std::string>());
  if (!kind) throw json::other_error::create(0, "kind", nullptr);
  Override override{.kind = *kind,
                    .reason = entry.value("reason", ""),
                    .set_by = entry.at("set_by").get<std::uint32_t>(),
                    .since = WallTime(milliseconds(entry.at("since_ms").get<std::int64_t>())),
                    .until = std::nullopt,
                    .state_then = state_then(entry.value("state_then", ""))};
  if (entry.contains("until")) override.until = end_of(entry.at("until"), now);
  return override;
}

SavedOverrides decode(const json& document, const Present& now) {
  SavedOverrides saved;
  for (const json& entry : document.at("overrides")) {
    const auto service = entry.at("service").get<std::string>();
    const auto backend = Address::parse(entry.at("address").get<std::string>());
    const Override override = to_override(entry, now);
    const bool over = override.until && *override.until <= now.steady;
    if (backend && !over) saved.emplace_back(Overrides::Key{service, *backend}, override);
  }
  return saved;
}

}  // namespace

std::string encode_overrides(const Overrides& overrides, const Present& now) {
  json entries = json::array();
  for (const auto& [key, override] : overrides.all())
    entries.push_back(to_json(key, override, now));
  const json document = {{"version", kOverridesVersion}, {"overrides", std::move(entries)}};
  constexpr int kIndent = 1;
  return document.dump(kIndent, ' ', false, json::error_handler_t::replace) + "\n";
}

tl::expected<SavedOverrides, Unusable> decode_overrides(std::string_view text, const Present& now) {
  const json document = json::parse(text, nullptr, false);
  const auto unusable = [](std::string why) { return tl::unexpected(Unusable{std::move(why)}); };
  if (document.is_discarded()) return unusable("is no JSON, or only a part of it");
  try {
    if (const auto version = document.at("version").get<std::int64_t>();
        version != kOverridesVersion) {
      return unusable("is of version " + std::to_string(version) + ", not 1");
    }
    return decode(document, now);
  } catch (const json::exception&) {
    return unusable("holds something else than overrides");
  }
}

}  // namespace hlb
