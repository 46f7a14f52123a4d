// fork(2) and exec(2). Not vfork or posix_spawn: a child that switches its user must not share
// hlbd's memory meanwhile, where that user could reach it.
#include "probes/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdlib>

namespace hlb::probes {
namespace {

std::error_code last_error() {
  return {errno, std::generic_category()};
}

// From before the fork until the child's signals are default: a handler of hlbd's that ran in the
// child would write to hlbd's own pipe.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// All that the child needs, made before the fork, after which nothing may be allocated.
struct Plan {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const Credentials* user = nullptr;
  Descriptor input;
  Descriptor output;
  Descriptor failure;
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& string : strings)
    result.push_back(const_cast<char*>(string.c_str()));
  result.push_back(nullptr);
  return result;
}

// In the child, from here to run_as_child(): async-signal-safe functions alone.

bool signals_to_default() {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal)
    (void)sigaction(signal, &action, nullptr);  // some can't be changed, and are default anyway
  sigset_t none;
  sigemptyset(&none);
  return pthread_sigmask(SIG_SETMASK, &none, nullptr) == 0;
}

// Where the descriptor is out of the way of the standard ones.
int above_standard(int fd) {
  return fd > STDERR_FILENO ? fd : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

bool standard_descriptors(int input, int output) {
  const int from = above_standard(input);
  const int to = above_standard(output);
  return from >= 0 && to >= 0 && dup2(from, STDIN_FILENO) >= 0 && dup2(to, STDOUT_FILENO) >= 0 &&
         dup2(to, STDERR_FILENO) >= 0 &&
         close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0;
}

bool become(const Credentials& who) {
  return setgroups(who.groups.size(), who.groups.data()) == 0 &&
         setresgid(who.group, who.group, who.group) == 0 &&
         setresuid(who.user, who.user, who.user) == 0;
}

[[noreturn]] void give_up(int report, StartFailure::Step step) {
  const StartFailure failure{step, errno};
  (void)!write(report, &failure, sizeof failure);
  _exit(EXIT_FAILURE);
}

[[noreturn]] void run_as_child(const Plan& plan) {
  using Step = StartFailure::Step;
  const int report = above_standard(plan.failure.get());
  const bool prepared = setsid() >= 0 && signals_to_default() &&
                        standard_descriptors(plan.input.get(), plan.output.get()) &&
                        chdir("/") == 0;
  if (!prepared) give_up(report, Step::prepare);
  if (plan.user != nullptr && !become(*plan.user)) give_up(report, Step::user);
  execve(plan.arguments.front(), plan.arguments.data(), plan.environment.data());
  give_up(report, Step::program);
}

// In hlbd.

std::error_code open_pipe(Descriptor& read_end, Descriptor& write_end) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return last_error();
  read_end = Descriptor(ends[0]);
  write_end = Descriptor(ends[1]);
  // The other end is the program's, which expects to be made to wait.
  if (fcntl(read_end.get(), F_SETFL, O_NONBLOCK) != 0) return last_error();
  return {};
}

std::error_code open_descriptors(Plan& plan, Spawned& child) {
  plan.input = Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (plan.input.get() < 0) return last_error();
  if (const auto error = open_pipe(child.output, plan.output)) return error;
  return open_pipe(child.failure, plan.failure);
}

std::error_code fork_child(const Plan& plan, Spawned& child) {
  const SignalsBlocked blocked;
  child.id = fork();
  if (child.id == 0) run_as_child(plan);
  return child.id < 0 ? last_error() : std::error_code();
}

// Nobody else reaps it, so that the id is still the child's.
std::error_code open_process(Spawned& child) {
  // NOLINTNEXTLINE(*-vararg): glibc 2.36 declares pidfd_open() for C alone
  child.process = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, child.id, 0)));
  if (child.process.get() >= 0) return {};
  const std::error_code error = last_error();
  kill(child.id, SIGKILL);
  while (waitpid(child.id, nullptr, 0) < 0 && errno == EINTR) {
  }
  return error;
}

std::error_code find_groups(const std::string& name, Credentials& who) {
  int count = 64;
  do {
    who.groups.resize(static_cast<std::size_t>(count));
  } while (getgrouplist(name.c_str(), who.group, who.groups.data(), &count) < 0 &&
           static_cast<std::size_t>(count) > who.groups.size());
  who.groups.resize(static_cast<std::size_t>(count));
  return {};
}

// See getpwnam(3) on what it returns when there is no such user.
bool says_no_such_user(int error) {
  return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

}  // namespace

std::optional<Credentials> find_user(const std::string& name, std::error_code& error) {
  constexpr std::size_t kMost = 1 << 20;
  std::vector<char> space(1024);
  passwd entry{};
  passwd* found = nullptr;
  int result = 0;
  while ((result = getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &found)) ==
             ERANGE &&
         space.size() < kMost)
    space.resize(space.size() * 2);
  error.clear();
  if (found == nullptr) {
    if (!says_no_such_user(result)) error.assign(result, std::generic_category());
    return std::nullopt;
  }
  Credentials who{entry.pw_uid, entry.pw_gid, {}};
  error = find_groups(name, who);
  return who;
}

Spawned spawn(const Program& program, std::error_code& error) {
  Spawned child;
  Plan plan{.arguments = pointers(program.arguments),
            .environment = pointers(program.environment),
            .user = program.user ? &*program.user : nullptr,
            .input = {},
            .output = {},
            .failure = {}};
  error = open_descriptors(plan, child);
  if (!error) error = fork_child(plan, child);
  if (error) return {};
  plan = {};  // makes room for one more descriptor
  error = open_process(child);
  return error ? Spawned() : std::move(child);
}

std::optional<StartFailure> failure_of(const Spawned& child) {
  StartFailure failure;
  if (read(child.failure.get(), &failure, sizeof failure) != sizeof failure) return std::nullopt;
  return failure;
}

}  // namespace hlb::probes
