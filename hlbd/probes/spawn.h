// Starts a program as a child process.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace hlb::probes {

struct Credentials {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;
};

// nullopt without an error when there is no such user. Asks NSS, and blocks as long as that takes.
std::optional<Credentials> find_user(const std::string& name, std::error_code& error);

// Where a program that hlbd runs finds others.
inline constexpr std::string_view kPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct Program {
  std::vector<std::string> arguments;    // never empty; the first is the program's absolute path
  std::vector<std::string> environment;  // NAME=value; nothing else is in it
  std::optional<Credentials> user;       // to run as another user; takes the right to switch
};

// Owned by its scope; -1 when there is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void close() {
    if (fd_ >= 0) ::close(release());
  }

 private:
  int fd_ = -1;
};

// Why a process ended before it became the program.
struct StartFailure {
  enum class Step : int {
    prepare,  // hlbd's own work
    user,     // becoming Program::user
    program,  // exec: no such file, not executable
  };
  Step step = Step::prepare;
  int error = 0;  // an errno
};

// A child, which its owner must reap. It leads a session of its own, so that its id is also that of
// its process group, starts in "/" with default signals, reads nothing, and has no descriptor but
// the three standard ones.
struct Spawned {
  pid_t id = -1;
  Descriptor process;  // a pidfd
  Descriptor output;   // what the program writes to stdout and stderr; non-blocking
  Descriptor failure;  // see failure_of()
};

// Doesn't wait for the program to be found and started. `error` is set when no process could be
// made, and then nothing is left behind.
Spawned spawn(const Program& program, std::error_code& error);

// Why the child, now dead, never became the program; nullopt if it did.
std::optional<StartFailure> failure_of(const Spawned& child);

}  // namespace hlb::probes
