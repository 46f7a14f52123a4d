// A program that runs, and the reply to the request that asked for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "programs/helper/spawn.h"
#include "programs/message.h"

namespace hlb::programs {

class Running {
 public:
  using Monotonic = std::chrono::steady_clock;

  // `client` is the number of the connection that asked: the request's id is unique only there.
  Running(std::uint64_t client, const RunRequest& request, Spawned spawned)
      : client_(client),
        id_(request.id),
        limit_(request.program.output_limit),
        deadline_(Monotonic::now() + request.program.timeout),
        spawned_(std::move(spawned)) {}

  std::uint64_t client() const { return client_; }
  Id id() const { return id_; }
  Monotonic::time_point deadline() const { return deadline_; }

  // The pipe that it writes to, to be read when there is something; -1 once nobody holds the other
  // end.
  int output() const { return spawned_.output.get(); }
  void read_output();

  // The reply, with all that it wrote, when it has died by `signal`, or exited when that is 0.
  RunReply ended(int exit_code, int signal);
  // The reply when its time is up.
  RunReply timed_out();

 private:
  bool read_some();

  std::uint64_t client_;
  Id id_;
  std::size_t limit_;
  Monotonic::time_point deadline_;
  Spawned spawned_;
  std::string kept_;
};

}  // namespace hlb::programs
