// Keeps a mirror's snapshot in the state folder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "fleet/mirror.h"
#include "fleet/snapshot.h"
#include "state/durable_file.h"
#include "system/log.h"
#include "system/scope.h"
#include "system/worker.h"

namespace hlb::fleet {

// Used by hlbd's loop alone; the file is touched by the worker. A file that can't be written is
// tried again with the next change.
class SnapshotFile {
 public:
  using OnTrouble = std::function<void(const std::string& trouble)>;
  using OnNotice = std::function<void(const Notice&)>;

  static constexpr std::chrono::seconds kDelay{1};

  SnapshotFile(boost::asio::any_io_executor executor, Worker& worker,
               const std::filesystem::path& folder, OnTrouble on_trouble);

  // Reads the file, and so may wait for its disk. One that can't be used is told of, and put aside.
  SavedMirror load(const OnNotice& on_notice) const;

  // Saves this mirror from now on, which must outlive it or its successor.
  void follow(const Mirror& mirror);

  // Saves after kDelay, for all changes until then together.
  void changed();

  // Hands the file to the worker at once, if anything is unsaved.
  void save_now();

 private:
  void write();
  void written(const std::string& trouble);

  Worker& worker_;
  DurableFile file_;
  OnTrouble on_trouble_;
  const Mirror* mirror_ = nullptr;
  boost::asio::steady_timer timer_;
  bool pending_ = false;
  bool writing_ = false;
  std::optional<SnapshotEncoder> encoder_;  // while keys are gathered
  std::uint64_t losses_ = 0;                // as gathering began
  Scope scope_;
};

}  // namespace hlb::fleet
