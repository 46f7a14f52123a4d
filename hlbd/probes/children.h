// The child processes of hlbd: which are its own, and which were left to it.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "probes/spawn.h"

namespace hlb::probes {

// One for all of hlbd, in a shared_ptr. Makes hlbd the subreaper of its descendants, so that what
// escapes from a child, as daemons do by fork and setsid(), becomes hlbd's own child and can be
// killed. Whoever starts a child adds it here at once, and nobody else reaps. Used by hlbd's loop
// alone.
class Children : public std::enable_shared_from_this<Children> {
 public:
  explicit Children(boost::asio::any_io_executor executor);

  void add(pid_t child);

  // Kills the child, if it still runs, with all that descends from it, and reaps them, in the
  // background: what was killed may take its time to die. `process` is the child's pidfd. An orphan
  // in a session of its own whose parents have gone may be anybody's: it is killed as soon as no
  // child runs that was there when it was first seen, and so by the end of the longest time-out.
  // What was hlbd's child before this object was made is left alone.
  void end(pid_t child, Descriptor process);

  // The same for when the loop is going: waits until the child is dead, a moment at most.
  void end_now(pid_t child);

 private:
  using Serial = std::uint64_t;

  // How to know the descendants of a child that is being ended.
  struct Tree {
    pid_t session = 0;
    std::set<pid_t> seen;  // when it was killed

    bool includes(pid_t process) const;
  };
  struct Death;

  static void bury(pid_t child, const Tree& tree);
  void kill_tree(pid_t child, Tree& tree);
  void end(pid_t child, Descriptor process, Tree tree);
  void lose(Death& death);
  void await_death(const std::shared_ptr<Death>& death);
  void gone(pid_t child, const Tree& tree);
  void end_orphans(const Tree& tree);
  void end_orphan(pid_t orphan, const Tree& tree);
  bool may_belong_to_another(Serial first_seen) const;

  boost::asio::any_io_executor executor_;
  std::set<pid_t> inherited_;
  std::map<pid_t, Serial> running_;  // kEnding for those that are being ended
  std::map<pid_t, Serial> orphans_;  // that were spared, and the last serial when first seen
  Serial last_serial_ = 0;
};

}  // namespace hlb::probes
