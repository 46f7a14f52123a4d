#include "programs/helper/trees.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace hlb::programs {
namespace {

// More than enough for what was killed to be dead, unless the kernel holds it.
constexpr std::chrono::milliseconds kTimeToDie{500};

// The children of `process`, an id or "self"; empty when they can't be told, as when it has gone.
std::vector<pid_t> children_of(const std::string& process) {
  std::vector<pid_t> children;
  std::error_code error;
  std::filesystem::directory_iterator threads("/proc/" + process + "/task", error);
  for (; !error && threads != std::filesystem::directory_iterator(); threads.increment(error)) {
    std::ifstream list(threads->path() / "children");
    for (pid_t child = 0; list >> child;)
      children.push_back(child);
  }
  return children;
}

std::set<pid_t> own_children() {
  const std::vector<pid_t> children = children_of("self");
  return {children.begin(), children.end()};
}

// Kills the leader by itself too: a child that has not made its own session yet leads no group.
void kill_group(pid_t leader) {
  kill(-leader, SIGKILL);
  kill(leader, SIGKILL);
}

// Does nothing where the kernel gives no list of children: orphans that can't be found are better
// left to init.
void become_subreaper() {
  if (access("/proc/self/task", R_OK) != 0) return;
  const std::string own = "/proc/self/task/" + std::to_string(getpid()) + "/children";
  if (access(own.c_str(), R_OK) == 0) prctl(PR_SET_CHILD_SUBREAPER, 1);
}

}  // namespace

Trees::Trees() {
  become_subreaper();
}

Trees::~Trees() {
  end_all();
  const auto deadline = std::chrono::steady_clock::now() + kTimeToDie;
  for (;;) {
    while (const auto death = next_death())
      reap(death->process);
    sweep();
    const bool over = !settling() && own_children().empty();
    if (over || std::chrono::steady_clock::now() > deadline) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Trees::end_all() {
  while (!running_.empty())
    end(running_.begin()->first);
}

void Trees::add(pid_t program, std::optional<Cgroup> cgroup) {
  if (cgroup) cgroup->close_entrance();
  running_[program] = {++last_serial_, std::move(cgroup)};
}

// Notes the descendants before it kills: what escaped from the program is a child of it, and can be
// seen, only until it dies.
void Trees::end(pid_t program) {
  const auto found = running_.find(program);
  if (found == running_.end()) return;
  auto& cgroup = ended_[program] = std::move(found->second.cgroup);
  running_.erase(found);
  note_descendants(program, program);
  kill_group(program);
  if (cgroup) cgroup->kill();
}

void Trees::note_descendants(pid_t process, pid_t program) {
  std::vector<pid_t> left = children_of(std::to_string(process));
  while (!left.empty()) {
    const pid_t next = left.back();
    left.pop_back();
    if (!descendants_.try_emplace(next, program).second) continue;
    const std::vector<pid_t> more = children_of(std::to_string(next));
    left.insert(left.end(), more.begin(), more.end());
  }
}

std::optional<Trees::Death> Trees::next_death() {
  siginfo_t info{};
  if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return std::nullopt;
  if (info.si_pid == 0) return std::nullopt;
  if (info.si_code == CLD_EXITED) return Death{info.si_pid, info.si_status, 0};
  return Death{info.si_pid, 0, info.si_status};
}

void Trees::reap(pid_t process) {
  siginfo_t info{};
  // NOLINTNEXTLINE(*-signed-*): that is how waitid(2) is declared
  waitid(P_PID, static_cast<id_t>(process), &info, WEXITED | WNOHANG);
}

void Trees::sweep() {
  const std::set<pid_t> children = own_children();
  std::erase_if(orphans_, [&](const auto& known) { return !children.contains(known.first); });
  std::erase_if(killed_, [&](pid_t orphan) { return !children.contains(orphan); });
  std::set<pid_t> unfinished;
  for (const pid_t child : children) {
    if (running_.contains(child)) continue;
    if (const auto tree = tree_of(child)) unfinished.insert(*tree);
    if (!ended_.contains(child)) sweep_orphan(child);
  }
  std::erase_if(ended_, [&](const auto& each) {
    const auto& [program, cgroup] = each;
    return !unfinished.contains(program) && (!cgroup || cgroup->remove());
  });
  std::erase_if(descendants_, [&](const auto& each) { return !ended_.contains(each.second); });
}

void Trees::sweep_orphan(pid_t orphan) {
  if (killed_.contains(orphan)) return;
  const Serial first_seen = orphans_.try_emplace(orphan, last_serial_).first->second;
  const auto tree = tree_of(orphan);
  if (!tree && may_belong_to_another(first_seen)) return;
  if (tree) note_descendants(orphan, *tree);
  orphans_.erase(orphan);
  killed_.insert(orphan);
  kill_group(orphan);
}

std::optional<pid_t> Trees::tree_of(pid_t process) const {
  const auto by_session = ended_.find(getsid(process));
  if (by_session != ended_.end()) return by_session->first;
  const auto seen = descendants_.find(process);
  return seen == descendants_.end() ? std::nullopt : std::optional(seen->second);
}

bool Trees::may_belong_to_another(Serial first_seen) const {
  return std::ranges::any_of(running_,
                             [&](const auto& each) { return each.second.serial <= first_seen; });
}

}  // namespace hlb::programs
