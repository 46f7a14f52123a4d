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

// One for the whole process, which nobody else reaps. Makes it the subreaper of its descendants, so
// that what escapes from a program, as daemons do by fork and setsid(), becomes its own child and
// can be killed; where each program has a cgroup, that is killed too.
class Trees {
 public:
  Trees();
  // Kills all that is left, and waits until it is dead, a moment at most.
  ~Trees();
  Trees(const Trees&) = delete;
  Trees& operator=(const Trees&) = delete;

  // A program that has just been started.
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

  // To be called after children have died, and every now and then while settling(). Takes a look at
  // each child, so not after each death.
  void sweep();

  // Whether anything that was killed is still there.
  bool settling() const { return !ended_.empty(); }

  // Of programs that run, or are being ended.
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
  // By the program's id, which is its session's too.
  std::map<pid_t, std::optional<Cgroup>> ended_;
  std::map<pid_t, pid_t> descendants_;  // seen when they were killed, and the program of each
  std::map<pid_t, Serial> orphans_;     // that were spared, and the last serial when first seen
  std::set<pid_t> killed_;              // orphans that are yet to die
  Serial last_serial_ = 0;
};

}  // namespace hlb::programs
