// Saves the states of all backends in a file, so that the next hlbd starts from them.
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

// Reads the states that the predecessor saved in `folder`; no states where there is no file. A file
// that can't be used is Unusable, with its name.
tl::expected<SavedStates, Unusable> load_states(const std::filesystem::path& folder,
                                                const Moment& now);

// Used by hlbd's loop alone; the file itself is touched by the worker, so that a disk that hangs
// holds nobody. It is written into the page cache, without fsync(2): after a crash of the machine
// the states are too old anyway, and a file cut short then is no JSON. It is put into place by
// rename(2): readers see the file before or a whole new file. Trouble is told once until it changes
// or is over; hlbd goes on without the file.
class StateFile {
 public:
  // Adds the states of some services, from the `first` on; returns the first of the services that
  // are left, nullopt once all are added.
  using Snapshot = std::function<std::optional<std::size_t>(StateEncoder&, std::size_t first)>;
  using Now = std::function<Moment()>;
  // Called with the reason why the file can't be written, whenever that changes; empty: it can.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  // Creates the folder only when it writes the file. The worker, which delivers to the loop, must
  // outlive it.
  StateFile(const boost::asio::any_io_executor& executor, Worker& worker,
            const std::filesystem::path& folder, Snapshot snapshot, OnTrouble on_trouble = {},
            Now now = moment_now);

  // Writes the file after kDelay, for all changes until then together; to be called when a state
  // has changed. Thousands of services are gathered over several turns of the loop.
  void changed();

  // Hands the file to the worker at once; to be called when hlbd stops.
  void write_now();

  // Makes the file say that its states are true now: rewrites a few bytes, unless it was removed.
  // Happens each kRefresh by itself, so that an hlbd without a change leaves states of use, too.
  void refresh();

  // How long a change waits before the file is written; the table has it at once.
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
  Now now_;
  boost::asio::steady_timer change_;
  boost::asio::steady_timer next_part_;
  boost::asio::steady_timer refresh_;
  bool pending_ = false;
  std::optional<StateEncoder> encoder_;  // while the states are gathered
  std::size_t under_way_ = 0;            // the worker's jobs for the file
  Scope scope_;
};

}  // namespace hlb
