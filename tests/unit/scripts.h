// Shell scripts that a test has run, what they write, and what they leave behind.
#pragma once

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

inline std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Our own child processes, zombies too.
inline std::vector<pid_t> children() {
  std::vector<pid_t> found;
  std::istringstream list(contents("/proc/self/task/" + std::to_string(::gettid()) + "/children"));
  for (pid_t child = 0; list >> child;)
    found.push_back(child);
  return found;
}

// The process that has written its id to `path`; nullopt until it is all there.
inline std::optional<pid_t> process_in(const std::string& path) {
  const std::string text = contents(path);
  if (!text.ends_with('\n')) return std::nullopt;
  return static_cast<pid_t>(std::stol(text));
}

inline bool is_gone(pid_t process) {
  return ::kill(process, 0) != 0 && errno == ESRCH;
}

// Turns the loop until `done`, or for so long that it will never be.
template <typename Done>
bool run_until(asio::io_context& loop, Done done) {
  const auto deadline = std::chrono::steady_clock::now() + kPlenty;
  loop.restart();
  while (!done() && std::chrono::steady_clock::now() < deadline) {
    if (loop.run_one_for(10ms) == 0) {
      loop.restart();
      std::this_thread::sleep_for(1ms);
    }
  }
  return done();
}

}  // namespace hlb::probes
