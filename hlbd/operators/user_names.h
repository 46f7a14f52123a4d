// The names of users, which the system may have to ask a server for.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "system/worker.h"

namespace hlb {

// Used by hlbd's loop alone, which never waits for a name: a thread looks it up.
class UserNames {
 public:
  // `deliver` takes what is to be called to the loop.
  explicit UserNames(Worker::Deliver deliver) : worker_(kMostWaiting, std::move(deliver)) {}

  // Has the name ready for later.
  void look_up(std::uint32_t user_id);

  // The name; "user 1000" of a user whom the system doesn't know, or who hasn't been looked up as
  // yet.
  std::string name(std::uint32_t user_id);

 private:
  static constexpr std::size_t kMostWaiting = 64;

  std::map<std::uint32_t, std::string> known_;  // empty: being looked up
  Worker worker_;
};

}  // namespace hlb
