// The operator's word: sets and clears overrides for the backends that are meant, and keeps them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "engine/clock.h"
#include "engine/monitor.h"
#include "health/target_list.h"
#include "operators/bus/directory.h"
#include "state/durable_file.h"
#include "state/saved_overrides.h"
#include "system/worker.h"

namespace hlb {

// Used by hlbd's loop alone. What it is made with must outlive it.
//
// An override is kept on the disk first, then put in force, then confirmed; what can't be kept is
// refused and has no effect. While a write is under way further changes wait for the next, all
// together.
class OverrideControl {
 public:
  // Called with the reason why the file can't be written, whenever that changes; empty: it can.
  using OnTrouble = std::function<void(const std::string& trouble)>;
  // Called to publish what has come into force; calls `then`, which confirms it, once that is done.
  using Publish = std::function<void(std::function<void()> then)>;
  using Reply = bus::Control::ChangeReply;

  OverrideControl(const std::filesystem::path& state_folder, Worker& worker, Monitor& monitor,
                  const Clock& clock, Publish publish, OnTrouble on_trouble);

  // Puts in force what an earlier hlbd has kept. A file that can't be used is a warning.
  void restore();

  // Sets an override for all backends that the target matches; refused if it matches none.
  void set(bus::OverrideRequest request, Reply reply);
  // Clears the overrides of all that the target matches, also where the configuration has them no
  // more.
  void clear(bus::ClearRequest request, Reply reply);

  // Keeps what is in force. To be called when an override has ended by itself; set() and clear()
  // need no call.
  void save();

 private:
  // An override that comes into force, or goes where there is none.
  using Edit = std::pair<Overrides::Key, std::optional<Override>>;
  using Edits = std::vector<Edit>;
  // A wish of an operator's, made into edits when its turn comes.
  struct Request {
    std::function<tl::expected<Edits, Refusal>()> plan;
    std::uint32_t user;
    Reply reply;
  };
  // Edits that are being kept.
  struct Change {
    Edits edits;
    std::uint32_t user;
    Reply reply;
  };

  tl::expected<Edits, Refusal> plan_to_set(const bus::OverrideRequest& request) const;
  tl::expected<Edits, Refusal> plan_to_clear(std::string_view target) const;
  const char* why_nothing_to_clear(const TargetList& targets) const;
  void request(Request request);
  void take_turn();
  void keep(std::string text);
  void kept(const std::string& trouble);
  void put_in_force(const Change& change);
  Present present() const;

  Worker& worker_;
  Monitor& monitor_;
  const Clock& clock_;
  Publish publish_;
  OnTrouble on_trouble_;
  DurableFile file_;
  std::vector<Request> waiting_;
  std::vector<Change> changes_;  // kept by the write under way
  bool unsaved_ = false;         // whether overrides in force have changed since they were kept
  bool writing_ = false;
};

}  // namespace hlb
