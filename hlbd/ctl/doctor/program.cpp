#include "ctl/doctor/program.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <stdexcept>

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

// As a shell finds a program by its name.
fs::path search_path(const Host& machine, const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto status = machine.status(fs::path(folder) / name);
    if (status && S_ISREG(status->st_mode)) return fs::path(folder) / name;
  }
  throw std::runtime_error(fmt::format("no program \"{}\" in $PATH", name));
}

FileDescriptor open_program(const Host& machine, const fs::path& file) {
  FileDescriptor opened = machine.open(file);
  if (opened.valid()) return opened;
  throw std::runtime_error(fmt::format("{}: {}", file.string(), std::strerror(errno)));
}

// The program that a script asks for in its first line; empty when the file is no script.
fs::path interpreter_of(const Host& machine, const fs::path& file) {
  const std::string text = machine.read(file, 256).text;
  if (text.substr(0, 2) != "#!") return {};
  std::istringstream words(text.substr(2, text.find('\n') - 2));
  std::string program;
  std::string argument;
  words >> program >> argument;
  const bool by_name = fs::path(program).filename() == "env" && !argument.empty();
  return by_name ? search_path(machine, argument) : fs::path(program);
}

// As the kernel tells a program where it lies: /usr/bin/java lies in a Java home.
fs::path without_links(const Host& machine, const fs::path& file) {
  std::error_code unknown;
  const fs::path real = fs::canonical(machine.at(file), unknown);
  return unknown || !machine.is_ours() ? file : real;
}

void read_file(const Host& machine, ExaminedProgram& program) {
  const FileDescriptor file = open_program(machine, program.file);
  struct stat status{};
  if (::fstat(file.get(), &status) == 0)
    program.set_id = (status.st_mode & (S_ISUID | S_ISGID)) != 0;
  auto elf = Elf::read(file);
  if (!elf || elf->is_library)
    throw std::runtime_error(fmt::format("{} is no program", program.file.string()));
  program.elf = std::move(*elf);
}

// The code of a process: whatever it has mapped, seen from its own root folder, or from ours, as
// the paths of a process in a chroot are told.
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

ExaminedProgram running(const Host& machine, pid_t pid) {
  ExaminedProgram program;
  program.process = Process::read(machine, pid);
  if (const int error = program.process->error; error != 0) {
    const bool gone = error == ENOENT || error == ESRCH;
    throw std::runtime_error(gone ? fmt::format("there is no process {}", pid)
                                  : fmt::format("can't look into process {}: {}; try as root", pid,
                                                std::strerror(error)));
  }
  program.name = fmt::format("{} (process {})", program.process->program.string(), pid);
  program.file = program.process->folder() / "exe";
  read_file(machine, program);
  program.code = mapped_code(machine, *program.process);
  program.code.insert(program.code.begin(), {program.process->program, program.elf});
  return program;
}

}  // namespace

ExaminedProgram find_program(const Host& machine, const std::string& given) {
  if (const auto pid = as_pid(given)) return running(machine, *pid);
  ExaminedProgram program;
  program.file =
      given.find('/') == std::string::npos ? search_path(machine, given) : fs::absolute(given);
  const std::string asked_for = program.file.string();
  program.name = asked_for;
  for (int i = 0; i < kMostInterpreters; ++i) {
    const fs::path interpreter = interpreter_of(machine, program.file);
    if (interpreter.empty()) break;
    program.file = interpreter;
    program.name = fmt::format("{}, by {}", asked_for, interpreter.string());
  }
  program.file = without_links(machine, program.file);
  read_file(machine, program);
  program.code = find_libraries(machine, program.file, program.elf);
  return program;
}

}  // namespace hlb::ctl::doctor
