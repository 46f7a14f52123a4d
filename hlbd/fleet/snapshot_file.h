// Saves a mirror's copy in a file, so that the next hlbd serves it at once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "engine/clock.h"
#include "fleet/mirror.h"
#include "fleet/snapshot.h"
#include "state/durable_file.h"
#include "system/scope.h"
#include "system/worker.h"

namespace hlb::fleet {

// Used by hlbd's loop alone; the file itself is touched by the worker, so that a disk that hangs
// holds nobody. Trouble is told once until it changes or is over; hlbd goes on without the file.
class SnapshotFile {
 public:
  // Called with the reason why the file can't be kept, whenever that changes; empty: it can.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  // The worker, which delivers to the loop, the clock and the mirror must outlive it.
  SnapshotFile(Clock& clock, Worker& worker, const std::filesystem::path& folder,
               const Mirror& mirror, OnTrouble on_trouble = {});

  // What the predecessor left in `folder`: nothing known where there is no file. A file that can't
  // be used is put aside. Waits for the disk: for the start.
  static tl::expected<SavedMirror, PutAside> load(const std::filesystem::path& folder);

  // Writes the file after kDelay, for all changes until then together; to be called by what hears
  // of the mirror's changes and standing. A large copy is written more rarely: the disk has nine
  // tenths of its time for others.
  void changed();

  // Hands the file to the worker at once; to be called when hlbd stops.
  void write_now();

  static constexpr std::chrono::seconds kDelay{1};

 private:
  void go_on();
  bool gather();
  void write();
  void written(const std::string& trouble, Clock::TimePoint began);

  Clock& clock_;
  Worker& worker_;
  DurableFile file_;
  const Mirror& mirror_;
  OnTrouble on_trouble_;
  std::string trouble_;
  std::unique_ptr<Alarm> due_;
  bool pending_ = false;  // changes that aren't gathered yet
  bool writing_ = false;
  Clock::TimePoint earliest_;
  std::optional<SnapshotEncoder> encoder_;  // while keys are gathered
  std::string next_;                        // the first of those that are left
  std::uint64_t losses_ = 0;
  Scope scope_;
};

}  // namespace hlb::fleet
