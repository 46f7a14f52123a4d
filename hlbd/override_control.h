// The operator's word: sets and clears overrides for the backends that are meant, and keeps them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "bus/directory.h"
#include "engine/clock.h"
#include "engine/monitor.h"
#include "state/override_file.h"

namespace hlb {

// Used by hlbd's loop alone. The monitor and the clock must outlive it.
class OverrideControl {
 public:
  // Told why the file can't be written, whenever that changes; empty: it can.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  OverrideControl(const std::filesystem::path& state_folder, Monitor& monitor, const Clock& clock,
                  OnTrouble on_trouble);

  // Puts in force what an hlbd before this one has kept. A file that can't be used is a warning.
  void restore();

  // For all backends that are meant. None is a refusal.
  bus::Changed set(bus::OverrideRequest request);
  // For all that are meant and overridden, also where the configuration has them no more.
  bus::Changed clear(std::string_view target);

  // Keeps what is in force. To be called when an override has ended by itself; the two above do it.
  void save();

 private:
  Present present() const;

  Monitor& monitor_;
  const Clock& clock_;
  OnTrouble on_trouble_;
  OverrideFile file_;
};

}  // namespace hlb
