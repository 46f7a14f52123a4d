#include "probes/children.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <ranges>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace hlb::probes {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t kEnding = std::numeric_limits<std::uint64_t>::max();

// What was killed is dead well before, unless the kernel holds it.
constexpr std::chrono::milliseconds kTimeToDie{100};

// `process` is an id, or "self". Empty when it can't be told, as for one that has gone.
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

void add_descendants(pid_t process, std::set<pid_t>& found) {
  std::vector<pid_t> left = children_of(std::to_string(process));
  while (!left.empty()) {
    const pid_t next = left.back();
    left.pop_back();
    if (!found.insert(next).second) continue;
    const std::vector<pid_t> more = children_of(std::to_string(next));
    left.insert(left.end(), more.begin(), more.end());
  }
}

// Whether the child is dead; it is no more then.
bool reap(pid_t child) {
  siginfo_t info{};
  const int result =
      waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG);  // NOLINT(*-signed-*)
  return result == 0 ? info.si_pid == child : errno == ECHILD;
}

// A child that has not come to its own session yet leads no group.
void kill_group(pid_t leader) {
  kill(-leader, SIGKILL);
  kill(leader, SIGKILL);
}

// Ignored, as whoever started hlbd may have left it, children would be reaped by the kernel.
void heed_deaths() {
  struct sigaction action{};
  if (sigaction(SIGCHLD, nullptr, &action) != 0) return;
  if (action.sa_handler != SIG_IGN && (action.sa_flags & SA_NOCLDWAIT) == 0) return;
  action = {};
  action.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &action, nullptr);
}

// Not without a list of the children: orphans that can't be found are better left to init.
void become_subreaper() {
  const std::string own = "/proc/self/task/" + std::to_string(gettid()) + "/children";
  if (access(own.c_str(), R_OK) == 0) prctl(PR_SET_CHILD_SUBREAPER, 1);
}

}  // namespace

bool Children::Tree::includes(pid_t process) const {
  return getsid(process) == session || seen.contains(process);
}

// A child that was killed, until it is reaped.
struct Children::Death {
  Death(const asio::any_io_executor& executor, pid_t id, Tree what)
      : child(id), tree(std::move(what)), process(executor) {}
  ~Death() {
    if (!over) bury(child, tree);  // the loop has gone
  }
  Death(const Death&) = delete;
  Death& operator=(const Death&) = delete;

  pid_t child;
  Tree tree;
  asio::posix::stream_descriptor process;
  bool over = false;
};

// Waits until a child that was killed is dead, and its tree with it.
void Children::bury(pid_t child, const Tree& tree) {
  const auto deadline = std::chrono::steady_clock::now() + kTimeToDie;
  for (;;) {
    bool left = !reap(child);
    for (const pid_t orphan : children_of("self")) {
      if (!tree.includes(orphan)) continue;
      kill_group(orphan);
      left |= !reap(orphan);
    }
    if (!left || std::chrono::steady_clock::now() > deadline) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Children::Children(asio::any_io_executor executor) : executor_(std::move(executor)) {
  const std::vector<pid_t> before = children_of("self");
  inherited_.insert(before.begin(), before.end());
  heed_deaths();
  become_subreaper();
}

void Children::add(pid_t child) {
  running_[child] = ++last_serial_;
}

void Children::end(pid_t child, Descriptor process) {
  end(child, std::move(process), Tree{child, {}});
}

void Children::end_now(pid_t child) {
  Tree tree{child, {}};
  kill_tree(child, tree);
  bury(child, tree);
  running_.erase(child);
}

// What escaped from the child is its own child until it dies, and can be seen.
void Children::kill_tree(pid_t child, Tree& tree) {
  running_[child] = kEnding;
  add_descendants(child, tree.seen);
  kill_group(child);
}

void Children::end(pid_t child, Descriptor process, Tree tree) {
  kill_tree(child, tree);
  if (reap(child)) return gone(child, tree);
  const auto death = std::make_shared<Death>(executor_, child, std::move(tree));
  boost::system::error_code error;
  death->process.assign(process.get(), error);
  if (error) return lose(*death);
  process.release();
  await_death(death);
}

void Children::await_death(const std::shared_ptr<Death>& death) {
  death->process.async_wait(
      asio::posix::descriptor_base::wait_read,
      [self = shared_from_this(), death](const boost::system::error_code& error) {
        if (error) return self->lose(*death);
        if (!reap(death->child)) return self->await_death(death);
        death->over = true;
        self->gone(death->child, death->tree);
      });
}

// No descriptor is left, or the like: it is found among the orphans when the next child ends.
void Children::lose(Death& death) {
  death.over = true;
  running_.erase(death.child);
}

void Children::gone(pid_t child, const Tree& tree) {
  running_.erase(child);
  end_orphans(tree);
}

void Children::end_orphans(const Tree& tree) {
  const std::vector<pid_t> children = children_of("self");
  std::erase_if(orphans_, [&](const auto& known) {
    return std::ranges::find(children, known.first) == children.end();
  });
  for (const pid_t child : children) {
    if (running_.contains(child) || inherited_.contains(child) || reap(child)) continue;
    const Serial first_seen = orphans_.try_emplace(child, last_serial_).first->second;
    if (tree.includes(child) || !may_belong_to_another(first_seen)) end_orphan(child, tree);
  }
}

void Children::end_orphan(pid_t orphan, const Tree& tree) {
  // NOLINTNEXTLINE(*-vararg): glibc 2.36 declares pidfd_open() for C alone
  Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, orphan, 0)));
  orphans_.erase(orphan);
  end(orphan, std::move(process), tree);
}

bool Children::may_belong_to_another(Serial first_seen) const {
  return std::ranges::any_of(running_ | std::views::values,
                             [&](Serial serial) { return serial <= first_seen; });
}

}  // namespace hlb::probes
