// fork(2) and exec(2). Not vfork or posix_spawn: a child that switches its user must not share the
// helper's memory meanwhile, where that user could reach it. The helper has one thread, so its
// child may allocate and ask NSS; being small, it forks in a quarter of the time that hlbd takes.
#include "programs/helper/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "system/last_error.h"
#include "system/signals_blocked.h"

namespace hlb::programs {
namespace {

using Step = Ending::Step;

// All that the child needs to become the program.
struct Plan {
  const Program& program;
  int cgroup;
  FileDescriptor input{-1};
  FileDescriptor output{-1};
  FileDescriptor failure{-1};
};

struct Failure {
  Step step = Step::prepare;
  int error = 0;
};

// ---- in the child ------------------------------------------------------------------------------

bool signals_to_default() {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal)
    (void)sigaction(signal, &action, nullptr);  // some can't be changed, and are default anyway
  sigset_t none;
  sigemptyset(&none);
  return sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

bool enter(int cgroup) {
  return cgroup < 0 || write(cgroup, "0", 1) == 1;
}

// The descriptor, or a copy of it, out of the way of the standard ones.
int above_standard(int fd) {
  return fd > STDERR_FILENO ? fd : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

bool standard_descriptors(int input, int output) {
  const int from = above_standard(input);
  const int to = above_standard(output);
  return from >= 0 && to >= 0 && dup2(from, STDIN_FILENO) >= 0 && dup2(to, STDOUT_FILENO) >= 0 &&
         dup2(to, STDERR_FILENO) >= 0;
}

// See getpwnam(3) on what it returns when there is no such user.
bool says_no_such_user(int error) {
  return error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

bool set_groups_of(const passwd& user) {
  return initgroups(user.pw_name, user.pw_gid) == 0;
}

// Becomes that user. False on failure, with an errno that is 0 when there is no such user.
bool become(const std::string& name) {
  errno = 0;
  const passwd* user = getpwnam(name.c_str());
  if (user == nullptr) {
    if (says_no_such_user(errno)) errno = 0;
    return false;
  }
  const uid_t id = user->pw_uid;
  const gid_t group = user->pw_gid;
  return set_groups_of(*user) && setresgid(group, group, group) == 0 && setresuid(id, id, id) == 0;
}

// Has exec close all other descriptors, those that NSS may have opened among them.
bool keep_standard_descriptors_only() {
  return close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& string : strings)
    result.push_back(const_cast<char*>(string.c_str()));
  result.push_back(nullptr);
  return result;
}

[[noreturn]] void give_up(int report, Step step) {
  const Failure failure{step, errno};
  (void)!write(report, &failure, sizeof failure);
  _exit(EXIT_FAILURE);
}

[[noreturn]] void run_as_child(const Plan& plan) {
  const Program& program = plan.program;
  const int report = above_standard(plan.failure.get());
  const bool prepared = setsid() >= 0 && signals_to_default() && enter(plan.cgroup) &&
                        standard_descriptors(plan.input.get(), plan.output.get()) &&
                        chdir("/") == 0;
  if (!prepared) give_up(report, Step::prepare);
  const bool switches = geteuid() == 0 && !program.user.empty();
  if (switches && !become(program.user)) give_up(report, Step::user);
  // So that a helper that is killed takes its programs along; a change of user would have undone
  // it.
  const bool ready = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && keep_standard_descriptors_only();
  if (!ready) give_up(report, Step::prepare);
  execve(program.arguments.front().c_str(), pointers(program.arguments).data(),
         pointers(program.environment).data());
  give_up(report, Step::program);
}

// ---- in the helper -----------------------------------------------------------------------------

std::error_code open_pipe(FileDescriptor& read_end, FileDescriptor& write_end) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return last_error();
  read_end = FileDescriptor(ends[0]);
  write_end = FileDescriptor(ends[1]);
  // This end alone: the program has the other one, and expects it to wait.
  if (fcntl(read_end.get(), F_SETFL, O_NONBLOCK) != 0) return last_error();
  return {};
}

std::error_code open_descriptors(Plan& plan, Spawned& child) {
  plan.input = FileDescriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!plan.input.valid()) return last_error();
  if (const auto error = open_pipe(child.output, plan.output)) return error;
  return open_pipe(child.failure, plan.failure);
}

std::error_code fork_child(const Plan& plan, Spawned& child) {
  const SignalsBlocked blocked;
  child.id = fork();
  if (child.id == 0) run_as_child(plan);
  return child.id < 0 ? last_error() : std::error_code();
}

}  // namespace

tl::expected<Spawned, std::error_code> spawn(const Program& program, int cgroup) {
  Spawned child;
  Plan plan{.program = program, .cgroup = cgroup};
  if (const auto error = open_descriptors(plan, child)) return tl::unexpected(error);
  if (const auto error = fork_child(plan, child)) return tl::unexpected(error);
  return child;
}

std::optional<Ending> failure_of(const Spawned& child) {
  Failure failure;
  if (read(child.failure.get(), &failure, sizeof failure) != sizeof failure) return std::nullopt;
  return Ending{Ending::How::not_started, failure.step, failure.error};
}

}  // namespace hlb::programs
