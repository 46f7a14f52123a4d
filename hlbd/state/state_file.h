// Keeps the states of all backends in a file, so that the next hlbd starts from them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "state/saved_states.h"
#include "system/file_descriptor.h"

namespace hlb {

inline constexpr std::string_view kStateFile = "state.json";  // in the state folder

// What the hlbd before this one has left in `folder`; nothing where there is no file. A file that
// can't be used is Unusable, with its name.
std::variant<SavedStates, Unusable> load_states(const std::filesystem::path& folder,
                                                const Moment& now);

// Used by hlbd's loop alone, which waits while the file is written. So it is written as what it is
// good for allows: into the page cache and without fsync(2), since after a crash of the machine the
// states are too old anyway, and what is left of a file then is no JSON. It is put into place by
// rename(2): whoever reads it sees the one before or a whole one. Trouble is a warning, said once
// until it changes or is over; hlbd goes on without the file.
class StateFile {
 public:
  // Adds the states of all backends.
  using Snapshot = std::function<void(StateEncoder&)>;
  using Clock = std::function<Moment()>;
  // Told why the file can't be written, whenever that changes; empty: it can.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  // The folder is created when the file is written. Whatever it holds stays until then.
  StateFile(const boost::asio::any_io_executor& executor, const std::filesystem::path& folder,
            Snapshot snapshot, OnTrouble on_trouble = {}, Clock clock = moment_now);

  // Some state has changed: writes the file within kDelay, all changes until then together.
  void changed();

  // Writes the file at once; to be called when hlbd stops.
  void write_now();

  // Makes the file say that its states are true now: a few bytes of it, unless it was removed. Is
  // done each kRefresh by itself, so that an hlbd without a change leaves states of use, too.
  void refresh();

  // A change reaches the table at once, and the file not before that.
  static constexpr std::chrono::seconds kDelay{1};
  static constexpr std::chrono::seconds kRefresh{20};

 private:
  void await_refresh();
  std::string write(std::string_view text);
  void say(const std::string& trouble);

  std::filesystem::path path_;
  std::filesystem::path draft_;
  Snapshot snapshot_;
  OnTrouble on_trouble_;
  Clock clock_;
  boost::asio::steady_timer change_;
  boost::asio::steady_timer refresh_;
  FileDescriptor file_{-1};    // in place; not valid when the last writing failed
  std::size_t head_size_ = 0;  // of what is in place
  bool pending_ = false;
  std::string trouble_;  // that was said last; empty: all was well
};

}  // namespace hlb
