// hlb-programs: runs programs for hlbd.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "helpers/service_manager.h"
#include "programs/helper/cgroup.h"
#include "programs/helper/connection.h"
#include "programs/helper/running.h"
#include "programs/helper/trees.h"
#include "programs/message.h"
#include "system/file_descriptor.h"

namespace hlb::programs {

class Server {
 public:
  static constexpr std::size_t kMaxPrograms = 256;  // running or dying; more are not started
  static constexpr std::size_t kMaxConnections = 8;
  // How long a helper that was started by its socket stays for a hlbd that might come back.
  static constexpr std::chrono::seconds kIdle{30};

  // `socket` is connected to hlbd, or listens for it.
  explicit Server(FileDescriptor socket);

  // Serves until the connection ends, or nobody has been connected for kIdle, or SIGTERM. Throws
  // std::system_error when it can't go on. Kills what runs for hlbd when its connection ends, and
  // all that runs when the server goes.
  void run();

 private:
  using Monotonic = std::chrono::steady_clock;
  using Client = std::uint64_t;  // the number of a connection
  using Programs = std::map<pid_t, Running>;
  struct Watch;

  std::vector<Watch> watches();
  void wait(const std::vector<Watch>& watched);
  Monotonic::time_point next_turn() const;
  void take_signals();
  void welcome();
  void serve(Client client);
  void begin(Client client, const RunRequest& request);
  void cancel(Client client, Id id);
  Programs::iterator find(Client client, Id id);
  void read_output(pid_t process);
  void bury_the_dead();
  void end_the_late();
  void sweep();
  void finish(Programs::iterator program, const RunReply& reply);
  void drop_the_gone();
  bool is_idle() const;
  void tell_that_we_live();

  bool listens_;
  FileDescriptor listener_{-1};
  FileDescriptor signals_;
  helpers::ServiceManager manager_;
  Cgroups cgroups_;
  Trees trees_;
  std::map<Client, DaemonConnection> connections_;
  Programs running_;
  Client last_client_ = 0;
  Monotonic::time_point last_used_ = Monotonic::now();
  std::optional<Monotonic::time_point> alive_due_;
  Monotonic::time_point last_sweep_{};
  bool deaths_ = false;  // since the last sweep
  bool stopped_ = false;
};

}  // namespace hlb::programs
