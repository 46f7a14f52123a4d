// The part of program.h about programs that keep addresses, however they got them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <string_view>

#include "ctl/doctor/program.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

constexpr char kAboutRuntime[] = "program";
constexpr int kForever = -1;

bool is_java(const ExaminedProgram& program, const fs::path& file) {
  return (program.process && program.process->maps("libjvm.so")) || file.filename() == "java";
}

// The file java.security of a Java home, of Java 9 and later or of Java 8.
std::optional<fs::path> security_file(const Host& machine, const fs::path& java) {
  const fs::path home = java.parent_path().parent_path();
  for (const char* place : {"conf/security", "lib/security", "jre/lib/security"}) {
    if (machine.status(home / place / "java.security")) return home / place / "java.security";
  }
  return std::nullopt;
}

// The last value of "key=value" in a properties file, seconds; nullopt when it isn't set.
std::optional<int> seconds_in(const std::string& text, std::string_view key) {
  std::optional<int> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::erase_if(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
    if (!line.starts_with(key)) continue;
    std::string_view rest = std::string_view(line).substr(key.size());
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    int value = 0;
    if (std::from_chars(rest.data(), rest.data() + rest.size(), value).ec == std::errc())
      found = value;
  }
  return found;
}

std::optional<std::string> option(const ExaminedProgram& program, std::string_view prefix) {
  if (!program.process) return std::nullopt;
  for (const std::string& argument : program.process->arguments) {
    if (argument.starts_with(prefix)) return argument.substr(prefix.size());
  }
  return std::nullopt;
}

// How long Java keeps an address, in seconds, as OpenJDK's InetAddressCachePolicy decides.
int seconds_kept(const std::string& security, const ExaminedProgram& program) {
  if (const auto set = seconds_in(security, "networkaddress.cache.ttl")) return *set;
  constexpr std::string_view kOption = "-Dsun.net.inetaddr.ttl";
  if (const auto given = option(program, kOption)) {
    if (const auto set = seconds_in(std::string(kOption) + *given, kOption)) return *set;
  }
  constexpr int kUnlessTold = 30;
  return option(program, "-Djava.security.manager") ? kForever : kUnlessTold;
}

Findings check_java(const Host& machine, const ExaminedProgram& program, const fs::path& java) {
  const auto file = security_file(machine, java);
  const std::string security = file ? machine.read(*file).value_or("") : "";
  const int seconds = seconds_kept(security, program);
  if (seconds == 0) return {};
  return {fault(kAboutRuntime,
                seconds < 0 ? program.name + " keeps addresses for as long as it runs"
                            : fmt::format("{} keeps addresses for {} s", program.name, seconds),
                "Java goes on using a backend that hlb no longer answers.",
                fmt::format("Write into {}: networkaddress.cache.ttl=0",
                            file ? file->string() : "java.security"))};
}

struct LooksUpOnce {
  std::string_view name;
  std::string_view why;
  std::string_view mend;
};
constexpr std::array<LooksUpOnce, 2> kLookUpOnce = {{
    {"nginx", "A backend that dies is used until nginx reads its configuration again.",
     R"(Have hlbd tell it: on_change = ["nginx", "-s", "reload"])"},
    {"haproxy", "A backend that dies is used until HAProxy is reloaded.",
     R"(Have hlbd tell it: on_change = ["systemctl", "reload", "haproxy"])"},
}};

}  // namespace

Findings check_runtime(const Host& machine, const ExaminedProgram& program) {
  const fs::path file = program.process ? program.process->program : program.file;
  if (is_java(program, file)) {
    if (!program.process) return check_java(machine, program, file);
    return check_java(Host(machine.at(program.process->folder() / "root")), program, file);
  }
  const auto* known = std::ranges::find(kLookUpOnce, file.filename().string(), &LooksUpOnce::name);
  if (known == kLookUpOnce.end()) return {};
  return {fault(kAboutRuntime,
                program.name + " looks names up only when it reads its configuration",
                std::string(known->why), std::string(known->mend))};
}

}  // namespace hlb::ctl::doctor
