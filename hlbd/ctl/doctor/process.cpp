#include "ctl/doctor/process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <sstream>

#include "ctl/doctor/libraries.h"
#include "ctl/doctor/order.h"
#include "libnss_hlb/bus.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

constexpr char kAboutProcess[] = "program";

std::vector<std::string> mapped_files(const std::string& maps) {
  std::vector<std::string> files;
  std::istringstream lines(maps);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t path = line.find('/');
    if (path == std::string::npos) continue;
    if (files.empty() || files.back() != line.substr(path)) files.push_back(line.substr(path));
  }
  return files;
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// /proc/PID/stat, field 22, in clock ticks since the boot, whose time stands in /proc/stat.
std::int64_t start_time(const Host& machine, const fs::path& folder) {
  const std::string stat = machine.read(folder / "stat").value_or("");
  const std::string boot = machine.read("/proc/stat").value_or("");
  const std::size_t name_end = stat.rfind(')');  // the name may hold anything
  const std::size_t booted = boot.find("\nbtime ");
  if (name_end == std::string::npos || booted == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i)
    fields >> field;
  return number(std::string_view(boot).substr(booted + 7)) + number(field) / sysconf(_SC_CLK_TCK);
}

std::string name_of(const std::string& file) {
  return file.substr(file.rfind('/') + 1);
}

std::string who(const Process& process) {
  return fmt::format("process {}", process.pid);
}

Findings check_module(const Host& machine, const Process& process, const fs::path& module) {
  const auto& mapped = process.mapped;
  if (std::ranges::any_of(mapped, [](const std::string& file) {
        return name_of(file) == "libnss_hlb.so.2 (deleted)";
      })) {
    return {fault(kAboutProcess, who(process) + " has an older libnss_hlb.so.2, now deleted",
                  "It goes on as that release did.", "Restart it.")};
  }
  const auto status = machine.status(module);
  if (process.maps("libnss_hlb.so.2") || !status || process.started_at == 0 ||
      process.started_at >= status->st_ctim.tv_sec) {
    return {};
  }
  return {note(kAboutProcess, who(process) + " is older than the module, and hasn't loaded it",
               "A process that once looked for it in vain never looks again.", "Restart it.")};
}

// The minor version of a glibc before 2.34, whose file had it in its name; 0 for a later one.
std::int64_t old_glibc(const Process& process) {
  constexpr std::string_view kBefore = "libc-2.";
  for (const std::string& file : process.mapped) {
    const std::string name = name_of(file);
    if (name.starts_with(kBefore)) return number(std::string_view(name).substr(kBefore.size()));
  }
  return 0;
}

// Since 2.33 glibc reads nsswitch.conf again when it changes.
Findings check_nsswitch_age(const Process& process, const Host& inside) {
  constexpr std::int64_t kReadsAgain = 33;
  const std::int64_t minor = old_glibc(process);
  const auto file = inside.status(kNsswitchFile);
  if (minor == 0 || minor >= kReadsAgain || !file || process.started_at >= file->st_mtim.tv_sec)
    return {};
  return {fault(kAboutProcess,
                fmt::format("{} was started before {} was changed", who(process), kNsswitchFile),
                fmt::format("Its glibc, 2.{}, reads that file once.", minor), "Restart it.")};
}

// Looks at what the process sees from its own root folder, and by its own mounts.
Findings check_root(const Host& machine, const Process& process, const fs::path& module,
                    const fs::path& runtime_dir) {
  const Host inside(machine.at(process.folder() / "root"));
  if (!inside.status("/")) return {};
  Findings findings = check_nsswitch_age(process, inside);
  const std::string where = fmt::format("in the root folder of {}", who(process));
  if (!same_file(inside.status(kNsswitchFile), machine.status(kNsswitchFile))) {
    for (Finding& finding : SourceOrder(inside).findings()) {
      finding.what = where + ": " + finding.what;
      findings.push_back(std::move(finding));
    }
  }
  std::vector<fs::path> folders = library_folders(inside);
  folders.push_back(module.parent_path());
  const bool has_module = std::ranges::any_of(folders, [&inside](const fs::path& folder) {
    return inside.status(folder / "libnss_hlb.so.2").has_value();
  });
  if (!has_module && !module.empty()) {
    findings.push_back(fault(kAboutProcess, "no libnss_hlb.so.2 " + where,
                             "Its lookups don't reach hlb.", "Install libnss-hlb there."));
  }
  append(findings, check_needs(inside, process, folders));
  const fs::path table = runtime_dir / bus::kTableFile;
  if (machine.status(table) && !same_file(inside.status(table), machine.status(table))) {
    findings.push_back(fault(kAboutProcess,
                             fmt::format("{} isn't hlbd's {}", table.string(), where),
                             "It doesn't see what hlbd publishes.",
                             fmt::format("Mount {} there, read-only.", runtime_dir.string())));
  }
  return findings;
}

}  // namespace

std::vector<std::string> split_at_zeroes(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, '\0');)
    parts.push_back(part);
  return parts;
}

Process Process::read(const Host& machine, pid_t pid) {
  Process process;
  process.pid = pid;
  const fs::path folder = process.folder();
  const auto arguments = machine.read(folder / "cmdline");
  const auto maps = machine.read(folder / "maps");
  std::error_code unseen;
  process.program = fs::read_symlink(machine.at(folder / "exe"), unseen);
  if (!arguments) {
    process.error = arguments.error().value();
  } else {
    process.error = maps ? unseen.value() : maps.error().value();
  }
  process.arguments = split_at_zeroes(arguments.value_or(""));
  process.environment = split_at_zeroes(machine.read(folder / "environ").value_or(""));
  process.mapped = mapped_files(maps.value_or(""));
  process.started_at = start_time(machine, folder);
  return process;
}

bool Process::maps(std::string_view name) const {
  return std::ranges::any_of(
      mapped, [name](const std::string& file) { return name_of(file).starts_with(name); });
}

std::string Process::variable(std::string_view name) const {
  for (const std::string& each : environment) {
    if (each.starts_with(name) && each.substr(name.size()).starts_with('='))
      return each.substr(name.size() + 1);
  }
  return "";
}

Findings check_process(const Host& machine, const Process& process, const fs::path& module,
                       const fs::path& runtime_dir) {
  Findings findings = check_module(machine, process, module);
  append(findings, check_root(machine, process, module, runtime_dir));
  return findings;
}

}  // namespace hlb::ctl::doctor
