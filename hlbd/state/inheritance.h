// Joins what the predecessor published and saved into the states that this hlbd starts from, and
// saves states for the next hlbd.
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
  // Reads the predecessor's table and its state file. If the file is of no use, the log says why.
  Inheritance(const std::filesystem::path& runtime_folder,
              const std::filesystem::path& state_folder, const Clock& clock);

  // The state and last words of a backend. The published state counts where it differs from the
  // saved state, which may lack the last second.
  Monitor::Inherited of(const ServiceSpec& service, const BackendSpec& backend) const;

 private:
  std::vector<LastWord> words_of(const ServiceSpec& service, const BackendSpec& backend,
                                 bool drained) const;

  publish::Predecessor predecessor_;
  SavedStates saved_;
  const Clock& clock_;
};

// Adds the states of some services to `encoder`, from the `first` on: few enough not to hold the
// loop. Returns the first of the services that are left; nullopt once all are saved.
std::optional<std::size_t> save_states(const Monitor& monitor, const Clock& clock,
                                       StateEncoder& encoder, std::size_t first);

}  // namespace hlb
