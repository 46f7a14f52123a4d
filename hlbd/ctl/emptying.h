// Waits until no connection of this host is left to backends that were taken out, and has those
// ended that stay.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/targets.h"

namespace hlb::ctl {

struct Emptying {
  std::string what;                    // is in force on them: "drain", "maintenance"
  Targets targets;                     // each means some backend
  std::chrono::milliseconds lasts{0};  // from now on, until it is over; 0: until cleared
  // After so long the connections that are left are ended; unset: none are.
  std::optional<std::chrono::milliseconds> close_after{};
};

// Throws a Failure when hlbd can't count connections: to be called before anything is changed.
void expect_counts(Client& client);

// Says how many are left, whenever that changes, and in place on a terminal. Returns kOk once none
// is; kTrouble when the override is over or lifted before, connections can't be ended or are made
// anew, or by SIGINT or SIGTERM.
ExitCode await_empty(Client& client, const Emptying& wishes);

}  // namespace hlb::ctl
