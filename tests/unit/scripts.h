// Shell scripts that a test has run, what they write, and what they leave behind.
#pragma once

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/loopback.h"

namespace hlb::probes {

// A folder that everybody may use, as the scripts run as nobody.
class ScriptFolder {
 public:
  ScriptFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "hlb-scripts-XXXXXX";
    path_ = mkdtemp(pattern.data());
    chmod(path_.c_str(), 0777);
  }
  ~ScriptFolder() { std::filesystem::remove_all(path_); }
  ScriptFolder(const ScriptFolder&) = delete;
  ScriptFolder& operator=(const ScriptFolder&) = delete;

  std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// What can be read: of a process that ends meanwhile, nothing (ESRCH), which a bare iterator would
// throw as an exception.
inline std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The child processes of a process of one thread, zombies too.
inline std::vector<pid_t> children_of(pid_t parent) {
  const std::string process = "/proc/" + std::to_string(parent);
  std::istringstream list(contents(process + "/task/" + std::to_string(parent) + "/children"));
  return {std::istream_iterator<pid_t>(list), {}};
}

inline std::string status_of(pid_t process) {
  return contents("/proc/" + std::to_string(process) + "/stat");
}

inline bool is_helper(pid_t process) {
  return status_of(process).find("(hlb-programs) ") != std::string::npos;
}

// The helpers that run, which are our own children.
inline std::vector<pid_t> helpers() {
  std::vector<pid_t> found = children_of(::getpid());
  std::erase_if(found, [](pid_t child) {
    return !is_helper(child) || status_of(child).find(") Z ") != std::string::npos;
  });
  return found;
}

// Of the helpers, and our own beside them: programs and zombies. A helper that ended later than its
// client waited is dead and not reaped: that is left to init, as hlbd itself has ended by then.
inline std::vector<pid_t> children() {
  std::vector<pid_t> found;
  for (const pid_t child : children_of(::getpid())) {
    const std::vector<pid_t> more = is_helper(child) ? children_of(child) : std::vector{child};
    found.insert(found.end(), more.begin(), more.end());
  }
  return found;
}

// Lets the helpers open no further descriptor; those that they always have are enough for poll(2).
class NoDescriptorsForHelpers {
 public:
  NoDescriptorsForHelpers() {
    for (const pid_t helper : helpers())
      set_limit(helper, kOpen);
  }
  ~NoDescriptorsForHelpers() {
    for (const pid_t helper : helpers())
      set_limit(helper, limit().rlim_cur);
  }
  NoDescriptorsForHelpers(const NoDescriptorsForHelpers&) = delete;
  NoDescriptorsForHelpers& operator=(const NoDescriptorsForHelpers&) = delete;

 private:
  static constexpr rlim_t kOpen = 4;  // three standard ones, and that for signals

  static rlimit limit() {
    rlimit ours{};
    ::getrlimit(RLIMIT_NOFILE, &ours);
    return ours;
  }
  static void set_limit(pid_t process, rlim_t soft) {
    const rlimit changed{.rlim_cur = soft, .rlim_max = limit().rlim_max};
    ::prlimit(process, RLIMIT_NOFILE, &changed, nullptr);
  }
};

// The process that has written its id to `path`; nullopt until it is all there.
inline std::optional<pid_t> process_in(const std::string& path) {
  const std::string text = contents(path);
  if (!text.ends_with('\n')) return std::nullopt;
  return static_cast<pid_t>(std::stol(text));
}

// Zombies, too: where the first process of a container reaps nobody, who has lost its parent stays
// one. Of our own children(), none may.
inline bool is_gone(pid_t process) {
  return (::kill(process, 0) != 0 && errno == ESRCH) ||
         status_of(process).find(") Z ") != std::string::npos;
}

// Waits until `done`, or for so long that it will never be.
template <typename Done>
bool becomes(Done done) {
  const auto deadline = std::chrono::steady_clock::now() + kPlenty;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// Turns the loop until `done`, or for so long that it will never be.
template <typename Done>
bool run_until(asio::io_context& loop, Done done) {
  const auto deadline = std::chrono::steady_clock::now() + kPlenty;
  loop.restart();
  while (!done()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    if (loop.run_one_for(10ms) == 0) {
      loop.restart();
      std::this_thread::sleep_for(1ms);
    }
  }
  return true;
}

}  // namespace hlb::probes
