#include "override_control.h"

#include <spdlog/spdlog.h>

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "health/target_pattern.h"
#include "state/moment.h"

namespace hlb {
namespace {

using bus::Refusal;

// A backend that is meant, and the state it has.
struct Meant {
  Overrides::Key key;
  State state;
};

std::vector<Meant> meant_by(const TargetPattern& pattern, const Monitor& monitor) {
  std::vector<Meant> meant;
  for (std::size_t i = 0; i < monitor.services().size(); ++i) {
    const std::string& service = monitor.services()[i].name;
    for (const WatchedBackend& backend : monitor.watched()[i].backends) {
      if (!pattern.matches(service, backend.spec.address.to_string())) continue;
      meant.push_back({{service, backend.spec.address}, backend.state});
    }
  }
  return meant;
}

Refusal no_such(std::string_view target, const std::string& what) {
  return {Refusal::Kind::no_such_backend,
          std::string(target) + ": " + what +
              "; a target is SERVICE, SERVICE/ADDRESS or ADDRESS, with * and ? as wildcards"};
}

}  // namespace

OverrideControl::OverrideControl(const std::filesystem::path& state_folder, Monitor& monitor,
                                 const Clock& clock, OnTrouble on_trouble)
    : monitor_(monitor), clock_(clock), on_trouble_(std::move(on_trouble)), file_(state_folder) {}

Present OverrideControl::present() const {
  return {clock_.now(), moment_now()};
}

void OverrideControl::restore() {
  auto loaded = file_.load(present());
  if (const auto* unusable = std::get_if<Unusable>(&loaded)) {
    spdlog::warn("{}: no override is in force; the file is kept as {}.unusable", unusable->reason,
                 file_.path().filename().string());
    return;
  }
  for (auto& [key, override] : std::get<SavedOverrides>(loaded))
    monitor_.restore_override(key, std::move(override));
}

bus::Changed OverrideControl::set(bus::OverrideRequest request) {
  const std::vector<Meant> meant = meant_by(TargetPattern(request.target), monitor_);
  if (meant.empty()) return no_such(request.target, "no backend is meant by this");
  Override override{.kind = request.kind,
                    .reason = std::move(request.reason),
                    .set_by = request.user,
                    .since = moment_now().wall,
                    .until = std::nullopt};
  if (request.duration.count() > 0) override.until = clock_.now() + request.duration;
  for (const auto& [key, state] : meant) {
    override.state_then = state;
    monitor_.set_override(key, override);
  }
  save();
  return static_cast<std::uint32_t>(meant.size());
}

bus::Changed OverrideControl::clear(std::string_view target) {
  const TargetPattern pattern(target);
  std::vector<Overrides::Key> meant;
  for (const auto& [key, override] : monitor_.overrides().all()) {
    if (pattern.matches(key.service, key.backend.to_string())) meant.push_back(key);
  }
  if (meant.empty()) return no_such(target, "no override is in force on this");
  for (const Overrides::Key& key : meant)
    monitor_.clear_override(key);
  save();
  return static_cast<std::uint32_t>(meant.size());
}

void OverrideControl::save() {
  const std::string trouble = file_.save(monitor_.overrides(), present());
  on_trouble_(trouble.empty() ? "" : "can't be kept in " + file_.path().string() + ": " + trouble);
}

}  // namespace hlb
