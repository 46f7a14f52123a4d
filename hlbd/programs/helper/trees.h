// The helper's child processes: programs, what they have started, and how to be rid of both.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "programs/helper/cgroup.h"

namespace hlb::programs {

// All children of this process, which nobody else may reap; there is one Trees in it. Makes the
// process the subreaper of its descendants, so that what escapes from a program, as daemons do by
// fork and setsid(), becomes its own child and can be killed; where each program has a cgroup, that
// is killed too.
class Trees {
 public:
  Trees();
  // Kills all that is left, and waits until it is dead, a moment at most.
  ~Trees();
  Trees(const Trees&) = delete;
  Trees& operator=(const Trees&) = delete;

  // Takes charge of a program that has just been started.
  void add(pid_t program, std::optional<Cgroup> cgroup);

  // Kills the program, if it still runs, with all that descends from it. They die when they can,
  // and sweep() goes on with what escapes. An orphan in a session of its own whose parents have
  // gone may be anybody's: it is killed as soon as no program runs that was there when it was first
  // seen, and so by the end of the longest time-out.
  void end(pid_t program);

  // A child that has died and is yet to be reaped; nullopt if there is none.
  struct Death {
    pid_t process = -1;
    int exit_code = 0;
    int signal = 0;  // that killed it; 0: it exited
  };
  static std::optional<Death> next_death();
  static void reap(pid_t process);

  // Kills what has escaped, and forgets what is dead. To be called now and then after children have
  // died, and while settling(); not after each death, as it takes a look at every child.
  void sweep();

  // Whether anything that was killed is still there.
  bool settling() const { return !ended_.empty(); }

  // The number of programs that run or are being ended.
  std::size_t size() const { return running_.size() + ended_.size(); }

 private:
  using Serial = std::uint64_t;
  struct Running {
    Serial serial = 0;
    std::optional<Cgroup> cgroup;
  };

  void end_all();
  void note_descendants(pid_t process, pid_t program);
  void sweep_orphan(pid_t orphan);
  std::optional<pid_t> tree_of(pid_t process) const;
  bool may_belong_to_another(Serial first_seen) const;

  std::map<pid_t, Running> running_;
  // Programs being ended, by their ids, which are those of their sessions too.
  std::map<pid_t, std::optional<Cgroup>> ended_;
  std::map<pid_t, pid_t> descendants_;  // of programs when these were killed, and their programs
  std::map<pid_t, Serial> orphans_;     // spared ones, and the last serial when first seen
  std::set<pid_t> killed_;              // orphans that are yet to die
  Serial last_serial_ = 0;
};

}  // namespace hlb::programs
