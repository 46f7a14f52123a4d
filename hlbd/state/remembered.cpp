#include "state/remembered.h"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "state/both_clocks.h"
#include "state/moment.h"
#include "state/state_file.h"

namespace hlb {
namespace {

SavedStates states_left_in(const std::filesystem::path& folder) {
  auto left = load_states(folder, moment_now());
  if (const auto* unusable = std::get_if<Unusable>(&left)) {
    spdlog::warn("{}: ignored, so that nothing is known of backends that were down",
                 unusable->reason);
    return {};
  }
  return std::get<SavedStates>(std::move(left));
}

}  // namespace

Remembered::Remembered(const std::filesystem::path& runtime_folder,
                       const std::filesystem::path& state_folder, const Clock& clock)
    : predecessor_(runtime_folder), saved_(states_left_in(state_folder)), clock_(clock) {}

Monitor::Known Remembered::of(const ServiceSpec& service, const BackendSpec& backend) const {
  const SavedState* saved = saved_.find(service.name, backend.address);
  const bool answered = predecessor_.says_up(service.name, backend.address);
  // The table is newer than the file, which may lack the last second.
  const bool outdated =
      saved != nullptr && predecessor_.trusted() && answered != (saved->state == State::up);
  if (saved == nullptr || outdated) return {answered ? State::up : State::unknown, std::nullopt};
  return {saved->state, BothClocks(clock_).steady(saved->since)};
}

std::optional<std::size_t> remember(const Monitor& monitor, const Clock& clock,
                                    StateEncoder& encoder, std::size_t first) {
  constexpr std::size_t kEnough = 5000;  // backends: a few milliseconds
  const BothClocks now(clock);
  std::size_t added = 0;
  for (std::size_t i = first; i < monitor.services().size(); ++i) {
    if (added >= kEnough) return i;
    for (const WatchedBackend& backend : monitor.watched()[i].backends) {
      encoder.add(monitor.services()[i].name, backend.spec.address, backend.state,
                  now.wall(backend.since));
    }
    added += monitor.watched()[i].backends.size();
  }
  return std::nullopt;
}

}  // namespace hlb
