#include "state/remembered.h"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <optional>
#include <utility>

#include "engine/both_clocks.h"
#include "engine/last_words.h"
#include "health/advice.h"
#include "state/state_file.h"
#include "system/moment.h"

namespace hlb {
namespace {

SavedStates states_left_in(const std::filesystem::path& folder) {
  auto left = load_states(folder, moment_now());
  if (left) return std::move(*left);
  spdlog::warn("{}: ignored, so that nothing is known of backends that were down",
               left.error().reason);
  return {};
}

// What a file says of the state goes without saying where that is the backend's.
void remember_words(const ServiceSpec& service, const WatchedBackend& backend,
                    StateEncoder& encoder) {
  for (const auto& check : backend.checks) {
    if (!can_advise(check->spec())) continue;
    LastWord word = last_word_of(*check);
    if (!check->may_be_silent() && word.state == backend.state) word.state = State::unknown;
    encoder.add(service.name, backend.spec.address, word);
  }
}

}  // namespace

Remembered::Remembered(const std::filesystem::path& runtime_folder,
                       const std::filesystem::path& state_folder, const Clock& clock)
    : predecessor_(runtime_folder), saved_(states_left_in(state_folder)), clock_(clock) {}

Monitor::Known Remembered::of(const ServiceSpec& service, const BackendSpec& backend) const {
  const SavedState* saved = saved_.find(service.name, backend.address);
  const auto published = predecessor_.on(service.name, backend.address);
  const bool answered = published && published->up;
  const bool outdated =
      saved != nullptr && predecessor_.trusted() && answered != (saved->state == State::up);
  Monitor::Known known{.words = words_of(service, backend, !published || published->withdrawn)};
  if (saved == nullptr || outdated) {
    known.state = answered ? State::up : State::unknown;
  } else {
    known.state = saved->state;
    known.since = BothClocks(clock_).steady(saved->since);
  }
  return known;
}

// `drained`: some check may still say so.
std::vector<LastWord> Remembered::words_of(const ServiceSpec& service, const BackendSpec& backend,
                                           bool drained) const {
  std::vector<LastWord> words = saved_.words_of(service.name, backend.address);
  for (LastWord& word : words) {
    if (!drained) word.advice.drained.reset();
  }
  return words;
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
      remember_words(monitor.services()[i], backend, encoder);
    }
    added += monitor.watched()[i].backends.size();
  }
  return std::nullopt;
}

}  // namespace hlb
