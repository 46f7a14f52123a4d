// The part of obstacles.h about AppArmor.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "ctl/doctor/obstacles.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

constexpr char kLoaded[] = "/sys/kernel/security/apparmor/profiles";
constexpr char kAbstraction[] = "/etc/apparmor.d/abstractions/nameservice";

// The number of profiles that confine programs: each is a line "NAME (enforce)".
int count_enforced(const std::string& profiles) {
  int count = 0;
  std::istringstream lines(profiles);
  for (std::string line; std::getline(lines, line);)
    count += line.ends_with(" (enforce)") ? 1 : 0;
  return count;
}

// Whether a rule is about the table's folder, in any of the ways to write /run.
bool allows_table(const std::string& rules) {
  std::istringstream lines(rules);
  for (std::string line; std::getline(lines, line);) {
    line.resize(std::min(line.size(), line.find('#')));
    if (line.find("run/hlb/") != std::string::npos || line.find("run}/hlb/") != std::string::npos)
      return true;
  }
  return false;
}

}  // namespace

Findings check_apparmor(const Host& machine) {
  const int enforced = count_enforced(machine.read(kLoaded).value_or(""));
  if (enforced == 0) return {};
  if (allows_table(machine.read(kAbstraction).value_or(""))) return {};
  for (const fs::path& file : machine.list(std::string(kAbstraction) + ".d")) {
    if (allows_table(machine.read(file).value_or(""))) return {};
  }
  return {
      fault("apparmor",
            fmt::format("it confines {} programs, and {} doesn't let them read /run/hlb", enforced,
                        kAbstraction),
            "Their lookups aren't answered by hlb.",
            fmt::format("Write \"@{{run}}/hlb/* rw,\" into {}.d/hlb; then type: systemctl reload "
                        "apparmor",
                        kAbstraction))};
}

}  // namespace hlb::ctl::doctor
