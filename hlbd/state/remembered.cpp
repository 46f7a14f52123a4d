#include "state/remembered.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

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

// One moment by both clocks, to turn times of the one into those of the other.
class BothClocks {
 public:
  explicit BothClocks(const Clock& clock) : steady_(clock.now()), wall_(moment_now().wall) {}

  WallTime wall(Clock::TimePoint time) const {
    return wall_ - std::chrono::duration_cast<std::chrono::milliseconds>(steady_ - time);
  }
  Clock::TimePoint steady(WallTime time) const { return steady_ - (wall_ - time); }

 private:
  Clock::TimePoint steady_;
  WallTime wall_;
};

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

void remember(const Monitor& monitor, const Clock& clock, StateEncoder& encoder) {
  const BothClocks now(clock);
  for (std::size_t i = 0; i < monitor.services().size(); ++i) {
    for (const WatchedBackend& backend : monitor.watched()[i].backends) {
      encoder.add(monitor.services()[i].name, backend.spec.address, backend.state,
                  now.wall(backend.since));
    }
  }
}

}  // namespace hlb
