#include "helpers/own_helper.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

#include "system/last_error.h"

namespace hlb::helpers {
namespace {

constexpr std::chrono::milliseconds kTimeToEnd{1000};
constexpr std::size_t kMostHung = 4;  // then the oldest is killed, or they would pile up

std::string path_of(const char* helper) {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto beside = folder / helper;
  if (access(beside.c_str(), X_OK) == 0) return beside;
  return folder.parent_path() / "lib/hlb" / helper;
}

// The state in which the helper starts: its socket as standard input, default signals, and no other
// descriptors but standard output and error.
class Start {
 public:
  explicit Start(int socket) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, socket, STDIN_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~Start() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;

  tl::expected<pid_t, std::error_code> spawn(std::string path) const {
    pid_t id = -1;
    std::array<char*, 2> arguments = {path.data(), nullptr};
    std::array<char*, 1> environment = {nullptr};
    const int failure = posix_spawn(&id, path.c_str(), &actions_, &attributes_, arguments.data(),
                                    environment.data());
    if (failure != 0) return tl::unexpected(std::error_code(failure, std::generic_category()));
    return id;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// False if it still lives.
bool reap(pid_t process) {
  siginfo_t info{};
  // NOLINTNEXTLINE(*-signed-*): that is how waitid(2) is declared
  const int result = waitid(P_PID, static_cast<id_t>(process), &info, WEXITED | WNOHANG);
  return result == 0 ? info.si_pid == process : errno == ECHILD;
}

}  // namespace

OwnHelper::~OwnHelper() {
  if (processes_.empty()) return;
  pollfd ended{processes_.back().handle.get(), POLLIN, 0};
  (void)poll(&ended, 1, static_cast<int>(kTimeToEnd.count()));
  reap_the_dead();
}

tl::expected<FileDescriptor, std::error_code> OwnHelper::start() {
  reap_the_dead();
  if (processes_.size() >= kMostHung) kill(processes_.front().id, SIGKILL);
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return tl::unexpected(last_error());
  FileDescriptor ours(ends[0]);
  const FileDescriptor its(ends[1]);
  const auto id = Start(its.get()).spawn(path_of(name_));
  if (!id) return tl::unexpected(id.error());
  // Nobody else reaps it, so that the id is still the helper's.
  // NOLINTNEXTLINE(*-vararg): glibc 2.36 declares pidfd_open() for C alone
  processes_.push_back({*id, FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, *id, 0)))});
  return ours;
}

void OwnHelper::reap_the_dead() {
  std::erase_if(processes_, [](const Process& process) { return reap(process.id); });
}

}  // namespace hlb::helpers
