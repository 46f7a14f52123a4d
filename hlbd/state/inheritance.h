// What is known of the backends from before this hlbd started, and kept for the one after it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

#include "engine/clock.h"
#include "engine/monitor.h"
#include "health/service.h"
#include "publish/predecessor.h"
#include "state/saved_states.h"

namespace hlb {

class Inheritance {
 public:
  // From what the hlbd before this one still answers, and from what it has left in its state file;
  // of one that is of no use, the log says why.
  Inheritance(const std::filesystem::path& runtime_folder,
              const std::filesystem::path& state_folder, const Clock& clock);

  // The table is newer than the file, which may lack the last second.
  Monitor::Inherited of(const ServiceSpec& service, const BackendSpec& backend) const;

 private:
  std::vector<LastWord> words_of(const ServiceSpec& service, const BackendSpec& backend,
                                 bool drained) const;

  publish::Predecessor predecessor_;
  SavedStates saved_;
  const Clock& clock_;
};

// Adds the states of some services to what is kept, from the `first` on: so many that the loop
// isn't held. Returns the first of those that are left; nullopt if none is.
std::optional<std::size_t> save_states(const Monitor& monitor, const Clock& clock,
                                       StateEncoder& encoder, std::size_t first);

}  // namespace hlb
