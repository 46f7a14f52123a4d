// A running process, as /proc shows it (proc(5)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"

namespace hlb::ctl::doctor {

// As /proc gives lists: a zero byte ends each part.
std::vector<std::string> split_at_zeroes(const std::string& text);

struct Process {
  pid_t pid = 0;
  std::filesystem::path program;         // the file that it runs, as it sees it
  std::vector<std::string> arguments;    // its name first
  std::vector<std::string> environment;  // "NAME=value"
  std::vector<std::string> mapped;       // files; " (deleted)" follows a deleted one's name
  std::int64_t started_at = 0;           // seconds since 1970
  int error = 0;  // the errno of reading it; then nothing else is set, or only what all may read

  // Reads what it may; `error` says whether that is enough.
  static Process read(const Host& machine, pid_t pid);

  std::filesystem::path folder() const { return "/proc/" + std::to_string(pid); }
  // Whether it has mapped a file whose name begins so.
  bool maps(std::string_view name) const;
  // A variable of its environment; empty when it has none of that name.
  std::string variable(std::string_view name) const;
};

// Whether the process has the module that a new process would get, looks for the table where hlbd
// publishes it, and sees both, also from another root folder, as in a container.
Findings check_process(const Host& machine, const Process& process,
                       const std::filesystem::path& module,
                       const std::filesystem::path& runtime_dir);

// Whether the C library that the process has mapped is too old for the module that it would find in
// one of these folders of its root folder.
Findings check_needs(const Host& inside, const Process& process,
                     const std::vector<std::filesystem::path>& folders);

}  // namespace hlb::ctl::doctor
