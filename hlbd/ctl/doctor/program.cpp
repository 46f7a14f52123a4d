#include "ctl/doctor/program.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <utility>

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

constexpr int kMostInterpreters = 4;  // as many as execve(2) follows

std::optional<pid_t> as_pid(const std::string& text) {
  pid_t pid = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, pid);
  return error == std::errc() && stopped == end && pid > 0 ? std::optional(pid) : std::nullopt;
}

template <typename T>
using OrReason = tl::expected<T, std::string>;

// Finds a program by its name, as a shell does.
OrReason<fs::path> search_path(const Host& machine, const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto status = machine.status(fs::path(folder) / name);
    if (status && S_ISREG(status->st_mode)) return fs::path(folder) / name;
  }
  return tl::unexpected(fmt::format("no program \"{}\" in $PATH", name));
}

// The program that a script asks for in its first line; empty when the file is no script.
OrReason<fs::path> interpreter_of(const Host& machine, const fs::path& file) {
  const std::string text = machine.read(file, 256).value_or("");
  if (text.substr(0, 2) != "#!") return fs::path();
  std::istringstream words(text.substr(2, text.find('\n') - 2));
  std::string program;
  std::string argument;
  words >> program >> argument;
  const bool by_name = fs::path(program).filename() == "env" && !argument.empty();
  if (by_name) return search_path(machine, argument);
  return fs::path(program);
}

// What a script is known to start: a browser's wrapper, of Debian or of its maker; empty for
// others.
fs::path wrapped_by(const Host& machine, const fs::path& script) {
  std::error_code unknown;
  const fs::path real = fs::canonical(machine.at(script), unknown);
  const std::string name = script.filename().string();
  for (const fs::path& place :
       {real.parent_path() / "chrome", fs::path("/usr/lib") / name / name}) {
    const FileDescriptor file = machine.open(place);
    if (file.valid() && !unknown && Elf::read(file)) return place;
  }
  return {};
}

// "snap" or "Flatpak", when what starts the program is one of these; empty otherwise.
std::string sandbox_of(const Host& machine, const fs::path& program) {
  std::error_code unknown;
  const fs::path real = fs::canonical(machine.at(program), unknown);
  if (program.parent_path() == "/snap/bin" || real == "/usr/bin/snap") return "snap";
  const std::string text = machine.read(program, 4096).value_or("");
  const bool is_script = text.starts_with("#!");
  return is_script && text.find("flatpak run ") != std::string::npos ? "Flatpak" : "";
}

// The file's real path, as the kernel tells it the program: /usr/bin/java lies in a Java home.
fs::path without_links(const Host& machine, const fs::path& file) {
  std::error_code unknown;
  const fs::path real = fs::canonical(machine.at(file), unknown);
  return unknown || !machine.is_ours() ? file : real;
}

OrReason<void> read_file(const Host& machine, ExaminedProgram& program) {
  const FileDescriptor file = machine.open(program.file);
  if (!file.valid()) {
    return tl::unexpected(fmt::format("{}: {}", program.file.string(), std::strerror(errno)));
  }
  struct stat status{};
  if (::fstat(file.get(), &status) == 0)
    program.set_id = (status.st_mode & (S_ISUID | S_ISGID)) != 0;
  auto elf = Elf::read(file);
  if (!elf || elf->is_library)
    return tl::unexpected(fmt::format("{} is no program", program.file.string()));
  program.elf = std::move(*elf);
  return {};
}

// All the code that a process has mapped, found from its own root folder, or from ours, as the
// paths of a process in a chroot are told.
Libraries mapped_code(const Host& machine, const Process& process) {
  const Host inside(machine.at(process.folder() / "root"));
  Libraries code;
  for (const std::string& file : process.mapped) {
    FileDescriptor opened = inside.open(file);
    if (!opened.valid()) opened = machine.open(file);
    if (!opened.valid()) continue;
    if (auto elf = Elf::read(opened)) code.push_back({file, std::move(*elf)});
  }
  return code;
}

OrReason<ExaminedProgram> running(const Host& machine, pid_t pid) {
  ExaminedProgram program;
  program.process = Process::read(machine, pid);
  if (const int error = program.process->error; error != 0) {
    const bool gone = error == ENOENT || error == ESRCH;
    return tl::unexpected(gone ? fmt::format("there is no process {}", pid)
                               : fmt::format("can't look into process {}: {}; try as root", pid,
                                             std::strerror(error)));
  }
  program.name = fmt::format("{} (process {})", program.process->program.string(), pid);
  program.file = program.process->folder() / "exe";
  if (const auto read = read_file(machine, program); !read) return tl::unexpected(read.error());
  program.code = mapped_code(machine, *program.process);
  program.code.insert(program.code.begin(), {program.process->program, program.elf});
  return program;
}

}  // namespace

OrReason<ExaminedProgram> find_program(const Host& machine, const std::string& given) {
  if (const auto pid = as_pid(given)) return running(machine, *pid);
  const bool by_name = given.find('/') == std::string::npos;
  const OrReason<fs::path> asked_for = by_name ? search_path(machine, given) : fs::absolute(given);
  if (!asked_for) return tl::unexpected(asked_for.error());
  ExaminedProgram program;
  program.file = *asked_for;
  program.name = asked_for->string();
  program.sandbox = sandbox_of(machine, *asked_for);
  for (int i = 0; i < kMostInterpreters; ++i) {
    const auto interpreter = interpreter_of(machine, program.file);
    if (!interpreter) return tl::unexpected(interpreter.error());
    if (interpreter->empty()) break;
    const fs::path wrapped = wrapped_by(machine, program.file);
    program.file = wrapped.empty() ? *interpreter : wrapped;
    program.name = fmt::format("{}, by {}", asked_for->string(), program.file.string());
  }
  program.file = without_links(machine, program.file);
  if (const auto read = read_file(machine, program); !read) return tl::unexpected(read.error());
  program.code = find_libraries(machine, program.file, program.elf);
  return program;
}

}  // namespace hlb::ctl::doctor
