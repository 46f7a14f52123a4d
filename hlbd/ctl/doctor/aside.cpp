#include "ctl/doctor/aside.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <system_error>

#include "system/file_descriptor.h"

namespace hlb::ctl::doctor {
namespace {

using Monotonic = std::chrono::steady_clock;

constexpr int kDone = 91;  // of an exit code that nothing else is likely to give

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

[[noreturn]] void work_and_exit(const std::function<void(const Tell&)>& work, int out) {
  const FileDescriptor nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    ::dup2(nowhere.get(), standard);
  const rlimit no_core{};
  ::setrlimit(RLIMIT_CORE, &no_core);
  try {
    work([out](std::string_view piece) { write_all(out, piece); });
  } catch (const std::exception&) {
    ::_exit(0);
  }
  ::_exit(kDone);  // no handlers, no destructors: they are the parent's
}

// Waits until `fd` can be read. False when it can't by `until`.
bool wait_for(int fd, Monotonic::time_point until) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - Monotonic::now()).count();
    if (left <= 0) return false;
    pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, static_cast<int>(left)) > 0) return true;
  }
}

// Reads until the child, and whatever it has started, has closed its end. False when that isn't so
// by `until`.
bool collect(int in, Monotonic::time_point until, std::string& told) {
  while (wait_for(in, until)) {
    std::array<char, 4096> piece{};
    const ssize_t got = ::read(in, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    told.append(piece.data(), static_cast<std::size_t>(got));
  }
  return false;
}

// Waits until the child has ended, which can be long after it has closed its end. False when it
// hasn't by `until`.
bool ends(pid_t child, Monotonic::time_point until) {
  const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  return process.valid() && wait_for(process.get(), until);
}

}  // namespace

Aside run_aside(const std::function<void(const Tell&)>& work, std::chrono::milliseconds limit) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "can't make a pipe");
  }
  const FileDescriptor in(pipe[0]);
  FileDescriptor out(pipe[1]);
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "can't start a child");
  if (child == 0) work_and_exit(work, out.get());
  out = FileDescriptor(-1);

  Aside aside;
  const auto until = Monotonic::now() + limit;
  const bool in_time = collect(in.get(), until, aside.told) && ends(child, until);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) {
    aside.end = Aside::End::late;
  } else if (WIFEXITED(status) && WEXITSTATUS(status) == kDone) {
    aside.end = Aside::End::done;
  } else if (WIFSIGNALED(status)) {
    aside.signal = WTERMSIG(status);
  }
  return aside;
}

}  // namespace hlb::ctl::doctor
