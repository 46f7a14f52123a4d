// Reads the configuration again, beside the loop.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "config/config.h"
#include "health/service_list.h"
#include "operators/bus/directory.h"
#include "system/worker.h"

namespace hlb {

// Used by hlbd's loop alone.
class Reloader {
 public:
  // The services of `settings` stand in `services` alone, compared with those in force when they
  // were read.
  struct Configuration {
    Config settings;
    ServiceChange services;
  };
  using Loaded = std::variant<Configuration, ConfigErrors>;
  using Reply = bus::Control::ReloadReply;
  // Puts what was read in force, and tells once it is, or why it can't be.
  using Apply = std::function<void(Loaded loaded, Reply done)>;

  // Those in force, which are given back to the worker to be freed once others are.
  using Current = std::function<Services()>;

  // `deliver` as Worker's; the others are called from the loop.
  Reloader(std::filesystem::path file, Worker::Deliver deliver, Current current, Apply apply);

  // Reads what stands in the files now, or later; `reply` is told when that is in force, or why it
  // isn't. Requests that come while the files are read are answered by one more reading.
  void request(Reply reply);

  // Whether files are to be read once more for what was requested since.
  bool requested_again() const { return !waiting_.empty(); }

 private:
  void read();
  void put_in_force(Loaded loaded);
  void end(const std::optional<bus::Refusal>& refusal);

  std::filesystem::path file_;
  Current current_;
  Apply apply_;
  std::vector<Reply> waiting_;  // for the next reading
  std::vector<Reply> served_;   // by the one under way; empty: none is
  Worker worker_;  // of its own: a reload doesn't wait for the disk that states are kept on
};

}  // namespace hlb
