// Keeps the states of all backends in a file, so that the next hlbd starts from them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "state/saved_states.h"
#include "system/scope.h"
#include "system/worker.h"

namespace hlb {

inline constexpr std::string_view kStateFile = "state.json";  // in the state folder

// What the hlbd before this one has left in `folder`; nothing where there is no file. A file that
// can't be used is Unusable, with its name.
tl::expected<SavedStates, Unusable> load_states(const std::filesystem::path& folder,
                                                const Moment& now);

// Used by hlbd's loop alone; the file itself is touched by the worker, so that a disk that stands
// still holds nobody. It is written as what it is good for allows: into the page cache and without
// fsync(2), since after a crash of the machine the states are too old anyway, and what is left of a
// file then is no JSON. It is put into place by rename(2): whoever reads it sees the one before or
// a whole one. Trouble is a warning, said once until it changes or is over; hlbd goes on without
// the file.
class StateFile {
 public:
  // Adds the states of some services, from the `first` on; returns the first of those that are
  // left, nullopt if none is.
  using Snapshot = std::function<std::optional<std::size_t>(StateEncoder&, std::size_t first)>;
  using Clock = std::function<Moment()>;
  // Told why the file can't be written, whenever that changes; empty: it can.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  // The folder is created when the file is written. Whatever it holds stays until then.
  // The worker, which delivers to the loop, must outlive it.
  StateFile(const boost::asio::any_io_executor& executor, Worker& worker,
            const std::filesystem::path& folder, Snapshot snapshot, OnTrouble on_trouble = {},
            Clock clock = moment_now);

  // Some state has changed: writes the file within kDelay, all changes until then together; with
  // thousands of services over several turns of the loop.
  void changed();

  // Has the file written at once; to be called when hlbd stops.
  void write_now();

  // Has the file say that its states are true now: a few bytes of it, unless it was removed. Is
  // done each kRefresh by itself, so that an hlbd without a change leaves states of use, too.
  void refresh();

  // A change reaches the table at once, and the file not before that.
  static constexpr std::chrono::seconds kDelay{1};
  static constexpr std::chrono::seconds kRefresh{20};

 private:
  class OnDisk;

  void write_when_due();
  void gather_from(std::size_t first);
  void write();
  void written(const std::string& trouble);
  void await_refresh();
  void say(const std::string& trouble);

  std::filesystem::path path_;
  Worker& worker_;
  std::shared_ptr<OnDisk> on_disk_;  // shared with jobs, which may outlive this
  Snapshot snapshot_;
  OnTrouble on_trouble_;
  Clock clock_;
  boost::asio::steady_timer change_;
  boost::asio::steady_timer next_part_;
  boost::asio::steady_timer refresh_;
  bool pending_ = false;
  std::optional<StateEncoder> encoder_;  // while the states are gathered
  std::size_t under_way_ = 0;            // jobs of the worker's
  Scope scope_;
};

}  // namespace hlb
