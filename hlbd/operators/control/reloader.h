// Reads the configuration again, beside the loop, and refuses one with faults.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "config/config.h"
#include "health/service_list.h"
#include "operators/bus/directory.h"
#include "system/worker.h"

namespace hlb {

// Used by hlbd's loop alone.
class Reloader {
 public:
  // A configuration that was read. Its services stand in `services` alone, compared with those in
  // force at that time; `settings` has none.
  struct Configuration {
    Config settings;
    ServiceChange services;
  };
  using Reply = bus::Control::ReloadReply;
  // Puts what was read in force, and calls `done` once it is.
  using Apply = std::function<void(Configuration configuration, std::function<void()> done)>;
  // Takes a part of what was read, and puts it in force ahead of the rest. Returns false, and
  // leaves the part, if `whole` is to come at once.
  using ApplyPart = std::function<bool(const Configuration& whole, ServiceChange& part)>;
  // Called for each reading with the reason why the configuration before goes on; empty: the new
  // one is put in force.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  using PreviewReply = bus::Control::ReloadPreviewReply;

  // The services in force, which are given back to the worker to be freed once others are.
  using Current = std::function<Services()>;

  // `deliver` as Worker's; the others are called from the loop. `configured` are the services in
  // force as the files had them: with names of backends, not their addresses.
  Reloader(std::filesystem::path file, Worker::Deliver deliver, Current current, Current configured,
           ApplyPart apply_part, Apply apply, OnTrouble on_trouble);

  // Reads what stands in the files now, or later; `reply` is told when that is in force, or why it
  // isn't. Requests that come while the files are read are answered by one more reading.
  void request(Reply reply);

  // Reads them likewise, but only says what a reload would change.
  void preview(PreviewReply reply);

  // Returns whether the files are to be read once more for what was requested since.
  bool requested_again() const { return !waiting_.empty(); }

 private:
  using Loaded = tl::expected<Configuration, ConfigErrors>;
  // A configuration, and the part of it that comes next; without `now`: the rest comes at once.
  struct Next {
    Configuration whole;
    ServiceChange part;
  };

  static Loaded load(const std::filesystem::path& file, const Services& before);
  static Next next_of(Configuration whole);
  void read();
  void go_on(Next next);
  Refusal refuse_all(const ConfigErrors& errors);
  void end(const bus::Reloaded& reloaded);
  void end_preview(const bus::ReloadPreviewed& previewed);

  std::filesystem::path file_;
  Current current_;
  Current configured_;
  ApplyPart apply_part_;
  Apply apply_;
  OnTrouble on_trouble_;
  std::vector<Reply> waiting_;          // for the next reading
  std::vector<Reply> served_;           // by the one under way; empty: none is
  std::vector<PreviewReply> previews_;  // answered by the preview under way; empty: none is
  Worker worker_;  // of its own: a reload doesn't wait for the disk that states are kept on
};

}  // namespace hlb
