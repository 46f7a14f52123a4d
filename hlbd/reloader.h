// Reads the configuration again, beside the loop.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "bus/directory.h"
#include "config/config.h"
#include "system/worker.h"

namespace hlb {

// Used by hlbd's loop alone.
class Reloader {
 public:
  using Loaded = std::variant<Config, ConfigErrors>;
  // Puts what was read in force; returns why it couldn't.
  using Apply = std::function<std::optional<bus::Refusal>(Loaded loaded)>;
  using Reply = bus::Control::ReloadReply;

  // `deliver` as Worker's; `apply` is called from the loop.
  Reloader(std::filesystem::path file, Worker::Deliver deliver, Apply apply);

  // Reads what stands in the files now, or later; `reply` is told when that is in force, or why it
  // isn't. Requests that come while the files are read are answered by one more reading.
  void request(Reply reply);

 private:
  void read();
  void put_in_force(Loaded loaded);

  std::filesystem::path file_;
  Apply apply_;
  std::vector<Reply> waiting_;  // for the next reading
  std::vector<Reply> served_;   // by the one under way; empty: none is
  Worker worker_;  // of its own: a reload doesn't wait for the disk that states are kept on
};

}  // namespace hlb
